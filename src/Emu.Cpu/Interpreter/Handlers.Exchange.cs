using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;

namespace Emu.Cpu;

// XCHG, XADD, CMPXCHG. LOCK needs nothing more: the processors of a machine take turns on one thread.
internal static unsafe partial class Handlers
{
    /// <summary>XCHG.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Exchange<T, TDestination>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TDestination : IOperand
    {
        if (!TDestination.TryBegin(cpu, s, op, out T old, out ulong cookie))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        SourceRegister.TryRead(cpu, s, op, out T value);
        if (!TDestination.TryFinish(cpu, s, op, value, cookie)) return;
        SourceRegister.TryWrite(cpu, s, op, old);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>XADD. With the same register twice the sum wins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ExchangeAdd<T, TDestination>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TDestination : IOperand
    {
        if (!TDestination.TryBegin(cpu, s, op, out T old, out ulong cookie))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        SourceRegister.TryRead(cpu, s, op, out T value);
        ulong left = Bits.Zero(old), right = Bits.Zero(value);
        ulong result = Add.Result<T>(left, right, 0);
        SourceRegister.TryWrite(cpu, s, op, old);
        if (!TDestination.TryFinish(cpu, s, op, Bits.Truncate<T>(result), cookie)) return;
        s->FlagsResult = Bits.Sign(Bits.Truncate<T>(result));
        s->FlagsAux = Add.Flags<T>(left, right, result);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>
    /// CMPXCHG. On a mismatch a 32-bit destination register keeps its upper half, on a match the accumulator does. The
    /// write-back of an unchanged memory operand is left out, the check for write permission is not.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CompareExchange<T, TDestination>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TDestination : IOperand
    {
        if (!TDestination.TryBegin(cpu, s, op, out T old, out ulong cookie))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong left = Bits.Zero(*(T*)&s->Gpr[0]), right = Bits.Zero(old);
        if (left == right)
        {
            SourceRegister.TryRead(cpu, s, op, out T value);
            if (!TDestination.TryFinish(cpu, s, op, value, cookie)) return;
        }
        else if (sizeof(T) == 4)
        {
            s->Gpr[0] = right;
        }
        else
        {
            *(T*)&s->Gpr[0] = old;
        }

        ulong result = left - right;
        s->FlagsResult = Bits.Sign(Bits.Truncate<T>(result));
        s->FlagsAux = Cmp.Flags<T>(left, right, result);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
