using Emu.Cpu.FloatingPoint.Transcendental;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// The transcendental instructions of x87 (SDM Vol. 1 8.3.7, 8.3.10). Results are computed to about 120 bits and rounded once, by RC, to 64 bits
/// whatever the precision control: the error is below 0.51 units in the last place when rounding to nearest, below 1.01 otherwise.
/// </summary>
/// <remarks>
/// Discrepancies. Processors document an error of up to 1 unit in the last place and differ among each other, and from these functions, in
/// the last bit and so in C1. Out of the domain the manual gives (F2XM1 beyond [-1, 1], FYL2XP1 from -1 down) the result is the operand
/// x, as AMD's processors leave it. As there, F2XM1, FYL2X and FYL2XP1 of finite numbers other than zero raise #P, and #U for a tiny result,
/// even when the result is exact.
/// </remarks>
public static class Float80Transcendental
{
    /// <summary>|x| from here on is out of the range of FSIN, FCOS, FSINCOS, FPTAN: they set C2 and leave the operand.</summary>
    private const int TrigonometricLimit = 63;

    /// <summary>F2XM1: 2^x - 1 for x in [-1, 1].</summary>
    public static Float80 TwoToXMinus1(Float80 x, ref FloatEnvironment environment)
    {
        Unpacked u = Unpacked.From(x);
        FloatExceptions raised = FloatExceptions.None;
        Float80 result = x;
        if (u.IsNaN)
        {
            result = Float80Arithmetic.PropagateNaN(u, ref raised);
        }
        else if (u.Class == FloatClass.Infinity)
        {
            result = u.Sign ? Float80.One.Negate() : x;
        }
        else if (u.Class == FloatClass.Finite)
        {
            raised |= u.DenormalOperand;
            bool minusOne = u.Sign && u.Exponent == 0 && u.Significand == Float80.IntegerBit;
            raised |= FloatExceptions.Inexact;
            if (minusOne) result = new Float80(Float80.IntegerBit, Float80.SignBit | Float80.Bias - 1);
            else if (u.Exponent < 0) result = Finish(ExponentialMinus1(u), environment, ref raised);
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>FYL2X: y * log2(x). Negative x raises #I; zero with a finite y other than zero raises #Z.</summary>
    public static Float80 YLog2X(Float80 x, Float80 y, ref FloatEnvironment environment)
    {
        Unpacked u = Unpacked.From(x), v = Unpacked.From(y);
        FloatExceptions raised = FloatExceptions.None;
        Float80 result;
        if (u.IsNaN || v.IsNaN)
        {
            result = Float80Arithmetic.PropagateNaN(u, v, ref raised);
        }
        else if (u.Class == FloatClass.Zero)
        {
            if (v.Class == FloatClass.Finite) raised |= FloatExceptions.DivideByZero;
            result = v.Class == FloatClass.Zero ? Float80Arithmetic.Invalid(ref raised) : Float80.Infinity(!v.Sign);
        }
        else if (u.Sign)
        {
            result = Float80Arithmetic.Invalid(ref raised);
        }
        else
        {
            bool exact = true;
            bool infinite = u.Class == FloatClass.Infinity;
            Wide logarithm = infinite ? default : Logarithm.Of(Wide.From(u), out exact);
            raised |= u.DenormalOperand | v.DenormalOperand;
            result = Scaled(logarithm, infinite, exact, v, environment, ref raised);
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>FYL2XP1: y * log2(x + 1), accurate for x near zero. A finite x of -1 or less is out of the instruction's domain.</summary>
    public static Float80 YLog2XPlus1(Float80 x, Float80 y, ref FloatEnvironment environment)
    {
        Unpacked u = Unpacked.From(x), v = Unpacked.From(y);
        FloatExceptions raised = FloatExceptions.None;
        Float80 result;
        if (u.IsNaN || v.IsNaN)
        {
            result = Float80Arithmetic.PropagateNaN(u, v, ref raised);
        }
        else if (u.Class == FloatClass.Zero)
        {
            raised |= v.DenormalOperand;
            result = v.Class == FloatClass.Infinity ? Float80Arithmetic.Invalid(ref raised) : Float80.Zero(u.Sign != v.Sign);
        }
        else if (u.Sign && u.Class == FloatClass.Infinity)
        {
            result = Float80Arithmetic.Invalid(ref raised);
        }
        else if (u.Sign && u.Exponent >= 0)
        {
            raised |= v.DenormalOperand;
            if (v.Class == FloatClass.Finite) raised |= FloatExceptions.Inexact;
            result = v.Class switch
            {
                FloatClass.Zero => Float80.Zero(!v.Sign),
                FloatClass.Infinity => Float80.Infinity(!v.Sign),
                _ => x,
            };
        }
        else
        {
            bool exact = true;
            bool infinite = u.Class == FloatClass.Infinity;
            Wide logarithm = infinite ? default : Logarithm.OfOnePlus(Wide.From(u), out exact);
            raised |= u.DenormalOperand | v.DenormalOperand;
            result = Scaled(logarithm, infinite, exact, v, environment, ref raised);
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>FPATAN: the angle of the point (x = ST(0), y = ST(1)), from -pi to pi (SDM Vol. 2A FPATAN, table 3-30).</summary>
    public static Float80 ArcTangentOf(Float80 y, Float80 x, ref FloatEnvironment environment)
    {
        Unpacked v = Unpacked.From(y), u = Unpacked.From(x);
        FloatExceptions raised = FloatExceptions.None;
        Float80 result;
        if (u.IsNaN || v.IsNaN)
        {
            result = Float80Arithmetic.PropagateNaN(u, v, ref raised);
        }
        else
        {
            raised |= u.DenormalOperand | v.DenormalOperand;
            if (u.Class == FloatClass.Finite && v.Class == FloatClass.Finite)
            {
                result = Finish(ArcTangent.Of(v, u), environment, ref raised);
            }
            else if (v.Class == FloatClass.Infinity)
            {
                int eighths = u.Class != FloatClass.Infinity ? 4 : u.Sign ? 6 : 2;
                result = PiEighths(eighths, v.Sign, environment, ref raised);
            }
            else if (u.Class == FloatClass.Zero && v.Class == FloatClass.Finite)
            {
                result = PiEighths(4, v.Sign, environment, ref raised);
            }
            else
            {
                // y is zero or negligible: on the x axis.
                result = u.Sign ? PiEighths(8, v.Sign, environment, ref raised) : Float80.Zero(v.Sign);
            }
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>FSIN. Returns false, for C2, when |x| is 2^63 or more; the operand stays then.</summary>
    public static bool TrySine(Float80 x, ref FloatEnvironment environment, out Float80 sine) =>
        TrySineCosine(x, ref environment, true, false, out sine, out _);

    /// <summary>FCOS. Returns false, for C2, when |x| is 2^63 or more; the operand stays then.</summary>
    public static bool TryCosine(Float80 x, ref FloatEnvironment environment, out Float80 cosine) =>
        TrySineCosine(x, ref environment, false, true, out _, out cosine);

    /// <summary>FSINCOS: the sine replaces ST(0), the cosine is pushed. Returns false, for C2, when |x| is 2^63 or more.</summary>
    public static bool TrySineCosine(Float80 x, ref FloatEnvironment environment, out Float80 sine, out Float80 cosine) =>
        TrySineCosine(x, ref environment, true, true, out sine, out cosine);

    /// <summary>FPTAN: the tangent replaces ST(0), then the caller pushes 1.0 (after a NaN operand or #I: the result itself). Returns false, for C2, when |x| is 2^63 or more.</summary>
    public static bool TryTangent(Float80 x, ref FloatEnvironment environment, out Float80 tangent)
    {
        Unpacked u = Unpacked.From(x);
        FloatExceptions raised = FloatExceptions.None;
        tangent = x;
        bool inRange = u.Class != FloatClass.Finite || u.Exponent < TrigonometricLimit;
        if (u.IsNaN)
        {
            tangent = Float80Arithmetic.PropagateNaN(u, ref raised);
        }
        else if (u.Class == FloatClass.Infinity)
        {
            tangent = Float80Arithmetic.Invalid(ref raised);
        }
        else if (u.Class == FloatClass.Finite && inRange)
        {
            raised |= u.DenormalOperand;
            tangent = Finish(new Trigonometric(u).Tangent, environment, ref raised);
        }
        environment.Raise(raised);
        return inRange;
    }

    private static bool TrySineCosine(
        Float80 x, ref FloatEnvironment environment, bool wantSine, bool wantCosine, out Float80 sine, out Float80 cosine)
    {
        Unpacked u = Unpacked.From(x);
        FloatExceptions raised = FloatExceptions.None;
        sine = cosine = x;
        bool inRange = u.Class != FloatClass.Finite || u.Exponent < TrigonometricLimit;
        if (u.IsNaN)
        {
            sine = cosine = Float80Arithmetic.PropagateNaN(u, ref raised);
        }
        else if (u.Class == FloatClass.Infinity)
        {
            sine = cosine = Float80Arithmetic.Invalid(ref raised);
        }
        else if (u.Class == FloatClass.Zero)
        {
            cosine = Float80.One;
        }
        else if (inRange)
        {
            raised |= u.DenormalOperand;
            var functions = new Trigonometric(u);
            if (wantSine) sine = Finish(functions.Sine, environment, ref raised);
            // C1 tells of the last result.
            if (wantCosine)
            {
                raised &= ~FloatExceptions.RoundedUp;
                cosine = Finish(functions.Cosine, environment, ref raised);
            }
        }
        environment.Raise(raised);
        return inRange;
    }

    /// <summary>2^x - 1 for |x| below 1: with t = x ln 2, t * (1 + t/2! + t^2/3! + ...).</summary>
    private static Wide ExponentialMinus1(in Unpacked x)
    {
        Wide t = WideMath.Multiply(Wide.From(x), WideMath.LnOf2);
        UInt128 series = WideMath.Polynomial(Series.ExponentialMinus1, WideMath.ToFraction(t), alternating: t.Sign);
        Wide result = WideMath.Multiply(t, WideMath.FromFixed127(series));
        result.Low |= 1;
        return result;
    }

    /// <summary>y times a logarithm that may be zero (of 1) or infinite.</summary>
    private static Float80 Scaled(
        Wide logarithm, bool infinite, bool exact, in Unpacked y, in FloatEnvironment environment, ref FloatExceptions raised)
    {
        bool sign = logarithm.Sign != y.Sign;
        if (infinite) return y.Class == FloatClass.Zero ? Float80Arithmetic.Invalid(ref raised) : Float80.Infinity(sign);
        if (logarithm.IsZero) return y.Class == FloatClass.Infinity ? Float80Arithmetic.Invalid(ref raised) : Float80.Zero(sign);
        if (y.Class == FloatClass.Infinity) return Float80.Infinity(sign);
        if (y.Class == FloatClass.Zero) return Float80.Zero(sign);
        Wide product = WideMath.Multiply(logarithm, Wide.From(y));
        if (!exact) product.Low |= 1;
        Float80 result = Finish(product, environment, ref raised);
        raised |= FloatExceptions.Inexact;
        if (result.BiasedExponent == 0) raised |= FloatExceptions.Underflow;
        return result;
    }

    private static Float80 PiEighths(int eighths, bool sign, in FloatEnvironment environment, ref FloatExceptions raised)
    {
        Wide angle = WideMath.Multiply(WideMath.Pi, WideMath.FromInteger(eighths));
        angle.Exponent -= 3;
        angle.Low |= 1;
        angle.Sign = sign;
        return Finish(angle, environment, ref raised);
    }

    private static Float80 Finish(in Wide value, in FloatEnvironment environment, ref FloatExceptions raised) =>
        Float80Arithmetic.Round(value, 64, environment, ref raised);
}
