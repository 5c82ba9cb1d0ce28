using System.Globalization;

namespace Emu.Conformance.Run;

/// <summary>What an oracle run covers.</summary>
public sealed record OracleOptions
{
    /// <summary>Modes to run: 64, 32, 16.</summary>
    public IReadOnlyList<int> Bits { get; init; } = [64, 32, 16];

    /// <summary>Seed of every random number.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Cases of each form.</summary>
    public int Cases { get; init; } = 1000;

    /// <summary>Number of the first case of each form.</summary>
    public ulong FirstCase { get; init; }

    /// <summary>Patterns of form names, mnemonics or families; null for all.</summary>
    public string? Forms { get; init; }

    /// <summary>This run takes every <see cref="Shards"/>-th form, from this one (0-based) on.</summary>
    public int Shard { get; init; }

    /// <summary>Number of shards the forms are spread over.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Threads, each with a native runner and an executor of its own.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>The run ends after this time, with fewer cases.</summary>
    public TimeSpan TimeLimit { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Mismatches described in full, for each form.</summary>
    public int DescribedMismatches { get; init; } = 3;

    /// <summary>Sequences with a mismatch of which one is described in full, for each mode.</summary>
    public int DescribedSequences { get; init; } = 30;

    /// <summary>Whether to run privileged forms for the fault they raise.</summary>
    public bool Privileged { get; init; } = true;

    /// <summary>Number of random sequences of several instructions to run besides, for each mode.</summary>
    public int Sequences { get; init; }

    /// <summary>States that each sequence is run from, at least 1.</summary>
    public int States { get; init; } = 1;

    /// <summary>Name of what executes the cases.</summary>
    public string Engine { get; init; } = "";

    /// <summary>All that the results depend on besides seed and shard: the same in all shards of one run.</summary>
    public string Settings => string.Create(CultureInfo.InvariantCulture,
        $"engine={Engine} bits={string.Join(',', Bits)} forms={Forms ?? "*"} cases={Cases} first={FirstCase} sequences={Sequences} states={States} shards={Shards}");

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense; the message says which.</exception>
    public void Validate()
    {
        if (Bits.Count == 0 || Bits.Any(b => b is not (16 or 32 or 64))) throw new ArgumentException("bits must be 16, 32 or 64");
        if (Cases < 0 || Sequences < 0) throw new ArgumentException("the number of cases cannot be negative");
        if (States < 1) throw new ArgumentException("a sequence runs from one state at least");
        if (Shards < 1 || Shard < 0 || Shard >= Shards) throw new ArgumentException($"shard {Shard + 1} of {Shards} does not exist");
        if (Jobs < 1) throw new ArgumentException("at least one job is needed");
    }
}

/// <summary>How far a run is.</summary>
/// <param name="Done">Cases run.</param>
/// <param name="Total">Cases planned.</param>
/// <param name="Mismatches">Mismatches so far.</param>
/// <param name="Current">The form at work.</param>
public readonly record struct OracleProgress(long Done, long Total, long Mismatches, string Current);
