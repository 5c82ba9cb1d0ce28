using System.Numerics;

namespace Emu.Conformance.Transcendental;

/// <summary>
/// The functions of the x87 unit to more than 300 bits, by other means than the processor's: an exponential series with repeated squaring, sine and cosine by
/// repeated doubling of the angle, and logarithm and arc tangent as their inverses by Halley's iteration. No tables, no polynomials, no constants but those of
/// the argument reduction, which the manual gives.
/// </summary>
public static class ReferenceMath
{
    private const int Halvings = 8, Iterations = 4, GuardBits = 64;

    /// <summary>pi/2 of the argument reduction: 66 bits (SDM Vol. 1 8.3.8).</summary>
    private static readonly BigFloat HalfPiOfReduction = new(BigInteger.Parse("03243F6A8885A308D3", System.Globalization.NumberStyles.HexNumber), -65);

    /// <summary>ln 2 = 18 artanh(1/26) - 2 artanh(1/4801) + 8 artanh(1/8749).</summary>
    public static BigFloat LnOf2 { get; } = ArcTangents([(18, 26), (-2, 4801), (8, 8749)], hyperbolic: true);

    /// <summary>pi = 16 arctan(1/5) - 4 arctan(1/239).</summary>
    public static BigFloat Pi { get; } = ArcTangents([(16, 5), (-4, 239)], hyperbolic: false);

    /// <summary>2^x - 1 for |x| up to 1.</summary>
    public static BigFloat TwoToXMinus1(BigFloat x) => ExponentialMinus1(x * LnOf2);

    /// <summary>log2(x) for positive x.</summary>
    public static BigFloat Log2(BigFloat x)
    {
        long exponent = x.Magnitude;
        if (x.Scale(-exponent) > new BigFloat(3, -1)) exponent++;
        // Between 3/4 and 3/2 now; about 1 nothing cancels.
        return new BigFloat(exponent, 0) + Log2Of1Plus(x.Scale(-exponent) - BigFloat.One);
    }

    /// <summary>log2(1 + x) for x from -1/3 to 1/2.</summary>
    public static BigFloat Log2Of1Plus(BigFloat x)
    {
        if (x.IsZero) return default;
        // Halley: y += 2 (1 + x - e^y) / (1 + x + e^y) triples the number of good digits.
        BigFloat y = x.Magnitude < -20 ? x - (x * x).Scale(-1) : BigFloat.From(Math.Log((BigFloat.One + x).ToDouble()));
        for (int i = 0; i < Iterations; i++)
        {
            BigFloat power = ExponentialMinus1(y);
            y += (x - power).Scale(1) / (x + power + new BigFloat(2, 0));
        }
        return y / LnOf2;
    }

    /// <summary>Sine and cosine, the multiples of the processor's pi/2 taken off as the manual says.</summary>
    public static (BigFloat Sine, BigFloat Cosine) SineCosine(BigFloat x)
    {
        BigFloat rest = x.Abs();
        BigInteger quadrant = 0;
        if (!rest.IsZero && rest.Magnitude >= -1)
        {
            // In units of 2^-128, which hold both numbers exactly.
            BigInteger unit = HalfPiOfReduction.Significand << 63, value = rest.Significand << (int)(rest.Exponent + 128);
            quadrant = (2 * value + unit) / (2 * unit);
            rest = new BigFloat(value - quadrant * unit, -128);
        }
        (BigFloat sine, BigFloat cosine) = SmallSineCosine(rest);
        (sine, cosine) = (int)(quadrant % 4) switch
        {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
        return (x.Sign < 0 ? -sine : sine, cosine);
    }

    /// <summary>The angle of the point (<paramref name="x"/>, <paramref name="y"/>), from -pi to pi. Not both may be zero.</summary>
    public static BigFloat ArcTangent(BigFloat y, BigFloat x)
    {
        BigFloat u = x.Abs(), v = y.Abs();
        BigFloat angle = v > u ? Pi.Scale(-1) - SmallArcTangent(u, v) : SmallArcTangent(v, u);
        if (x.Sign < 0) angle = Pi - angle;
        return y.Sign < 0 ? -angle : angle;
    }

    // e^t - 1 of a small argument by its series; (1 + e)^2 - 1 = e (e + 2) doubles the argument, and near zero loses nothing.
    private static BigFloat ExponentialMinus1(BigFloat t)
    {
        BigFloat x = t.Scale(-Halvings), sum = x, term = x;
        for (int n = 2; !IsNegligible(term, sum); n++)
        {
            term = term * x / n;
            sum += term;
        }
        for (int i = 0; i < Halvings; i++) sum *= sum + new BigFloat(2, 0);
        return sum;
    }

    // Sine and 1 - cosine by their series, and 1 - cos 2a = 2 sin^2 a, sin 2a = 2 sin a cos a.
    private static (BigFloat Sine, BigFloat Cosine) SmallSineCosine(BigFloat angle)
    {
        BigFloat x = angle.Scale(-Halvings), sine = x, versine = default, term = x;
        for (int n = 2; !IsNegligible(term, sine); n++)
        {
            term = term * x / n;
            if (n % 2 == 0) versine += n % 4 == 2 ? term : -term;
            else sine += n % 4 == 1 ? term : -term;
        }
        for (int i = 0; i < Halvings; i++) (sine, versine) = ((sine * (BigFloat.One - versine)).Scale(1), (sine * sine).Scale(1));
        return (sine, BigFloat.One - versine);
    }

    // arctan(v / u) for 0 <= v <= u: tan(angle - a) = (v cos a - u sin a) / (u cos a + v sin a).
    private static BigFloat SmallArcTangent(BigFloat v, BigFloat u)
    {
        if (v.IsZero) return default;
        BigFloat ratio = v / u;
        BigFloat angle = ratio.Magnitude < -20 ? ratio - ratio * ratio * ratio / 3 : BigFloat.From(Math.Atan(ratio.ToDouble()));
        for (int i = 0; i < Iterations; i++)
        {
            (BigFloat sine, BigFloat cosine) = SmallSineCosine(angle);
            angle += (v * cosine - u * sine) / (u * cosine + v * sine);
        }
        return angle;
    }

    private static BigFloat ArcTangents((int Factor, int Reciprocal)[] terms, bool hyperbolic)
    {
        const int bits = BigFloat.Precision + GuardBits;
        BigInteger sum = 0;
        foreach ((int factor, int reciprocal) in terms)
        {
            BigInteger power = (BigInteger.One << bits) / reciprocal;
            for (int n = 1; !power.IsZero; n += 2)
            {
                sum += factor * (hyperbolic || n % 4 == 1 ? power / n : -power / n);
                power /= reciprocal * reciprocal;
            }
        }
        return new BigFloat(sum >> GuardBits / 2, GuardBits / 2 - bits);
    }

    private static bool IsNegligible(BigFloat term, BigFloat sum) => term.IsZero || sum.Magnitude - term.Magnitude > BigFloat.Precision;
}
