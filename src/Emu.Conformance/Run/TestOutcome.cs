namespace Emu.Conformance.Run;

/// <summary>How a test went, as results files of all kinds say it.</summary>
/// <param name="Suite">The suite it belongs to.</param>
/// <param name="ClassName">Its class, for viewers that group by it.</param>
/// <param name="Name">Its name, unique in the suite.</param>
public sealed record TestOutcome(string Suite, string ClassName, string Name)
{
    /// <summary>What failed: a line, and the details. Empty when it passed or was skipped.</summary>
    public IReadOnlyList<Mismatch> Failures { get; init; } = [];

    /// <summary>The number of failures when not all are described.</summary>
    public string? FailureSummary { get; init; }

    /// <summary>Why it was not run, or null.</summary>
    public string? Skipped { get; init; }

    /// <summary>Figures to keep with it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];
}

/// <summary>The outcomes of a run.</summary>
/// <param name="Name">Name of the run, such as <c>oracle</c>.</param>
/// <param name="Seed">Seed of its random numbers.</param>
/// <param name="Duration">Wall-clock time.</param>
/// <param name="Outcomes">The tests.</param>
public sealed record TestRunResult(string Name, ulong Seed, TimeSpan Duration, IReadOnlyList<TestOutcome> Outcomes)
{
    /// <summary>More to keep with it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];
}
