using System.Globalization;

namespace Emu.Display.Consoles;

/// <summary>
/// The font of consoles and notices in cells of 8 by 16 dots: glyphs of printable ASCII, drawn in Font.txt, and the lines and arrows of which panes
/// are made.
/// </summary>
internal static class ConsoleFont
{
    /// <summary>Dots of a cell.</summary>
    public const int Width = 8;

    /// <summary>Rows of a cell.</summary>
    public const int Height = 16;

    private const char Missing = '\u007F';
    private const int RowsOfDrawing = 9, NarrowDrawing = 5;

    private const char FirstLine = '\u2500';

    private static readonly byte[] Glyphs = Read();

    private static readonly Dictionary<char, byte[]> Lines = new()
    {
        ['─'] = Line(left: true, right: true, up: false, down: false),
        ['│'] = Line(left: false, right: false, up: true, down: true),
        ['┌'] = Line(left: false, right: true, up: false, down: true),
        ['└'] = Line(left: false, right: true, up: true, down: false),
        ['├'] = Line(left: false, right: true, up: true, down: true),
        ['▶'] = [0, 0, 0, 0, 0x40, 0x60, 0x70, 0xF8, 0x70, 0x60, 0x40, 0, 0, 0, 0, 0],
        ['▼'] = [0, 0, 0, 0, 0, 0xFE, 0xFE, 0x7C, 0x7C, 0x38, 0x38, 0x10, 0, 0, 0, 0],
    };

    /// <summary>Sixteen rows of a glyph, the leftmost dot in bit 7.</summary>
    public static ReadOnlySpan<byte> Glyph(char character)
    {
        if (character >= FirstLine && Lines.TryGetValue(character, out byte[]? line)) return line;
        int index = character is >= ' ' and <= Missing ? character : Missing;
        return Glyphs.AsSpan(index * Height, Height);
    }

    /// <summary>Strokes from the middle of a cell to its edges.</summary>
    private static byte[] Line(bool left, bool right, bool up, bool down)
    {
        const int middle = Height / 2 - 1;
        const byte stroke = 0x18, toLeft = 0xF8, toRight = 0x1F;
        byte[] rows = new byte[Height];
        for (int y = 0; y < Height; y++) if (y < middle ? up : y > middle ? down : up || down) rows[y] = stroke;
        rows[middle] |= (byte)((left ? toLeft : 0) | (right ? toRight : 0));
        return rows;
    }

    private static byte[] Read()
    {
        byte[] glyphs = new byte[(Missing + 1) * Height];
        using Stream stream = typeof(ConsoleFont).Assembly.GetManifestResourceStream("Font.txt") ?? throw new InvalidOperationException("The font is not in the assembly.");
        using StreamReader reader = new(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#') && line.StartsWith("# ", StringComparison.Ordinal)) continue;
            int character = int.Parse(line.AsSpan(2, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            string[] rows = new string[RowsOfDrawing];
            for (int i = 0; i < RowsOfDrawing; i++) rows[i] = reader.ReadLine() ?? throw new InvalidOperationException("The font ends within a glyph.");
            Draw(rows, glyphs.AsSpan(character * Height, Height));
        }

        return glyphs;
    }

    private static void Draw(string[] rows, Span<byte> glyph)
    {
        // Capitals and digits (rows 0 to 6) become ten dots high, descenders four.
        ReadOnlySpan<int> heights = [1, 2, 1, 2, 1, 2, 2, 1, 2];
        int y = 2;
        for (int row = 0; row < rows.Length; row++)
        {
            int dots = 0;
            for (int x = 0; x < rows[row].Length; x++)
            {
                if (rows[row][x] == '#') dots |= (rows[row].Length == NarrowDrawing ? 0x60 : 0x40) >> x;
            }

            for (int i = 0; i < heights[row] && y < glyph.Length; i++) glyph[y++] = (byte)dots;
        }
    }
}
