using Emu.Conformance.Run;

namespace Emu.Conformance.Fuzz;

/// <summary>What fuzzing covers.</summary>
public sealed record FuzzOptions
{
    /// <summary>Failures of a mode after which it is not fuzzed any more.</summary>
    public const int MostFailures = 100;

    /// <summary>Seed of every random number.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Instructions that retire in each mode; those that fault come on top.</summary>
    public long Instructions { get; init; } = 1_000_000;

    /// <summary>The modes.</summary>
    public IReadOnlyList<FuzzMode> Modes { get; init; } = FuzzMode.All;

    /// <summary>The first round of each mode: rounds do not depend on one another.</summary>
    public ulong FirstRound { get; init; }

    /// <summary>Threads.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>The run ends after this time.</summary>
    public TimeSpan TimeLimit { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense; the message says which.</exception>
    public void Validate()
    {
        if (Instructions < 1) throw new ArgumentException("the number of instructions must be at least 1");
        if (Jobs < 1) throw new ArgumentException("at least one job is needed");
    }
}

/// <summary>What a mode did.</summary>
/// <param name="Mode">The mode.</param>
public sealed record FuzzModeResult(FuzzMode Mode)
{
    /// <summary>Instructions retired.</summary>
    public long Instructions { get; set; }

    /// <summary>Exceptions and interrupts delivered.</summary>
    public long Events { get; set; }

    /// <summary>Triple faults.</summary>
    public long Shutdowns { get; set; }

    /// <summary>Rounds run.</summary>
    public long Rounds { get; set; }

    /// <summary>What went wrong.</summary>
    public long FailureCount { get; set; }

    /// <summary>The first failures.</summary>
    public List<Mismatch> Failures { get; init; } = [];

    /// <summary>How often each vector was delivered.</summary>
    public long[] Vectors { get; } = new long[256];
}

/// <summary>The result of a fuzzing run.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Duration">Wall-clock time.</param>
/// <param name="Modes">What each mode did.</param>
public sealed record FuzzReport(ulong Seed, TimeSpan Duration, IReadOnlyList<FuzzModeResult> Modes)
{
    /// <summary>Whether something was run and nothing went wrong.</summary>
    public bool Passed => Modes.All(m => m.FailureCount == 0) && Modes.Sum(m => m.Instructions) > 0;

    /// <summary>As outcomes for a results file.</summary>
    public TestRunResult ToRunResult() => new("fuzz", Seed, Duration,
    [
        .. Modes.Select(m => new TestOutcome("fuzz", "fuzz", m.Mode.Name)
        {
            Failures = m.Failures,
            FailureSummary = m.FailureCount > 0 ? $"{m.FailureCount} failures in {m.Rounds} rounds" : null,
            Skipped = m.Rounds == 0 ? "the time was up" : null,
            Properties = [new("instructions", $"{m.Instructions}"), new("events", $"{m.Events}"), new("rounds", $"{m.Rounds}")],
        }),
    ]);
}
