using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// An intermediate result before rounding: (High:Low) * 2^(Exponent-127), bit 63 of High set unless the value is zero. The lowest bit is
/// sticky: it is set when anything below it was lost, so that rounding to 64 bits or fewer is exact.
/// </summary>
internal struct Wide
{
    /// <summary>Upper 64 bits of the significand.</summary>
    public ulong High;

    /// <summary>Lower 64 bits of the significand.</summary>
    public ulong Low;

    /// <summary>Unbiased exponent of bit 63 of <see cref="High"/>.</summary>
    public int Exponent;

    /// <summary>Whether the value is negative.</summary>
    public bool Sign;

    /// <summary>Whether the value is zero.</summary>
    public readonly bool IsZero => High == 0;

    /// <summary>A finite operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Wide From(in Unpacked value) =>
        new() { High = value.Significand, Exponent = value.Exponent, Sign = value.Sign };

    /// <summary>Shifts right by <paramref name="count"/> (non-negative), keeping lost bits in the lowest bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ShiftRightSticky(ref ulong high, ref ulong low, int count)
    {
        if (count == 0) return;
        if (count < 64)
        {
            ulong lost = low << (64 - count);
            low = high << (64 - count) | low >> count | (lost != 0 ? 1UL : 0);
            high >>= count;
        }
        else if (count < 128)
        {
            ulong lost = low | (count == 64 ? 0 : high << (128 - count));
            low = (count == 64 ? high : high >> (count - 64)) | (lost != 0 ? 1UL : 0);
            high = 0;
        }
        else
        {
            low = (high | low) != 0 ? 1UL : 0;
            high = 0;
        }
    }

    /// <summary>
    /// The sum of two numbers, either of which may be zero. A difference of exactly zero has the sign <paramref name="zeroSign"/>.
    /// Exact to the sticky bit when at least one operand has no more than 64 significant bits, or both have trailing zeros enough.
    /// </summary>
    public static Wide Add(in Wide x, in Wide y, bool zeroSign)
    {
        if (y.High == 0) return x.High == 0 ? new Wide { Sign = x.Sign == y.Sign ? x.Sign : zeroSign } : x;
        if (x.High == 0) return y;
        bool swap = x.Exponent < y.Exponent
            || x.Exponent == y.Exponent && (x.High < y.High || x.High == y.High && x.Low < y.Low);
        Wide large = swap ? y : x;
        ulong high = swap ? x.High : y.High;
        ulong low = swap ? x.Low : y.Low;
        ShiftRightSticky(ref high, ref low, large.Exponent - (swap ? x.Exponent : y.Exponent));
        if (x.Sign == y.Sign)
        {
            ulong sumLow = large.Low + low;
            ulong carryLow = sumLow < low ? 1UL : 0;
            ulong sumHigh = large.High + high + carryLow;
            // The larger operand has bit 63 set, so a sum below it means a carry out.
            if (sumHigh < large.High || carryLow != 0 && sumHigh == large.High && high != 0)
            {
                sumLow = sumHigh << 63 | sumLow >> 1 | sumLow & 1;
                sumHigh = 1UL << 63 | sumHigh >> 1;
                large.Exponent++;
            }
            large.High = sumHigh;
            large.Low = sumLow;
            return large;
        }
        ulong borrow = large.Low < low ? 1UL : 0;
        large.Low -= low;
        large.High = large.High - high - borrow;
        if ((large.High | large.Low) == 0) return new Wide { Sign = zeroSign };
        large.Normalize();
        return large;
    }

    /// <summary>The exact product of two finite non-zero numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Wide Multiply(in Unpacked x, in Unpacked y)
    {
        ulong high = Math.BigMul(x.Significand, y.Significand, out ulong low);
        int exponent = x.Exponent + y.Exponent + 1;
        if ((long)high >= 0)
        {
            high = high << 1 | low >> 63;
            low <<= 1;
            exponent--;
        }
        return new Wide { High = high, Low = low, Exponent = exponent, Sign = x.Sign != y.Sign };
    }

    /// <summary>The quotient of two finite non-zero numbers: 64 bits, a round bit and a sticky bit.</summary>
    public static Wide Divide(in Unpacked x, in Unpacked y)
    {
        int exponent = x.Exponent - y.Exponent;
        ulong high = x.Significand, low = 0;
        if (high >= y.Significand)
        {
            low = high << 63;
            high >>= 1;
        }
        else
        {
            exponent--;
        }
        ulong quotient = Divide128By64(high, low, y.Significand, out ulong remainder);
        ulong rest = 0;
        if (remainder != 0)
        {
            // Twice the remainder against the divisor gives the round bit; the comparison avoids the carry of doubling.
            bool half = remainder >= y.Significand - remainder;
            rest = (half ? 1UL << 63 : 0) | (remainder != y.Significand - remainder ? 1UL : 0);
        }
        return new Wide { High = quotient, Low = rest, Exponent = exponent, Sign = x.Sign != y.Sign };
    }

    /// <summary>The square root of a positive finite number: 64 bits, a round bit and a sticky bit.</summary>
    public static Wide SquareRoot(in Unpacked x)
    {
        bool odd = (x.Exponent & 1) != 0;
        ulong high = odd ? x.Significand : x.Significand >> 1;
        ulong low = odd ? 0 : x.Significand << 63;
        ulong root = SquareRoot128(high, low, out bool exact, out bool aboveHalf);
        ulong rest = exact ? 0 : aboveHalf ? 1UL << 63 | 1 : 1;
        return new Wide { High = root, Low = rest, Exponent = x.Exponent >> 1 };
    }

    /// <summary>Moves the leading bit to bit 63 of High; the value must not be zero.</summary>
    public void Normalize()
    {
        if (High == 0)
        {
            High = Low;
            Low = 0;
            Exponent -= 64;
        }
        int shift = BitOperations.LeadingZeroCount(High);
        if (shift == 0) return;
        High = High << shift | Low >> (64 - shift);
        Low <<= shift;
        Exponent -= shift;
    }

    /// <summary>Knuth's algorithm D with 32-bit digits; <paramref name="divisor"/> has bit 63 set and exceeds <paramref name="high"/>.</summary>
    internal static ulong Divide128By64(ulong high, ulong low, ulong divisor, out ulong remainder)
    {
        ulong upper = DivideDigit(high, low >> 32, divisor, out ulong rest);
        ulong lower = DivideDigit(rest, low & uint.MaxValue, divisor, out remainder);
        return upper << 32 | lower;
    }

    /// <summary>One 32-bit digit of (high * 2^32 + next) / divisor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong DivideDigit(ulong high, ulong next, ulong divisor, out ulong remainder)
    {
        ulong divisorHigh = divisor >> 32, divisorLow = divisor & uint.MaxValue;
        ulong digit = high / divisorHigh;
        ulong rest = high - digit * divisorHigh;
        while (digit >> 32 != 0 || digit * divisorLow > (rest << 32 | next))
        {
            digit--;
            rest += divisorHigh;
            if (rest >> 32 != 0) break;
        }
        remainder = unchecked((high << 32 | next) - digit * divisor);
        return digit;
    }

    /// <summary>
    /// The integer square root of a 128-bit number at least 2^126; <paramref name="aboveHalf"/> tells whether the true root
    /// exceeds it by more than a half.
    /// </summary>
    internal static ulong SquareRoot128(ulong high, ulong low, out bool exact, out bool aboveHalf)
    {
        // The host's root is good to 53 bits; one Newton step leaves an error of at most a few units, settled exactly below.
        double estimate = Math.Sqrt((double)high) * 4294967296.0;
        ulong root = estimate >= 18446744073709549568.0 ? ulong.MaxValue : (ulong)estimate;
        UInt128 radicand = new(high, low);
        Int128 error = (Int128)(radicand - (UInt128)root * root);
        long step = (long)((double)error / (2.0 * root));
        root = step < 0 ? root - (ulong)-step
            : root > ulong.MaxValue - (ulong)step ? ulong.MaxValue : root + (ulong)step;
        UInt128 square = (UInt128)root * root;
        while (square > radicand)
        {
            root--;
            square -= (UInt128)root * 2 + 1;
        }
        while (radicand - square > (UInt128)root * 2)
        {
            square += (UInt128)root * 2 + 1;
            root++;
        }
        UInt128 remainder = radicand - square;
        exact = remainder == 0;
        aboveHalf = remainder > root;
        return root;
    }
}
