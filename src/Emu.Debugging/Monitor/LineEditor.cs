using System.Text;

namespace Emu.Debugging.Monitor;

/// <summary>
/// Edits one line on a terminal: Backspace, Delete, arrows, Home, End, Ctrl-A/E/B/F/K/U/W/L/C/D, a history, and completion with Tab.
/// </summary>
public sealed class LineEditor
{
    private const int HistoryLimit = 200;

    private readonly string prompt;
    private readonly Action<string> write;
    private readonly Func<string, IReadOnlyList<string>> complete;
    private readonly StringBuilder line = new();
    private readonly List<string> history = [];
    private readonly StringBuilder escape = new();
    private int cursor;
    private int historyAt;
    private bool inEscape;

    /// <param name="prompt">Shown before the line.</param>
    /// <param name="write">Writes to the terminal.</param>
    /// <param name="complete">Words that may stand at the end of a line.</param>
    public LineEditor(string prompt, Action<string> write, Func<string, IReadOnlyList<string>> complete)
    {
        this.prompt = prompt;
        this.write = write;
        this.complete = complete;
    }

    /// <summary>Shows the prompt and what has been typed.</summary>
    public void Redraw()
    {
        string back = line.Length > cursor ? $"\u001b[{line.Length - cursor}D" : "";
        write($"\r\u001b[K{prompt}{line}{back}");
    }

    /// <summary>Takes a byte; returns a finished line, or null.</summary>
    public string? Feed(byte value)
    {
        if (inEscape)
        {
            FeedEscape((char)value);
            return null;
        }

        switch (value)
        {
            case 27:
                inEscape = true;
                escape.Clear();
                break;
            case (byte)'\r' or (byte)'\n':
                return Finish();
            case 8 or 127:
                if (cursor > 0) Remove(--cursor, 1);
                break;
            case 1:
                MoveTo(0);
                break;
            case 5:
                MoveTo(line.Length);
                break;
            case 2:
                MoveTo(cursor - 1);
                break;
            case 6:
                MoveTo(cursor + 1);
                break;
            case 4:
                if (cursor < line.Length) Remove(cursor, 1);
                break;
            case 11:
                Remove(cursor, line.Length - cursor);
                break;
            case 21:
                Remove(0, cursor, moveTo: 0);
                break;
            case 23:
                RemoveWord();
                break;
            case 3:
                write("^C\r\n");
                Replace("");
                break;
            case 12:
                write("\u001b[H\u001b[2J");
                Redraw();
                break;
            case 16:
                Recall(-1);
                break;
            case 14:
                Recall(1);
                break;
            case (byte)'\t':
                CompleteWord();
                break;
            case >= 32:
                Insert(((char)value).ToString());
                break;
        }

        return null;
    }

    private string Finish()
    {
        string result = line.ToString();
        write("\r\n");
        if (result.Length > 0 && (history.Count == 0 || history[^1] != result)) history.Add(result);
        if (history.Count > HistoryLimit) history.RemoveAt(0);
        historyAt = history.Count;
        line.Clear();
        cursor = 0;
        return result;
    }

    private void FeedEscape(char value)
    {
        escape.Append(value);
        bool finished = escape.Length > 1 ? value is (>= '@' and <= '~') : value is not ('[' or 'O');
        if (!finished) return;
        inEscape = false;
        switch (escape.ToString())
        {
            case "[A" or "OA":
                Recall(-1);
                break;
            case "[B" or "OB":
                Recall(1);
                break;
            case "[C" or "OC":
                MoveTo(cursor + 1);
                break;
            case "[D" or "OD":
                MoveTo(cursor - 1);
                break;
            case "[H" or "OH" or "[1~" or "[7~":
                MoveTo(0);
                break;
            case "[F" or "OF" or "[4~" or "[8~":
                MoveTo(line.Length);
                break;
            case "[3~":
                if (cursor < line.Length) Remove(cursor, 1);
                break;
        }
    }

    private void Insert(string text)
    {
        line.Insert(cursor, text);
        cursor += text.Length;
        if (cursor == line.Length) write(text);
        else Redraw();
    }

    private void Remove(int start, int count, int? moveTo = null)
    {
        line.Remove(start, count);
        cursor = Math.Min(moveTo ?? cursor, line.Length);
        Redraw();
    }

    private void RemoveWord()
    {
        int start = cursor;
        while (start > 0 && line[start - 1] == ' ') start--;
        while (start > 0 && line[start - 1] != ' ') start--;
        Remove(start, cursor - start, start);
    }

    private void MoveTo(int position)
    {
        cursor = Math.Clamp(position, 0, line.Length);
        Redraw();
    }

    private void Replace(string text)
    {
        line.Clear().Append(text);
        cursor = line.Length;
        Redraw();
    }

    private void Recall(int step)
    {
        int next = historyAt + step;
        if (next < 0 || next > history.Count) return;
        historyAt = next;
        Replace(next == history.Count ? "" : history[next]);
    }

    private void CompleteWord()
    {
        if (cursor != line.Length) return;
        string text = line.ToString();
        string typed = text[(text.LastIndexOf(' ') + 1)..];
        IReadOnlyList<string> words = complete(text);
        if (words.Count == 0) return;
        string common = words.Aggregate((a, b) => a[..a.AsSpan().CommonPrefixLength(b)]);
        string added = common.Length > typed.Length ? common[typed.Length..] : "";
        if (words.Count == 1) Insert(added + " ");
        else if (added.Length > 0) Insert(added);
        else
        {
            write("\r\n" + string.Join("  ", words) + "\r\n");
            Redraw();
        }
    }
}
