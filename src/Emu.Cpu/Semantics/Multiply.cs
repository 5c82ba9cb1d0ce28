using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>
/// MUL and IMUL (SDM Vol. 2A/2B). CF and OF say that the product does not fit the lower half; SF, ZF, AF and PF are
/// undefined and left alone, as AMD's Zen cores do.
/// </summary>
public static class Multiply
{
    /// <summary>CF and OF as set by an overflowing multiplication.</summary>
    public const uint Overflow = Eflags.Cf | Eflags.Of;

    /// <summary>Unsigned product, both halves zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Unsigned<T>(ulong left, ulong right, out ulong high)
        where T : unmanaged
    {
        if (Bits.Width<T>() == 64)
        {
            high = HighUnsigned(left, right);
            return left * right;
        }

        ulong product = left * right;
        high = Bits.Zero(Bits.Truncate<T>(product >> Bits.Width<T>()));
        return Bits.Zero(Bits.Truncate<T>(product));
    }

    /// <summary>Signed product of zero-extended operands, both halves zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Signed<T>(ulong left, ulong right, out ulong high)
        where T : unmanaged
    {
        if (Bits.Width<T>() == 64)
        {
            high = HighSigned(left, right);
            return left * right;
        }

        ulong product = Bits.Sign(Bits.Truncate<T>(left)) * Bits.Sign(Bits.Truncate<T>(right));
        high = Bits.Zero(Bits.Truncate<T>(product >> Bits.Width<T>()));
        return Bits.Zero(Bits.Truncate<T>(product));
    }

    /// <summary>CF and OF of MUL.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint UnsignedFlags(ulong high) => high != 0 ? Overflow : 0;

    /// <summary>CF and OF of IMUL: the high half is not the sign of the low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint SignedFlags<T>(ulong low, ulong high)
        where T : unmanaged =>
        Bits.Zero(Bits.Truncate<T>((ulong)((long)Bits.Sign(Bits.Truncate<T>(low)) >> 63))) != high ? Overflow : 0;

    // Not inlined: the library's functions take the address of a local, which would cost the caller its tail call.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong HighUnsigned(ulong left, ulong right) => Math.BigMul(left, right, out _);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong HighSigned(ulong left, ulong right) => (ulong)Math.BigMul((long)left, (long)right, out _);
}
