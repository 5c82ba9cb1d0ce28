using Emu.Devices.Display;

namespace Emu.Display.Consoles;

/// <summary>Draws text into pictures.</summary>
internal static class TextPainter
{
    /// <summary>The sixteen colours of terminals, 0xFFRRGGBB.</summary>
    public static ReadOnlySpan<uint> Palette =>
    [
        0xFF101418, 0xFFC04040, 0xFF40A050, 0xFFB08030, 0xFF4070C0, 0xFFA050A0, 0xFF40A0A0, 0xFFC8CCD0,
        0xFF606870, 0xFFFF6060, 0xFF70D080, 0xFFF0C050, 0xFF70A0FF, 0xFFE080E0, 0xFF70E0E0, 0xFFFFFFFF,
    ];

    /// <summary>Draws one row of dots of a line of cells.</summary>
    /// <param name="cells">The line.</param>
    /// <param name="dotRow">Row of dots within the cells.</param>
    /// <param name="cursor">Column with a cursor, or -1.</param>
    /// <param name="target">Pixels; as many as fit are drawn.</param>
    public static void DrawRow(ReadOnlySpan<TextCell> cells, int dotRow, int cursor, Span<uint> target)
    {
        int columns = Math.Min(cells.Length, target.Length / ConsoleFont.Width);
        for (int column = 0; column < columns; column++)
        {
            TextCell cell = cells[column];
            int bits = ConsoleFont.Glyph(cell.Character)[dotRow];
            uint ink = Palette[cell.Foreground], paper = Palette[cell.Background];
            if (column == cursor) (ink, paper) = (paper, ink);
            Span<uint> dots = target.Slice(column * ConsoleFont.Width, ConsoleFont.Width);
            for (int dot = 0; dot < dots.Length; dot++) dots[dot] = (bits & 0x80 >> dot) != 0 ? ink : paper;
        }
    }

    /// <summary>Makes a picture with lines of text in the middle.</summary>
    public static void Message(DisplayFrame frame, int width, int height, params ReadOnlySpan<string> lines)
    {
        frame.Begin(width, height);
        uint[] row = new uint[width];
        int top = (height - (lines.Length * ConsoleFont.Height)) / 2;
        for (int y = 0; y < height; y++)
        {
            row.AsSpan().Fill(Palette[0]);
            int line = (y - top) / ConsoleFont.Height;
            if (y >= top && line < lines.Length)
            {
                TextCell[] cells = Cells(lines[line], TextCell.DefaultForeground, 0);
                int left = Math.Max(0, (width - (cells.Length * ConsoleFont.Width)) / 2);
                DrawRow(cells, (y - top) % ConsoleFont.Height, -1, row.AsSpan(left));
            }

            frame.SetRow(y, row);
        }
    }

    /// <summary>Text as cells.</summary>
    public static TextCell[] Cells(string text, byte foreground, byte background) => [.. text.Select(c => new TextCell(c, foreground, background))];
}
