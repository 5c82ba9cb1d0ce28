namespace Emu.Cpu.FloatingPoint.Transcendental;

/// <summary>Base-2 logarithms to 128 bits.</summary>
internal static class Logarithm
{
    /// <summary>The square root of 2 as a significand with bit 63 worth 1.</summary>
    private const ulong SquareRootOf2 = 0xB504F333F9DE6484;

    /// <summary>log2 of a positive number; exact (and <paramref name="exact"/>) for a power of two. May be zero.</summary>
    public static Wide Of(in Wide x, out bool exact)
    {
        Wide mantissa = new() { High = x.High, Low = x.Low };
        int exponent = x.Exponent;
        exact = x.High == 1UL << 63 && x.Low == 0;
        if (exact) return WideMath.FromInteger(exponent);
        if (x.High >= SquareRootOf2)
        {
            mantissa.Exponent = -1;
            exponent++;
        }
        Wide minusOne = WideMath.One;
        minusOne.Sign = true;
        Wide ratio = WideMath.Divide(Wide.Add(mantissa, minusOne, false), Wide.Add(mantissa, WideMath.One, false));
        return Wide.Add(WideMath.FromInteger(exponent), OfRatio(ratio), false);
    }

    /// <summary>log2(1 + x), accurate relative to the result for small x; x above -1 and not zero.</summary>
    public static Wide OfOnePlus(in Wide x, out bool exact)
    {
        exact = false;
        // From -0.25 to 0.25 the sum would lose the low bits of x.
        if (x.Exponent >= -2) return Of(Wide.Add(WideMath.One, x, false), out exact);
        Wide two = WideMath.One;
        two.Exponent = 1;
        return OfRatio(WideMath.Divide(x, Wide.Add(two, x, false)));
    }

    /// <summary>log2((1 + s) / (1 - s)) = 2 log2(e) atanh(s).</summary>
    private static Wide OfRatio(in Wide s)
    {
        UInt128 square = WideMath.ToFraction(WideMath.Multiply(s, s));
        Wide series = WideMath.FromFixed127(WideMath.Polynomial(Series.HyperbolicArcTangent, square, alternating: false));
        return WideMath.Multiply(WideMath.TwiceLog2OfE, WideMath.Multiply(s, series));
    }
}
