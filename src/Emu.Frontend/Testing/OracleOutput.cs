using Emu.Conformance.Forms;
using Emu.Conformance.Native;
using Emu.Conformance.Run;

namespace Emu.Frontend.Testing;

/// <summary>What <c>emu test oracle</c> shows on the terminal.</summary>
internal static class OracleOutput
{
    private const int ShownMismatches = 20;

    /// <summary>The modes the host can run; says why it cannot run the others.</summary>
    /// <exception cref="NativeHostException">There is none.</exception>
    public static IReadOnlyList<int> SupportedModes()
    {
        IReadOnlyList<int> supported = HostModes.Current.Supported;
        if (supported.Count == 0) throw new NativeHostException(HostModes.Current.UnsupportedReason(64)!);
        foreach (int bits in (int[])[64, 32, 16])
        {
            if (HostModes.Current.UnsupportedReason(bits) is { } reason) Console.WriteLine($"{bits}-bit: skipped, {reason}");
        }
        return supported;
    }

    /// <summary>Runs with a progress bar where there is a terminal.</summary>
    public static OracleReport RunWithProgress(OracleRunner runner, OracleOptions options) => ProgressBar.Run("oracle", update => runner.Run(options,
        update is null ? null : p => update(p.Done, p.Total, $"{p.Done:N0} cases, {p.Mismatches:N0} mismatches, {p.Current}")));

    /// <summary>Prints the summary, and mismatches grouped by what differs.</summary>
    public static void Print(OracleReport report, bool families)
    {
        if (families) PrintFamilies(report);
        var groups = report.Forms.SelectMany(f => f.Mismatches.Select(m => (Form: f, Mismatch: m)))
            .GroupBy(x => x.Mismatch.Signature).OrderByDescending(g => g.Count()).ToList();
        foreach (var group in groups.Take(ShownMismatches))
        {
            string[] forms = [.. group.Select(x => $"{x.Form.Form}/{x.Form.Bits}").Distinct()];
            Console.WriteLine($"MISMATCH {group.Key}: {forms.Length} forms: {string.Join(' ', forms.Take(12))}{(forms.Length > 12 ? " ..." : "")}");
            Console.WriteLine(group.First().Mismatch.Description);
        }
        if (groups.Count > ShownMismatches) Console.WriteLine($"... and {groups.Count - ShownMismatches} more kinds of mismatch");
        int lost = (int)report.Forms.Sum(f => f.Lost), missing = report.Forms.Count(f => f.NotImplemented > 0);
        if (missing > 0) Console.WriteLine($"{missing} forms are not implemented");
        if (report.Forms.Sum(f => f.Disturbed) is var disturbed and > 0) Console.WriteLine($"{disturbed} cases agreed only when run natively again");
        if (lost > 0) Console.WriteLine($"{lost} cases could not be run natively");
        foreach (int bits in report.Forms.Select(f => f.Bits).Distinct().OrderDescending())
            Console.WriteLine($"{bits}-bit: {Share(report.CoveredForms(bits), report.TotalForms(bits))}");
        Console.WriteLine($"forms covered {Share(report.CoveredForms(), report.TotalForms())}, {report.Cases:N0} cases, {report.Mismatches:N0} mismatches, seed {report.Seed}, {report.Duration.TotalSeconds:F1} s");
    }

    /// <summary>Lists the forms that cannot be compared, and why.</summary>
    public static void PrintNotRun(FormCatalog catalog, IEnumerable<int> modes)
    {
        foreach (int bits in modes)
        {
            foreach (var group in catalog.Forms(bits).Where(f => f.Status != FormStatus.Runnable).GroupBy(f => (f.Status, f.Reason)).OrderBy(g => g.Key.Status))
            {
                Console.WriteLine($"{bits}-bit {group.Key.Status}: {group.Key.Reason} ({group.Count()})");
                Console.WriteLine($"    {string.Join(' ', group.Select(f => f.Name))}");
            }
        }
    }

    private static void PrintFamilies(OracleReport report)
    {
        ResultTable.Print(["bits", "family"], ["covered", "forms", "cases", "mismatches", "not implemented"], report.Families().Select(row => (string[])
            [$"{row.Bits}", row.Family, $"{row.Covered}", $"{row.Total}", $"{row.Cases:N0}", $"{row.Mismatches:N0}", $"{row.NotImplemented:N0}"]));
    }

    private static string Share(int part, int whole) => $"{part}/{whole} ({(whole == 0 ? 0 : 100.0 * part / whole):F1} %)";
}
