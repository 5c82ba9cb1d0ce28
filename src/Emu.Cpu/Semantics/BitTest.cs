using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>BT, BTS, BTR, BTC: the bit goes to CF, all other flags stay (SDM leaves all but ZF undefined).</summary>
public interface IBitOperation
{
    /// <summary>False for BT.</summary>
    static abstract bool WritesResult { get; }

    /// <summary>The operand with the bit changed.</summary>
    static abstract ulong Result(ulong value, ulong mask);
}

/// <summary>BT.</summary>
public readonly struct Bt : IBitOperation
{
    public static bool WritesResult => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result(ulong value, ulong mask) => value;
}

/// <summary>BTS.</summary>
public readonly struct Bts : IBitOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result(ulong value, ulong mask) => value | mask;
}

/// <summary>BTR.</summary>
public readonly struct Btr : IBitOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result(ulong value, ulong mask) => value & ~mask;
}

/// <summary>BTC.</summary>
public readonly struct Btc : IBitOperation
{
    public static bool WritesResult => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result(ulong value, ulong mask) => value ^ mask;
}
