using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;

namespace Emu.Cpu;

/// <summary>A compile-time boolean for handlers.</summary>
internal interface IFlag
{
    /// <summary>The value.</summary>
    static abstract bool Value { get; }
}

/// <summary>True.</summary>
internal readonly struct Yes : IFlag
{
    public static bool Value => true;
}

/// <summary>False.</summary>
internal readonly struct No : IFlag
{
    public static bool Value => false;
}

// Two-operand arithmetic and logic, and moves.
internal static unsafe partial class Handlers
{
    /// <summary>ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST in every operand form.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Binary<TOperation, T, TDestination, TSource, TFlagsLive>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IBinaryOperation
        where T : unmanaged
        where TDestination : IOperand
        where TSource : IOperand
        where TFlagsLive : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out T right))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        T left;
        ulong cookie = 0;
        if (TOperation.WritesResult)
        {
            if (!TDestination.TryBegin(cpu, s, op, out left, out cookie))
            {
                if (TDestination.Retries) op->Retry(cpu, s, op);
                return;
            }
        }
        else
        {
            if (!TDestination.TryRead(cpu, s, op, out left))
            {
                if (TDestination.Retries) op->Retry(cpu, s, op);
                return;
            }
        }

        ulong result = TOperation.Result<T>(Bits.Zero(left), Bits.Zero(right), s->FlagsAux & 1);
        if (TOperation.WritesResult && !TDestination.TryFinish(cpu, s, op, Bits.Truncate<T>(result), cookie)) return;
        if (TFlagsLive.Value)
        {
            s->FlagsResult = Bits.Sign(Bits.Truncate<T>(result));
            s->FlagsAux = TOperation.Flags<T>(Bits.Zero(left), Bits.Zero(right), result);
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MOV between general registers, memory and immediates.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Move<T, TDestination, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TDestination : IOperand
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out T value))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        if (!TDestination.TryWrite(cpu, s, op, value))
        {
            if (TDestination.Retries) op->Retry(cpu, s, op);
            return;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MOVZX, MOVSX, MOVSXD: <typeparamref name="TFrom"/> widened to <typeparamref name="T"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MoveExtend<T, TFrom, TSigned, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TFrom : unmanaged
        where TSigned : IFlag
        where TSource : IOperand
    {
        if (!TSource.TryRead(cpu, s, op, out TFrom value))
        {
            if (TSource.Retries) op->Retry(cpu, s, op);
            return;
        }

        DestinationRegister.TryWrite(cpu, s, op, Bits.Truncate<T>(TSigned.Value ? Bits.Sign(value) : Bits.Zero(value)));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>LEA: the effective address, truncated to the address size and then to the operand size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LoadEffectiveAddress<T, TAddressSize>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TAddressSize : unmanaged
    {
        ulong address = *(ulong*)((byte*)s + op->Base) + (*(ulong*)((byte*)s + op->IndexRegister) << op->Scale) + (ulong)(long)op->Displacement;
        DestinationRegister.TryWrite(cpu, s, op, Bits.Truncate<T>(Bits.Zero(Bits.Truncate<TAddressSize>(address))));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
