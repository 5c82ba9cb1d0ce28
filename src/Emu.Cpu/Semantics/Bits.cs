using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>Width-generic helpers for unsigned integers of 8, 16, 32 and 64 bits.</summary>
public static class Bits
{
    /// <summary>Width of <typeparamref name="T"/> in bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Width<T>()
        where T : unmanaged => Unsafe.SizeOf<T>() * 8;

    /// <summary>Zero-extends to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Zero<T>(T value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1) return Unsafe.BitCast<T, byte>(value);
        if (Unsafe.SizeOf<T>() == 2) return Unsafe.BitCast<T, ushort>(value);
        if (Unsafe.SizeOf<T>() == 4) return Unsafe.BitCast<T, uint>(value);
        return Unsafe.BitCast<T, ulong>(value);
    }

    /// <summary>Sign-extends to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Sign<T>(T value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1) return (ulong)(long)Unsafe.BitCast<T, sbyte>(value);
        if (Unsafe.SizeOf<T>() == 2) return (ulong)(long)Unsafe.BitCast<T, short>(value);
        if (Unsafe.SizeOf<T>() == 4) return (ulong)(long)Unsafe.BitCast<T, int>(value);
        return Unsafe.BitCast<T, ulong>(value);
    }

    /// <summary>The low bits of a 64-bit value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Truncate<T>(ulong value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1) return Unsafe.BitCast<byte, T>((byte)value);
        if (Unsafe.SizeOf<T>() == 2) return Unsafe.BitCast<ushort, T>((ushort)value);
        if (Unsafe.SizeOf<T>() == 4) return Unsafe.BitCast<uint, T>((uint)value);
        return Unsafe.BitCast<ulong, T>(value);
    }

    /// <summary>The sign bit of a <typeparamref name="T"/>, 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Top<T>(ulong value)
        where T : unmanaged => (uint)(value >> (Width<T>() - 1)) & 1;

    /// <summary>The bit below the sign bit, 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint SecondTop<T>(ulong value)
        where T : unmanaged => (uint)(value >> (Width<T>() - 2)) & 1;

    /// <summary>The sign bit of a <typeparamref name="T"/> at the position of OF.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TopToOverflow<T>(ulong value)
        where T : unmanaged =>
        (uint)(Width<T>() == 8 ? value << 4 : value >> (Width<T>() - 12)) & Eflags.Of;

    /// <summary>Status flags CF, AF, OF in EFLAGS positions from the carry (or borrow) out of every bit position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FlagsFromCarries<T>(ulong carries)
        where T : unmanaged
    {
        uint top = (uint)(carries >> (Width<T>() - 2));
        return ((top >> 1) & 1) | (((top ^ (top >> 1)) & 1) << 11) | (((uint)carries & 8) << 1);
    }
}
