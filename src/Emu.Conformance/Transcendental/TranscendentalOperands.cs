using System.Numerics;
using Emu.Conformance.Generation;
using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.Transcendental;

/// <summary>
/// Operands over the domains the manual gives the functions (SDM Vol. 2A). NaNs, infinities, zeros divided and the like are the oracle's; here every result is a number.
/// </summary>
internal static class TranscendentalOperands
{
    private const ulong IntegerBit = 1UL << 63;
    private const int Bias = 16383, ExponentsOfFinite = 0x7FFF;
    private const double SquareRootOfHalf = 0.70710678118654752440;

    /// <summary>pi/2 of the argument reduction in units of 2^-65.</summary>
    private static readonly BigInteger HalfPi = BigInteger.Parse("03243F6A8885A308D3", System.Globalization.NumberStyles.HexNumber);

    /// <summary>F2XM1: from -1 to 1.</summary>
    public static (Float80 St0, Float80 St1) Exponent(int number, ref Random64 random)
    {
        Float80 x = number switch
        {
            0 => Near(1, 0, 0),
            1 => Near(1, -1, 0),
            2 => Near(0.5, 0, 0),
            3 => Near(0.5, -1, 0),
            4 => Near(0.5, 1, 0),
            5 => new Float80(1, 0), // the least denormal
            6 => new Float80(IntegerBit - 1, 0), // the greatest
            7 => new Float80(IntegerBit, 1), // the least normal number
            8 => default,
            _ => Number(ref random, -1 - random.Below(random.Percent(30) ? Bias + 62 : 70)),
        };
        return (Signed(x, ref random), Float80.One);
    }

    /// <summary>FYL2X: x above zero, any y.</summary>
    public static (Float80 St0, Float80 St1) Logarithm(int number, ref Random64 random)
    {
        Float80 x = number switch
        {
            0 => new Float80(1, 0),
            1 => new Float80(IntegerBit - 1, 0),
            2 => new Float80(IntegerBit, 1),
            3 => new Float80(ulong.MaxValue, 0x7FFE), // the greatest number
            4 => Float80.One,
            _ => random.Below(6) switch
            {
                0 => new Float80(IntegerBit, (ushort)(1 + random.Below(ExponentsOfFinite - 1))), // a power of two
                1 => Near(1, random.Below(2001) - 1000, 0),
                2 => Near(1, random.Next() >> 1 + random.Below(63) is var distance && random.Percent(50) ? (long)(distance >> 1) : -(long)(distance >> 1), 0),
                3 => Number(ref random, random.Below(2 * Bias + 64) - Bias - 63),
                _ => Number(ref random, random.Below(20) - 10),
            },
        };
        return (x, Factor(ref random));
    }

    /// <summary>FYL2XP1: x from -(1 - sqrt(1/2)) to sqrt(2) - 1, any y.</summary>
    public static (Float80 St0, Float80 St1) LogarithmNear1(int number, ref Random64 random)
    {
        Float80 x = number switch
        {
            0 => Near(2 * SquareRootOfHalf - 1, 0, 8),
            1 => Near(1 - SquareRootOfHalf, 0, 8).Negate(),
            2 => new Float80(1, 0),
            3 => new Float80(IntegerBit, 1).Negate(),
            4 => default,
            _ when random.Percent(30) => Signed(Number(ref random, -3 - random.Below(Bias + 60)), ref random),
            _ when random.Percent(60) => Signed(Number(ref random, -3 - random.Below(70)), ref random),
            _ when random.Percent(50) => Number(ref random, -2) is var high && BigFloat.From(high).ToDouble() < 2 * SquareRootOfHalf - 1 ? high : Number(ref random, -3),
            _ => Number(ref random, -2) is var low && BigFloat.From(low).ToDouble() < 1 - SquareRootOfHalf ? low.Negate() : Number(ref random, -3).Negate(),
        };
        return (x, Factor(ref random));
    }

    /// <summary>FSIN and its neighbours: below 2^63 in magnitude.</summary>
    public static (Float80 St0, Float80 St1) Angle(int number, ref Random64 random)
    {
        Float80 x = number switch
        {
            0 => new Float80(ulong.MaxValue, Bias + 62), // the greatest in range
            1 => new Float80(1, 0),
            2 => new Float80(IntegerBit, 1),
            3 => default,
            < 8 => new Float80(0xC90F_DAA2_2168_C235, Bias), // 2^-65 from pi/2
            _ => random.Below(5) switch
            {
                // Next to a multiple of pi/4, where the results are near 0 and 1 and the quadrant changes.
                0 or 1 => NearMultiple(ref random),
                2 => Number(ref random, random.Below(Bias + 63 + 63) - Bias - 63),
                3 => Number(ref random, random.Below(63)),
                _ => Number(ref random, random.Below(70) - 66),
            },
        };
        return (Signed(x, ref random), Float80.One);
    }

    /// <summary>FPATAN: any x and y.</summary>
    public static (Float80 St0, Float80 St1) Point(int number, ref Random64 random)
    {
        Float80 x = Number(ref random, random.Below(20) - 10), y = Number(ref random, random.Below(20) - 10);
        Float80 far = Number(ref random, random.Below(2 * Bias + 64) - Bias - 63);
        (x, y) = number switch
        {
            0 => (new Float80(1, 0), new Float80(ulong.MaxValue, 0x7FFE)),
            1 => (new Float80(ulong.MaxValue, 0x7FFE), new Float80(1, 0)),
            2 => (new Float80(1, 0), new Float80(IntegerBit - 1, 0)),
            3 => (Float80.One, Float80.One),
            _ => random.Below(6) switch
            {
                0 => (far, y),
                1 => (x, far),
                2 => (far, Number(ref random, random.Below(2 * Bias + 64) - Bias - 63)),
                3 => (x, x with { Significand = x.Significand ^ random.Next() >> 1 + random.Below(63) }), // the angle is near pi/4
                4 => (x, Number(ref random, x.BiasedExponent - Bias - random.Below(140) + 70)),
                _ => (x, y),
            },
        };
        return (Signed(x, ref random), Signed(y, ref random));
    }

    // Of any size, but mostly one whose product neither overflows nor vanishes.
    private static Float80 Factor(ref Random64 random) => random.Below(8) switch
    {
        0 => Float80.One,
        1 => Signed(Number(ref random, random.Below(2 * Bias + 64) - Bias - 63), ref random),
        _ => Signed(Number(ref random, random.Below(80) - 40), ref random),
    };

    // A number with the exponent, which may be that of a denormal; a third have few bits set.
    private static Float80 Number(ref Random64 random, int exponent)
    {
        ulong significand = random.Next();
        if (random.Percent(20)) significand &= ulong.MaxValue << random.Below(64);
        if (random.Percent(10)) significand |= ulong.MaxValue >> random.Below(64);
        significand |= IntegerBit;
        exponent = Math.Clamp(exponent, 1 - Bias - 63, Bias);
        int shift = Math.Max(0, 1 - Bias - exponent);
        return shift > 0 ? new Float80(significand >> shift, 0) : new Float80(significand, (ushort)(exponent + Bias));
    }

    private static Float80 NearMultiple(ref Random64 random)
    {
        BigInteger multiple = HalfPi * ((BigInteger)(random.Next() >> 1 + random.Below(63)) + 1);
        // The unit is 2^-66 now, for multiples of pi/4.
        int length = (int)multiple.GetBitLength();
        ulong significand = (ulong)(length > 64 ? multiple >> length - 64 : multiple << 64 - length);
        int exponent = Math.Min(length - 1 - 66, 62);
        return new Float80(significand + (ulong)(random.Below(5) - 2) | IntegerBit, (ushort)(exponent + Bias));
    }

    // The number some places above or below one that a double holds.
    private static Float80 Near(double value, long places, int dropped)
    {
        BigFloat exact = BigFloat.From(value);
        int exponent = (int)exact.Magnitude;
        UInt128 significand = (UInt128)(ulong)(exact.Significand << (int)(exact.Exponent - exponent + 63));
        significand = dropped > 0 ? significand >> dropped << dropped : significand;
        // Below a power of two places are half as wide.
        if (places < 0 && significand == IntegerBit)
        {
            significand <<= 1;
            exponent--;
        }
        UInt128 moved = significand + (UInt128)(Int128)places;
        return moved >> 64 != 0 ? new Float80((ulong)(moved >> 1), (ushort)(exponent + 1 + Bias)) : new Float80((ulong)moved | IntegerBit, (ushort)(exponent + Bias));
    }

    private static Float80 Signed(Float80 value, ref Random64 random) => random.Percent(50) ? value.Negate() : value;
}
