using System.Text;

namespace Emu.Display.Consoles;

/// <summary>A character with its colours (0 to 15).</summary>
internal readonly record struct TextCell(char Character, byte Foreground, byte Background)
{
    public const byte DefaultForeground = 7;

    public static TextCell Blank { get; } = new(' ', DefaultForeground, 0);
}

/// <summary>
/// What a terminal shows: takes UTF-8 with the control sequences of ECMA-48 that monitors, boot loaders and kernels use, and keeps
/// lines that have scrolled out at the top.
/// </summary>
internal sealed class TextTerminal
{
    private const int HistoryLimit = 2000;
    private const int TabWidth = 8;

    private readonly List<TextCell[]> lines = [];
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder parameters = new();
    private State state;
    private byte foreground = TextCell.DefaultForeground;
    private byte background;
    private bool bold;
    private bool inverse;
    private bool wrapNext;
    private bool clicks;
    private bool sgr;
    private (int Column, int Row) saved;

    public TextTerminal(int columns, int rows)
    {
        Columns = columns;
        Rows = rows;
        for (int i = 0; i < rows; i++) lines.Add(NewLine());
    }

    private enum State
    {
        Text,
        Escape,
        Sequence,
        String,
        Charset,
    }

    public int Columns { get; }

    public int Rows { get; }

    public int CursorColumn { get; private set; }

    public int CursorRow { get; private set; }

    /// <summary>The cursor is to be seen (DECTCEM).</summary>
    public bool ShowsCursor { get; private set; } = true;

    /// <summary>Clicks and the wheel are wanted as xterm's SGR mouse reports (modes 1000 and 1006).</summary>
    public bool ReportsMouse => clicks && sgr;

    /// <summary>Lines by which the view is scrolled back.</summary>
    public int Scrolled { get; private set; }

    private int Top => lines.Count - Rows;

    /// <summary>A line of the view.</summary>
    public ReadOnlySpan<TextCell> this[int row] => lines[Top - Scrolled + row];

    /// <summary>Looks further back (positive) or towards the newest line.</summary>
    public void Scroll(int by) => Scrolled = Math.Clamp(Scrolled + by, 0, Top);

    /// <summary>A line of the view as text.</summary>
    public string Text(int row) => string.Concat(this[row].ToArray().Select(c => c.Character)).TrimEnd();

    /// <summary>Takes output.</summary>
    public void Write(ReadOnlySpan<byte> data)
    {
        Span<char> characters = stackalloc char[256];
        while (!data.IsEmpty)
        {
            decoder.Convert(data, characters, flush: false, out int used, out int made, out _);
            data = data[used..];
            foreach (char character in characters[..made]) Put(character);
        }

        Scrolled = 0;
    }

    private void Put(char character)
    {
        switch (state)
        {
            case State.Escape:
                PutEscape(character);
                break;
            case State.Sequence when character is >= '@' and <= '~':
                state = State.Text;
                Perform(character);
                break;
            case State.Sequence:
                if (parameters.Length < 64) parameters.Append(character);
                break;
            case State.String:
                if (character is '\a' or '\u001b') state = character == '\a' ? State.Text : State.Escape;
                break;
            case State.Charset:
                state = State.Text;
                break;
            case State.Text when character < ' ':
                PutControl(character);
                break;
            case State.Text when character != '\u007f':
                PutText(character);
                break;
        }
    }

    private void PutControl(char character)
    {
        switch (character)
        {
            case '\u001b':
                state = State.Escape;
                break;
            case '\r':
                MoveTo(0, CursorRow);
                break;
            case '\n' or '\v' or '\f':
                LineFeed();
                break;
            case '\b':
                MoveTo(CursorColumn - 1, CursorRow);
                break;
            case '\t':
                MoveTo((CursorColumn / TabWidth * TabWidth) + TabWidth, CursorRow);
                break;
        }
    }

    private void PutText(char character)
    {
        if (wrapNext)
        {
            CursorColumn = 0;
            LineFeed();
        }

        lines[Top + CursorRow][CursorColumn] = Cell(character);
        wrapNext = CursorColumn == Columns - 1;
        if (!wrapNext) CursorColumn++;
    }

    private TextCell Cell(char character)
    {
        byte ink = bold && foreground < 8 ? (byte)(foreground + 8) : foreground;
        return inverse ? new TextCell(character, background, ink) : new TextCell(character, ink, background);
    }

    private void PutEscape(char character)
    {
        state = State.Text;
        switch (character)
        {
            case '[':
                state = State.Sequence;
                parameters.Clear();
                break;
            case ']' or 'P' or '_' or '^':
                state = State.String;
                break;
            case '(' or ')':
                state = State.Charset;
                break;
            case '7':
                saved = (CursorColumn, CursorRow);
                break;
            case '8':
                MoveTo(saved.Column, saved.Row);
                break;
            case 'D':
                LineFeed();
                break;
            case 'E':
                CursorColumn = 0;
                LineFeed();
                break;
            case 'c':
                Erase(0, 0, Columns, Rows);
                MoveTo(0, 0);
                break;
        }
    }

    private void Perform(char final)
    {
        if (parameters.Length > 0 && parameters[0] == '?')
        {
            if (final is 'h' or 'l') SetMode(parameters.ToString(1, parameters.Length - 1), on: final == 'h');
            return;
        }

        int first = Parameter(0, 1), second = Parameter(1, 1);
        switch (final)
        {
            case 'A':
                MoveTo(CursorColumn, CursorRow - first);
                break;
            case 'B':
                MoveTo(CursorColumn, CursorRow + first);
                break;
            case 'C':
                MoveTo(CursorColumn + first, CursorRow);
                break;
            case 'D':
                MoveTo(CursorColumn - first, CursorRow);
                break;
            case 'G':
                MoveTo(first - 1, CursorRow);
                break;
            case 'd':
                MoveTo(CursorColumn, first - 1);
                break;
            case 'H' or 'f':
                MoveTo(second - 1, first - 1);
                break;
            case 'J':
                EraseDisplay(Parameter(0, 0));
                break;
            case 'K':
                EraseLine(Parameter(0, 0));
                break;
            case 'X':
                Erase(CursorColumn, CursorRow, Math.Min(CursorColumn + first, Columns), CursorRow + 1);
                break;
            case 'm':
                SetAttributes();
                break;
            case 's':
                saved = (CursorColumn, CursorRow);
                break;
            case 'u':
                MoveTo(saved.Column, saved.Row);
                break;
        }
    }

    private void SetMode(string mode, bool on)
    {
        switch (mode)
        {
            case "25":
                ShowsCursor = on;
                break;
            case "1000":
                clicks = on;
                break;
            case "1006":
                sgr = on;
                break;
        }
    }

    private int Parameter(int index, int missing)
    {
        string[] all = parameters.ToString().Split(';');
        return index < all.Length && int.TryParse(all[index], out int value) && (value > 0 || missing == 0) ? Math.Min(value, 9999) : missing;
    }

    private void SetAttributes()
    {
        foreach (string text in parameters.ToString().Split(';'))
        {
            int value = int.TryParse(text, out int parsed) ? parsed : 0;
            switch (value)
            {
                case 0:
                    (foreground, background, bold, inverse) = (TextCell.DefaultForeground, 0, false, false);
                    break;
                case 1 or 22:
                    bold = value == 1;
                    break;
                case 7 or 27:
                    inverse = value == 7;
                    break;
                case >= 30 and <= 37:
                    foreground = (byte)(value - 30);
                    break;
                case 39:
                    foreground = TextCell.DefaultForeground;
                    break;
                case >= 40 and <= 47:
                    background = (byte)(value - 40);
                    break;
                case 49:
                    background = 0;
                    break;
                case >= 90 and <= 97:
                    foreground = (byte)(value - 90 + 8);
                    break;
                case >= 100 and <= 107:
                    background = (byte)(value - 100 + 8);
                    break;
            }
        }
    }

    private void EraseDisplay(int mode)
    {
        if (mode != 1) EraseLine(0);
        if (mode == 0) Erase(0, CursorRow + 1, Columns, Rows);
        if (mode == 1) EraseLine(1);
        if (mode == 1) Erase(0, 0, Columns, CursorRow);
        if (mode >= 2) Erase(0, 0, Columns, Rows);
    }

    private void EraseLine(int mode) => Erase(mode == 0 ? CursorColumn : 0, CursorRow, mode == 1 ? CursorColumn + 1 : Columns, CursorRow + 1);

    private void Erase(int left, int top, int right, int bottom)
    {
        for (int row = top; row < bottom; row++) lines[Top + row].AsSpan(left..right).Fill(Cell(' ') with { Foreground = foreground });
    }

    private void MoveTo(int column, int row)
    {
        CursorColumn = Math.Clamp(column, 0, Columns - 1);
        CursorRow = Math.Clamp(row, 0, Rows - 1);
        wrapNext = false;
    }

    private void LineFeed()
    {
        wrapNext = false;
        if (CursorRow < Rows - 1)
        {
            CursorRow++;
            return;
        }

        lines.Add(NewLine());
        if (lines.Count > HistoryLimit) lines.RemoveAt(0);
    }

    private TextCell[] NewLine()
    {
        TextCell[] line = new TextCell[Columns];
        line.AsSpan().Fill(TextCell.Blank);
        return line;
    }
}
