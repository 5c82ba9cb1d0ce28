using System.Globalization;

namespace Emu.Debugging.Tracing;

/// <summary>Ranges of addresses that a log keeps to (<c>-dfilter</c>).</summary>
public sealed class AddressFilter
{
    private readonly List<(ulong First, ulong Last)> ranges;

    private AddressFilter(List<(ulong First, ulong Last)> ranges) => this.ranges = ranges;

    /// <summary>Parses <c>START..END</c>, <c>START+SIZE</c> and <c>START-SIZE</c>, separated by commas; addresses are hexadecimal, 0x or not, as in QEMU.</summary>
    /// <exception cref="FormatException">It is malformed; the message says what is wrong.</exception>
    public static AddressFilter Parse(string text) => new([.. text.Split(',').Select(ParseRange)]);

    /// <summary>Whether an address lies in one of the ranges.</summary>
    public bool Includes(ulong address)
    {
        foreach ((ulong first, ulong last) in ranges)
        {
            if (address >= first && address <= last) return true;
        }

        return false;
    }

    private static (ulong First, ulong Last) ParseRange(string text)
    {
        int dots = text.IndexOf("..", StringComparison.Ordinal);
        if (dots >= 0)
        {
            ulong first = Number(text, text[..dots]), last = Number(text, text[(dots + 2)..]);
            return first <= last ? (first, last) : throw new FormatException($"'{text}': the end is before the start");
        }

        int sign = text.IndexOfAny(['+', '-']);
        if (sign < 0) throw new FormatException($"'{text}': a range is START..END, START+SIZE or START-SIZE");
        ulong start = Number(text, text[..sign]), size = Number(text, text[(sign + 1)..]);
        if (size == 0) throw new FormatException($"'{text}': the size is 0");
        return text[sign] == '+'
            ? (start, size - 1 > ulong.MaxValue - start ? ulong.MaxValue : start + (size - 1))
            : (size - 1 > start ? 0 : start - (size - 1), start);
    }

    private static ulong Number(string range, string digits)
    {
        ReadOnlySpan<char> bare = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? digits.AsSpan(2) : digits;
        return ulong.TryParse(bare, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new FormatException($"'{range}': '{digits}' is not a hexadecimal address");
    }
}
