using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// The parameters of an IEEE 754 interchange format (SDM Vol. 1 4.2.2). RyuJIT folds every member to a constant for a given
/// <typeparamref name="T"/>: <see cref="Half"/>, <see cref="float"/> or <see cref="double"/>.
/// </summary>
internal static class FloatFormat<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Significand bits, the integer bit included.</summary>
    public static int Precision
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(T) == typeof(Half) ? 11 : typeof(T) == typeof(float) ? 24 : 53;
    }

    /// <summary>Width of the encoding in bits.</summary>
    public static int Width => Unsafe.SizeOf<T>() * 8;

    /// <summary>Width of the stored fraction in bits.</summary>
    public static int FractionBits => Precision - 1;

    /// <summary>The exponent of 1.0 as stored; also the largest exponent of a finite number.</summary>
    public static int Bias
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(T) == typeof(Half) ? 15 : typeof(T) == typeof(float) ? 127 : 1023;
    }

    /// <summary>The smallest exponent of a normal number.</summary>
    public static int MinExponent => 1 - Bias;

    /// <summary>The exponent field of infinities and NaNs.</summary>
    public static int ExponentMask => 2 * Bias + 1;

    /// <summary>The sign bit.</summary>
    public static ulong SignBit => 1UL << (Width - 1);

    /// <summary>The stored fraction.</summary>
    public static ulong FractionMask => (1UL << FractionBits) - 1;

    /// <summary>The fraction bit that tells a quiet NaN from a signaling one.</summary>
    public static ulong QuietBit => 1UL << (FractionBits - 1);

    /// <summary>Positive infinity.</summary>
    public static ulong InfinityBits => (ulong)ExponentMask << FractionBits;

    /// <summary>The QNaN floating-point indefinite: negative, quiet, empty payload (SDM Vol. 1 4.8.3.7).</summary>
    public static T Indefinite => FromBits(SignBit | InfinityBits | QuietBit);

    /// <summary>The smallest positive normal number.</summary>
    public static T MinNormal
    {
        // Literals here and below, not expressions of the parameters: RyuJIT's inlining budget is spent in the fast paths that use them.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(T) == typeof(float) ? Unsafe.BitCast<uint, T>(0x0080_0000)
            : typeof(T) == typeof(double) ? Unsafe.BitCast<ulong, T>(0x0010_0000_0000_0000)
            : Unsafe.BitCast<ushort, T>(0x0400);
    }

    /// <summary>The largest finite number.</summary>
    public static T MaxFinite
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(T) == typeof(float) ? Unsafe.BitCast<uint, T>(0x7F7F_FFFF)
            : typeof(T) == typeof(double) ? Unsafe.BitCast<ulong, T>(0x7FEF_FFFF_FFFF_FFFF)
            : Unsafe.BitCast<ushort, T>(0x7BFF);
    }

    /// <summary>The encoding of a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToBits(T value) =>
        typeof(T) == typeof(Half) ? Unsafe.BitCast<T, ushort>(value)
        : typeof(T) == typeof(float) ? Unsafe.BitCast<T, uint>(value)
        : Unsafe.BitCast<T, ulong>(value);

    /// <summary>The value of an encoding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T FromBits(ulong bits) =>
        typeof(T) == typeof(Half) ? Unsafe.BitCast<ushort, T>((ushort)bits)
        : typeof(T) == typeof(float) ? Unsafe.BitCast<uint, T>((uint)bits)
        : Unsafe.BitCast<ulong, T>(bits);

    /// <summary>A signed zero.</summary>
    public static T Zero(bool sign) => FromBits(sign ? SignBit : 0);

    /// <summary>A signed infinity.</summary>
    public static T Infinity(bool sign) => FromBits(sign ? SignBit | InfinityBits : InfinityBits);

    /// <summary>The same NaN with the quiet bit set.</summary>
    public static T Quiet(T nan) => FromBits(ToBits(nan) | QuietBit);

    /// <summary>Whether the value is a NaN whose quiet bit is clear.</summary>
    public static bool IsSignaling(T value) => T.IsNaN(value) && (ToBits(value) & QuietBit) == 0;

    /// <summary>Whether the value is denormal (and not zero).</summary>
    public static bool IsDenormal(T value) => (ToBits(value) & ~SignBit) - 1 < FractionMask;
}
