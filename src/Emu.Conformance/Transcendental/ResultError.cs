using System.Numerics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.Transcendental;

/// <summary>How far a result is from the true value.</summary>
public static class ResultError
{
    private const int LeastUnit = 1 - 16383 - 63, GreatestMagnitude = 16383, FractionBits = 63;

    /// <summary>
    /// The error in units of the last place of the true value: |result - value| / 2^(k-63) with 2^k &lt;= |value| &lt; 2^(k+1) (SDM Vol. 1 8.3.10); of a denormal the
    /// unit is 2^-16445. Infinite for a NaN, the wrong infinity, or a number that is not 0 where the value is.
    /// </summary>
    public static double InUlps(Float80 result, BigFloat value, RoundingMode rounding)
    {
        bool infinite = result.BiasedExponent == 0x7FFF;
        if (value.IsZero) return result.Significand == 0 && !infinite ? 0 : double.PositiveInfinity;
        if (value.Magnitude > GreatestMagnitude || infinite) return IsOverflow(result, value, rounding) ? 0 : double.PositiveInfinity;
        long unit = Math.Max(value.Magnitude - FractionBits, LeastUnit);
        return (BigFloat.From(result) - value).Abs().Scale(-unit).ToDouble();
    }

    // A value above the greatest number: infinity or that number, as the rounding mode says (SDM Vol. 1 4.9.1.4).
    private static bool IsOverflow(Float80 result, BigFloat value, RoundingMode rounding)
    {
        var greatest = new Float80(ulong.MaxValue, 0x7FFE);
        bool negative = value.Sign < 0;
        bool toInfinity = rounding switch
        {
            RoundingMode.Nearest => !(value.Abs() < BigFloat.From(greatest) + BigFloat.One.Scale(GreatestMagnitude - FractionBits - 1)),
            RoundingMode.Down => negative,
            RoundingMode.Up => !negative,
            _ => false,
        };
        if (value.Magnitude <= GreatestMagnitude && BigFloat.From(greatest) > value.Abs()) return false;
        return result.Sign == negative && result.Abs() == (toInfinity ? Float80.PositiveInfinity : greatest);
    }
}
