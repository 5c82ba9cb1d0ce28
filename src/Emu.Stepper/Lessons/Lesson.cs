using Emu.Stepper.Loading;
using Emu.Stepper.Session;
using Emu.Stepper.Terminal;
using Emu.Stepper.Views;

namespace Emu.Stepper.Lessons;

/// <summary>
/// A built-in lesson: a commented source, a text that leads through it, and a script that checks it. The text is in parts, each headed by
/// "@label"; the part for the last label that the program has reached is shown.
/// </summary>
public sealed class Lesson
{
    private static readonly string[] Order = ["registers", "signed", "stack", "strings", "memory", "conditions", "linux", "sse", "protected", "paging", "interrupt", "selfmod"];

    private readonly List<(string Label, List<string> Lines)> parts = [];

    private Lesson(string name, string title, IEnumerable<string> text)
    {
        Name = name;
        Title = title;
        foreach (string line in text)
        {
            if (line.StartsWith('@')) parts.Add((line[1..].Trim(), []));
            else if (parts.Count > 0) parts[^1].Lines.Add(line);
        }
    }

    /// <summary>Every lesson, in the order to take them in.</summary>
    public static IReadOnlyList<Lesson> All { get; } = [.. Order.Select(Read)];

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it is about.</summary>
    public string Title { get; }

    /// <summary>The labels that parts of the text belong to.</summary>
    public IEnumerable<string> Labels => parts.Select(p => p.Label);

    /// <summary>Its source.</summary>
    public string Source => Resource($"{Name}.asm");

    /// <summary>The script that checks it.</summary>
    public string Script => Resource($"{Name}.step");

    /// <summary>A lesson by its name or number; null if there is none.</summary>
    public static Lesson? Find(string name) =>
        int.TryParse(name, out int number) && number >= 1 && number <= All.Count ? All[number - 1] : All.FirstOrDefault(l => l.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Assembles the lesson.</summary>
    /// <exception cref="StepperException">nasm is missing.</exception>
    public GuestProgram Load()
    {
        string work = Directory.CreateTempSubdirectory("emu-lesson-").FullName;
        try
        {
            string path = Path.Combine(work, Name + ".asm");
            File.WriteAllText(path, Source);
            return GuestProgram.FromFile(path, new ProgramOptions());
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>The part of the text for where the program is.</summary>
    public IReadOnlyList<StyledText> TextFor(StepperSession session, int width)
    {
        (string _, List<string> lines) = PartAt(session);
        List<StyledText> result = [new StyledText($"Lesson: {Title}", Tone.Heading)];
        foreach (string line in lines) result.AddRange(WordWrap.Lines(new StyledText(line), Math.Max(20, width - 1), 0));
        return result;
    }

    private (string Label, List<string> Lines) PartAt(StepperSession session)
    {
        SymbolTable symbols = session.Program.Symbols;
        ulong here = session.InstructionPointer;
        (string Label, List<string> Lines) best = parts[0];
        ulong bestAddress = 0;
        foreach ((string Label, List<string> Lines) part in parts)
        {
            if (part.Label == "end" && session.Final != null) return part;
            if (symbols.TryFind(part.Label, out ulong address) && address <= here && address >= bestAddress) (best, bestAddress) = (part, address);
        }

        return best;
    }

    private static Lesson Read(string name)
    {
        string[] lines = Resource($"{name}.txt").Split('\n');
        return new Lesson(name, lines[0].Trim(), lines.Skip(1));
    }

    private static string Resource(string name)
    {
        using Stream stream = typeof(Lesson).Assembly.GetManifestResourceStream("Lessons." + name) ?? throw new StepperException($"there is no lesson file {name}");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
