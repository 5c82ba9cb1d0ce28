using System.CommandLine;
using Emu.Conformance.Transcendental;

namespace Emu.Frontend.Testing;

/// <summary><c>emu test transcendental</c>.</summary>
internal static class TranscendentalCommand
{
    /// <summary>Measures the error of the transcendental x87 instructions.</summary>
    public static Command Create()
    {
        var functions = new Option<string[]>("--functions") { Description = "Mnemonics, such as fsin or fyl2x (default: all)", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var cases = new Option<int>("--cases") { Description = "Operands for each function", DefaultValueFactory = _ => new TranscendentalOptions().Cases };
        var seed = new Option<ulong>("--seed") { Description = "Seed of all random values", DefaultValueFactory = _ => 1 };
        var jobs = new Option<int>("--jobs") { Description = "Threads", DefaultValueFactory = _ => 1 };
        var host = new Option<bool>("--host") { Description = "Measure the host's own x87 unit instead" };
        Option<double?> minutes = ResultOptions.Minutes();
        Option<string> engine = ResultOptions.Engine();
        var command = new Command("transcendental", "F2XM1, FYL2X, FSIN and the like against a reference of over 300 bits: the greatest error in units of the last place")
        {
            functions, cases, seed, jobs, host, minutes, engine,
        };
        var results = new ResultOptions();
        results.AddTo(command);
        command.SetAction(parsed => results.Guard(parsed, () =>
        {
            bool native = parsed.GetValue(host);
            var options = new TranscendentalOptions
            {
                Limit = native ? (1, 1.5) : new TranscendentalOptions().Limit,
                Functions = TranscendentalFunction.Select(parsed.GetValue(functions) ?? []),
                Cases = parsed.GetValue(cases),
                Seed = parsed.GetValue(seed),
                Jobs = parsed.GetValue(jobs),
                TimeLimit = ResultOptions.TimeLimit(parsed.GetValue(minutes)),
            };
            var chosen = TestEngines.Find(parsed.GetRequiredValue(engine));
            var run = new TranscendentalRun(() => native ? new HostX87() : new EmulatedX87(TestModel.Default, chosen));
            TranscendentalReport report = ProgressBar.Run("transcendental", update => run.Run(options, update is null ? null : (done, total, name) => update(done, total, name)));
            Print(report);
            results.Save(parsed, report.ToRunResult());
            return report.Passed ? 0 : ResultOptions.Failed;
        }));
        return command;
    }

    private static void Print(TranscendentalReport report)
    {
        foreach (TranscendentalResult bad in report.Results.Where(r => r.Failures > 0))
        {
            Console.WriteLine($"FAILED {bad.Function}: {bad.Failures:N0} of {bad.Cases:N0} results are too far off");
            foreach (string example in bad.Examples) Console.WriteLine($"  {example}");
        }
        ResultTable.Print(["function"], ["cases", "ulp to nearest", "ulp otherwise", "too far off"], report.Results.Select(r => (string[])
            [r.Function, $"{r.Cases:N0}", $"{r.Nearest:F4}", $"{r.Directed:F4}", $"{r.Failures:N0}"]));
        Console.WriteLine($"{report.Results.Count} functions, {report.Results.Sum(r => r.Cases):N0} cases, greatest error {report.Results.Max(r => r.Nearest):F4} ulp to nearest, "
            + $"{report.Results.Max(r => r.Directed):F4} ulp otherwise, seed {report.Seed}, {report.Duration.TotalSeconds:F1} s");
    }
}
