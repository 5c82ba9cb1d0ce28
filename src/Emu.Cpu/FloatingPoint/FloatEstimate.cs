using System.Runtime.Intrinsics;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// RCPSS, RCPPS, RSQRTSS, RSQRTPS (SDM Vol. 2B): estimates with a relative error below 1.5 * 2^-12. They ignore MXCSR and raise nothing;
/// denormal operands count as zero and tiny results become zero.
/// </summary>
/// <remarks>
/// Discrepancies. The manuals leave the bits open, and Intel's processors give others. These are those of AMD's Zen 5: the upper 12 fraction bits
/// select the 12 fraction bits of the result, as a base (selected by the upper 8 of them) less a multiple of the slope (selected by the upper 4
/// and the lower 4). The base is the mean of what exact values would ask for, rounded to nearest, in some places one more; the multiples of
/// each sixteenth of the range are rounded in their own way. Only what arithmetic does not give is recorded below.
/// </remarks>
public static class FloatEstimate
{
    private const int IndexBits = 12;
    private const int Entries = 1 << IndexBits;
    private const int FractionShift = 23 - IndexBits;
    private const uint SignBit = 0x8000_0000;
    private const uint InfinityBits = 0x7F80_0000;
    private const uint QuietBit = 0x0040_0000;
    private const uint IndefiniteBits = 0xFFC0_0000;

    private static readonly ushort[] ReciprocalTable = Tabulate(x => 2 / x, ReciprocalSteps, ReciprocalCorrections);
    private static readonly ushort[] OddRootTable = Tabulate(x => 2 / Math.Sqrt(x), OddRootSteps, OddRootCorrections);
    private static readonly ushort[] EvenRootTable = Tabulate(x => 1 / Math.Sqrt(x / 2), EvenRootSteps, EvenRootCorrections);

    // Steps: by how much each multiple exceeds the one before, two bits each, for each sixteenth of the range.
    // Corrections: one bit for each base that is one above the rounded mean.
    private static ReadOnlySpan<uint> ReciprocalSteps =>
    [
        0x2AA6AAA6, 0x29A69A69, 0x26666659, 0x25965965, 0x19565655, 0x15955565, 0x15555555, 0x15555155,
        0x15515545, 0x15154551, 0x11515145, 0x11451451, 0x11145114, 0x11445114, 0x11114444, 0x11111444,
    ];

    private static ReadOnlySpan<ushort> ReciprocalCorrections =>
    [
        0x3030, 0x00C8, 0x6410, 0x0002, 0x0298, 0x0202, 0x2044, 0x1000, 0x1112, 0x0010, 0x0000, 0x2030, 0x1080, 0x1002, 0x0040, 0x0200,
    ];

    private static ReadOnlySpan<uint> OddRootSteps =>
    [
        0x15551555, 0x15155515, 0x11551545, 0x11515145, 0x11451514, 0x14511451, 0x11451114, 0x05111444,
        0x11111111, 0x04444444, 0x11110444, 0x10444411, 0x04441104, 0x10411044, 0x10441104, 0x04104410,
    ];

    private static ReadOnlySpan<ushort> OddRootCorrections =>
    [
        0x0000, 0x0000, 0x0000, 0x8000, 0x4000, 0x0208, 0x8421, 0x2004, 0x10A9, 0x6040, 0x4284, 0x3C08, 0x0808, 0x1204, 0x0060, 0x4460,
    ];

    private static ReadOnlySpan<uint> EvenRootSteps =>
    [
        0x11451451, 0x05145114, 0x04451114, 0x11111114, 0x04444444, 0x10444441, 0x04111044, 0x04411044,
        0x01104110, 0x04104104, 0x04104104, 0x04041041, 0x01040410, 0x01040410, 0x04040404, 0x04040404,
    ];

    private static ReadOnlySpan<ushort> EvenRootCorrections =>
    [
        0x0460, 0x0204, 0x0000, 0x0200, 0x800E, 0x0002, 0x0100, 0x0000, 0x8000, 0x0008, 0x4002, 0x0000, 0x0002, 0x0000, 0x0000, 0x0000,
    ];

    /// <summary>RCPSS: about 1/a.</summary>
    public static float Reciprocal(float a)
    {
        uint bits = BitConverter.SingleToUInt32Bits(a);
        uint sign = bits & SignBit;
        int exponent = (int)(bits >> 23 & 0xFF);
        uint result;
        if (exponent == 0xFF)
        {
            result = float.IsNaN(a) ? bits | QuietBit : sign;
        }
        else if (exponent == 0)
        {
            result = sign | InfinityBits;
        }
        else
        {
            int resultExponent = 253 - exponent;
            result = resultExponent <= 0 ? sign : sign | Pack(resultExponent, ReciprocalTable, bits);
        }
        return BitConverter.UInt32BitsToSingle(result);
    }

    /// <summary>RSQRTSS: about 1/sqrt(a); a negative number gives the indefinite.</summary>
    public static float ReciprocalSquareRoot(float a)
    {
        uint bits = BitConverter.SingleToUInt32Bits(a);
        uint sign = bits & SignBit;
        int exponent = (int)(bits >> 23 & 0xFF);
        uint result;
        if (float.IsNaN(a)) result = bits | QuietBit;
        else if (exponent == 0) result = sign | InfinityBits;
        else if (sign != 0) result = IndefiniteBits;
        else if (exponent == 0xFF) result = 0;
        else if ((exponent & 1) != 0) result = Pack(126 - (exponent - 127) / 2, OddRootTable, bits);
        else result = Pack(127 - (exponent - 126) / 2, EvenRootTable, bits);
        return BitConverter.UInt32BitsToSingle(result);
    }

    /// <summary>RCPPS.</summary>
    public static Vector128<float> Reciprocal(Vector128<float> a) =>
        Vector128.Create(Reciprocal(a[0]), Reciprocal(a[1]), Reciprocal(a[2]), Reciprocal(a[3]));

    /// <summary>VRCPPS, 256 bits.</summary>
    public static Vector256<float> Reciprocal(Vector256<float> a) => Vector256.Create(Reciprocal(a.GetLower()), Reciprocal(a.GetUpper()));

    /// <summary>RSQRTPS.</summary>
    public static Vector128<float> ReciprocalSquareRoot(Vector128<float> a) => Vector128.Create(
        ReciprocalSquareRoot(a[0]), ReciprocalSquareRoot(a[1]), ReciprocalSquareRoot(a[2]), ReciprocalSquareRoot(a[3]));

    /// <summary>VRSQRTPS, 256 bits.</summary>
    public static Vector256<float> ReciprocalSquareRoot(Vector256<float> a) =>
        Vector256.Create(ReciprocalSquareRoot(a.GetLower()), ReciprocalSquareRoot(a.GetUpper()));

    private static uint Pack(int exponent, ushort[] table, uint operand) =>
        (uint)exponent << 23 | (uint)table[operand >> FractionShift & (Entries - 1)] << FractionShift;

    /// <summary>The fractions of a function with values in (1, 2] for arguments in [1, 2).</summary>
    private static ushort[] Tabulate(Func<double, double> function, ReadOnlySpan<uint> steps, ReadOnlySpan<ushort> corrections)
    {
        var table = new ushort[Entries];
        Span<int> multiples = stackalloc int[16];
        for (int upper = 0; upper < 16; upper++)
        {
            for (int i = 1; i < 16; i++) multiples[i] = multiples[i - 1] + (int)(steps[upper] >> 2 * (i - 1) & 3);
            for (int middle = 0; middle < 16; middle++)
            {
                int first = upper << 8 | middle << 4;
                double sum = 0;
                for (int i = 0; i < 16; i++) sum += (function(1 + (first + i + 0.5) / Entries) - 1) * Entries + multiples[i];
                int top = (int)Math.Floor(sum / 16 + 0.5) + (corrections[upper] >> middle & 1);
                for (int i = 0; i < 16; i++) table[first + i] = (ushort)(top - multiples[i]);
            }
        }
        return table;
    }
}
