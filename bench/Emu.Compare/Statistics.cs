namespace Emu.Compare;

/// <summary>Averages.</summary>
internal static class Statistics
{
    /// <summary>The median, or null of nothing.</summary>
    public static double? Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The geometric mean of those that are there, or null of nothing.</summary>
    public static double? GeometricMean(IEnumerable<double?> values)
    {
        double[] logarithms = [.. values.OfType<double>().Select(v => Math.Log(v))];
        return logarithms.Length == 0 ? null : Math.Exp(logarithms.Average());
    }
}
