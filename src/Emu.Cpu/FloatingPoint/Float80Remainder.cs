using System.Numerics;

namespace Emu.Cpu.FloatingPoint;

/// <summary>The result of one FPREM or FPREM1 step.</summary>
/// <param name="Value">The new ST(0).</param>
/// <param name="Incomplete">C2: the exponents differed by 64 or more, so the reduction is partial and to be repeated.</param>
/// <param name="Quotient">The lowest three bits of the quotient: bit 2 goes to C0, bit 1 to C3, bit 0 to C1; 0 when incomplete.</param>
public readonly record struct PartialRemainder(Float80 Value, bool Incomplete, int Quotient);

/// <summary>FPREM, FPREM1, FRNDINT, FSCALE, FXTRACT. Precision control does not apply to them.</summary>
public static class Float80Remainder
{
    /// <summary>FPREM: truncating remainder of a / b, at most 63 bits of quotient a step.</summary>
    public static PartialRemainder Truncating(Float80 a, Float80 b, ref FloatEnvironment environment) => Remainder(a, b, false, ref environment);

    /// <summary>FPREM1: the IEEE remainder, quotient rounded to nearest even.</summary>
    public static PartialRemainder Nearest(Float80 a, Float80 b, ref FloatEnvironment environment) => Remainder(a, b, true, ref environment);

    /// <summary>FRNDINT: to an integral value, by RC.</summary>
    public static Float80 RoundToIntegral(Float80 a, ref FloatEnvironment environment)
    {
        Unpacked x = Unpacked.From(a);
        FloatExceptions raised = FloatExceptions.None;
        Float80 result = a;
        if (x.IsNaN)
        {
            result = Float80Arithmetic.PropagateNaN(x, ref raised);
        }
        else if (x.Class == FloatClass.Finite && x.Exponent < 63)
        {
            raised |= x.DenormalOperand;
            ulong magnitude = SoftConvert.IntegralMagnitude(x, environment.Rounding, out bool inexact, out bool up);
            if (inexact) raised |= FloatExceptions.Inexact | (up ? FloatExceptions.RoundedUp : 0);
            result = magnitude == 0
                ? Float80.Zero(x.Sign)
                : Float80Arithmetic.Round(SoftConvert.FromMagnitude(magnitude, x.Sign), 64, environment, ref raised);
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>FSCALE: a * 2^(b truncated).</summary>
    public static Float80 Scale(Float80 a, Float80 b, ref FloatEnvironment environment)
    {
        Unpacked x = Unpacked.From(a), y = Unpacked.From(b);
        FloatExceptions raised = FloatExceptions.None;
        Float80 result;
        if (x.IsNaN || y.IsNaN)
        {
            result = Float80Arithmetic.PropagateNaN(x, y, ref raised);
        }
        else if (y.Class == FloatClass.Infinity)
        {
            bool invalid = x.Class == (y.Sign ? FloatClass.Infinity : FloatClass.Zero);
            if (!invalid) raised |= x.DenormalOperand;
            result = invalid ? Float80Arithmetic.Invalid(ref raised)
                : y.Sign ? Float80.Zero(x.Sign) : Float80.Infinity(x.Sign);
        }
        else
        {
            raised |= x.DenormalOperand | y.DenormalOperand;
            if (x.Class != FloatClass.Finite)
            {
                result = a;
            }
            else
            {
                // Beyond 2^16 every result overflows or underflows alike.
                int scale = y.Class == FloatClass.Zero || y.Exponent < 0 ? 0
                    : y.Exponent > 16 ? 1 << 17
                    : (int)(y.Significand >> (63 - y.Exponent));
                Wide value = Wide.From(x);
                value.Exponent += y.Sign ? -scale : scale;
                result = Float80Arithmetic.Round(value, 64, environment, ref raised);
            }
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>
    /// FXTRACT: the exponent replaces ST(0), the significand is pushed. Zero gives -infinity and #Z.
    /// </summary>
    public static (Float80 Significand, Float80 Exponent) Extract(Float80 a, ref FloatEnvironment environment)
    {
        Unpacked x = Unpacked.From(a);
        FloatExceptions raised = FloatExceptions.None;
        (Float80, Float80) result;
        if (x.IsNaN)
        {
            Float80 nan = Float80Arithmetic.PropagateNaN(x, ref raised);
            result = (nan, nan);
        }
        else if (x.Class == FloatClass.Zero)
        {
            raised |= FloatExceptions.DivideByZero;
            result = (a, Float80.Infinity(true));
        }
        else if (x.Class == FloatClass.Infinity)
        {
            result = (a, Float80.PositiveInfinity);
        }
        else
        {
            raised |= x.DenormalOperand;
            Float80 exponent = Float80Convert.LoadInteger(x.Exponent);
            x.Exponent = 0;
            result = (Float80.PackExact(x), exponent);
        }
        environment.Raise(raised);
        return result;
    }

    private static PartialRemainder Remainder(Float80 a, Float80 b, bool nearest, ref FloatEnvironment environment)
    {
        Unpacked x = Unpacked.From(a), y = Unpacked.From(b);
        FloatExceptions raised = FloatExceptions.None;
        PartialRemainder result;
        if (x.IsNaN || y.IsNaN)
        {
            result = new(Float80Arithmetic.PropagateNaN(x, y, ref raised), false, 0);
        }
        else if (x.Class == FloatClass.Infinity || y.Class == FloatClass.Zero)
        {
            result = new(Float80Arithmetic.Invalid(ref raised), false, 0);
        }
        else
        {
            raised |= x.DenormalOperand | y.DenormalOperand;
            result = x.Class == FloatClass.Zero ? new(a, false, 0)
                : y.Class == FloatClass.Infinity ? new(Finish(Wide.From(x), environment, ref raised), false, 0)
                : Reduce(x, y, nearest, environment, ref raised);
        }
        environment.Raise(raised);
        // Nothing is reduced under an unmasked pre-computation exception, and the condition codes say so.
        if ((raised & ~environment.Masks & FloatExceptions.PreComputation) != 0) return new(a, false, 0);
        return result;
    }

    private static PartialRemainder Reduce(
        in Unpacked x, in Unpacked y, bool nearest, in FloatEnvironment environment, ref FloatExceptions raised)
    {
        int difference = x.Exponent - y.Exponent;
        if (difference < -1 || difference < 0 && !nearest)
            return new(Finish(Wide.From(x), environment, ref raised), false, 0);
        bool incomplete = difference >= 64;
        // A partial step leaves a multiple of 32 bits for the next ones.
        int bits = incomplete ? 32 + (difference & 31) : difference;
        ulong remainder = x.Significand;
        ulong quotient = 0;
        if (difference < 0)
        {
            // |a| < |b|: the quotient is 0 or, rounded to nearest, 1.
            return NearestOf(x.Significand, x.Exponent, x, y, 0, environment, ref raised);
        }
        if (remainder >= y.Significand)
        {
            remainder -= y.Significand;
            quotient = 1;
        }
        for (int i = 0; i < bits; i++)
        {
            bool carry = (long)remainder < 0;
            remainder <<= 1;
            quotient <<= 1;
            if (carry || remainder >= y.Significand)
            {
                remainder -= y.Significand;
                quotient |= 1;
            }
        }
        int exponent = x.Exponent - bits;
        if (!incomplete && nearest) return NearestOf(remainder, exponent, x, y, quotient, environment, ref raised);
        Wide value = new() { High = remainder, Exponent = exponent, Sign = x.Sign };
        return new(Finish(value, environment, ref raised), incomplete, incomplete ? 0 : (int)quotient & 7);
    }

    /// <summary>Rounds the quotient to nearest even: remainder * 2^exponent against half the divisor.</summary>
    private static PartialRemainder NearestOf(
        ulong remainder, int exponent, in Unpacked x, in Unpacked y, ulong quotient, in FloatEnvironment environment, ref FloatExceptions raised)
    {
        // Everything at the scale of half the divisor's last place, so that nothing is lost.
        UInt128 rest = exponent == y.Exponent ? (UInt128)remainder << 1 : remainder;
        UInt128 divisor = (UInt128)y.Significand << 1;
        UInt128 opposite = divisor - rest;
        bool up = rest > opposite || rest == opposite && (quotient & 1) != 0;
        if (up) rest = opposite;
        Wide value = new()
        {
            High = (ulong)(rest >> 64), Low = (ulong)rest, Exponent = y.Exponent + 63, Sign = x.Sign != up,
        };
        if (rest == 0) value.Sign = x.Sign;
        return new(Finish(value, environment, ref raised), false, (int)(up ? quotient + 1 : quotient) & 7);
    }

    private static Float80 Finish(Wide value, in FloatEnvironment environment, ref FloatExceptions raised)
    {
        if ((value.High | value.Low) == 0) return Float80.Zero(value.Sign);
        value.Normalize();
        return Float80Arithmetic.Round(value, 64, environment, ref raised);
    }
}
