using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>What kind of number an encoding stands for.</summary>
internal enum FloatClass : byte
{
    Zero,
    Finite,
    Infinity,
    QuietNaN,
    SignalingNaN,

    /// <summary>An 80-bit encoding that x87 refuses: pseudo-NaN, pseudo-infinity, unnormal (SDM Vol. 1 8.2.2).</summary>
    Unsupported,
}

/// <summary>
/// An operand of any format taken apart. A finite non-zero number is Significand * 2^(Exponent-63) with bit 63 of the significand set,
/// denormals included: so one arithmetic core serves all formats.
/// </summary>
internal struct Unpacked
{
    /// <summary>Significand with the leading bit at bit 63; a NaN keeps its fraction here, left-justified.</summary>
    public ulong Significand;

    /// <summary>Unbiased exponent of bit 63.</summary>
    public int Exponent;

    /// <summary>Kind of number.</summary>
    public FloatClass Class;

    /// <summary>Whether the sign bit is set.</summary>
    public bool Sign;

    /// <summary>Whether the operand raises #D (denormal, and DAZ does not hide it).</summary>
    public bool Denormal;

    /// <summary>Whether this is a NaN or an unsupported encoding.</summary>
    public readonly bool IsNaN => Class >= FloatClass.QuietNaN;

    /// <summary>#I when this is a signaling NaN or unsupported.</summary>
    public readonly FloatExceptions SignalingInvalid => Class >= FloatClass.SignalingNaN ? FloatExceptions.Invalid : FloatExceptions.None;

    /// <summary>#D when this is a denormal.</summary>
    public readonly FloatExceptions DenormalOperand => Denormal ? FloatExceptions.Denormal : FloatExceptions.None;

    /// <summary>Takes an operand apart; DAZ turns a denormal into a zero (not for binary16, whose only uses ignore DAZ: SDM Vol. 1 14.4.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Unpacked From<T>(T value, in FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ulong bits = FloatFormat<T>.ToBits(value);
        ulong fraction = bits & FloatFormat<T>.FractionMask;
        int exponent = (int)(bits >> FloatFormat<T>.FractionBits) & FloatFormat<T>.ExponentMask;
        Unpacked result = default;
        result.Sign = (bits & FloatFormat<T>.SignBit) != 0;
        int justify = 64 - FloatFormat<T>.Precision;
        if (exponent == FloatFormat<T>.ExponentMask)
        {
            result.Significand = fraction << justify;
            result.Class = fraction == 0 ? FloatClass.Infinity
                : (fraction & FloatFormat<T>.QuietBit) != 0 ? FloatClass.QuietNaN : FloatClass.SignalingNaN;
        }
        else if (exponent != 0)
        {
            result.Significand = 1UL << 63 | fraction << justify;
            result.Exponent = exponent - FloatFormat<T>.Bias;
            result.Class = FloatClass.Finite;
        }
        else if (fraction != 0 && (typeof(T) == typeof(Half) || !environment.DenormalsAreZero))
        {
            int shift = BitOperations.LeadingZeroCount(fraction);
            result.Significand = fraction << shift;
            result.Exponent = FloatFormat<T>.MinExponent - (shift - justify);
            result.Class = FloatClass.Finite;
            result.Denormal = true;
        }
        return result;
    }

    /// <summary>Takes an 80-bit operand apart. A pseudo-denormal counts as a denormal of the same value (SDM Vol. 1 8.2.2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Unpacked From(Float80 value)
    {
        int exponent = value.BiasedExponent;
        Unpacked result = default;
        result.Sign = value.Sign;
        result.Significand = value.Significand;
        if ((uint)(exponent - 1) < Float80.ExponentMask - 1 && (long)value.Significand < 0)
        {
            result.Exponent = exponent - Float80.Bias;
            result.Class = FloatClass.Finite;
            return result;
        }
        if (exponent == Float80.ExponentMask)
        {
            result.Class = (long)value.Significand >= 0 ? FloatClass.Unsupported
                : value.Significand == Float80.IntegerBit ? FloatClass.Infinity
                : (value.Significand & Float80.QuietBit) != 0 ? FloatClass.QuietNaN : FloatClass.SignalingNaN;
        }
        else if (exponent != 0)
        {
            result.Class = FloatClass.Unsupported;
        }
        else if (value.Significand != 0)
        {
            int shift = BitOperations.LeadingZeroCount(value.Significand);
            result.Significand = value.Significand << shift;
            result.Exponent = Float80.MinExponent - shift;
            result.Class = FloatClass.Finite;
            result.Denormal = true;
        }
        return result;
    }
}
