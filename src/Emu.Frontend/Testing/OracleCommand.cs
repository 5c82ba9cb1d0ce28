using System.CommandLine;
using Emu.Conformance.Emulated;
using Emu.Conformance.Forms;
using Emu.Conformance.Run;

namespace Emu.Frontend.Testing;

/// <summary><c>emu test oracle</c> and <c>emu test merge</c>.</summary>
internal static class OracleCommand
{
    /// <summary>Runs every instruction form natively and emulated.</summary>
    public static Command Create()
    {
        var forms = new Option<string?>("--forms") { Description = "Form names, mnemonics or CPUID features, comma-separated: *, ? or /regex/" };
        var cases = new Option<int>("--cases") { Description = "Cases of each form", DefaultValueFactory = _ => 1000 };
        var sequences = new Option<int>("--sequences") { Description = "Random instruction sequences for each mode", DefaultValueFactory = _ => 0 };
        var states = new Option<int>("--states") { Description = "Random states each sequence is run from", DefaultValueFactory = _ => 1 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of all random values", DefaultValueFactory = _ => 1 };
        var shard = new Option<string?>("--shard") { Description = "I/N: run every N-th form from the I-th on (1-based)" };
        var bits = new Option<int[]>("--bits") { Description = "Modes: 64, 32, 16 (default: all the host can run)", AllowMultipleArgumentsPerToken = true };
        var jobs = new Option<int>("--jobs") { Description = "Threads", DefaultValueFactory = _ => 1 };
        Option<double?> minutes = ResultOptions.Minutes();
        Option<string> engine = ResultOptions.Engine();
        Option<bool> families = Families();
        var list = new Option<bool>("--list") { Description = "List what cannot be run natively, with the reasons, and run nothing" };
        var command = new Command("oracle", "Every instruction form the host has, natively and emulated, compared bit for bit")
        {
            forms, cases, sequences, states, seed, shard, bits, jobs, minutes, engine, families, list,
        };
        var results = new ResultOptions();
        results.AddTo(command);
        command.SetAction(parsed => results.Guard(parsed, () =>
        {
            var catalog = new FormCatalog(new HostFeatures());
            int[]? given = parsed.GetValue(bits) is { Length: > 0 } some ? some : null;
            if (parsed.GetValue(list))
            {
                OracleOutput.PrintNotRun(catalog, given ?? [64, 32, 16]);
                return 0;
            }
            ExecutionEngine chosen = TestEngines.Find(parsed.GetRequiredValue(engine));
            (int index, int count) = ParseShard(parsed.GetValue(shard));
            var options = new OracleOptions
            {
                Forms = parsed.GetValue(forms),
                Cases = parsed.GetValue(cases),
                Sequences = parsed.GetValue(sequences),
                States = parsed.GetValue(states),
                Seed = parsed.GetValue(seed),
                Bits = given ?? OracleOutput.SupportedModes(),
                Jobs = parsed.GetValue(jobs),
                Shard = index,
                Shards = count,
                Engine = parsed.GetRequiredValue(engine),
                TimeLimit = ResultOptions.TimeLimit(parsed.GetValue(minutes)),
            };
            OracleReport report = OracleOutput.RunWithProgress(new OracleRunner(catalog, segments => new VcpuExecutor(TestModel.Default, segments, chosen)), options);
            if (count > 1) Console.WriteLine($"shard {index + 1} of {count}: 'emu test merge' adds the files that --junit writes");
            return Finish(report, parsed, results, families);
        }));
        return command;
    }

    /// <summary>Puts the results of shards together.</summary>
    public static Command CreateMerge()
    {
        var files = new Argument<FileInfo[]>("files") { Description = "JUnit files of the shards of a run", Arity = ArgumentArity.OneOrMore };
        Option<bool> families = Families();
        var command = new Command("merge", "Puts the results of oracle shards together") { files, families };
        var results = new ResultOptions();
        results.AddTo(command);
        command.SetAction(parsed => results.Guard(parsed, () =>
        {
            var reports = new List<OracleReport>();
            foreach (FileInfo file in parsed.GetRequiredValue(files))
            {
                using FileStream stream = file.OpenRead();
                try
                {
                    reports.Add(OracleResults.Read(stream));
                }
                catch (ReportFormatException e)
                {
                    throw new ReportFormatException($"{file}: {e.Message}");
                }
            }
            OracleReport merged = OracleReport.Merge(reports);
            if (merged.MissingShards.Any()) Console.WriteLine($"not the whole run: shards {string.Join(", ", merged.MissingShards.Take(20))} of {merged.ShardCount} are missing");
            return Finish(merged, parsed, results, families);
        }));
        return command;
    }

    private static Option<bool> Families() => new("--families") { Description = "Print a table of coverage by instruction family" };

    private static int Finish(OracleReport report, ParseResult parsed, ResultOptions results, Option<bool> families)
    {
        OracleOutput.Print(report, parsed.GetValue(families));
        results.Save(parsed, OracleResults.ToRunResult(report));
        return report.Passed ? 0 : ResultOptions.Failed;
    }

    private static (int Index, int Count) ParseShard(string? text)
    {
        if (text is null) return (0, 1);
        string[] parts = text.Split('/');
        return parts.Length == 2 && int.TryParse(parts[0], out int index) && int.TryParse(parts[1], out int count) && index >= 1 && index <= count
            ? (index - 1, count)
            : throw new ArgumentException($"shard '{text}' is not I/N with I from 1 to N, such as 2/8");
    }
}
