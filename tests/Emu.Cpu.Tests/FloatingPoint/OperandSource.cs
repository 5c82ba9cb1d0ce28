using System.Globalization;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu.Tests.FloatingPoint;

/// <summary>Random operands with a taste for edges: zeros, denormals, the ends of every range, NaNs, neighbours of powers of two.</summary>
internal sealed class OperandSource(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Cases per operation: EMU_FLOAT_CASES, or few enough for a test run of seconds.</summary>
    public static int Cases { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("EMU_FLOAT_CASES"), CultureInfo.InvariantCulture, out int cases) ? cases : 20_000;

    public int Next(int limit) => _random.Next(limit);

    public ulong NextBits() => (ulong)_random.NextInt64(long.MinValue, long.MaxValue);

    /// <summary>A significand of the given width with runs of ones and zeros, single bits, or noise.</summary>
    public ulong Fraction(int bits)
    {
        ulong mask = bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        return mask & Next(8) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => 1UL << Next(bits),
            3 => ulong.MaxValue << Next(bits),
            4 => (1UL << Next(bits)) - 1,
            5 => NextBits() << Next(bits),
            _ => NextBits(),
        };
    }

    /// <summary>An encoding with the given exponent and fraction widths.</summary>
    public ulong Float(int exponentBits, int fractionBits)
    {
        int ones = (1 << exponentBits) - 1, bias = ones >> 1;
        int exponent = Next(10) switch
        {
            0 => 0,
            1 => ones,
            2 => Next(fractionBits + 3),
            3 => ones - 1 - Next(3),
            4 => Math.Min(ones, bias + Next(66)),
            5 or 6 => bias + Next(5) - 2,
            7 => Math.Clamp(bias / 2 + Next(8), 0, ones),
            _ => Next(ones + 1),
        };
        ulong sign = (ulong)Next(2) << (exponentBits + fractionBits);
        return sign | (ulong)exponent << fractionBits | Fraction(fractionBits);
    }

    public float Single() => BitConverter.UInt32BitsToSingle((uint)Float(8, 23));

    public double Double() => BitConverter.UInt64BitsToDouble(Float(11, 52));

    public Vector128<byte> Singles() => Vector128.Create(Single(), Single(), Single(), Single()).AsByte();

    public Vector128<byte> Doubles() => Vector128.Create(Double(), Double()).AsByte();

    public Vector128<byte> Halves()
    {
        Span<ushort> halves = stackalloc ushort[8];
        foreach (ref ushort half in halves) half = (ushort)Float(5, 10);
        return Vector128.Create<ushort>(halves).AsByte();
    }

    /// <summary>An integer near an edge of one of the widths.</summary>
    public ulong Integer() => Next(4) switch
    {
        0 => (ulong)(Next(5) - 2) + (1UL << Next(64)),
        1 => (ulong)(long)(sbyte)Next(256),
        2 => NextBits() >> Next(64),
        _ => NextBits(),
    };

    /// <summary>MXCSR with everything masked: half the time the common default with PE set, else random RC, FTZ, DAZ and flags.</summary>
    public uint Mxcsr() => Next(3) == 0 ? 0x1FA0u : (uint)(Next(0x10000) | 0x1F80) & ~(Next(2) == 0 ? 0x3Fu : 0);

    /// <summary>An 80-bit operand; one in twelve has an encoding no operation produces.</summary>
    public Float80 Float80()
    {
        ulong bits = Float(15, 48) >> 48;
        ulong significand = Fraction(63);
        bool odd = Next(12) == 0;
        if ((bits & 0x7FFF) != 0 != odd) significand |= 1UL << 63;
        return new Float80(significand, (ushort)bits);
    }

    /// <summary>Two operands: unrelated, or close to each other in exponent or in value.</summary>
    public (Float80 First, Float80 Second) Float80Pair()
    {
        Float80 a = Float80(), b = Float80();
        return Next(6) switch
        {
            0 => (a, new Float80(b.Significand, (ushort)(a.SignExponent + Next(140) - 70))),
            1 => (a, new Float80(a.Significand + (ulong)(Next(5) - 2), (ushort)(a.SignExponent ^ Next(2) << 15))),
            _ => (a, b),
        };
    }

    /// <summary>An x87 control word: any rounding mode, the three precisions; masks all set half the time.</summary>
    public ushort ControlWord()
    {
        int precision = Next(3) is var p && p == 0 ? 0 : p + 1;
        int masks = Next(2) == 0 ? 0x3F : Next(64);
        return (ushort)(0x40 | masks | precision << 8 | Next(4) << 10);
    }

    /// <summary>Random decimal digits, one a nibble.</summary>
    public ulong Bcd(int digits)
    {
        ulong result = 0;
        for (int i = 0; i < digits; i++) result = result << 4 | (uint)Next(10);
        return result;
    }

    /// <summary>A finite operand between about 2^-70 and 2^70, mostly near 1: where the transcendental functions have something to do.</summary>
    public Float80 NearOne()
    {
        int exponent = 16383 + Next(4) switch
        {
            0 => Next(140) - 70,
            1 => Next(20) - 10,
            _ => Next(3) - 2,
        };
        return new Float80(Fraction(63) | 1UL << 63, (ushort)(exponent | Next(2) << 15));
    }
}
