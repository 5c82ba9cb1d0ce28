using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;

namespace Emu.Cpu;

/// <summary>LOOP, LOOPE, LOOPNE, JCXZ: what happens to the counter and when the branch is taken.</summary>
internal interface ILoop
{
    /// <summary>The counter is decremented first.</summary>
    static abstract bool Decrements { get; }

    /// <summary>Whether to branch, given the counter and <see cref="CpuState.FlagsResult"/>.</summary>
    static abstract bool Taken(bool counterIsZero, ulong flagsResult);
}

/// <summary>LOOP.</summary>
internal readonly struct LoopAlways : ILoop
{
    public static bool Decrements => true;

    public static bool Taken(bool counterIsZero, ulong flagsResult) => !counterIsZero;
}

/// <summary>LOOPE.</summary>
internal readonly struct LoopWhileEqual : ILoop
{
    public static bool Decrements => true;

    public static bool Taken(bool counterIsZero, ulong flagsResult) => !counterIsZero && flagsResult == 0;
}

/// <summary>LOOPNE.</summary>
internal readonly struct LoopWhileNotEqual : ILoop
{
    public static bool Decrements => true;

    public static bool Taken(bool counterIsZero, ulong flagsResult) => !counterIsZero && flagsResult != 0;
}

/// <summary>JCXZ, JECXZ, JRCXZ.</summary>
internal readonly struct JumpIfCounterZero : ILoop
{
    public static bool Decrements => false;

    public static bool Taken(bool counterIsZero, ulong flagsResult) => counterIsZero;
}

// SETcc, CMOVcc, LOOPcc, JCXZ.
internal static unsafe partial class Handlers
{
    /// <summary>SETcc.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SetIf<TCondition, TDestination>(Vcpu cpu, CpuState* s, Op* op)
        where TCondition : ICondition
        where TDestination : IOperand
    {
        byte value = TCondition.Test(s->FlagsResult, s->FlagsAux) ? (byte)1 : (byte)0;
        if (!TDestination.TryWrite(cpu, s, op, value))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CMOVcc: the source is read, and a 32-bit destination zero-extended, even when the condition is false.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MoveIf<TCondition, T, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TCondition : ICondition
        where T : unmanaged
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out T source))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        DestinationRegister.TryRead(cpu, s, op, out T old);
        DestinationRegister.TryWrite(cpu, s, op, TCondition.Test(s->FlagsResult, s->FlagsAux) ? source : old);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>LOOP, LOOPE, LOOPNE, JCXZ; the counter is CX, ECX or RCX by address size. Goes on as <see cref="JumpIf"/> does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Loop<TLoop, TCounter, TRip>(Vcpu cpu, CpuState* s, Op* op)
        where TLoop : ILoop
        where TCounter : unmanaged
        where TRip : IRipForm
    {
        ulong counter = Bits.Zero(*(TCounter*)&s->Gpr[1]);
        if (TLoop.Decrements) counter = Bits.Zero(Bits.Truncate<TCounter>(counter - 1));
        bool taken = TLoop.Taken(counter == 0, s->FlagsResult);
        ulong target = TRip.Wrap(op, s->Rip + op->Immediate);
        if (taken && !TRip.IsValid(s, target))
        {
            BadTarget(cpu, s, op);
            return;
        }

        if (TLoop.Decrements)
        {
            if (sizeof(TCounter) == 2) *(ushort*)&s->Gpr[1] = (ushort)counter;
            else s->Gpr[1] = counter;
        }

        if (taken) Jump<TRip>(cpu, s, op);
        else FallThrough<TRip>(cpu, s, op + 1);
    }
}
