namespace Emu.Cpu.FloatingPoint.Transcendental;

/// <summary>The angle of a point, to 128 bits.</summary>
internal static class ArcTangent
{
    /// <summary>The angle between the positive x axis and (x, y), with the sign of y; both finite and not zero.</summary>
    public static Wide Of(in Unpacked y, in Unpacked x)
    {
        bool steep = y.Exponent > x.Exponent || y.Exponent == x.Exponent && y.Significand > x.Significand;
        Wide angle = steep ? OfRatio(x, y) : OfRatio(y, x);
        Wide halfPi = WideMath.Pi;
        halfPi.Exponent = 0;
        if (steep)
        {
            // atan(y/x) = pi/2 - atan(x/y), and beyond the y axis pi/2 + atan(x/|y|).
            angle.Sign = !x.Sign;
            angle = Wide.Add(halfPi, angle, false);
        }
        else if (x.Sign)
        {
            angle.Sign = true;
            angle = Wide.Add(WideMath.Pi, angle, false);
        }
        angle.Sign = y.Sign;
        angle.Low |= 1;
        return angle;
    }

    /// <summary>atan of the quotient of two magnitudes, the first not above the second.</summary>
    private static Wide OfRatio(in Unpacked numerator, in Unpacked denominator)
    {
        Wide opposite = new() { High = numerator.Significand, Exponent = numerator.Exponent };
        Wide adjacent = new() { High = denominator.Significand, Exponent = denominator.Exponent };
        int step = 0;
        if (numerator.Exponent - denominator.Exponent > -7)
        {
            Wide scaled = WideMath.Divide(opposite, adjacent);
            // The nearest multiple of 1/32, from the quotient in 64ths.
            if (scaled.Exponent >= -6) step = ((int)(scaled.High >> (57 - scaled.Exponent)) + 1) >> 1;
        }
        if (step == 0) return Small(opposite, adjacent);
        // atan(t) = atan(c) + atan((t - c) / (1 + t c)) with c = step/32, over the common denominator.
        Wide c = WideMath.FromInteger(step);
        c.Exponent -= 5;
        Wide difference = WideMath.Multiply(c, adjacent);
        difference.Sign = true;
        difference = Wide.Add(opposite, difference, false);
        Wide angle = WideMath.FromFixed127(Series.ArcTangents[step]);
        if (difference.IsZero) return angle;
        return Wide.Add(angle, Small(difference, Wide.Add(adjacent, WideMath.Multiply(c, opposite), false)), false);
    }

    /// <summary>atan of a quotient of at most 1/32.</summary>
    private static Wide Small(in Wide opposite, in Wide adjacent)
    {
        Wide z = WideMath.Divide(opposite, adjacent);
        UInt128 square = WideMath.ToFraction(WideMath.Multiply(z, z));
        UInt128 series = WideMath.Polynomial(Series.ArcTangent, square, alternating: true);
        UInt128 one = (UInt128)1 << 127;
        return WideMath.Multiply(z, WideMath.FromFixed127(series >= one ? one - 1 : series));
    }
}
