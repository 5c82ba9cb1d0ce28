using System.CommandLine;
using Emu.Conformance.Emulated;
using Emu.Conformance.Fuzz;
using Emu.Cpu;

namespace Emu.Frontend.Testing;

/// <summary><c>emu test fuzz</c>.</summary>
internal static class FuzzCommand
{
    /// <summary>Runs random code.</summary>
    public static Command Create()
    {
        var instructions = new Option<long>("--instructions") { Description = "Instructions to retire in each mode, at least; those that fault come on top", DefaultValueFactory = _ => 1_000_000 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of all random values", DefaultValueFactory = _ => 1 };
        var modes = new Option<string[]>("--modes")
        {
            Description = $"Modes: {string.Join(", ", FuzzMode.All.Select(m => m.Name))} (default: all)",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        var round = new Option<ulong>("--round") { Description = "Number of the first round of each mode; a failure names its round", DefaultValueFactory = _ => 0 };
        var jobs = new Option<int>("--jobs") { Description = "Threads", DefaultValueFactory = _ => 1 };
        Option<double?> minutes = ResultOptions.Minutes();
        Option<string> engine = ResultOptions.Engine();
        var command = new Command("fuzz", "Random bytes and random instructions as code, in every mode: only the architecture may answer")
        {
            instructions, seed, modes, round, jobs, minutes, engine,
        };
        var results = new ResultOptions();
        results.AddTo(command);
        command.SetAction(parsed => results.Guard(parsed, () =>
        {
            var options = new FuzzOptions
            {
                Instructions = parsed.GetValue(instructions),
                Seed = parsed.GetValue(seed),
                Modes = FuzzMode.Select(parsed.GetValue(modes) ?? []),
                FirstRound = parsed.GetValue(round),
                Jobs = parsed.GetValue(jobs),
                TimeLimit = ResultOptions.TimeLimit(parsed.GetValue(minutes)),
            };
            var runner = new FuzzRunner(TestModel.Everything, TestEngines.Find(parsed.GetRequiredValue(engine)));
            FuzzReport report = ProgressBar.Run("fuzz", update => runner.Run(options,
                update is null ? null : p => update(p.Done, p.Total, $"{p.Mode}, {p.Failures} failures")));
            Print(report);
            results.Save(parsed, report.ToRunResult());
            return report.Passed ? 0 : ResultOptions.Failed;
        }));
        return command;
    }

    private static void Print(FuzzReport report)
    {
        foreach (FuzzModeResult mode in report.Modes)
        {
            foreach (var failure in mode.Failures) Console.WriteLine($"FAILED {failure.Signature}: {failure.Description}");
        }
        ResultTable.Print(["mode"], ["retired", "events", "#UD", "#GP", "#PF", "triple faults", "failures"], report.Modes.Select(m => (string[])
        [
            m.Mode.Name, $"{m.Instructions:N0}", $"{m.Events:N0}", $"{m.Vectors[ExceptionVector.InvalidOpcode]:N0}", $"{m.Vectors[ExceptionVector.GeneralProtection]:N0}",
            $"{m.Vectors[ExceptionVector.PageFault]:N0}", $"{m.Shutdowns:N0}", $"{m.FailureCount:N0}",
        ]));
        Console.WriteLine($"{report.Modes.Count} modes, {report.Modes.Sum(m => m.Instructions):N0} instructions retired, {report.Modes.Sum(m => m.Events):N0} exceptions and interrupts, "
            + $"{report.Modes.Sum(m => m.FailureCount)} failures, seed {report.Seed}, {report.Duration.TotalSeconds:F1} s");
    }
}
