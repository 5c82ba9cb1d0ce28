using System.CommandLine;
using System.Diagnostics;
using Emu.Conformance.Run;
using Emu.Conformance.States;

namespace Emu.Frontend.Testing;

/// <summary><c>emu test state</c>.</summary>
internal static class StateCommand
{
    /// <summary>Runs state tests from files.</summary>
    public static Command Create()
    {
        var files = new Argument<FileInfo[]>("files") { Description = "JSON files; docs/state-tests.md describes them", Arity = ArgumentArity.OneOrMore };
        Option<string> engine = ResultOptions.Engine();
        var command = new Command("state", "State-in, state-out tests from JSON files") { files, engine };
        var results = new ResultOptions();
        results.AddTo(command);
        command.SetAction(parsed => results.Guard(parsed, () =>
        {
            // All files are read before the first test runs: a typing mistake in the last one should not cost a long run.
            (string File, StateTest Test)[] tests = [.. parsed.GetRequiredValue(files).SelectMany(file => Read(file).Select(test => (file.Name, test)))];
            var chosen = TestEngines.Find(parsed.GetRequiredValue(engine));
            var watch = Stopwatch.StartNew();
            TestOutcome[] outcomes = ProgressBar.Run("state tests", update => tests.Select((t, i) =>
            {
                StateTestResult result = StateTestRunner.Run(t.Test, TestModel.Default, chosen);
                update?.Invoke(i + 1, tests.Length, $"{t.File}: {t.Test.Name}");
                return new TestOutcome(t.File, "state", result.Name) { Failures = [.. result.Failures.Select(f => new Mismatch(f, f))] };
            }).ToArray());
            foreach (TestOutcome bad in outcomes.Where(o => o.Failures.Count > 0))
            {
                Console.WriteLine($"FAILED {bad.Suite}: {bad.Name}");
                foreach (Mismatch failure in bad.Failures) Console.WriteLine($"  {failure.Description}");
            }
            int failed = outcomes.Count(o => o.Failures.Count > 0);
            Console.WriteLine($"{outcomes.Length - failed} passed, {failed} failed");
            results.Save(parsed, new TestRunResult("state", 0, watch.Elapsed, outcomes));
            return failed == 0 ? 0 : ResultOptions.Failed;
        }));
        return command;
    }

    private static IReadOnlyList<StateTest> Read(FileInfo file)
    {
        if (Directory.Exists(file.FullName)) throw new ArgumentException($"'{file}' is a directory; name the files in it: {Path.Combine(file.ToString(), "*.json")}");
        if (!file.Exists) throw new ArgumentException($"there is no file '{file}'");
        using FileStream stream = file.OpenRead();
        return StateTestReader.Read(stream, file.Name);
    }
}
