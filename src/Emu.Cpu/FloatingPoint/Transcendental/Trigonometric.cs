namespace Emu.Cpu.FloatingPoint.Transcendental;

/// <summary>
/// Sine and cosine of a reduced argument. The reduction is that of the hardware, which takes pi as the 66-bit number
/// 3.243F6A8885A308D3 (hexadecimal): SDM Vol. 1 8.3.8 tells so, and AMD's processors give the same results near multiples of pi. The nearest multiple of pi/2 is taken off.
/// </summary>
internal readonly struct Trigonometric
{
    /// <summary>pi/2 of the hardware in units of 2^-65.</summary>
    private static readonly UInt128 HalfPi = new(0x3, 0x243F6A8885A308D3);

    /// <summary>Exponent of arguments from which on the square is lost at this precision.</summary>
    private const int SeriesAreOne = -48;

    private readonly Wide _sine;
    private readonly Wide _cosine;
    private readonly Wide _tiny;

    /// <summary>Computes both functions of a finite non-zero number below 2^63.</summary>
    public Trigonometric(in Unpacked x)
    {
        Wide reduced = Reduce(x, out int quadrant);
        // The signs come from the quadrant and from x; the series see the magnitude.
        bool sign = reduced.Sign;
        UInt128 square = WideMath.ToFraction(WideMath.Multiply(reduced, reduced));
        Wide sine = WideMath.Multiply(reduced, Below(WideMath.Polynomial(Series.Sine, square, alternating: true)));
        sine.Low |= 1;
        sine.Sign = sign;
        Wide cosine = Below(WideMath.Polynomial(Series.Cosine, square, alternating: true));
        cosine.Low |= 1;
        bool swap = (quadrant & 1) != 0;
        _sine = swap ? cosine : sine;
        _cosine = swap ? sine : cosine;
        _sine.Sign ^= (quadrant & 2) != 0;
        _cosine.Sign ^= (quadrant + 1 & 2) != 0;
        _sine.Sign ^= x.Sign;
        _tiny = reduced;
        _tiny.Sign = _sine.Sign ^ _cosine.Sign;
    }

    /// <summary>sin(x), to be rounded.</summary>
    public Wide Sine => _sine;

    /// <summary>cos(x), to be rounded.</summary>
    public Wide Cosine => _cosine;

    /// <summary>tan(x), to be rounded.</summary>
    public Wide Tangent
    {
        get
        {
            // So near zero the series are 1 and the quotient cannot tell that the tangent exceeds the argument, or near a pole that it is below the reciprocal.
            Wide result = _sine.Exponent < SeriesAreOne ? _tiny : _cosine.Exponent < SeriesAreOne ? BelowReciprocal(_tiny) : WideMath.Divide(_sine, _cosine);
            result.Low |= 1;
            return result;
        }
    }

    /// <summary>A number a little below 1/x. Only of powers of two is the quotient exact and has to be lessened; others are truncated.</summary>
    private static Wide BelowReciprocal(in Wide x)
    {
        Wide result = WideMath.Divide(WideMath.One, x);
        return result.High == 1UL << 63 && result.Low == 0
            ? new Wide { High = ulong.MaxValue, Low = ulong.MaxValue, Exponent = result.Exponent - 1, Sign = result.Sign }
            : result;
    }

    /// <summary>|x| - quadrant * pi/2, at most pi/4 in magnitude; exact with the hardware's pi.</summary>
    private static Wide Reduce(in Unpacked x, out int quadrant)
    {
        quadrant = 0;
        if (x.Exponent < -1) return new Wide { High = x.Significand, Exponent = x.Exponent };
        UInt128 remainder = x.Significand;
        for (int i = 0; i < x.Exponent + 2; i++)
        {
            remainder <<= 1;
            quadrant <<= 1;
            if (remainder >= HalfPi)
            {
                remainder -= HalfPi;
                quadrant |= 1;
            }
        }
        bool negative = remainder > HalfPi >> 1;
        if (negative)
        {
            remainder = HalfPi - remainder;
            quadrant++;
        }
        Wide result = new() { High = (ulong)(remainder >> 64), Low = (ulong)remainder, Exponent = 62, Sign = negative };
        result.Normalize();
        return result;
    }

    /// <summary>A series value known to be below 1, also where its distance from 1 vanishes at this precision.</summary>
    private static Wide Below(UInt128 value)
    {
        UInt128 one = (UInt128)1 << 127;
        return WideMath.FromFixed127(value >= one ? one - 1 : value);
    }
}
