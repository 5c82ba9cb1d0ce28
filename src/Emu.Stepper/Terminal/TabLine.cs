using System.Text;

namespace Emu.Stepper.Terminal;

/// <summary>The names of several panes on one line, of which one is open.</summary>
public sealed class TabLine
{
    private const int ShortName = 3;

    private readonly List<(int Start, int Length, int Index)> places;

    private TabLine(string text, List<(int, int, int)> places)
    {
        Text = text;
        this.places = places;
    }

    /// <summary>The line.</summary>
    public string Text { get; }

    /// <summary>Index of the name at a column of the line, or -1.</summary>
    public int At(int column) => places.Find(p => column >= p.Start && column < p.Start + p.Length) is { Length: > 0 } found ? found.Index : -1;

    /// <summary>
    /// Writes names with their keys as wide as they fit: whole, then shortened, then only those next to the open one. The open one comes without its key and is
    /// never shortened.
    /// </summary>
    public static TabLine Fit(IReadOnlyList<(char Key, string Name)> tabs, int open, int width)
    {
        TabLine whole = Write(tabs, open, 0, tabs.Count, int.MaxValue);
        if (whole.Text.Length <= width) return whole;
        int first = 0, end = tabs.Count;
        TabLine line = Write(tabs, open, first, end, ShortName);
        while (line.Text.Length > width && end - first > 1)
        {
            // The end that is further from the open one gives.
            if (open - first > end - 1 - open) first++;
            else end--;
            line = Write(tabs, open, first, end, ShortName);
        }

        return line;
    }

    private static TabLine Write(IReadOnlyList<(char Key, string Name)> tabs, int open, int first, int end, int longest)
    {
        StringBuilder text = new();
        List<(int, int, int)> places = [];
        for (int i = first; i < end; i++)
        {
            if (i > first) text.Append(' ');
            string name = i == open ? $"[{tabs[i].Name}]" : $"{tabs[i].Key}:{(tabs[i].Name.Length > longest ? tabs[i].Name[..longest] : tabs[i].Name)}";
            places.Add((text.Length, name.Length, i));
            text.Append(name);
        }

        return new TabLine(text.ToString(), places);
    }
}
