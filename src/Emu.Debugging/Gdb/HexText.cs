using System.Globalization;

namespace Emu.Debugging.Gdb;

/// <summary>Hexadecimal text as gdb's remote protocol uses it.</summary>
internal static class HexText
{
    /// <summary>Value of a digit; -1 for anything else.</summary>
    public static int Digit(char digit) => char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : -1;

    /// <summary>Bytes as digits.</summary>
    public static string From(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>Digits as bytes; null where they are none.</summary>
    public static byte[]? ToBytes(string digits) => digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit) ? Convert.FromHexString(digits) : null;

    /// <summary>A number, most significant digit first; null if it is none.</summary>
    public static ulong? Number(ReadOnlySpan<char> digits) =>
        ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : null;

    /// <summary>Splits <c>ADDRESS,LENGTH</c>.</summary>
    public static bool TryRange(string text, out ulong address, out int length)
    {
        (address, length) = (0, 0);
        int comma = text.IndexOf(',');
        if (comma < 0 || Number(text.AsSpan(0, comma)) is not { } start || Number(text.AsSpan(comma + 1)) is not { } size || size > int.MaxValue) return false;
        (address, length) = (start, (int)size);
        return true;
    }
}
