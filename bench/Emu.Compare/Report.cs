using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Emu.Compare;

/// <summary>Shows a comparison as a table and as JSON.</summary>
internal sealed class Report(Comparison comparison)
{
    /// <summary>Name of the native contender.</summary>
    public const string Native = "native";

    /// <summary>Name of QEMU.</summary>
    public const string Qemu = "qemu";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly string[] names = [.. comparison.Contenders.Select(c => c.Name)];

    /// <summary>Those whose ratios are shown.</summary>
    private IEnumerable<string> Emulators => names.Where(n => n is not Native and not Qemu);

    /// <summary>Prints the table.</summary>
    public void Print()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect });
        if (Console.IsOutputRedirected) console.Profile.Width = 160;
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumn("workload");
        foreach (string name in names) table.AddColumn(new TableColumn($"{name} s").RightAligned());
        foreach ((string above, string below) in Ratios()) table.AddColumn(new TableColumn($"{above} / {below}").RightAligned());
        foreach (IGrouping<string, Row> group in comparison.Rows.GroupBy(r => r.Workload.Group))
        {
            table.AddRow($"[bold]{group.Key}[/]");
            foreach (Row row in group) table.AddRow([Label(row), .. names.Select(n => Time(row, n)), .. Ratios().Select(r => Ratio(Quotient(row, r)))]);
        }

        table.AddEmptyRow();
        foreach ((string label, Func<Workload, bool> belongs) in Summaries)
        {
            if (!comparison.Rows.Any(r => belongs(r.Workload))) continue;
            table.AddRow([$"[bold]{label}[/]", .. names.Select(_ => ""), .. Ratios().Select(r => Ratio(Mean(belongs, r)))]);
        }

        AddBoots(table);
        console.Write(table);
        PrintMemory(console);
        PrintProblems(console);
    }

    /// <summary>Whether every run succeeded and all agree.</summary>
    public bool AllWell => comparison.Rows.All(r => r.Agrees && names.All(n => r.Failure(n) == null));

    /// <summary>Writes everything measured.</summary>
    public void Write(string file)
    {
        var document = new
        {
            workloads = comparison.Rows.Select(r => new
            {
                name = r.Workload.Name,
                group = r.Workload.Group,
                agrees = r.Agrees,
                seconds = names.ToDictionary(n => n, n => r.Results[n].Select(x => x.Failure == null ? x.Seconds : (double?)null)),
                processorSeconds = names.ToDictionary(n => n, n => r.Results[n].Select(x => x.Failure == null ? x.ProcessorSeconds : (double?)null)),
                failures = names.Where(n => r.Failure(n) != null).ToDictionary(n => n, r.Failure),
                ratios = Ratios().ToDictionary(Key, p => Quotient(r, p)),
            }),
            geometricMeans = Summaries.ToDictionary(s => s.Label, s => Ratios().ToDictionary(Key, p => Mean(s.Belongs, p))),
            bootSeconds = comparison.Contenders.Where(c => c.IsEmulator).ToDictionary(c => c.Name, c => c.Boots),
            memory = comparison.Contenders.Where(c => c.IsEmulator).ToDictionary(c => c.Name, c => comparison.Memory[c.Name]),
        };
        File.WriteAllText(file, JsonSerializer.Serialize(document, Indented) + "\n");
    }

    private static (string Label, Func<Workload, bool> Belongs)[] Summaries { get; } =
        [("compute (geometric mean)", w => w.IsCompute), ("vector (geometric mean)", w => w.Group == Workload.Vector), ("system (geometric mean)", w => !w.IsCompute)];

    private static string Key((string Above, string Below) ratio) => $"{ratio.Above}/{ratio.Below}";

    private static string Ratio(double? value) => value is { } ratio ? ratio.ToString(ratio < 9.995 ? "0.00" : "0.0", CultureInfo.InvariantCulture) : "";

    private static string Label(Row row) => row.Agrees ? row.Workload.Name : $"{row.Workload.Name} [red]DIFFERS[/]";

    private static string Time(Row row, string name) => row.Time(name) is { } time ? time.ToString("0.000", CultureInfo.InvariantCulture) : "[red]failed[/]";

    private static string Megabytes(long bytes) => (bytes / 1048576.0).ToString("0", CultureInfo.InvariantCulture);

    private IEnumerable<(string Above, string Below)> Ratios() =>
        Emulators.SelectMany(e => (IEnumerable<(string, string)>)[.. names.Contains(Qemu) ? [(Qemu, e)] : Array.Empty<(string, string)>(), .. names.Contains(Native) ? [(e, Native)] : Array.Empty<(string, string)>()]);

    private static double? Quotient(Row row, (string Above, string Below) ratio) => row.Time(ratio.Above) / row.Time(ratio.Below);

    private double? Mean(Func<Workload, bool> belongs, (string Above, string Below) ratio) =>
        Statistics.GeometricMean(comparison.Rows.Where(r => belongs(r.Workload)).Select(r => Quotient(r, ratio)));

    private void AddBoots(Table table)
    {
        double? Boot(string name) => comparison.Contenders.First(c => c.Name == name) is { IsEmulator: true } contender ? Statistics.Median(contender.Boots) : null;
        table.AddRow(
        [
            "[bold]boot to user space[/]",
            .. names.Select(n => Boot(n) is { } boot ? boot.ToString("0.000", CultureInfo.InvariantCulture) : ""),
            .. Ratios().Select(r => Ratio(Boot(r.Above) / Boot(r.Below))),
        ]);
    }

    private void PrintMemory(IAnsiConsole console)
    {
        foreach (Contender contender in comparison.Contenders.Where(c => c.IsEmulator))
        {
            List<MemorySample> samples = comparison.Memory[contender.Name];
            if (samples.Count == 0) continue;
            string growth = samples.Count > 1 ? $", {Megabytes(samples[0].BeyondGuest)} MB after the first repetition" : "";
            console.WriteLine($"{contender.Name}: {Megabytes(samples[^1].Resident)} MB resident, {Megabytes(samples[^1].BeyondGuest)} MB beyond guest memory{growth}");
        }
    }

    private void PrintProblems(IAnsiConsole console)
    {
        foreach (Row row in comparison.Rows)
        {
            foreach (string name in names)
            {
                if (row.Failure(name) is { } failure) console.WriteLine($"{row.Workload.Name}, {name}: {failure}");
            }

            if (row.Agrees) continue;
            console.WriteLine($"{row.Workload.Name}: results differ: {string.Join(", ", names.Select(n => $"{n} {string.Join(" ", row.Results[n].Select(r => r.Checksum ?? "-").Distinct())}"))}");
        }
    }
}
