using System.Numerics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.Transcendental;

/// <summary>A binary floating-point number with a significand of <see cref="Precision"/> bits and an exponent without bounds. Results are truncated.</summary>
/// <param name="Significand">Any integer.</param>
/// <param name="Exponent">The number is <paramref name="Significand"/> * 2^<paramref name="Exponent"/>.</param>
public readonly record struct BigFloat(BigInteger Significand, long Exponent)
{
    /// <summary>Bits of a significand after an operation.</summary>
    public const int Precision = 384;

    /// <summary>1.</summary>
    public static BigFloat One => new(BigInteger.One, 0);

    /// <summary>Whether it is zero.</summary>
    public bool IsZero => Significand.IsZero;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Significand.Sign;

    /// <summary>The number e with 2^e &lt;= |value| &lt; 2^(e+1); not for zero.</summary>
    public long Magnitude => Exponent + (long)BigInteger.Abs(Significand).GetBitLength() - 1;

    /// <summary>An operand of the x87 unit, exactly; it must be finite.</summary>
    public static BigFloat From(Float80 value)
    {
        BigInteger magnitude = value.Significand;
        return new BigFloat(value.Sign ? -magnitude : magnitude, Math.Max(value.BiasedExponent, 1) - 16383 - 63);
    }

    /// <summary>A number that a <see cref="double"/> holds, exactly.</summary>
    public static BigFloat From(double value)
    {
        if (value == 0) return default;
        int exponent = Math.ILogB(value) - 52;
        return new BigFloat((BigInteger)Math.ScaleB(value, -exponent), exponent);
    }

    /// <summary>The nearest double or its neighbour; out of its range infinity or zero.</summary>
    public double ToDouble()
    {
        int excess = Math.Max(0, (int)BigInteger.Abs(Significand).GetBitLength() - 64);
        return Math.ScaleB((double)(Significand >> excess), (int)Math.Clamp(Exponent + excess, -5000, 5000));
    }

    /// <summary>The number times 2^<paramref name="count"/>.</summary>
    public BigFloat Scale(long count) => this with { Exponent = Exponent + count };

    /// <summary>The magnitude.</summary>
    public BigFloat Abs() => this with { Significand = BigInteger.Abs(Significand) };

    public static BigFloat operator -(BigFloat x) => x with { Significand = -x.Significand };

    public static BigFloat operator +(BigFloat x, BigFloat y)
    {
        if (x.IsZero) return y;
        if (y.IsZero) return x;
        // Too small to be seen.
        if (x.Magnitude - y.Magnitude > 2 * Precision) return x;
        if (y.Magnitude - x.Magnitude > 2 * Precision) return y;
        long exponent = Math.Min(x.Exponent, y.Exponent);
        return Round((x.Significand << (int)(x.Exponent - exponent)) + (y.Significand << (int)(y.Exponent - exponent)), exponent);
    }

    public static BigFloat operator -(BigFloat x, BigFloat y) => x + -y;

    public static BigFloat operator *(BigFloat x, BigFloat y) => Round(x.Significand * y.Significand, x.Exponent + y.Exponent);

    public static BigFloat operator /(BigFloat x, BigFloat y)
    {
        int shift = Precision + (int)y.Significand.GetBitLength();
        return Round((x.Significand << shift) / y.Significand, x.Exponent - shift - y.Exponent);
    }

    public static BigFloat operator /(BigFloat x, int y) => x / new BigFloat(y, 0);

    public static bool operator <(BigFloat x, BigFloat y) => (x - y).Sign < 0;

    public static bool operator >(BigFloat x, BigFloat y) => (x - y).Sign > 0;

    private static BigFloat Round(BigInteger significand, long exponent)
    {
        int excess = (int)BigInteger.Abs(significand).GetBitLength() - Precision;
        return excess <= 0 ? new BigFloat(significand, significand.IsZero ? 0 : exponent) : new BigFloat(significand >> excess, exponent + excess);
    }
}
