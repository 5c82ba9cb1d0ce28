using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// The double extended-precision format of x87 registers: a 64-bit significand with explicit integer bit, a 15-bit exponent and
/// a sign (SDM Vol. 1 4.2.2, 8.2). Any pattern of 80 bits is representable, unsupported encodings included.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct Float80(ulong Significand, ushort SignExponent)
{
    internal const int Bias = 16383;
    internal const int ExponentMask = 0x7FFF;
    internal const int MinExponent = -16382;
    internal const ushort SignBit = 0x8000;
    internal const ulong IntegerBit = 1UL << 63;
    internal const ulong QuietBit = 1UL << 62;

    /// <summary>+0.0, FLDZ.</summary>
    public static Float80 PositiveZero => default;

    /// <summary>+1.0, FLD1.</summary>
    public static Float80 One => new(IntegerBit, Bias);

    /// <summary>+infinity.</summary>
    public static Float80 PositiveInfinity => new(IntegerBit, ExponentMask);

    /// <summary>The QNaN floating-point indefinite, the masked response to invalid operations (SDM Vol. 1 4.8.3.7).</summary>
    public static Float80 Indefinite => new(IntegerBit | QuietBit, SignBit | ExponentMask);

    /// <summary>Whether the sign bit is set.</summary>
    public bool Sign => (SignExponent & SignBit) != 0;

    /// <summary>The exponent as stored, 0 to 7FFFH.</summary>
    public int BiasedExponent => SignExponent & ExponentMask;

    /// <summary>The value with the sign bit inverted (FCHS); no exceptions, whatever the encoding.</summary>
    public Float80 Negate() => new(Significand, (ushort)(SignExponent ^ SignBit));

    /// <summary>The value with the sign bit clear (FABS); no exceptions, whatever the encoding.</summary>
    public Float80 Abs() => new(Significand, (ushort)(SignExponent & ExponentMask));

    /// <summary>A signed zero.</summary>
    internal static Float80 Zero(bool sign) => new(0, sign ? SignBit : (ushort)0);

    /// <summary>A signed infinity.</summary>
    internal static Float80 Infinity(bool sign) => new(IntegerBit, (ushort)(sign ? SignBit | ExponentMask : ExponentMask));

    /// <summary>Packs a rounded result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Float80 Pack(bool sign, in Rounded rounded)
    {
        if (rounded.Exponent == Rounded.InfinityExponent) return Infinity(sign);
        int exponent = (long)rounded.Significand < 0 ? rounded.Exponent + Bias : 0;
        return new Float80(rounded.Significand, (ushort)(exponent | (sign ? SignBit : 0)));
    }

    /// <summary>Packs a finite operand that is representable, without rounding.</summary>
    internal static Float80 PackExact(in Unpacked value)
    {
        if (value.Class == FloatClass.Zero) return Zero(value.Sign);
        int shift = MinExponent - value.Exponent;
        return shift > 0
            ? new Float80(value.Significand >> shift, value.Sign ? SignBit : (ushort)0)
            : new Float80(value.Significand, (ushort)(value.Exponent + Bias | (value.Sign ? SignBit : 0)));
    }

    /// <summary>Shows the encoding as sign and exponent, then significand, in hexadecimal.</summary>
    public override string ToString() => $"{SignExponent:X4}_{Significand:X16}";
}
