using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;

namespace Emu.Cpu;

// One-operand arithmetic, shifts, rotations.
internal static unsafe partial class Handlers
{
    /// <summary>INC, DEC, NEG, NOT.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unary<TOperation, T, TDestination, TFlagsLive>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IUnaryOperation
        where T : unmanaged
        where TDestination : IOperand
        where TFlagsLive : IFlag
    {
        if (!TDestination.TryBegin(cpu, s, op, out T value, out ulong cookie))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong result = TOperation.Result<T>(Bits.Zero(value));
        if (!TDestination.TryFinish(cpu, s, op, Bits.Truncate<T>(result), cookie)) return;
        if (TFlagsLive.Value && TOperation.WritesFlags)
        {
            s->FlagsResult = Bits.Sign(Bits.Truncate<T>(result));
            s->FlagsAux = TOperation.Flags<T>(Bits.Zero(value), result, s->FlagsAux & 1);
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>SHL, SHR, SAR, ROL, ROR, RCL, RCR by an immediate (not zero after masking).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ShiftImmediate<TOperation, T, TDestination, TFlagsLive>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IShiftOperation
        where T : unmanaged
        where TDestination : IOperand
        where TFlagsLive : IFlag
    {
        if (!TDestination.TryBegin(cpu, s, op, out T value, out ulong cookie))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong result = TOperation.Result<T>(Bits.Zero(value), (byte)op->Immediate, s->FlagsAux & 1, out uint flags);
        if (!TDestination.TryFinish(cpu, s, op, Bits.Truncate<T>(result), cookie)) return;
        if (TFlagsLive.Value)
        {
            if (TOperation.IsRotation)
            {
                s->FlagsAux = (s->FlagsAux & ~(Eflags.Cf | Eflags.Of)) | flags;
            }
            else
            {
                s->FlagsResult = Bits.Sign(Bits.Truncate<T>(result));
                s->FlagsAux = flags;
            }
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>SHL, SHR, SAR, ROL, ROR, RCL, RCR by CL, or by an immediate that masks to zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ShiftVariable<TOperation, T, TDestination, TCount>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IShiftOperation
        where T : unmanaged
        where TDestination : IOperand
        where TCount : IOperand
    {
        TCount.TryRead(cpu, s, op, out byte rawCount);
        int count = rawCount & (sizeof(T) == 8 ? 63 : 31);
        if (!TDestination.TryBegin(cpu, s, op, out T value, out ulong cookie))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        if (count == 0)
        {
            // A 32-bit register still loses its upper half, memory is still written.
            if (!TDestination.TryFinish(cpu, s, op, value, cookie)) return;
        }
        else
        {
            ulong result = TOperation.Result<T>(Bits.Zero(value), count, s->FlagsAux & 1, out uint flags);
            if (!TDestination.TryFinish(cpu, s, op, Bits.Truncate<T>(result), cookie)) return;
            if (TOperation.IsRotation)
            {
                s->FlagsAux = (s->FlagsAux & ~(Eflags.Cf | Eflags.Of)) | flags;
            }
            else
            {
                s->FlagsResult = Bits.Sign(Bits.Truncate<T>(result));
                s->FlagsAux = flags;
            }
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>SHLD, SHRD by an immediate or CL. The fill register is <see cref="Op.Source2"/>, CL <see cref="Op.Source"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ShiftDouble<TOperation, T, TDestination, TCount>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IDoubleShiftOperation
        where T : unmanaged
        where TDestination : IOperand
        where TCount : IOperand
    {
        TCount.TryRead(cpu, s, op, out byte rawCount);
        int count = rawCount & (sizeof(T) == 8 ? 63 : 31);
        if (!TDestination.TryBegin(cpu, s, op, out T value, out ulong cookie))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        if (count == 0)
        {
            if (!TDestination.TryFinish(cpu, s, op, value, cookie)) return;
        }
        else
        {
            T fill = *(T*)((byte*)s + op->Source2);
            ulong result = TOperation.Result<T>(Bits.Zero(value), Bits.Zero(fill), count, out uint flags);
            if (!TDestination.TryFinish(cpu, s, op, Bits.Truncate<T>(result), cookie)) return;
            s->FlagsResult = Bits.Sign(Bits.Truncate<T>(result));
            s->FlagsAux = flags;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
