namespace Emu.Debugging.Monitor;

/// <summary>A command of the human monitor.</summary>
/// <param name="Names">Name and shorter names.</param>
/// <param name="Parameters">Form of the arguments, for the help.</param>
/// <param name="Help">What it does, in one line.</param>
/// <param name="Run">Carries it out; gets what follows the name.</param>
public sealed record MonitorCommand(IReadOnlyList<string> Names, string Parameters, string Help, Action<MonitorArguments, TextWriter> Run)
{
    /// <summary>Words its first argument is completed with.</summary>
    public Func<IEnumerable<string>>? Completions { get; init; }
}

/// <summary>What follows the name of a command.</summary>
public sealed class MonitorArguments
{
    private readonly Queue<string> words;

    /// <summary>Splits the text at blanks; double quotes hold words together.</summary>
    /// <param name="format">What followed a slash behind the name, or empty.</param>
    /// <param name="rest">Everything behind the name.</param>
    public MonitorArguments(string format, string rest)
    {
        Format = format;
        Rest = rest.Trim();
        words = new Queue<string>(Split(Rest));
    }

    /// <summary>What follows the slash of <c>x/10i</c>.</summary>
    public string Format { get; }

    /// <summary>All arguments as typed.</summary>
    public string Rest { get; }

    /// <summary>Whether no word is left.</summary>
    public bool IsEmpty => words.Count == 0;

    /// <summary>The next word, or null.</summary>
    public string? Next() => words.TryDequeue(out string? word) ? word : null;

    /// <summary>The next word.</summary>
    /// <exception cref="MonitorException">There is none.</exception>
    public string Require(string what) => Next() ?? throw new MonitorException($"{what} is missing");

    /// <summary>Takes a switch such as <c>-a</c> if it comes next.</summary>
    public bool TakeSwitch(string name)
    {
        if (!words.TryPeek(out string? word) || word != name) return false;
        words.Dequeue();
        return true;
    }

    /// <summary>The next word as a number.</summary>
    public int? NextNumber(string what)
    {
        if (Next() is not { } word) return null;
        return int.TryParse(word, out int value) ? value : throw new MonitorException($"{what}: '{word}' is not a number");
    }

    private static List<string> Split(string text)
    {
        List<string> words = [];
        System.Text.StringBuilder word = new();
        bool quoted = false, open = false;
        foreach (char c in text)
        {
            if (c == '"')
            {
                quoted = !quoted;
                open = true;
            }
            else if (c == ' ' && !quoted)
            {
                if (open) words.Add(word.ToString());
                word.Clear();
                open = false;
            }
            else
            {
                word.Append(c);
                open = true;
            }
        }

        if (open) words.Add(word.ToString());
        return words;
    }
}
