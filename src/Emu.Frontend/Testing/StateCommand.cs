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
        var command = new Command("state", "State-in, state-out tests from JSON files") { files };
        var results = new ResultOptions();
        results.AddTo(command);
        command.SetAction(parsed => ResultOptions.Guard(() =>
        {
            var watch = Stopwatch.StartNew();
            var outcomes = new List<TestOutcome>();
            foreach (FileInfo file in parsed.GetRequiredValue(files))
            {
                using FileStream stream = file.OpenRead();
                foreach (StateTest test in StateTestReader.Read(stream, file.Name))
                {
                    StateTestResult result = StateTestRunner.Run(test, TestModel.Default);
                    outcomes.Add(new TestOutcome(file.Name, "state", result.Name) { Failures = [.. result.Failures.Select(f => new Mismatch(f, f))] });
                    if (result.Failures.Count == 0) continue;
                    Console.WriteLine($"FAILED {result.Name}");
                    foreach (string failure in result.Failures) Console.WriteLine($"  {failure}");
                }
            }
            int failed = outcomes.Count(o => o.Failures.Count > 0);
            Console.WriteLine($"{outcomes.Count - failed} passed, {failed} failed");
            results.Save(parsed, new TestRunResult("state", 0, watch.Elapsed, outcomes));
            return failed == 0 && outcomes.Count > 0 ? 0 : ResultOptions.Failed;
        }));
        return command;
    }
}
