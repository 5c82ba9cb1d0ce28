using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;

namespace Emu.Cpu;

// Multiplication and division.
internal static unsafe partial class Handlers
{
    /// <summary>MUL and one-operand IMUL.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyWide<T, TSigned, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSigned : IFlag
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out T source))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        T accumulator = *(T*)&s->Gpr[0];
        ulong low, high;
        uint flags;
        if (TSigned.Value)
        {
            low = Multiply.Signed<T>(Bits.Zero(accumulator), Bits.Zero(source), out high);
            flags = Multiply.SignedFlags<T>(low, high);
        }
        else
        {
            low = Multiply.Unsigned<T>(Bits.Zero(accumulator), Bits.Zero(source), out high);
            flags = Multiply.UnsignedFlags(high);
        }

        WriteWide<T>(s, low, high);
        s->FlagsAux = (s->FlagsAux & ~Multiply.Overflow) | flags;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>IMUL with two or three operands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyLow<T, TFirst, TSecond>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TFirst : IOperand
        where TSecond : IOperand
    {
        if (!TFirst.TryRead(cpu, s, op, out T first))
        {
            if (TFirst.Retries) op->Retry(cpu, s, op);
            return;
        }

        if (!TSecond.TryRead(cpu, s, op, out T second))
        {
            if (TSecond.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong low = Multiply.Signed<T>(Bits.Zero(first), Bits.Zero(second), out ulong high);
        DestinationRegister.TryWrite(cpu, s, op, Bits.Truncate<T>(low));
        s->FlagsAux = (s->FlagsAux & ~Multiply.Overflow) | Multiply.SignedFlags<T>(low, high);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MULX: no flags; the high half goes to Destination, the low half to Source2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyX<T, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out T source))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        ulong low = Multiply.Unsigned<T>(Bits.Zero(*(T*)&s->Gpr[2]), Bits.Zero(source), out ulong high);
        *(ulong*)((byte*)s + op->Source2) = low;
        *(ulong*)((byte*)s + op->Destination) = high;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>DIV and IDIV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Quotient<T, TSigned, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSigned : IFlag
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out T divisor))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        if (!TryDivide<T, TSigned>(s, Bits.Zero(divisor)))
        {
            cpu.Fault(op, ExceptionVector.DivideError);
            return;
        }

        s->SetArithmeticFlags(Divide.Flags);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static bool TryDivide<T, TSigned>(CpuState* s, ulong divisor)
        where T : unmanaged
        where TSigned : IFlag
    {
        ulong low = Bits.Zero(*(T*)&s->Gpr[0]);
        ulong high = sizeof(T) == 1 ? *((byte*)&s->Gpr[0] + 1) : Bits.Zero(*(T*)&s->Gpr[2]);
        ulong quotient, remainder;
        bool fits = TSigned.Value
            ? Divide.TrySigned<T>(low, high, divisor, out quotient, out remainder)
            : Divide.TryUnsigned<T>(low, high, divisor, out quotient, out remainder);
        if (fits) WriteWide<T>(s, quotient, remainder);
        return fits;
    }

    /// <summary>AH:AL, DX:AX, EDX:EAX or RDX:RAX.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteWide<T>(CpuState* s, ulong low, ulong high)
        where T : unmanaged
    {
        if (sizeof(T) == 1)
        {
            *(ushort*)&s->Gpr[0] = (ushort)((byte)low | (high << 8));
        }
        else if (sizeof(T) == 2)
        {
            *(ushort*)&s->Gpr[0] = (ushort)low;
            *(ushort*)&s->Gpr[2] = (ushort)high;
        }
        else
        {
            s->Gpr[0] = Bits.Zero(Bits.Truncate<T>(low));
            s->Gpr[2] = Bits.Zero(Bits.Truncate<T>(high));
        }
    }
}
