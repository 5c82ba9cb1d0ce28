using Emu.Stepper.Views;

namespace Emu.Stepper.Terminal;

/// <summary>Breaks lines between words.</summary>
public static class WordWrap
{
    /// <summary>A line in pieces of at most a width; those after the first are indented.</summary>
    public static IEnumerable<StyledText> Lines(StyledText line, int width, int indent)
    {
        width = Math.Max(width, indent + 8);
        StyledText current = new() { Target = line.Target };
        int column = 0;
        foreach ((string text, Tone tone) in line.Pieces)
        {
            foreach (string word in Words(text))
            {
                if (column + word.TrimEnd().Length > width && column > indent)
                {
                    yield return current;
                    current = new StyledText { Target = line.Target }.Add(new string(' ', indent));
                    column = indent;
                    if (word.Trim().Length == 0) continue;
                }

                current.Add(word, tone);
                column += word.Length;
            }
        }

        yield return current;
    }

    /// <summary>Words with the spaces behind them.</summary>
    private static IEnumerable<string> Words(string text)
    {
        int start = 0;
        for (int i = 1; i <= text.Length; i++)
        {
            if (i < text.Length && !(text[i - 1] == ' ' && text[i] != ' ')) continue;
            yield return text[start..i];
            start = i;
        }
    }
}
