using System.Globalization;
using System.Text.RegularExpressions;

namespace Emu.Stepper.Loading;

/// <summary>A source file and where its lines ended up in memory, from the assembler's listing.</summary>
public sealed partial class SourceListing
{
    private readonly SortedList<ulong, int> lineByAddress = [];

    private SourceListing(string path, string[] lines)
    {
        Path = path;
        Lines = lines;
    }

    /// <summary>Path of the source.</summary>
    public string Path { get; }

    /// <summary>Its text, line by line.</summary>
    public IReadOnlyList<string> Lines { get; }

    /// <summary>Addresses with code or data of the source, each with its line (from 1).</summary>
    public IEnumerable<KeyValuePair<ulong, int>> Entries => lineByAddress;

    /// <summary>The line that begins at an address, or 0.</summary>
    public int LineAt(ulong address) => lineByAddress.GetValueOrDefault(address);

    /// <summary>The comment behind the line that begins at an address, without its mark; empty if there is none.</summary>
    public string CommentAt(ulong address)
    {
        if (LineAt(address) is not (> 0 and var line) || line > Lines.Count) return "";
        string text = Lines[line - 1];
        char mark = System.IO.Path.GetExtension(Path).Equals(".s", StringComparison.OrdinalIgnoreCase) ? '#' : ';';
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            if (quote != '\0') quote = text[i] == quote ? '\0' : quote;
            else if (text[i] is '"' or '\'') quote = text[i];
            else if (text[i] == mark) return text[(i + 1)..].Trim();
        }

        return "";
    }

    /// <summary>Address of the first code of a line, or of the next line that has some; null at the end.</summary>
    public (int Line, ulong Address)? Find(int line)
    {
        KeyValuePair<ulong, int>[] candidates = [.. lineByAddress.Where(e => e.Value >= line)];
        if (candidates.Length == 0) return null;
        int found = candidates.Min(e => e.Value);
        return (found, candidates.Where(e => e.Value == found).Min(e => e.Key));
    }

    /// <summary>Reads the listing of NASM or GNU as.</summary>
    /// <param name="path">Path of the source.</param>
    /// <param name="listing">The listing.</param>
    /// <param name="sections">Where each section is in memory.</param>
    public static SourceListing Parse(string path, IEnumerable<string> listing, IReadOnlyDictionary<string, ulong> sections)
    {
        SourceListing result = new(path, File.ReadAllLines(path));
        string section = ".text";
        int line = 0;
        foreach (string text in listing)
        {
            Match match = ListingLine().Match(text);
            if (!match.Success) continue;
            // Lines of a macro carry numbers of their own; they belong to the line that used the macro.
            bool expanded = MacroLevel().IsMatch(text);
            if (!expanded) line = int.Parse(match.Groups["line"].Value, CultureInfo.InvariantCulture);
            if (match.Groups["offset"].Value is { Length: > 0 } offset && sections.TryGetValue(section, out ulong start))
            {
                result.lineByAddress.TryAdd(start + ulong.Parse(offset, NumberStyles.HexNumber, CultureInfo.InvariantCulture), line);
            }

            if (!expanded && line >= 1 && line <= result.Lines.Count && SectionOf(result.Lines[line - 1]) is { } changed) section = changed;
        }

        result.DropContinuations();
        return result;
    }

    /// <summary>Keeps the first address of each run of the same line.</summary>
    private void DropContinuations()
    {
        for (int i = lineByAddress.Count - 1; i > 0; i--)
        {
            if (lineByAddress.GetValueAtIndex(i) == lineByAddress.GetValueAtIndex(i - 1)) lineByAddress.RemoveAt(i);
        }
    }

    private static string? SectionOf(string line)
    {
        Match match = SectionDirective().Match(line);
        return match.Success ? match.Groups["name"].Value : null;
    }

    [GeneratedRegex(@"^\s*(?<line>\d+)(\s(?<offset>[0-9A-Fa-f]{8}|[0-9A-Fa-f]{4})\s+[0-9A-Fa-f<\[])?")]
    private static partial Regex ListingLine();

    [GeneratedRegex(@"<\d+>")]
    private static partial Regex MacroLevel();

    [GeneratedRegex(@"^\s*(\[?(section|segment)\s+(?<name>[.\w]+)|\.section\s+(?<name>[.\w]+)|(?<name>\.(text|data|bss))\s*($|[#;/]))", RegexOptions.IgnoreCase)]
    private static partial Regex SectionDirective();
}
