using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint.Transcendental;

/// <summary>
/// Arithmetic with 128-bit significands for the transcendental functions: every operation is good to a few units of 2^-127, so that the one rounding to
/// 64 bits at the end decides the error.
/// </summary>
internal static class WideMath
{
    /// <summary>pi to 128 bits.</summary>
    public static Wide Pi => new() { High = 0xC90FDAA22168C234, Low = 0xC4C6628B80DC1CD1, Exponent = 1 };

    /// <summary>ln(2) to 128 bits.</summary>
    public static Wide LnOf2 => new() { High = 0xB17217F7D1CF79AB, Low = 0xC9E3B39803F2F6AF, Exponent = -1 };

    /// <summary>2 * log2(e) to 128 bits.</summary>
    public static Wide TwiceLog2OfE => new() { High = 0xB8AA3B295C17F0BB, Low = 0xBE87FED0691D3E88, Exponent = 1 };

    /// <summary>1.</summary>
    public static Wide One => new() { High = 1UL << 63 };

    /// <summary>The product, truncated to 128 bits; neither may be zero.</summary>
    public static Wide Multiply(in Wide x, in Wide y)
    {
        UInt128 product = MultiplyHigh(new UInt128(x.High, x.Low), new UInt128(y.High, y.Low));
        Wide result = new() { High = (ulong)(product >> 64), Low = (ulong)product, Exponent = x.Exponent + y.Exponent + 1, Sign = x.Sign != y.Sign };
        if ((long)result.High >= 0) result.Normalize();
        return result;
    }

    /// <summary>The quotient, truncated to 128 bits; neither may be zero.</summary>
    public static Wide Divide(in Wide x, in Wide y)
    {
        ulong high = x.High, middle = x.Low, low = 0;
        int exponent = x.Exponent - y.Exponent;
        if (high > y.High || high == y.High && middle >= y.Low)
        {
            low = middle << 63;
            middle = high << 63 | middle >> 1;
            high >>= 1;
        }
        else
        {
            exponent--;
        }
        ulong upper = DivideDigit(ref high, ref middle, low, y.High, y.Low);
        ulong lower = DivideDigit(ref high, ref middle, 0, y.High, y.Low);
        return new Wide { High = upper, Low = lower, Exponent = exponent, Sign = x.Sign != y.Sign };
    }

    /// <summary>An integer as a number.</summary>
    public static Wide FromInteger(int value) =>
        value == 0 ? default : SoftConvert.FromMagnitude((ulong)Math.Abs((long)value), value < 0);

    /// <summary>The magnitude, which must be below 1, as a fraction of 2^128, truncated.</summary>
    public static UInt128 ToFraction(in Wide value)
    {
        int shift = -value.Exponent - 1;
        return shift >= 128 ? 0 : new UInt128(value.High, value.Low) >> shift;
    }

    /// <summary>A fixed-point number with 127 fraction bits, not zero.</summary>
    public static Wide FromFixed127(UInt128 value)
    {
        Wide result = new() { High = (ulong)(value >> 64), Low = (ulong)value };
        result.Normalize();
        return result;
    }

    /// <summary>
    /// The polynomial with the given non-negative, falling coefficients (127 fraction bits) at <paramref name="x"/> (a fraction of 2^128), by Horner's rule;
    /// with <paramref name="alternating"/> at -x.
    /// </summary>
    public static UInt128 Polynomial(ReadOnlySpan<UInt128> coefficients, UInt128 x, bool alternating)
    {
        UInt128 sum = coefficients[^1];
        for (int i = coefficients.Length - 2; i >= 0; i--)
        {
            UInt128 term = MultiplyHigh(sum, x);
            sum = alternating ? coefficients[i] - term : coefficients[i] + term;
        }
        return sum;
    }

    /// <summary>The upper half of the product, short by at most 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt128 MultiplyHigh(UInt128 x, UInt128 y)
    {
        ulong xHigh = (ulong)(x >> 64), xLow = (ulong)x, yHigh = (ulong)(y >> 64), yLow = (ulong)y;
        ulong high = Math.BigMul(xHigh, yHigh, out ulong low);
        ulong cross = Math.BigMul(xHigh, yLow, out ulong rest);
        ulong crossOther = Math.BigMul(xLow, yHigh, out ulong restOther);
        ulong carry = rest + restOther < rest ? 1UL : 0;
        return new UInt128(high, low) + cross + crossOther + carry;
    }

    /// <summary>One 64-bit digit of (high:middle:next) / divisor; leaves the remainder in high:middle.</summary>
    private static ulong DivideDigit(ref ulong high, ref ulong middle, ulong next, ulong divisorHigh, ulong divisorLow)
    {
        ulong digit, rest;
        bool overflow = false;
        if (high >= divisorHigh)
        {
            digit = ulong.MaxValue;
            rest = middle + divisorHigh;
            overflow = rest < middle;
        }
        else
        {
            digit = Wide.Divide128By64(high, middle, divisorHigh, out rest);
        }
        while (!overflow)
        {
            ulong productHigh = Math.BigMul(digit, divisorLow, out ulong productLow);
            if (productHigh < rest || productHigh == rest && productLow <= next) break;
            digit--;
            rest += divisorHigh;
            overflow = rest < divisorHigh;
        }
        UInt128 remainder = new UInt128(middle, next) - (UInt128)digit * new UInt128(divisorHigh, divisorLow);
        high = (ulong)(remainder >> 64);
        middle = (ulong)remainder;
        return digit;
    }
}
