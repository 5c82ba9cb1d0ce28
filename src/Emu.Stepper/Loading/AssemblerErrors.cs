using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Emu.Stepper.Loading;

/// <summary>Makes plain words of what an assembler complains about.</summary>
internal static partial class AssemblerErrors
{
    private const int MostShown = 8;

    /// <summary>Explanations of messages that beginners meet, each a part of the message and what it means.</summary>
    private static readonly (string Part, string Meaning)[] Meanings =
    [
        ("parser: instruction expected", "this is no instruction, directive or label that NASM knows; check the spelling"),
        ("no such instruction", "there is no instruction of that name; check the spelling"),
        ("invalid combination of opcode and operands", "the instruction exists, but not with operands of these kinds or sizes"),
        ("size not specified", "memory has no size of its own: write byte, word, dword or qword before the bracket"),
        ("ambiguous operand size", "memory has no size of its own: add a suffix (movb, movl) or write BYTE PTR, DWORD PTR"),
        ("symbol `", "a name is used that no label defines"),
        ("undefined reference", "a name is used that no label defines"),
        ("mismatch in operand sizes", "the two operands have different sizes"),
        ("operand type mismatch", "the instruction does not take operands of this kind"),
        ("operand size mismatch", "the two operands have different sizes"),
        ("label or instruction expected", "the line begins with something that is neither a label nor an instruction"),
        ("comma, colon, decorator or end of line expected", "something is left over at the end; is a comma missing?"),
        ("instruction not supported in", "this instruction does not exist in the mode the code is assembled for (BITS)"),
        ("junk at end of line", "something is left over at the end of the line"),
        ("byte data exceeds bounds", "the number does not fit in a byte"),
        ("word data exceeds bounds", "the number does not fit in a word"),
    ];

    /// <summary>The errors with their source lines and what they mean.</summary>
    public static string Describe(string tool, string source, string output)
    {
        string[] lines = File.ReadAllLines(source);
        StringBuilder text = new();
        int errors = 0;
        foreach (string line in output.Split('\n'))
        {
            Match match = Located().Match(line);
            if (!match.Success || match.Groups["text"].Value.Contains("warning:", StringComparison.OrdinalIgnoreCase)) continue;
            if (++errors > MostShown) continue;
            int number = int.Parse(match.Groups["line"].Value, CultureInfo.InvariantCulture);
            string message = Severity().Replace(match.Groups["text"].Value, "");
            text.Append($"\n  line {number}: {message}");
            if (number >= 1 && number <= lines.Length) text.Append($"\n      {lines[number - 1].Trim()}");
            if (MeaningOf(tool, message, number >= 1 && number <= lines.Length ? lines[number - 1] : "", lines) is { } meaning) text.Append($"\n      that is: {meaning}");
        }

        if (errors == 0) return $"{Path.GetFileName(source)}: {tool} says: {output.Trim()}";
        if (errors > MostShown) text.Append($"\n  and {errors - MostShown} more");
        return $"{Path.GetFileName(source)} has {(errors == 1 ? "an error" : $"{errors} errors")} and was not assembled:{text}";
    }

    private static string? MeaningOf(string tool, string message, string line, string[] source)
    {
        bool intel = Array.Exists(source, l => l.Contains(".intel_syntax", StringComparison.Ordinal));
        if (tool == "as" && !intel && BareRegister().IsMatch(line)) return "GNU assembly writes registers with % and numbers with $, the target last: mov $5, %eax; .intel_syntax noprefix changes that";
        return Array.Find(Meanings, m => message.Contains(m.Part, StringComparison.OrdinalIgnoreCase)).Meaning;
    }

    [GeneratedRegex(@"[\s,(\[](r|e)?([abcd]x|[sd]i|[sb]p)\b|[\s,(\[]r\d+[dwb]?\b")]
    private static partial Regex BareRegister();

    [GeneratedRegex(@"^[^:]*:(?<line>\d+): (?<text>.*)$")]
    private static partial Regex Located();

    [GeneratedRegex(@"^(error|fatal|Error|Fatal error): ?")]
    private static partial Regex Severity();
}
