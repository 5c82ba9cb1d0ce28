using System.Globalization;
using System.Text;
using Emu.Cpu;

namespace Emu.Debugging.Monitor;

/// <summary>The <c>/COUNTformatSIZE</c> of the commands <c>x</c>, <c>xp</c> and <c>p</c>.</summary>
/// <param name="Count">How many items.</param>
/// <param name="Format">x hexadecimal, d signed, u unsigned, o octal, c character, i instruction.</param>
/// <param name="Size">Bytes of an item: 1, 2, 4, 8.</param>
public readonly record struct MemoryFormat(int Count, char Format, int Size)
{
    private const int MaxCount = 65536;

    /// <summary>Parses what follows the slash.</summary>
    /// <exception cref="MonitorException">It is malformed.</exception>
    public static MemoryFormat Parse(string text, MemoryFormat defaults)
    {
        int digits = text.TakeWhile(char.IsAsciiDigit).Count();
        int count = 1;
        if (digits > 0 && (!int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > MaxCount))
        {
            throw new MonitorException($"/{text}: the count is 1 to {MaxCount}");
        }

        char format = defaults.Format;
        int size = 0;
        foreach (char letter in text[digits..])
        {
            switch (letter)
            {
                case 'x' or 'd' or 'u' or 'o' or 'c' or 'i':
                    format = letter;
                    break;
                case 'b' or 'h' or 'w' or 'g':
                    size = letter switch { 'b' => 1, 'h' => 2, 'w' => 4, _ => 8 };
                    break;
                default:
                    throw new MonitorException($"/{text}: '{letter}' is neither a format (x d u o c i) nor a size (b h w g)");
            }
        }

        return new MemoryFormat(count, format, size != 0 ? size : format == 'c' ? 1 : defaults.Size);
    }

    /// <summary>Prints memory.</summary>
    /// <param name="read">Reads bytes at an address and returns how many there are.</param>
    /// <param name="address">Where to begin.</param>
    /// <param name="codeBits">For instructions: 16, 32 or 64.</param>
    public string Dump(Func<ulong, Memory<byte>, int> read, ulong address, int codeBits)
    {
        StringBuilder text = new();
        if (Format == 'i')
        {
            int lines = 0;
            foreach (CodeLine line in CodeListing.Disassemble(read, address, codeBits, Count))
            {
                text.AppendLine($"0x{line.Address:x8}:  {line.HexBytes,-20}  {line.Text}");
                lines++;
            }

            if (lines < Count) text.AppendLine("Cannot access memory");
            return text.ToString();
        }

        byte[] item = new byte[Size];
        int perLine = Format == 'c' ? 8 : Math.Max(1, 16 / (Format is 'o' or 'd' or 'u' ? Math.Max(Size, 2) * 2 : Size));
        for (int i = 0; i < Count; i++)
        {
            ulong at = address + (ulong)(i * Size);
            if (i % perLine == 0) text.Append($"{(i == 0 ? "" : "\n")}{at:x16}:");
            if (read(at, item) < Size)
            {
                text.AppendLine(" Cannot access memory");
                return text.ToString();
            }

            text.Append(' ').Append(FormatValue(ToUnsigned(item)));
        }

        return text.AppendLine().ToString();
    }

    /// <summary>A value in this format.</summary>
    public string FormatValue(ulong value)
    {
        ulong masked = Size == 8 ? value : value & ((1ul << (8 * Size)) - 1);
        int unused = 64 - (8 * Size);
        return Format switch
        {
            'd' => ((long)(value << unused) >> unused).ToString(CultureInfo.InvariantCulture),
            'u' => masked.ToString(CultureInfo.InvariantCulture),
            'o' => "0" + Octal(masked),
            'c' => masked is >= 0x20 and < 0x7F ? $"'{(char)masked}'" : $"'\\x{masked:x2}'",
            _ => "0x" + masked.ToString("x" + (2 * Size), CultureInfo.InvariantCulture),
        };
    }

    private static string Octal(ulong value)
    {
        StringBuilder digits = new();
        for (; value != 0; value >>= 3) digits.Insert(0, (char)('0' + (value & 7)));
        return digits.ToString();
    }

    private static ulong ToUnsigned(byte[] bytes)
    {
        ulong value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--) value = (value << 8) | bytes[i];
        return value;
    }
}
