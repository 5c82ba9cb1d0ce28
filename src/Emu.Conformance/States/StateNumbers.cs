using System.Globalization;
using System.Numerics;

namespace Emu.Conformance.States;

/// <summary>Numbers and bytes as state tests write them.</summary>
internal static class StateNumbers
{
    /// <summary>A number: decimal, or hexadecimal with 0x, with a sign if one likes; underscores may separate digits.</summary>
    public static bool TryParse(string text, out BigInteger value)
    {
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        bool negative = digits.StartsWith('-');
        if (negative) digits = digits[1..];
        bool ok = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? BigInteger.TryParse("0" + digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && digits.Length > 2
            : BigInteger.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        if (negative) value = -value;
        return ok;
    }

    /// <summary>An unsigned number of up to so many bits; negative ones are taken modulo 2^<paramref name="bits"/>.</summary>
    /// <exception cref="StateTestException">It is not one; the message begins with <paramref name="where"/>.</exception>
    public static BigInteger Parse(string text, int bits, string where)
    {
        if (!TryParse(text, out BigInteger value))
            throw new StateTestException($"{where}: '{text}' is not a number (decimal, or hexadecimal with 0x)");
        if (value >= BigInteger.One << bits || value < -(BigInteger.One << bits - 1))
            throw new StateTestException($"{where}: '{text}' does not fit in {bits} bits");
        return value.Sign < 0 ? value + (BigInteger.One << bits) : value;
    }

    /// <summary>An address or another number of 64 bits.</summary>
    public static ulong Parse64(string text, string where) => (ulong)Parse(text, 64, where);

    /// <summary>A number of 32 bits.</summary>
    public static uint Parse32(string text, string where) => (uint)Parse(text, 32, where);

    /// <summary>Hexadecimal bytes, with any white space between.</summary>
    public static byte[] Bytes(string text, string where)
    {
        try
        {
            return Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c))));
        }
        catch (FormatException)
        {
            throw new StateTestException($"{where}: not a sequence of hexadecimal bytes, two digits each");
        }
    }
}
