using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>
/// A two-operand integer instruction as pure functions. Operands and results are zero-extended to 64 bits; the type
/// argument is the operand width. SF, ZF and PF always follow from the result.
/// </summary>
public interface IBinaryOperation
{
    /// <summary>False for CMP and TEST, which only set flags.</summary>
    static abstract bool WritesResult { get; }

    /// <summary>The result; only its low bits count. <paramref name="carry"/> is CF, 0 or 1.</summary>
    static abstract ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged;

    /// <summary>CF, AF, OF in EFLAGS positions, from operands and <paramref name="result"/> as <see cref="Result"/> returned it.</summary>
    static abstract uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged;
}

/// <summary>ADD (SDM Vol. 2A).</summary>
public readonly struct Add : IBinaryOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged
    {
        uint cf = Bits.Width<T>() == 64 ? (result < left ? 1u : 0) : (uint)(result >> Bits.Width<T>()) & 1;
        return cf | (uint)((left ^ right ^ result) & Eflags.Af) | Bits.TopToOverflow<T>((left ^ result) & (right ^ result));
    }
}

/// <summary>ADC: add with CF.</summary>
public readonly struct Adc : IBinaryOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left + right + carry;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged => Bits.FlagsFromCarries<T>((left & right) | ((left | right) & ~result));
}

/// <summary>SUB.</summary>
public readonly struct Sub : IBinaryOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged =>
        (left < right ? 1u : 0) | (uint)((left ^ right ^ result) & Eflags.Af) | Bits.TopToOverflow<T>((left ^ right) & (left ^ result));
}

/// <summary>SBB: subtract with CF as borrow.</summary>
public readonly struct Sbb : IBinaryOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left - right - carry;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged => Bits.FlagsFromCarries<T>((~left & right) | (~(left ^ right) & result));
}

/// <summary>CMP: SUB without storing the result.</summary>
public readonly struct Cmp : IBinaryOperation
{
    public static bool WritesResult => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged => Sub.Flags<T>(left, right, result);
}

/// <summary>AND. AF is undefined; cleared here.</summary>
public readonly struct And : IBinaryOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left & right;

    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged => 0;
}

/// <summary>OR. AF is undefined; cleared here.</summary>
public readonly struct Or : IBinaryOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left | right;

    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged => 0;
}

/// <summary>XOR. AF is undefined; cleared here.</summary>
public readonly struct Xor : IBinaryOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left ^ right;

    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged => 0;
}

/// <summary>TEST: AND without storing the result.</summary>
public readonly struct Test : IBinaryOperation
{
    public static bool WritesResult => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong left, ulong right, uint carry)
        where T : unmanaged => left & right;

    public static uint Flags<T>(ulong left, ulong right, ulong result)
        where T : unmanaged => 0;
}
