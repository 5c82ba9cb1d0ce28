using System.Text;

namespace Emu.Stepper.Views;

/// <summary>How a piece of text is meant; a screen chooses colours for it.</summary>
public enum Tone : byte
{
    /// <summary>Plain.</summary>
    Normal,

    /// <summary>Less important.</summary>
    Dim,

    /// <summary>Names.</summary>
    Label,

    /// <summary>What the last step changed.</summary>
    Changed,

    /// <summary>The current instruction.</summary>
    Current,

    /// <summary>Instructions.</summary>
    Code,

    /// <summary>Addresses.</summary>
    Address,

    /// <summary>Headings.</summary>
    Heading,

    /// <summary>Good news.</summary>
    Good,

    /// <summary>Bad news.</summary>
    Bad,
}

/// <summary>A line of text in pieces of different tones.</summary>
public sealed class StyledText
{
    private readonly List<(string Text, Tone Tone)> pieces = [];

    /// <summary>An empty line.</summary>
    public StyledText()
    {
    }

    /// <summary>A line of one piece.</summary>
    public StyledText(string text, Tone tone = Tone.Normal) => Add(text, tone);

    /// <summary>The pieces.</summary>
    public IReadOnlyList<(string Text, Tone Tone)> Pieces => pieces;

    /// <summary>Characters.</summary>
    public int Length => pieces.Sum(p => p.Text.Length);

    /// <summary>What a click on the line is about: an address, or null.</summary>
    public ulong? Target { get; init; }

    /// <summary>Adds a piece.</summary>
    public StyledText Add(string text, Tone tone = Tone.Normal)
    {
        if (text.Length > 0) pieces.Add((text, tone));
        return this;
    }

    /// <summary>Adds another line's pieces.</summary>
    public StyledText Add(StyledText other)
    {
        pieces.AddRange(other.pieces);
        return this;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach ((string piece, _) in pieces) text.Append(piece);
        return text.ToString().TrimEnd();
    }

    /// <summary>The text alone.</summary>
    public static implicit operator string(StyledText text) => text.ToString();
}
