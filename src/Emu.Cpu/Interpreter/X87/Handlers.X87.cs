using System.Runtime.CompilerServices;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu;

// x87. Every handler first looks at a pending exception, then gets its operand, and only then changes anything; the work itself is a
// call, so that the handlers need no locals of their own.
internal static unsafe partial class Handlers
{
    /// <summary>x87 instructions whose operands are stack registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void X87Register<TOperation>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IX87Operation
    {
        if ((s->Fsw & X87Status.Summary) != 0 && !cpu.TryReportX87Error(op)) return;
        X87Unit.Track(s, op);
        TOperation.Execute(s, op);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>x87 instructions that read a number of type <typeparamref name="T"/> from memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void X87Load<TOperation, T, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IX87Load
        where T : unmanaged
        where TSource : IOperand
    {
        if ((s->Fsw & X87Status.Summary) != 0 && !cpu.TryReportX87Error(op)) return;
        if (!TSource.TryRead(cpu, s, op, out T value))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        X87Unit.TrackMemory(cpu, s, op);
        TOperation.Execute(s, value);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>
    /// FST, FIST, FISTTP: nothing is stored when #I, #O or #U is unmasked and raised (SDM Vol. 1 8.5.1, 8.5.4, 8.5.5), and nothing is popped then.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void X87Store<TOperation, T, TDestination, TPop>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IX87Store
        where T : unmanaged
        where TDestination : IOperand
        where TPop : IFlag
    {
        if ((s->Fsw & X87Status.Summary) != 0 && !cpu.TryReportX87Error(op)) return;
        T value = X87Stores.Convert<TOperation, T>(s);
        bool deliver = X87Stores.Delivers(s);
        if (!deliver)
        {
            // The address is checked all the same.
            if (!cpu.TryProbeOperand(op, sizeof(T))) return;
        }
        else if (!TDestination.TryWrite(cpu, s, op, value))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        X87Unit.TrackMemory(cpu, s, op);
        X87Stores.Commit(s);
        if (TPop.Value && deliver) X87Unit.Pop(s);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}

/// <summary>What stores of ST(0) share.</summary>
internal static unsafe class X87Stores
{
    private const FloatExceptions Preventing = FloatExceptions.Invalid | FloatExceptions.Overflow | FloatExceptions.Underflow;

    /// <summary>The number to be stored; <see cref="CpuState.X87Environment"/> has what converting it raised.</summary>
    public static T Convert<TOperation, T>(CpuState* s)
        where TOperation : IX87Store
        where T : unmanaged
    {
        if (!X87Unit.IsEmpty(s, 0)) return TOperation.Convert<T>(X87Unit.Read(s, 0), ref X87Unit.Begin(s));
        X87Unit.BeginUnderflow(s);
        return TOperation.Indefinite<T>();
    }

    /// <summary>Whether the number is stored.</summary>
    public static bool Delivers(CpuState* s) => (s->X87Environment.Unmasked & Preventing) == 0;

    /// <summary>Takes over what converting raised.</summary>
    public static void Commit(CpuState* s)
    {
        if (X87Unit.IsEmpty(s, 0)) X87Unit.Underflow(s);
        else X87Unit.Commit(s);
    }
}
