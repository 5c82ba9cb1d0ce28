using System.Globalization;

namespace Emu.Devices.Storage;

/// <summary>Sizes as users write them: <c>512</c>, <c>1440K</c>, <c>1.5G</c>. Suffixes are powers of 1024.</summary>
public static class ImageSize
{
    private const string Suffixes = "BKMGTPE";

    /// <summary>Parses a size in bytes: a decimal number, possibly with a fraction, and one of the suffixes b, k, M, G, T, P, E in either case.</summary>
    /// <exception cref="DiskImageException"><see cref="DiskImageError.BadParameter"/> if it is none, negative, or over 2^63-1.</exception>
    public static long Parse(string text)
    {
        string number = text.Trim();
        int power = 0;
        if (number.Length > 1 && Suffixes.IndexOf(char.ToUpperInvariant(number[^1])) is var index and >= 0)
        {
            power = index;
            number = number[..^1];
        }
        const NumberStyles style = NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(number, style, CultureInfo.InvariantCulture, out decimal value))
            throw new DiskImageException(DiskImageError.BadParameter, $"'{text}' is not a size (examples: 512, 1440k, 20G)");
        decimal unit = 1L << (10 * power);
        if (value > long.MaxValue / unit) throw new DiskImageException(DiskImageError.BadParameter, $"size '{text}' is too large");
        return (long)(value * unit);
    }

    /// <summary>A size for people: <c>1.44 MiB</c>, <c>20 GiB</c>, <c>512 B</c>.</summary>
    public static string Format(long bytes)
    {
        int power = 0;
        double value = bytes;
        while (value >= 1024 && power < Suffixes.Length - 1)
        {
            value /= 1024;
            power++;
        }
        return power == 0 ? $"{bytes} B" : $"{value.ToString("0.###", CultureInfo.InvariantCulture)} {Suffixes[power]}iB";
    }
}
