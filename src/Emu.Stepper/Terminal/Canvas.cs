using System.Text;
using Emu.Stepper.Views;

namespace Emu.Stepper.Terminal;

/// <summary>A rectangle of the screen.</summary>
public readonly record struct Area(int Left, int Top, int Width, int Height)
{
    /// <summary>Whether a cell lies in it.</summary>
    public bool Contains(int column, int row) => column >= Left && column < Left + Width && row >= Top && row < Top + Height;
}

/// <summary>The picture being drawn, cell by cell; sends the terminal what has changed since the last one.</summary>
public sealed class Canvas
{
    private readonly record struct Cell(char Character, Tone Tone, bool Reverse);

    private Cell[] shown = [];
    private Cell[] next = [];

    /// <summary>Columns.</summary>
    public int Width { get; private set; }

    /// <summary>Rows.</summary>
    public int Height { get; private set; }

    /// <summary>Begins a new picture.</summary>
    public void Begin(int width, int height)
    {
        if (width != Width || height != Height)
        {
            (Width, Height) = (width, height);
            shown = [];
        }

        next = new Cell[width * height];
        Array.Fill(next, new Cell(' ', Tone.Normal, false));
    }

    /// <summary>Forgets what the terminal shows, so that everything is sent again.</summary>
    public void Invalidate() => shown = [];

    /// <summary>Writes text, cut off at a column.</summary>
    public void Put(int column, int row, string text, Tone tone, int limit, bool reverse = false)
    {
        if (row < 0 || row >= Height) return;
        foreach (char c in text)
        {
            if (column >= Math.Min(limit, Width)) return;
            if (column >= 0) next[(row * Width) + column] = new Cell(c < ' ' ? ' ' : c, tone, reverse);
            column++;
        }
    }

    /// <summary>Writes a styled line into an area's row.</summary>
    public void Put(Area area, int row, StyledText line, int skip = 0)
    {
        int column = area.Left - skip;
        foreach ((string text, Tone tone) in line.Pieces)
        {
            int start = column;
            if (start < area.Left)
            {
                int cut = Math.Min(text.Length, area.Left - start);
                Put(area.Left, row, text[cut..], tone, area.Left + area.Width);
            }
            else
            {
                Put(start, row, text, tone, area.Left + area.Width);
            }

            column += text.Length;
        }
    }

    /// <summary>A row's text.</summary>
    public string RowText(int row) => new string([.. next.Skip(row * Width).Take(Width).Select(c => c.Character)]).TrimEnd();

    /// <summary>The tone of a cell.</summary>
    public Tone ToneAt(int column, int row) => next[(row * Width) + column].Tone;

    /// <summary>Control sequences that bring the terminal from the last picture to this one.</summary>
    public string Finish()
    {
        StringBuilder output = new();
        bool all = shown.Length != next.Length;
        if (all) output.Append("\e[0m\e[2J");
        string style = "";
        for (int row = 0; row < Height; row++)
        {
            for (int column = 0; column < Width; column++)
            {
                int at = (row * Width) + column;
                if (!all && shown[at] == next[at]) continue;
                output.Append($"\e[{row + 1};{column + 1}H");
                for (; column < Width && (all || shown[(row * Width) + column] != next[(row * Width) + column]); column++)
                {
                    Cell cell = next[(row * Width) + column];
                    string wanted = Style(cell);
                    if (wanted != style) output.Append(style = wanted);
                    output.Append(cell.Character);
                }
            }
        }

        shown = next;
        return output.ToString();
    }

    /// <summary>The sixteen colours every terminal has, readable on dark and light backgrounds.</summary>
    private static string Style(Cell cell)
    {
        string colour = cell.Tone switch
        {
            Tone.Dim => "90",
            Tone.Label => "36",
            Tone.Changed => "1;33",
            Tone.Current => "1;32",
            Tone.Code => "39",
            // Plain blue cannot be read on the black of many terminals.
            Tone.Address => "94",
            Tone.Heading => "1",
            Tone.Good => "32",
            Tone.Bad => "1;31",
            _ => "39",
        };
        return $"\e[0;{colour}{(cell.Reverse ? ";7" : "")}m";
    }
}
