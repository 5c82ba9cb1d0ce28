using Iced.Intel;

namespace Emu.Cpu;

// What rows tell a student. Written as data, in the embedded files of the folder Explanations, and read when first asked for.
public sealed unsafe partial class InstructionTable
{
    private static readonly string[] ExplanationFiles = ["Integer", "System", "X87", "Vector"];

    private readonly Lazy<IReadOnlyDictionary<Mnemonic, InstructionExplanation>> explanations = new(ReadExplanations);

    /// <summary>What a student is told about an instruction; null if the table does not know it.</summary>
    public InstructionExplanation? ExplanationOf(Code code) => explanations.Value.GetValueOrDefault(code.Mnemonic());

    /// <summary>Every mnemonic with an explanation.</summary>
    public IEnumerable<Mnemonic> ExplainedMnemonics => explanations.Value.Keys;

    private static IReadOnlyDictionary<Mnemonic, InstructionExplanation> ReadExplanations()
    {
        Dictionary<Mnemonic, InstructionExplanation> found = [];
        foreach (string name in ExplanationFiles)
        {
            using Stream stream = typeof(InstructionTable).Assembly.GetManifestResourceStream($"Explanations.{name}.txt")
                ?? throw new InvalidDataException($"The explanations '{name}' are missing from the assembly.");
            using StreamReader reader = new(stream);
            while (reader.ReadLine() is { } line)
            {
                if (line.Length > 0 && line[0] != '#') ReadFamily(line, found);
            }
        }

        return found;
    }

    /// <summary>One line: every mnemonic it names, with the alternatives of the other columns chosen for it.</summary>
    private static void ReadFamily(string line, Dictionary<Mnemonic, InstructionExplanation> found)
    {
        string[] columns = [.. line.Split('|').Select(c => c.Trim())];
        string[] words = columns[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int w = 0; w < words.Length; w++)
        {
            foreach (ExpandedName name in ExpandedName.Of(words[w]))
            {
                if (!Enum.TryParse(name.Text, ignoreCase: true, out Mnemonic mnemonic)) throw new InvalidDataException($"'{name.Text}' is no mnemonic: {line}");
                string Column(int index) => index < columns.Length ? name.Choose(columns[index], w, words.Length) : "";
                if (!found.TryAdd(mnemonic, new InstructionExplanation(Column(1), Column(2), Column(3), Column(4))))
                {
                    throw new InvalidDataException($"'{name.Text}' is explained twice: {line}");
                }
            }
        }
    }

    /// <summary>A mnemonic made from a pattern, and the alternative taken in each group of it.</summary>
    private sealed record ExpandedName(string Text, IReadOnlyList<(int Index, int Count)> Choices)
    {
        /// <summary>Every mnemonic of a pattern: [v] is optional, {a,b} are alternatives.</summary>
        public static IEnumerable<ExpandedName> Of(string pattern)
        {
            int open = pattern.IndexOfAny(['[', '{']);
            if (open < 0) return [new ExpandedName(pattern, [])];
            bool optional = pattern[open] == '[';
            int close = pattern.IndexOf(optional ? ']' : '}', open);
            string inside = pattern[(open + 1)..close];
            string[] alternatives = optional ? ["", inside] : inside.Split(',');
            return Of(pattern[(close + 1)..]).SelectMany(rest => alternatives.Select((a, i) => new ExpandedName(
                pattern[..open] + a + rest.Text, optional ? rest.Choices : [(i, alternatives.Length), .. rest.Choices])));
        }

        /// <summary>A column's text with its groups resolved: they vary with the group of the name, or the word, that has as many alternatives.</summary>
        public string Choose(string column, int word, int words)
        {
            for (int open = column.IndexOf('{'); open >= 0; open = column.IndexOf('{', open))
            {
                int close = column.IndexOf('}', open);
                string[] alternatives = column[(open + 1)..close].Split(',');
                int index = -1;
                foreach ((int chosen, int count) in Choices)
                {
                    if (index < 0 && count == alternatives.Length) index = chosen;
                }

                if (index < 0) index = words == alternatives.Length ? word : throw new InvalidDataException($"No group of '{Text}' has {alternatives.Length} alternatives: {column}");
                column = column[..open] + alternatives[index] + column[(close + 1)..];
            }

            return column;
        }
    }
}
