using Emu.Stepper.Views;

namespace Emu.Stepper.Terminal;

/// <summary>A part of the screen with a title and lines that can be scrolled.</summary>
/// <param name="name">Its title.</param>
/// <param name="lines">Makes its lines, for a number of rows and columns.</param>
public sealed class Pane(string name, Func<int, int, IReadOnlyList<StyledText>> lines)
{
    /// <summary>Its title.</summary>
    public string Name => name;

    /// <summary>Where it is, title included; empty while it is not shown.</summary>
    public Area Area { get; set; }

    /// <summary>First line shown.</summary>
    public int Scroll { get; set; }

    /// <summary>Lines shown at the last drawing.</summary>
    public IReadOnlyList<StyledText> Shown { get; private set; } = [];

    /// <summary>Lines that are too long go on in the next row, indented by so much; without it they are cut off.</summary>
    public int? Wrap { get; init; }

    /// <summary>What is shown where there are no lines.</summary>
    public string Nothing { get; init; } = "";

    /// <summary>Draws it.</summary>
    public void Draw(Canvas canvas, bool focused, string? subtitle = null)
    {
        if (Area.Height < 1 || Area.Width < 4) return;
        string title = $" {subtitle ?? name} ";
        canvas.Put(Area.Left, Area.Top, new string('─', Area.Width), focused ? Tone.Current : Tone.Dim, Area.Left + Area.Width);
        canvas.Put(Area.Left + 1, Area.Top, title, focused ? Tone.Current : Tone.Heading, Area.Left + Area.Width);
        int rows = Area.Height - 1;
        IReadOnlyList<StyledText> all = lines(rows, Area.Width);
        if (all.Count == 0 && Nothing.Length > 0) all = [new StyledText(Nothing, Tone.Dim)];
        if (Wrap is { } indent) all = [.. all.SelectMany(l => l.Length <= Area.Width ? [l] : WordWrap.Lines(l, Area.Width, indent))];
        Scroll = Math.Clamp(Scroll, 0, Math.Max(0, all.Count - rows));
        Shown = [.. all.Skip(Scroll).Take(rows)];
        for (int i = 0; i < Shown.Count; i++) canvas.Put(Area, Area.Top + 1 + i, Shown[i]);
        if (all.Count <= rows) return;
        if (Area.Width > title.Length + 12) canvas.Put(Area.Left + Area.Width - 9, Area.Top, $" {Scroll + 1}/{all.Count} ", Tone.Dim, Area.Left + Area.Width);
        else if (Scroll + rows < all.Count) canvas.Put(Area.Left + Area.Width - 1, Area.Top + rows, "▼", Tone.Label, Area.Left + Area.Width);
    }

    /// <summary>The line at a row of the screen; null if there is none.</summary>
    public StyledText? LineAt(int row) => row - Area.Top - 1 is var i and >= 0 && i < Shown.Count ? Shown[i] : null;
}
