using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// A result after rounding, not yet packed: bit 63 of the significand is the integer bit. A denormal has <see cref="Exponent"/> equal to the format's
/// smallest with that bit clear; an infinity has <see cref="InfinityExponent"/>.
/// </summary>
internal struct Rounded
{
    /// <summary>The exponent that marks an infinity.</summary>
    public const int InfinityExponent = int.MaxValue;

    /// <summary>Left-justified significand.</summary>
    public ulong Significand;

    /// <summary>Unbiased exponent.</summary>
    public int Exponent;

    /// <summary>
    /// Rounds to <paramref name="precision"/> bits within an exponent range, with the masked and unmasked responses to overflow, underflow and
    /// inexactness (SDM Vol. 1 4.9.1.4 to 4.9.1.6, 8.5.4 to 8.5.6, 11.5.2).
    /// </summary>
    /// <param name="value">The exact value, not zero.</param>
    /// <param name="precision">Significand bits, 11 to 64.</param>
    /// <param name="minExponent">Smallest exponent of a normal number.</param>
    /// <param name="maxExponent">Largest exponent of a finite number.</param>
    /// <param name="wrap">
    /// What the unmasked response subtracts from (overflow) or adds to (underflow) the exponent: 24576 for x87 registers; elsewhere 0, no
    /// result is stored then.
    /// </param>
    /// <param name="flush">Whether a tiny result becomes zero while underflow is masked.</param>
    /// <param name="environment">Rounding control and masks.</param>
    /// <param name="raised">Receives the exceptions.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Rounded Round(
        in Wide value, int precision, int minExponent, int maxExponent, int wrap, bool flush,
        in FloatEnvironment environment, ref FloatExceptions raised)
    {
        ulong kept = Truncate(value.High, value.Low, precision, out ulong rest);
        bool up = RoundsUp(environment.Rounding, value.Sign, kept, rest);
        Rounded result = new() { Exponent = value.Exponent };
        if (up)
        {
            kept++;
            // A carry out of the top leaves 1.000...: for 64 bits the register has wrapped to zero.
            if (precision == 64 ? kept == 0 : kept >> precision != 0)
            {
                kept = 1UL << (precision - 1);
                result.Exponent++;
            }
        }
        result.Significand = kept << (64 - precision);
        if (result.Exponent >= minExponent && result.Exponent <= maxExponent)
        {
            if (rest != 0) raised |= FloatExceptions.Inexact | (up ? FloatExceptions.RoundedUp : 0);
            return result;
        }
        if (result.Exponent > maxExponent)
            return Overflow(result, value.Sign, rest != 0, up, precision, maxExponent, wrap, environment, ref raised);
        if (environment.IsUnmasked(FloatExceptions.Underflow))
        {
            // FSCALE can go so far that the wrapped exponent does not fit either: that is a zero in every rounding mode.
            if (wrap != 0 && result.Exponent + wrap < minExponent) return Flush(minExponent, ref raised);
            raised |= FloatExceptions.Underflow;
            if (rest != 0) raised |= FloatExceptions.Inexact | (up ? FloatExceptions.RoundedUp : 0);
            result.Exponent += wrap;
            return result;
        }
        if (flush) return Flush(minExponent, ref raised);
        return Denormalize(value, precision, minExponent, environment, ref raised);
    }

    /// <summary>The same for <see cref="Half"/>, <see cref="float"/> and <see cref="double"/>, packed.</summary>
    public static T Round<T>(in Wide value, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // VCVTPS2PH ignores FTZ (SDM Vol. 1 14.4.1); nothing else produces binary16.
        bool flush = typeof(T) != typeof(Half) && environment.FlushToZero;
        Rounded rounded = Round(value, FloatFormat<T>.Precision, FloatFormat<T>.MinExponent, FloatFormat<T>.Bias, 0, flush, environment, ref raised);
        if (rounded.Exponent == InfinityExponent) return FloatFormat<T>.Infinity(value.Sign);
        ulong bits = rounded.Significand >> (64 - FloatFormat<T>.Precision);
        // Adding lets the integer bit of a normal number carry into the exponent; a denormal has none and stays at exponent 0.
        if (bits != 0) bits += (ulong)(rounded.Exponent - FloatFormat<T>.MinExponent) << FloatFormat<T>.FractionBits;
        return FloatFormat<T>.FromBits(value.Sign ? bits | FloatFormat<T>.SignBit : bits);
    }

    /// <summary>Rounds a zero or non-zero value and packs it.</summary>
    public static T RoundOrZero<T>(in Wide value, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        value.IsZero ? FloatFormat<T>.Zero(value.Sign) : Round<T>(value, environment, ref raised);

    /// <summary>Whether a magnitude with the discarded fraction <paramref name="rest"/> (of 2^64) is to be incremented.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool RoundsUp(RoundingMode mode, bool sign, ulong kept, ulong rest) => mode switch
    {
        RoundingMode.Nearest => rest > 1UL << 63 || rest == 1UL << 63 && (kept & 1) != 0,
        RoundingMode.Down => sign && rest != 0,
        RoundingMode.Up => !sign && rest != 0,
        _ => false,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Truncate(ulong high, ulong low, int precision, out ulong rest)
    {
        if (precision == 64)
        {
            rest = low;
            return high;
        }
        rest = high << precision | (low != 0 ? 1UL : 0);
        return high >> (64 - precision);
    }

    private static Rounded Flush(int minExponent, ref FloatExceptions raised)
    {
        raised |= FloatExceptions.Underflow | FloatExceptions.Inexact;
        return new Rounded { Exponent = minExponent };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Rounded Overflow(
        Rounded result, bool sign, bool inexact, bool up, int precision, int maxExponent, int wrap,
        in FloatEnvironment environment, ref FloatExceptions raised)
    {
        raised |= FloatExceptions.Overflow;
        bool unmasked = environment.IsUnmasked(FloatExceptions.Overflow);
        // FSCALE can go so far that the wrapped exponent does not fit either: that is an infinity in every rounding mode.
        bool hopeless = unmasked && wrap != 0 && result.Exponent - wrap > maxExponent;
        if (unmasked && !hopeless)
        {
            if (inexact) raised |= FloatExceptions.Inexact | (up ? FloatExceptions.RoundedUp : 0);
            result.Exponent -= wrap;
            return result;
        }
        raised |= FloatExceptions.Inexact;
        bool toInfinity = environment.Rounding switch
        {
            RoundingMode.Nearest => true,
            RoundingMode.Down => sign,
            RoundingMode.Up => !sign,
            _ => false,
        };
        if (!toInfinity && !hopeless) return new Rounded { Significand = ulong.MaxValue << (64 - precision), Exponent = maxExponent };
        raised |= FloatExceptions.RoundedUp;
        return new Rounded { Significand = 1UL << 63, Exponent = InfinityExponent };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Rounded Denormalize(
        in Wide value, int precision, int minExponent, in FloatEnvironment environment, ref FloatExceptions raised)
    {
        ulong high = value.High, low = value.Low;
        Wide.ShiftRightSticky(ref high, ref low, minExponent - value.Exponent);
        ulong kept = Truncate(high, low, precision, out ulong rest);
        bool up = RoundsUp(environment.Rounding, value.Sign, kept, rest);
        if (rest != 0) raised |= FloatExceptions.Underflow | FloatExceptions.Inexact | (up ? FloatExceptions.RoundedUp : 0);
        return new Rounded { Significand = (up ? kept + 1 : kept) << (64 - precision), Exponent = minExponent };
    }
}
