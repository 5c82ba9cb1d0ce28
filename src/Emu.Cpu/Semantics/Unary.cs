using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>
/// A one-operand integer instruction as pure functions; conventions as <see cref="IBinaryOperation"/>.
/// </summary>
public interface IUnaryOperation
{
    /// <summary>False for NOT.</summary>
    static abstract bool WritesFlags { get; }

    /// <summary>The result; only its low bits count.</summary>
    static abstract ulong Result<T>(ulong value)
        where T : unmanaged;

    /// <summary>CF, AF, OF in EFLAGS positions. <paramref name="carry"/> is the CF before, 0 or 1.</summary>
    static abstract uint Flags<T>(ulong value, ulong result, uint carry)
        where T : unmanaged;
}

/// <summary>INC: CF stays.</summary>
public readonly struct Inc : IUnaryOperation
{
    public static bool WritesFlags => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value)
        where T : unmanaged => value + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong value, ulong result, uint carry)
        where T : unmanaged => (Bits.FlagsFromCarries<T>(value & ~result) & ~Eflags.Cf) | carry;
}

/// <summary>DEC: CF stays.</summary>
public readonly struct Dec : IUnaryOperation
{
    public static bool WritesFlags => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value)
        where T : unmanaged => value - 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong value, ulong result, uint carry)
        where T : unmanaged => (Bits.FlagsFromCarries<T>(~value & result) & ~Eflags.Cf) | carry;
}

/// <summary>NEG: subtraction from zero.</summary>
public readonly struct Neg : IUnaryOperation
{
    public static bool WritesFlags => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value)
        where T : unmanaged => 0 - value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong value, ulong result, uint carry)
        where T : unmanaged => Bits.FlagsFromCarries<T>(value | result);
}

/// <summary>NOT: no flags.</summary>
public readonly struct Not : IUnaryOperation
{
    public static bool WritesFlags => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong value)
        where T : unmanaged => ~value;

    public static uint Flags<T>(ulong value, ulong result, uint carry)
        where T : unmanaged => carry;
}
