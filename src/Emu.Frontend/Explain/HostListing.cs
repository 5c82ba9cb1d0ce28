using System.Globalization;
using System.Text.RegularExpressions;

namespace Emu.Frontend.Explain;

/// <summary>A line of the runtime's listing of a method: a label, or an instruction.</summary>
/// <param name="Text">The line without its indentation.</param>
/// <param name="Label">The label it is; null for an instruction.</param>
/// <param name="Target">The label it branches to.</param>
/// <param name="Constant">A constant in it that does not fit into 32 bits.</param>
internal sealed record HostLine(string Text, string? Label, string? Target, ulong? Constant);

/// <summary>The runtime's own listing of a method (<c>DOTNET_JitDisasm</c>).</summary>
/// <param name="Lines">Labels and instructions in order.</param>
/// <param name="Bytes">Size of the code.</param>
internal sealed partial record HostListing(IReadOnlyList<HostLine> Lines, int Bytes)
{
    private const string Head = "; Assembly listing for method ", Foot = "; Total bytes of code ";

    /// <summary>Finds a method in a listing of many; null if it is not there.</summary>
    /// <param name="text">The listing.</param>
    /// <param name="method">Name of the method.</param>
    /// <param name="ordinal">Which of the methods of that name, from 1.</param>
    public static HostListing? Find(IEnumerable<string> text, string method, int ordinal)
    {
        List<HostLine>? lines = null;
        foreach (string line in text)
        {
            if (line.StartsWith(Head, StringComparison.Ordinal))
            {
                if (line.Contains($":{method}(", StringComparison.Ordinal) && --ordinal == 0) lines = [];
            }
            else if (lines == null)
            {
                continue;
            }
            else if (line.StartsWith(Foot, StringComparison.Ordinal))
            {
                return new HostListing(lines, int.Parse(line.AsSpan(Foot.Length), NumberStyles.None, CultureInfo.InvariantCulture));
            }
            else if (Parse(line) is { } parsed)
            {
                lines.Add(parsed);
            }
        }

        return null;
    }

    private static HostLine? Parse(string line)
    {
        if (LabelLine().Match(line) is { Success: true } label) return new HostLine(label.Groups[1].Value + ":", label.Groups[1].Value, null, null);
        string text = Spaces().Replace(line.Trim(), " ");
        if (text.Length == 0 || text[0] == ';' || text.StartsWith("align ", StringComparison.Ordinal)) return null;
        Match target = TargetName().Match(text), constant = LargeConstant().Match(text);
        return new HostLine(
            TargetName().Replace(text.Replace("SHORT ", "", StringComparison.Ordinal), "$1"),
            null,
            target.Success ? target.Groups[1].Value : null,
            constant.Success ? ulong.Parse(constant.Groups[1].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : null);
    }

    [GeneratedRegex(@"^G_M\d+_(IG\d+):")]
    private static partial Regex LabelLine();

    [GeneratedRegex(@"G_M\d+_(IG\d+)")]
    private static partial Regex TargetName();

    [GeneratedRegex(@"\b0x([0-9A-F]{9,16})\b")]
    private static partial Regex LargeConstant();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
