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

    /// <summary>The line it jumps to when that is not visible; -1 for none.</summary>
    public Func<IReadOnlyList<StyledText>, int>? Anchor { get; init; }

    /// <summary>Draws it.</summary>
    public void Draw(Canvas canvas, bool focused, string? subtitle = null)
    {
        if (Area.Height < 1 || Area.Width < 4) return;
        string title = $" {subtitle ?? name} ";
        canvas.Put(Area.Left, Area.Top, new string('─', Area.Width), focused ? Tone.Current : Tone.Dim, Area.Left + Area.Width);
        canvas.Put(Area.Left + 1, Area.Top, title, focused ? Tone.Current : Tone.Heading, Area.Left + Area.Width);
        int rows = Area.Height - 1;
        IReadOnlyList<StyledText> all = lines(rows, Area.Width);
        Scroll = Math.Clamp(Scroll, 0, Math.Max(0, all.Count - rows));
        Shown = [.. all.Skip(Scroll).Take(rows)];
        for (int i = 0; i < Shown.Count; i++) canvas.Put(Area, Area.Top + 1 + i, Shown[i]);
        if (all.Count > rows && Area.Width > title.Length + 12) canvas.Put(Area.Left + Area.Width - 9, Area.Top, $" {Scroll + 1}/{all.Count} ", Tone.Dim, Area.Left + Area.Width);
    }

    /// <summary>The line at a row of the screen; null if there is none.</summary>
    public StyledText? LineAt(int row) => row - Area.Top - 1 is var i and >= 0 && i < Shown.Count ? Shown[i] : null;
}
