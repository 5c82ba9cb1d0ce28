namespace Emu.Cpu.FloatingPoint.Transcendental;

/// <summary>Coefficients of the power series, fixed point with 127 fraction bits, and the arc tangents that split the range of FPATAN.</summary>
internal static class Series
{
    /// <summary>Intervals into which FPATAN splits [0, 1].</summary>
    public const int ArcTangentSteps = 32;

    private static readonly UInt128 One = (UInt128)1 << 127;

    /// <summary>1/(k+1)!: (e^t - 1) / t.</summary>
    public static ReadOnlySpan<UInt128> ExponentialMinus1 => ExponentialMinus1Table;

    /// <summary>1/(2k+1)!: sin(r) / r with alternating signs, in r^2.</summary>
    public static ReadOnlySpan<UInt128> Sine => SineTable;

    /// <summary>1/(2k)!: cos(r) with alternating signs, in r^2.</summary>
    public static ReadOnlySpan<UInt128> Cosine => CosineTable;

    /// <summary>1/(2k+1): atanh(s) / s in s^2, |s| up to 0.172.</summary>
    public static ReadOnlySpan<UInt128> HyperbolicArcTangent => OddReciprocalTable;

    /// <summary>1/(2k+1): atan(z) / z with alternating signs in z^2, |z| up to 1/32.</summary>
    public static ReadOnlySpan<UInt128> ArcTangent => OddReciprocalTable.AsSpan(0, 12);

    /// <summary>atan(i / 32) for i from 0 to 32.</summary>
    public static ReadOnlySpan<UInt128> ArcTangents => ArcTangentTable;

    private static readonly UInt128[] ExponentialMinus1Table = Factorials(28, 1, 1);
    private static readonly UInt128[] SineTable = Factorials(18, 1, 2);
    private static readonly UInt128[] CosineTable = Factorials(18, 0, 2);
    private static readonly UInt128[] OddReciprocalTable = OddReciprocals(24);
    private static readonly UInt128[] ArcTangentTable = TabulateArcTangents();

    private static UInt128[] Factorials(int count, int first, int step)
    {
        var result = new UInt128[count];
        UInt128 reciprocal = One;
        for (int n = 0, k = 0; k < count; n++)
        {
            if (n > 1) reciprocal /= (ulong)n;
            if (n >= first && (n - first) % step == 0) result[k++] = reciprocal;
        }
        return result;
    }

    private static UInt128[] OddReciprocals(int count)
    {
        var result = new UInt128[count];
        for (int k = 0; k < count; k++) result[k] = One / (ulong)(2 * k + 1);
        return result;
    }

    private static UInt128[] TabulateArcTangents()
    {
        // atan(i/n) - atan((i-1)/n) = atan(n / (n^2 + i(i-1))), whose argument is at most 1/n.
        const int n = ArcTangentSteps;
        var result = new UInt128[n + 1];
        for (int i = 1; i <= n; i++)
        {
            int denominator = n * n + i * (i - 1);
            UInt128 z = One / (ulong)denominator * n;
            UInt128 square = WideMath.MultiplyHigh(z << 1, z << 1);
            result[i] = result[i - 1] + WideMath.MultiplyHigh(WideMath.Polynomial(OddReciprocalTable, square, alternating: true), z << 1);
        }
        return result;
    }
}
