using System.CommandLine;
using Emu.Conformance.Emulated;
using Emu.Conformance.Forms;
using Emu.Conformance.Native;
using Emu.Conformance.Run;
using Emu.Conformance.States;
using Spectre.Console;

namespace Emu.Frontend.Testing;

/// <summary><c>emu test</c>: holds the emulated processor to the host's, and to state tests from files.</summary>
internal static class TestCommand
{
    private const int Failed = 1, BadInput = 2;

    /// <summary>The command with its subcommands.</summary>
    public static Command Create() => new("test", "Conformance tests without a guest") { Oracle(), State(), Merge() };

    private static Command Oracle()
    {
        var forms = new Option<string?>("--forms") { Description = "Form names, mnemonics or CPUID features, comma-separated: *, ? or /regex/" };
        var cases = new Option<int>("--cases") { Description = "Cases of each form", DefaultValueFactory = _ => 1000 };
        var sequences = new Option<int>("--sequences") { Description = "Random instruction sequences for each mode", DefaultValueFactory = _ => 0 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of all random values", DefaultValueFactory = _ => 1 };
        var shard = new Option<string?>("--shard") { Description = "I/N: run every N-th form from the I-th on (1-based)" };
        var bits = new Option<int[]>("--bits") { Description = "Modes: 64, 32, 16 (default: all the host can run)", AllowMultipleArgumentsPerToken = true };
        var jobs = new Option<int>("--jobs") { Description = "Threads", DefaultValueFactory = _ => 1 };
        var minutes = new Option<double?>("--minutes") { Description = "End after so many minutes" };
        var junit = new Option<FileInfo?>("--junit") { Description = "Write the results as JUnit XML" };
        var trx = new Option<FileInfo?>("--trx") { Description = "Write the results as TRX" };
        var engine = new Option<string>("--engine") { Description = $"What executes the emulated side: {TestEngines.Names}", DefaultValueFactory = _ => ExecutionEngine.Interpreter.Name };
        var families = new Option<bool>("--families") { Description = "Print a table of coverage by instruction family" };
        var list = new Option<bool>("--list") { Description = "List what cannot be run natively, with the reasons, and run nothing" };
        var command = new Command("oracle", "Every instruction form the host has, natively and emulated, compared bit for bit")
        {
            forms, cases, sequences, seed, shard, bits, jobs, minutes, engine, junit, trx, families, list,
        };
        command.SetAction(parsed => Guard(() =>
        {
            IReadOnlyList<int> modes = parsed.GetValue(bits) is { Length: > 0 } given ? given : OracleOutput.SupportedModes();
            ExecutionEngine chosen = TestEngines.Find(parsed.GetRequiredValue(engine));
            var catalog = new FormCatalog(new HostFeatures());
            if (parsed.GetValue(list))
            {
                OracleOutput.PrintNotRun(catalog, modes);
                return 0;
            }
            (int index, int count) = ParseShard(parsed.GetValue(shard));
            var options = new OracleOptions
            {
                Forms = parsed.GetValue(forms),
                Cases = parsed.GetValue(cases),
                Sequences = parsed.GetValue(sequences),
                Seed = parsed.GetValue(seed),
                Bits = modes,
                Jobs = parsed.GetValue(jobs),
                Shard = index,
                Shards = count,
                TimeLimit = parsed.GetValue(minutes) is { } m ? TimeSpan.FromMinutes(m) : Timeout.InfiniteTimeSpan,
            };
            OracleReport report = OracleOutput.RunWithProgress(new OracleRunner(catalog, segments => new VcpuExecutor(TestModel.Default, segments, chosen)), options);
            return Finish(report, parsed.GetValue(junit), parsed.GetValue(trx), parsed.GetValue(families));
        }));
        return command;
    }

    private static Command State()
    {
        var files = new Argument<FileInfo[]>("files") { Description = "JSON files; docs/state-tests.md describes them", Arity = ArgumentArity.OneOrMore };
        var command = new Command("state", "State-in, state-out tests from JSON files") { files };
        command.SetAction(parsed => Guard(() =>
        {
            int passed = 0, failed = 0;
            foreach (FileInfo file in parsed.GetRequiredValue(files))
            {
                using FileStream stream = file.OpenRead();
                foreach (StateTest test in StateTestReader.Read(stream, file.Name))
                {
                    StateTestResult result = StateTestRunner.Run(test, TestModel.Default);
                    if (result.Failures.Count == 0)
                    {
                        passed++;
                        continue;
                    }
                    failed++;
                    Console.WriteLine($"FAILED {result.Name}");
                    foreach (string failure in result.Failures) Console.WriteLine($"  {failure}");
                }
            }
            Console.WriteLine($"{passed} passed, {failed} failed");
            return failed == 0 && passed > 0 ? 0 : Failed;
        }));
        return command;
    }

    private static Command Merge()
    {
        var files = new Argument<FileInfo[]>("files") { Description = "JUnit files of the shards of a run", Arity = ArgumentArity.OneOrMore };
        var junit = new Option<FileInfo?>("--junit") { Description = "Write the merged results as JUnit XML" };
        var trx = new Option<FileInfo?>("--trx") { Description = "Write the merged results as TRX" };
        var families = new Option<bool>("--families") { Description = "Print a table of coverage by instruction family" };
        var command = new Command("merge", "Puts the results of oracle shards together") { files, junit, trx, families };
        command.SetAction(parsed => Guard(() =>
        {
            var reports = new List<OracleReport>();
            foreach (FileInfo file in parsed.GetRequiredValue(files))
            {
                using FileStream stream = file.OpenRead();
                reports.Add(JUnitReport.Read(stream));
            }
            return Finish(OracleReport.Merge(reports), parsed.GetValue(junit), parsed.GetValue(trx), parsed.GetValue(families));
        }));
        return command;
    }

    private static int Finish(OracleReport report, FileInfo? junit, FileInfo? trx, bool families)
    {
        OracleOutput.Print(report, families);
        Save(junit, stream => JUnitReport.Write(report, stream));
        Save(trx, stream => TrxReport.Write(report, stream));
        return report.Passed ? 0 : Failed;
    }

    private static void Save(FileInfo? file, Action<Stream> write)
    {
        if (file is null) return;
        using FileStream stream = file.Create();
        write(stream);
    }

    private static (int Index, int Count) ParseShard(string? text)
    {
        if (text is null) return (0, 1);
        string[] parts = text.Split('/');
        return parts.Length == 2 && int.TryParse(parts[0], out int index) && int.TryParse(parts[1], out int count) && index >= 1 && index <= count
            ? (index - 1, count)
            : throw new ArgumentException($"shard '{text}' is not I/N with I from 1 to N, such as 2/8");
    }

    // Bad input is one clear line.
    private static int Guard(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is ArgumentException or NativeHostException or StateTestException or ReportFormatException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"emu test: {e.Message}");
            return BadInput;
        }
    }
}
