using System.Numerics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>
/// Reference values in integer arithmetic of many hundred bits, by plain series: slow and obvious. A number v is the integer v * 2^bits.
/// </summary>
internal static class HighPrecision
{
    /// <summary>pi as the hardware's argument reduction has it: 66 bits.</summary>
    private static readonly BigInteger HardwarePi = BigInteger.Parse("03243F6A8885A308D3", System.Globalization.NumberStyles.HexNumber);

    /// <summary>A finite operand as value * 2^bits; bits must be enough to hold it.</summary>
    public static BigInteger Fixed(Float80 value, int bits)
    {
        int exponent = Math.Max(value.BiasedExponent, 1) - 16383 - 63 + bits;
        BigInteger magnitude = exponent >= 0 ? (BigInteger)value.Significand << exponent : (BigInteger)value.Significand >> -exponent;
        return value.Sign ? -magnitude : magnitude;
    }

    public static BigInteger TwoToXMinus1(Float80 x, int bits)
    {
        BigInteger t = Fixed(x, bits) * LnOf2(bits) >> bits;
        BigInteger term = t, sum = 0;
        for (int n = 2; !term.IsZero && term != -1; n++)
        {
            sum += term;
            term = (term * t >> bits) / n;
        }
        return sum;
    }

    public static BigInteger YLog2X(Float80 x, Float80 y, int bits) => Fixed(y, bits) * Log2(Fixed(x, bits), bits) >> bits;

    public static BigInteger YLog2XPlus1(Float80 x, Float80 y, int bits) =>
        Fixed(y, bits) * Log2((BigInteger.One << bits) + Fixed(x, bits), bits) >> bits;

    public static BigInteger ArcTangent(Float80 y, Float80 x, int bits)
    {
        BigInteger v = BigInteger.Abs(Fixed(y, bits)), u = BigInteger.Abs(Fixed(x, bits));
        BigInteger angle = v <= u ? SmallArcTangent((v << bits) / u, bits) : (Pi(bits) >> 1) - SmallArcTangent((u << bits) / v, bits);
        if (x.Sign) angle = Pi(bits) - angle;
        return y.Sign ? -angle : angle;
    }

    public static (BigInteger Sine, BigInteger Cosine) SineCosine(Float80 x, int bits)
    {
        BigInteger halfPi = HardwarePi << bits - 65;
        BigInteger magnitude = BigInteger.Abs(Fixed(x, bits));
        // With an inexact pi the choice of the quadrant matters: the nearest multiple, as in the hardware.
        BigInteger quadrant = (2 * magnitude + halfPi) / (2 * halfPi);
        BigInteger r = magnitude - quadrant * halfPi;
        BigInteger sine = 0, cosine = 0, term = BigInteger.One << bits;
        for (int n = 0; !term.IsZero && term != -1; n += 2)
        {
            cosine += n % 4 == 0 ? term : -term;
            term = (term * r >> bits) / (n + 1);
            sine += n % 4 == 0 ? term : -term;
            term = (term * r >> bits) / (n + 2);
        }
        (sine, cosine) = (int)(quadrant % 4) switch
        {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
        return (x.Sign ? -sine : sine, cosine);
    }

    public static BigInteger Tangent(Float80 x, int bits)
    {
        (BigInteger sine, BigInteger cosine) = SineCosine(x, bits);
        return (sine << bits) / cosine;
    }

    /// <summary>How far a result is from the true value, in units of its last place.</summary>
    public static double Error(Float80 result, BigInteger reference, int bits)
    {
        BigInteger difference = BigInteger.Abs(Fixed(result, bits) - reference);
        int unit = Math.Max(result.BiasedExponent, 1) - 16383 - 63 + bits;
        return (double)(unit >= 20 ? difference >> unit - 20 : difference << 20 - unit) / (1 << 20);
    }

    private static BigInteger Log2(BigInteger x, int bits)
    {
        int exponent = (int)x.GetBitLength() - 1 - bits;
        BigInteger mantissa = exponent >= 0 ? x >> exponent : x << -exponent;
        // Near 1 from below the exponent would cancel against the logarithm of the mantissa; the precision covers that.
        BigInteger one = BigInteger.One << bits;
        BigInteger s = (mantissa - one << bits) / (mantissa + one);
        BigInteger logarithm = 2 * HyperbolicArcTangent(s, bits);
        return ((BigInteger)exponent << bits) + (logarithm << bits) / LnOf2(bits);
    }

    private static BigInteger HyperbolicArcTangent(BigInteger s, int bits)
    {
        BigInteger square = s * s >> bits, power = s, sum = 0;
        for (int n = 1; !power.IsZero && power != -1; n += 2)
        {
            sum += power / n;
            power = power * square >> bits;
        }
        return sum;
    }

    private static BigInteger SmallArcTangent(BigInteger t, int bits)
    {
        // Three halvings of the angle: atan(t) = 2 atan(t / (1 + sqrt(1 + t^2))).
        BigInteger one = BigInteger.One << bits;
        const int halvings = 3;
        for (int i = 0; i < halvings; i++) t = (t << bits) / (one + SquareRoot(one * one + t * t));
        BigInteger square = t * t >> bits, power = t, sum = 0;
        for (int n = 1; !power.IsZero; n += 2)
        {
            sum += n % 4 == 1 ? power / n : -(power / n);
            power = power * square >> bits;
        }
        return sum << halvings;
    }

    private static BigInteger SquareRoot(BigInteger value)
    {
        BigInteger root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = root + value / root >> 1;
            if (next >= root) return root;
            root = next;
        }
    }

    private static BigInteger LnOf2(int bits) => 2 * HyperbolicArcTangent((BigInteger.One << bits) / 3, bits);

    private static BigInteger Pi(int bits)
    {
        BigInteger one = BigInteger.One << bits;
        return 4 * SmallArcTangent(one, bits);
    }
}
