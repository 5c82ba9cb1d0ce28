using System.Globalization;
using Emu.Jit;

namespace Emu.Frontend.Explain;

/// <summary>Shows a region: the guest's code, IL and machine code, in columns or one below the other.</summary>
internal sealed class RegionReport(RegionDocument region, HostListing? listing, TextWriter output)
{
    private const int MinHost = 44, GuestColumns = 44, IntermediateColumns = 40;

    private readonly RegionAlignment alignment = new(region, listing?.Lines ?? []);
    private readonly ILookup<int, IntermediateLine> body = region.Intermediate.Where(l => l.Part == RegionPart.Body).ToLookup(l => l.Guest);

    /// <summary>Narrowest terminal with columns side by side.</summary>
    public const int MinColumns = GuestColumns + IntermediateColumns + MinHost + 6;

    /// <summary>Writes all of it.</summary>
    /// <param name="columns">Width to use; less than <see cref="MinColumns"/> for one below the other.</param>
    /// <param name="all">Ways out too.</param>
    public void Write(int columns, bool all)
    {
        WriteHead();
        bool wide = columns >= MinColumns;
        if (wide) WriteRow("guest", "IL", "host", columns);
        WriteBlock(wide, columns, ["entry"], Lines(RegionPart.Prologue), alignment.Entry);
        foreach (AlignedGroup group in alignment.Groups)
        {
            if (region.Guest[group.Guest[0]].StartsBlock) output.WriteLine();
            if (wide) WriteWide(group, columns);
            else WriteNarrow(group);
        }

        int hidden = region.Intermediate.Count(l => l.Part is RegionPart.WayOut or RegionPart.Epilogue);
        output.WriteLine();
        if (all) WriteBlock(wide, columns, ["ways out"], [.. Lines(RegionPart.WayOut), .. Lines(RegionPart.Epilogue)], alignment.Exits);
        else output.WriteLine($"ways out: {hidden} lines of IL, {alignment.Exits.Count} of host code (--all shows them)");
    }

    private void WriteHead()
    {
        RegionSummary s = region.Summary;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"region {s.Linear:x}: {s.Blocks} blocks, {s.Instructions} instructions, {s.Called} of them left to the interpreter (*), {s.IlBytes} bytes of IL, {listing?.Bytes ?? s.HostBytes} bytes of host code, compiled in {s.CompileTime.TotalMilliseconds:F1} ms"));
        if (listing == null) output.WriteLine("(the runtime lists no host code on this host)");
    }

    private string[] Lines(RegionPart part) => [.. region.Intermediate.Where(l => l.Part == part).Select(Show)];

    private static string Show(IntermediateLine line) => line.Text.EndsWith(':') ? line.Text : "  " + line.Text;

    private static string Show(HostLine line) => line.Label != null ? line.Text : "  " + line.Text;

    private string Show(GuestLine line) => $"{(line.IsInterpreted ? '*' : ' ')}{line.Address:x} {line.Text}";

    private void WriteBlock(bool wide, int columns, string[] left, string[] middle, IReadOnlyList<HostLine> right)
    {
        if (wide)
        {
            WriteColumns(left, middle, [.. right.Select(Show)], columns);
            return;
        }

        output.WriteLine($"{left[0]}:");
        WriteBelow(middle, right);
    }

    private void WriteWide(AlignedGroup group, int columns)
    {
        List<string> left = [], middle = [];
        foreach (int index in group.Guest)
        {
            while (left.Count < middle.Count) left.Add("");
            left.Add(Show(region.Guest[index]));
            middle.AddRange(body[index].Select(Show));
            while (middle.Count < left.Count) middle.Add("");
        }

        WriteColumns(left, middle, [.. group.Host.Select(Show)], columns);
    }

    private void WriteNarrow(AlignedGroup group)
    {
        foreach (int index in group.Guest)
        {
            output.WriteLine(Show(region.Guest[index]));
            WriteBelow([.. body[index].Select(Show)], index == group.Guest[^1] ? group.Host : []);
        }
    }

    private void WriteBelow(string[] intermediate, IReadOnlyList<HostLine> machine)
    {
        foreach (string line in intermediate) output.WriteLine($"    il    {line}");
        foreach (HostLine line in machine) output.WriteLine($"    host  {Show(line)}");
    }

    private void WriteColumns(IReadOnlyList<string> left, IReadOnlyList<string> middle, IReadOnlyList<string> right, int columns)
    {
        int rows = Math.Max(left.Count, Math.Max(middle.Count, right.Count));
        for (int i = 0; i < rows; i++) WriteRow(left.ElementAtOrDefault(i) ?? "", middle.ElementAtOrDefault(i) ?? "", right.ElementAtOrDefault(i) ?? "", columns);
    }

    private void WriteRow(string left, string middle, string right, int columns)
    {
        int host = columns - GuestColumns - IntermediateColumns - 6;
        output.WriteLine($"{Fit(left, GuestColumns)} | {Fit(middle, IntermediateColumns)} | {Cut(right, host)}".TrimEnd());
    }

    private static string Fit(string text, int width) => Cut(text, width).PadRight(width);

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..(width - 1)] + "…";
}
