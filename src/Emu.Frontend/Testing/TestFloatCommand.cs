using System.CommandLine;
using Emu.Conformance.Run;
using Emu.Conformance.TestFloat;
using Emu.Cpu.FloatingPoint;

namespace Emu.Frontend.Testing;

/// <summary><c>emu test testfloat</c>.</summary>
internal static class TestFloatCommand
{
    /// <summary>Runs Berkeley TestFloat's vectors.</summary>
    public static Command Create()
    {
        var generator = new Argument<FileInfo>("testfloat_gen") { Description = "The program that makes the vectors, of Berkeley TestFloat 3e" };
        var functions = new Option<string[]>("--functions") { Description = "TestFloat's names, such as extF80_add or f64_*", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var level = new Option<int>("--level") { Description = "Amount of vectors: 1 or 2, as testfloat_gen has it", DefaultValueFactory = _ => 1 };
        var seed = new Option<uint>("--seed") { Description = "Seed for testfloat_gen", DefaultValueFactory = _ => 1 };
        var jobs = new Option<int>("--jobs") { Description = "Functions at a time", DefaultValueFactory = _ => 1 };
        Option<double?> minutes = ResultOptions.Minutes();
        var command = new Command("testfloat", "Floating point against Berkeley TestFloat: all functions, rounding modes and precisions") { generator, functions, level, seed, jobs, minutes };
        var results = new ResultOptions();
        results.AddTo(command);
        command.SetAction(parsed => results.Guard(parsed, () =>
        {
            if (parsed.GetValue(level) is not (1 or 2)) throw new ArgumentException("--level is 1 or 2");
            if (parsed.GetValue(jobs) < 1) throw new ArgumentException("at least one job is needed");
            var run = new TestFloatRun(parsed.GetRequiredValue(generator).FullName, parsed.GetValue(level), parsed.GetValue(seed),
                TestFloatRun.Select(parsed.GetValue(functions) ?? []), parsed.GetValue(jobs), ResultOptions.TimeLimit(parsed.GetValue(minutes)));
            TestFloatSummary summary = ProgressBar.Run("testfloat", update => run.Execute(update is null ? null : (done, total, name) => update(done, total, name)));
            Print(summary);
            results.Save(parsed, summary.ToRunResult());
            return summary.Passed ? 0 : ResultOptions.Failed;
        }));
        return command;
    }

    private static void Print(TestFloatSummary summary)
    {
        foreach (TestFloatResult bad in summary.Results.Where(r => r.Report.Mismatches > 0))
        {
            Console.WriteLine($"MISMATCH {bad.Name}: {bad.Report.Mismatches:N0} of {bad.Report.Cases:N0}");
            foreach (string example in bad.Report.Examples) Console.WriteLine($"  {example}");
        }
        ResultTable.Print(["function"], ["configurations", "vectors", "mismatches"], summary.Results.GroupBy(r => r.Report.Function).Select(function => (string[])
            [function.Key, $"{function.Count()}", $"{function.Sum(r => r.Report.Cases):N0}", $"{function.Sum(r => r.Report.Mismatches):N0}"]));
        if (summary.Skipped > 0) Console.WriteLine($"{summary.Skipped} configurations not run: the time was up");
        Console.WriteLine($"{summary.Results.Select(r => r.Report.Function).Distinct().Count()} functions, {summary.Results.Sum(r => r.Report.Cases):N0} vectors, "
            + $"{summary.Results.Sum(r => r.Report.Mismatches):N0} mismatches, {summary.Duration.TotalSeconds:F1} s");
    }
}
