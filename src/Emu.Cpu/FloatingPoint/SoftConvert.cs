using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>Conversions between formats and to and from integers, and rounding to integral values, of one element in software.</summary>
internal static class SoftConvert
{
    /// <summary>CVTSS2SD, CVTSD2SS, VCVTPH2PS, VCVTPS2PH and their packed forms.</summary>
    public static TTo Convert<TFrom, TTo>(TFrom a, in FloatEnvironment environment, ref FloatExceptions raised)
        where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
        where TTo : unmanaged, IBinaryFloatingPointIeee754<TTo>
    {
        Unpacked x = Unpacked.From(a, environment);
        switch (x.Class)
        {
            case FloatClass.Zero:
                return FloatFormat<TTo>.Zero(x.Sign);
            case FloatClass.Infinity:
                return FloatFormat<TTo>.Infinity(x.Sign);
            case FloatClass.QuietNaN:
            case FloatClass.SignalingNaN:
                raised |= x.SignalingInvalid;
                return PackNaN<TTo>(x);
            default:
                // VCVTPH2PS does not report denormal operands (SDM Vol. 1 14.4.1).
                if (typeof(TFrom) != typeof(Half)) raised |= x.DenormalOperand;
                return Rounded.Round<TTo>(Wide.From(x), environment, ref raised);
        }
    }

    /// <summary>A NaN in another format: the payload keeps its leading bits and becomes quiet.</summary>
    public static T PackNaN<T>(in Unpacked x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ulong fraction = (x.Significand & ~(1UL << 63)) >> (64 - FloatFormat<T>.Precision);
        return FloatFormat<T>.FromBits(
            (x.Sign ? FloatFormat<T>.SignBit : 0) | FloatFormat<T>.InfinityBits | FloatFormat<T>.QuietBit | fraction);
    }

    /// <summary>ROUNDxx: to an integral value in the same format. Denormal operands raise nothing but #P (SDM Vol. 2B ROUNDPD).</summary>
    public static T RoundToIntegral<T>(
        T a, RoundingMode mode, bool suppressInexact, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Unpacked x = Unpacked.From(a, environment);
        if (x.IsNaN)
        {
            raised |= x.SignalingInvalid;
            return FloatFormat<T>.Quiet(a);
        }
        if (x.Class == FloatClass.Zero) return FloatFormat<T>.Zero(x.Sign);
        if (x.Class == FloatClass.Infinity || x.Exponent >= FloatFormat<T>.FractionBits) return a;
        ulong magnitude = IntegralMagnitude(x, mode, out bool inexact, out _);
        if (inexact && !suppressInexact) raised |= FloatExceptions.Inexact;
        if (magnitude == 0) return FloatFormat<T>.Zero(x.Sign);
        return Rounded.Round<T>(FromMagnitude(magnitude, x.Sign), environment, ref raised);
    }

    /// <summary>
    /// CVTxx2SI and their packed, truncating and unsigned forms. NaN and values out of range give the integer indefinite (signed: only the
    /// top bit set; unsigned: all bits set) and #I (SDM Vol. 1 4.8.3.7, 15.6).
    /// </summary>
    public static TInteger ToInteger<T, TInteger>(T a, RoundingMode mode, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger> =>
        ToInteger<TInteger>(Unpacked.From(a, environment), mode, ref raised);

    /// <summary>The same from an operand taken apart; reports <see cref="FloatExceptions.RoundedUp"/> too, for FIST.</summary>
    public static TInteger ToInteger<TInteger>(in Unpacked x, RoundingMode mode, ref FloatExceptions raised)
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger>
    {
        if (x.Class == FloatClass.Zero) return TInteger.Zero;
        if (x.Class == FloatClass.Finite && x.Exponent <= 63)
        {
            ulong magnitude = IntegralMagnitude(x, mode, out bool inexact, out bool up);
            ulong largest = ulong.CreateTruncating(TInteger.MaxValue);
            ulong limit = !x.Sign ? largest : TInteger.IsNegative(TInteger.MinValue) ? largest + 1 : 0;
            bool wrapped = up && magnitude == 0;
            if (magnitude <= limit && !wrapped)
            {
                if (inexact) raised |= FloatExceptions.Inexact | (up ? FloatExceptions.RoundedUp : 0);
                return TInteger.CreateTruncating(x.Sign ? 0 - magnitude : magnitude);
            }
        }
        raised |= FloatExceptions.Invalid;
        return IntegerIndefinite<TInteger>();
    }

    /// <summary>The result of an invalid conversion.</summary>
    public static TInteger IntegerIndefinite<TInteger>()
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger> =>
        TInteger.IsNegative(TInteger.MinValue) ? TInteger.MinValue : TInteger.MaxValue;

    /// <summary>CVTSI2xx and their packed and unsigned forms.</summary>
    public static T FromInteger<TInteger, T>(TInteger value, in FloatEnvironment environment, ref FloatExceptions raised)
        where TInteger : unmanaged, IBinaryInteger<TInteger>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (value == TInteger.Zero) return T.Zero;
        bool sign = TInteger.IsNegative(value);
        ulong bits = ulong.CreateTruncating(value);
        return Rounded.Round<T>(FromMagnitude(sign ? 0 - bits : bits, sign), environment, ref raised);
    }

    /// <summary>A non-zero integer as an unrounded value.</summary>
    public static Wide FromMagnitude(ulong magnitude, bool sign)
    {
        int shift = BitOperations.LeadingZeroCount(magnitude);
        return new Wide { High = magnitude << shift, Exponent = 63 - shift, Sign = sign };
    }

    /// <summary>Rounds a finite number with exponent at most 63 to an integer; an increment past 2^64-1 gives 0 with <paramref name="up"/> set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong IntegralMagnitude(in Unpacked x, RoundingMode mode, out bool inexact, out bool up)
    {
        ulong kept, rest;
        if (x.Exponent >= 63)
        {
            kept = x.Significand;
            rest = 0;
        }
        else if (x.Exponent >= 0)
        {
            kept = x.Significand >> (63 - x.Exponent);
            rest = x.Significand << (x.Exponent + 1);
        }
        else
        {
            kept = 0;
            rest = x.Exponent == -1 ? x.Significand : 1;
        }
        inexact = rest != 0;
        up = Rounded.RoundsUp(mode, x.Sign, kept, rest);
        return up ? kept + 1 : kept;
    }
}
