using System.Diagnostics;
using System.Text.RegularExpressions;
using Emu.Conformance.Run;
using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.TestFloat;

/// <summary>The result of a function under one set of options.</summary>
/// <param name="Name">Both together.</param>
/// <param name="Report">What was found.</param>
public sealed record TestFloatResult(string Name, TestFloatReport Report);

/// <summary>The results of a run.</summary>
/// <param name="Results">Of every configuration that was run.</param>
/// <param name="Skipped">Configurations that were not, because the time was up.</param>
/// <param name="Duration">Wall-clock time.</param>
/// <param name="Seed">testfloat_gen's seed.</param>
public sealed record TestFloatSummary(IReadOnlyList<TestFloatResult> Results, int Skipped, TimeSpan Duration, uint Seed)
{
    /// <summary>Whether something was run and nothing differs.</summary>
    public bool Passed => Results.Sum(r => r.Report.Cases) > 0 && Results.All(r => r.Report.Mismatches == 0);

    /// <summary>As outcomes for a results file.</summary>
    public TestRunResult ToRunResult() => new("testfloat", Seed, Duration,
    [
        .. Results.Select(r => new TestOutcome(r.Report.Function, "testfloat", r.Name)
        {
            Failures = [.. r.Report.Examples.Select(e => new Mismatch("differs", e))],
            FailureSummary = r.Report.Mismatches > 0 ? $"{r.Report.Mismatches} of {r.Report.Cases} vectors differ" : null,
            Properties = [new("cases", $"{r.Report.Cases}"), new("mismatches", $"{r.Report.Mismatches}")],
        }),
    ]);
}

/// <summary>Drives testfloat_gen through functions, rounding modes and precisions.</summary>
public sealed class TestFloatRun
{
    private readonly string _generator;
    private readonly int _level;
    private readonly uint _seed;
    private readonly IReadOnlyList<TestFloatFunction> _functions;
    private readonly int _jobs;
    private readonly TimeSpan _limit;

    /// <summary>Prepares a run.</summary>
    /// <param name="generator">Path of testfloat_gen.</param>
    /// <param name="level">1 or 2.</param>
    /// <param name="seed">Its seed.</param>
    /// <param name="functions">The functions.</param>
    /// <param name="jobs">How many run at a time.</param>
    /// <param name="limit">No configuration begins after this time.</param>
    public TestFloatRun(string generator, int level, uint seed, IReadOnlyList<TestFloatFunction> functions, int jobs, TimeSpan limit)
    {
        if (!File.Exists(generator)) throw new ArgumentException($"there is no testfloat_gen at {generator}; docs/fuzz-and-testfloat.md says where it comes from");
        (_generator, _level, _seed, _functions, _jobs, _limit) = (generator, level, seed, functions, jobs, limit);
    }

    /// <summary>Functions by name, in which <c>*</c> and <c>?</c> stand for what they do in a shell; all for none.</summary>
    /// <exception cref="ArgumentException">A name matches nothing.</exception>
    public static IReadOnlyList<TestFloatFunction> Select(IReadOnlyCollection<string> names)
    {
        if (names.Count == 0) return [.. TestFloatFunction.All.Values];
        return [.. names.SelectMany(n => TestFloatFunction.All.Values.Where(f => Matches(f.Name, n)) is var found && found.Any()
            ? found
            : throw new ArgumentException($"no function of TestFloat is called '{n}'; examples: {string.Join(", ", TestFloatFunction.All.Keys.Take(4))}")).Distinct()];
    }

    /// <summary>Runs all configurations.</summary>
    /// <param name="progress">Told how many of how many are done, and which is being run.</param>
    /// <exception cref="FormatException">testfloat_gen printed something else than vectors.</exception>
    /// <exception cref="ArgumentException">It failed.</exception>
    public TestFloatSummary Execute(Action<int, int, string>? progress)
    {
        (TestFloatFunction Function, TestFloatOptions Options, string Name)[] plan = [.. _functions.SelectMany(Configurations)];
        var results = new TestFloatResult?[plan.Length];
        var watch = Stopwatch.StartNew();
        int next = -1, done = 0;
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, Math.Min(_jobs, plan.Length)).Select(_ => new Thread(Work))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        if (failure is not null) throw failure;
        return new TestFloatSummary([.. results.OfType<TestFloatResult>()], results.Count(r => r is null), watch.Elapsed, _seed);

        void Work()
        {
            try
            {
                for (int i; failure is null && (i = Interlocked.Increment(ref next)) < plan.Length;)
                {
                    if (_limit != Timeout.InfiniteTimeSpan && watch.Elapsed >= _limit) return;
                    results[i] = new TestFloatResult(plan[i].Name, Run(plan[i].Function, plan[i].Options));
                    progress?.Invoke(Interlocked.Increment(ref done), plan.Length, plan[i].Name);
                }
            }
            catch (Exception e) when (e is FormatException or ArgumentException or System.ComponentModel.Win32Exception)
            {
                failure = e;
            }
        }
    }

    private static IEnumerable<(TestFloatFunction, TestFloatOptions, string)> Configurations(TestFloatFunction function)
    {
        bool[] exactness = function.ReportsExactness ? [false, true] : [false];
        foreach (RoundingMode rounding in Enum.GetValues<RoundingMode>())
        {
            foreach (int precision in function.DependsOnPrecision ? (int[])[64, 53, 24] : [64])
            {
                foreach (bool exact in exactness)
                {
                    var options = new TestFloatOptions(rounding, precision, exact);
                    yield return (function, options, $"{function.Name} {string.Join(' ', options.GeneratorArguments.Skip(1))}");
                }
            }
        }
    }

    private TestFloatReport Run(TestFloatFunction function, TestFloatOptions options)
    {
        var start = new ProcessStartInfo(_generator, ["-level", $"{_level}", "-seed", $"{_seed}", .. options.GeneratorArguments, function.Name])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start) ?? throw new ArgumentException($"{_generator} could not be started");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            TestFloatReport report = TestFloatRunner.Run(process.StandardOutput, function, options);
            process.WaitForExit();
            if (process.ExitCode != 0) throw new ArgumentException($"{_generator} {function.Name} failed: {errors.Result.Trim().ReplaceLineEndings(" ")}");
            if (report.Cases == 0) throw new ArgumentException($"{_generator} {function.Name} printed no vectors");
            return report;
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    private static bool Matches(string name, string pattern) =>
        Regex.IsMatch(name, "^" + Regex.Escape(pattern).Replace("\\*", ".*").Replace("\\?", ".") + "$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
