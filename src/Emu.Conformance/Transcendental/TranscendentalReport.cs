using System.Globalization;
using Emu.Conformance.Run;

namespace Emu.Conformance.Transcendental;

/// <summary>What was measured of a function.</summary>
/// <param name="Function">Its name.</param>
/// <param name="Cases">Results compared.</param>
/// <param name="Nearest">The greatest error when rounding to nearest, in units of the last place.</param>
/// <param name="Directed">The greatest error in the other rounding modes.</param>
/// <param name="Failures">Results further off than allowed.</param>
/// <param name="Worst">The case of the greatest error when rounding to nearest.</param>
/// <param name="Examples">Some of the failures.</param>
public sealed record TranscendentalResult(string Function, long Cases, double Nearest, double Directed, long Failures, string Worst, IReadOnlyList<string> Examples);

/// <summary>The results of a run.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Duration">Wall-clock time.</param>
/// <param name="Results">One for each function.</param>
public sealed record TranscendentalReport(ulong Seed, TimeSpan Duration, IReadOnlyList<TranscendentalResult> Results)
{
    /// <summary>Whether something was run and nothing is further off than allowed.</summary>
    public bool Passed => Results.Sum(r => r.Cases) > 0 && Results.All(r => r.Failures == 0);

    /// <summary>As outcomes for a results file.</summary>
    public TestRunResult ToRunResult() => new("transcendental", Seed, Duration,
    [
        .. Results.Select(r => new TestOutcome("transcendental", "transcendental", r.Function)
        {
            Failures = [.. r.Examples.Select(e => new Mismatch("too far off", e))],
            FailureSummary = r.Failures > 0 ? $"{r.Failures} of {r.Cases} results are too far off" : null,
            Skipped = r.Cases == 0 ? "the time was up" : null,
            Properties =
            [
                new("cases", $"{r.Cases}"), new("nearest", r.Nearest.ToString(CultureInfo.InvariantCulture)), new("directed", r.Directed.ToString(CultureInfo.InvariantCulture)),
            ],
        }),
    ]);
}
