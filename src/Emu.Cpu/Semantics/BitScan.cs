using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>
/// An instruction that computes a register from one operand: scans, counts, byte swaps and the one-operand part of BMI1.
/// Operands and results are zero-extended.
/// </summary>
public interface ICountOperation
{
    /// <summary>False for BSWAP and MOVBE.</summary>
    static abstract bool WritesFlags { get; }

    /// <summary>A zero source leaves the whole destination register as it was (BSF, BSR).</summary>
    static abstract bool ZeroKeepsDestination { get; }

    /// <summary>The result; only its low bits count.</summary>
    static abstract ulong Result<T>(ulong source)
        where T : unmanaged;

    /// <summary>The flags: a new <see cref="CpuState.FlagsResult"/>, and <see cref="CpuState.FlagsAux"/> from its old value.</summary>
    static abstract uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged;
}

/// <summary>BSF. ZF says that the source is zero; of the others, all undefined, PF is that of the result, as on Zen.</summary>
public readonly struct Bsf : ICountOperation
{
    public static bool WritesFlags => true;

    public static bool ZeroKeepsDestination => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => (uint)BitOperations.TrailingZeroCount(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged
    {
        // Not zero, and with the parity of the result.
        flagsResult = source == 0 ? 0 : result | 0x100;
        return 0;
    }
}

/// <summary>BSR; flags as <see cref="Bsf"/>.</summary>
public readonly struct Bsr : ICountOperation
{
    public static bool WritesFlags => true;

    public static bool ZeroKeepsDestination => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => (uint)(63 - BitOperations.LeadingZeroCount(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged => Bsf.Flags<T>(source, result, flagsAux, out flagsResult);
}

/// <summary>TZCNT: the operand width for a zero source. CF: source zero; ZF: result zero; OF stays, the rest is cleared.</summary>
public readonly struct Tzcnt : ICountOperation
{
    public static bool WritesFlags => true;

    public static bool ZeroKeepsDestination => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => (uint)BitOperations.TrailingZeroCount(Bits.Width<T>() == 64 ? source : source | (1ul << Bits.Width<T>()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged
    {
        flagsResult = result == 0 ? 0u : 1u;
        // A result of zero would imply PF.
        return (flagsAux & Eflags.Of) | (source == 0 ? Eflags.Cf : 0) | (result == 0 ? Eflags.Pf : 0);
    }
}

/// <summary>LZCNT; flags as <see cref="Tzcnt"/>.</summary>
public readonly struct Lzcnt : ICountOperation
{
    public static bool WritesFlags => true;

    public static bool ZeroKeepsDestination => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => (uint)(BitOperations.LeadingZeroCount(source) - (64 - Bits.Width<T>()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged => Tzcnt.Flags<T>(source, result, flagsAux, out flagsResult);
}

/// <summary>POPCNT: ZF says that the source is zero, all other flags are cleared.</summary>
public readonly struct Popcnt : ICountOperation
{
    public static bool WritesFlags => true;

    public static bool ZeroKeepsDestination => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => (uint)BitOperations.PopCount(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged
    {
        flagsResult = source == 0 ? 0u : 1u;
        // A result of zero would imply PF.
        return source == 0 ? Eflags.Pf : 0;
    }
}

/// <summary>BSWAP and MOVBE: byte order reversed.</summary>
public readonly struct Bswap : ICountOperation
{
    public static bool WritesFlags => false;

    public static bool ZeroKeepsDestination => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => BinaryPrimitives.ReverseEndianness(source) >> (64 - Bits.Width<T>());

    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged
    {
        flagsResult = 0;
        return flagsAux;
    }
}

/// <summary>BLSI: lowest set bit. CF: source not zero.</summary>
public readonly struct Blsi : ICountOperation
{
    public static bool WritesFlags => true;

    public static bool ZeroKeepsDestination => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => source & (0 - source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged
    {
        flagsResult = Bits.Sign(Bits.Truncate<T>(result));
        return source != 0 ? Eflags.Cf : 0;
    }
}

/// <summary>BLSMSK: mask up to the lowest set bit. CF: source zero; ZF cleared.</summary>
public readonly struct Blsmsk : ICountOperation
{
    public static bool WritesFlags => true;

    public static bool ZeroKeepsDestination => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => source ^ (source - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged
    {
        flagsResult = Bits.Sign(Bits.Truncate<T>(result));
        return source == 0 ? Eflags.Cf : 0;
    }
}

/// <summary>BLSR: lowest set bit cleared. CF: source zero.</summary>
public readonly struct Blsr : ICountOperation
{
    public static bool WritesFlags => true;

    public static bool ZeroKeepsDestination => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Result<T>(ulong source)
        where T : unmanaged => source & (source - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Flags<T>(ulong source, ulong result, uint flagsAux, out ulong flagsResult)
        where T : unmanaged
    {
        flagsResult = Bits.Sign(Bits.Truncate<T>(result));
        return source == 0 ? Eflags.Cf : 0;
    }
}
