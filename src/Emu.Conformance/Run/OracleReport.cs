using Emu.Conformance.Forms;

namespace Emu.Conformance.Run;

/// <summary>A case whose results differ.</summary>
/// <param name="Signature">What differs, without values: equal signatures have likely the same cause.</param>
/// <param name="Description">Everything needed to reproduce it.</param>
public sealed record Mismatch(string Signature, string Description);

/// <summary>The result of one form in one mode.</summary>
public sealed record FormResult
{
    /// <summary>What <see cref="Form"/> is for random sequences.</summary>
    public const string Sequences = "sequence";

    /// <summary>Name of the form, such as <c>Add_rm32_r32</c>.</summary>
    public required string Form { get; init; }

    /// <summary>16, 32 or 64.</summary>
    public required int Bits { get; init; }

    /// <summary>CPUID features that gate it.</summary>
    public required string Family { get; init; }

    /// <summary>How the form is treated.</summary>
    public required FormStatus Status { get; init; }

    /// <summary>Why it is not run.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Cases compared.</summary>
    public long Cases { get; set; }

    /// <summary>Cases the executor does not implement.</summary>
    public long NotImplemented { get; set; }

    /// <summary>Cases with differences.</summary>
    public long MismatchCount { get; set; }

    /// <summary>Cases in which the native run died or hung: not compared.</summary>
    public long Lost { get; set; }

    /// <summary>Cases that differed and agreed when run natively again.</summary>
    public long Disturbed { get; set; }

    /// <summary>The first mismatches.</summary>
    public List<Mismatch> Mismatches { get; init; } = [];

    /// <summary>Compared at least once, and implemented.</summary>
    public bool Covered => Cases > 0 && NotImplemented == 0;
}

/// <summary>The result of a run, or of several merged.</summary>
public sealed class OracleReport
{
    /// <summary>All forms of the host in the modes run, also those not run.</summary>
    public List<FormResult> Forms { get; init; } = [];

    /// <summary>Seed of the run.</summary>
    public ulong Seed { get; init; }

    /// <summary>All else that the results depend on (<see cref="OracleOptions.Settings"/>).</summary>
    public string Settings { get; init; } = "";

    /// <summary>The shards whose results these are, from 1.</summary>
    public IReadOnlyList<int> Shards { get; init; } = [];

    /// <summary>Shards of the run.</summary>
    public int ShardCount { get; init; } = 1;

    /// <summary>Shards of the run whose results are missing.</summary>
    public IEnumerable<int> MissingShards => Enumerable.Range(1, ShardCount).Except(Shards);

    /// <summary>Wall-clock time, summed over shards.</summary>
    public TimeSpan Duration { get; set; }

    /// <summary>User-mode forms of the host that were compared, in modes <paramref name="bits"/> (0: all).</summary>
    public int CoveredForms(int bits = 0) => Counted(bits).Count(f => f.Status == FormStatus.Runnable && f.Covered);

    /// <summary>User-mode forms the host supports, AVX-512, AMX and privileged ones aside.</summary>
    public int TotalForms(int bits = 0) => Counted(bits).Count();

    /// <summary>Cases compared.</summary>
    public long Cases => Forms.Sum(f => f.Cases);

    /// <summary>Cases that differ.</summary>
    public long Mismatches => Forms.Sum(f => f.MismatchCount);

    /// <summary>Whether everything that was run agreed, and something was.</summary>
    public bool Passed => Mismatches == 0 && Cases > 0;

    /// <summary>Puts the results of shards together.</summary>
    /// <exception cref="ReportFormatException">They are not shards of one run, or one is there twice.</exception>
    public static OracleReport Merge(IEnumerable<OracleReport> reports)
    {
        var merged = new Dictionary<(string, int), FormResult>();
        OracleReport? first = null;
        var shards = new SortedSet<int>();
        TimeSpan duration = default;
        foreach (OracleReport report in reports)
        {
            first ??= report;
            if (first.Seed != report.Seed) throw new ReportFormatException($"a run with seed {first.Seed} and one with seed {report.Seed} are not shards of one run");
            if (first.Settings != report.Settings) throw new ReportFormatException($"a run with {first.Settings} and one with {report.Settings} are not shards of one run");
            foreach (int shard in report.Shards)
            {
                if (!shards.Add(shard)) throw new ReportFormatException($"shard {shard} is there twice");
            }
            duration += report.Duration;
            foreach (FormResult form in report.Forms)
            {
                if (!merged.TryGetValue((form.Form, form.Bits), out FormResult? known))
                {
                    merged[(form.Form, form.Bits)] = form with { Mismatches = [.. form.Mismatches] };
                    continue;
                }
                known.Cases += form.Cases;
                known.NotImplemented += form.NotImplemented;
                known.MismatchCount += form.MismatchCount;
                known.Lost += form.Lost;
                known.Disturbed += form.Disturbed;
                known.Mismatches.AddRange(form.Mismatches);
            }
        }
        return new OracleReport { Forms = [.. merged.Values], Seed = first?.Seed ?? 0, Settings = first?.Settings ?? "", Shards = [.. shards], ShardCount = first?.ShardCount ?? 1, Duration = duration };
    }

    /// <summary>Coverage by family: rows for a table.</summary>
    public IEnumerable<(string Family, int Bits, int Covered, int Total, long Cases, long Mismatches, long NotImplemented)> Families() =>
        Forms.Where(f => f.Status != FormStatus.Outside)
            .GroupBy(f => (f.Bits, f.Family))
            .OrderByDescending(g => g.Key.Bits).ThenBy(g => g.Key.Family, StringComparer.Ordinal)
            .Select(g => (g.Key.Family, g.Key.Bits, g.Count(f => f.Covered), g.Count(), g.Sum(f => f.Cases), g.Sum(f => f.MismatchCount), g.Sum(f => f.NotImplemented)));

    private IEnumerable<FormResult> Counted(int bits) =>
        Forms.Where(f => f.Status is FormStatus.Runnable or FormStatus.NotComparable && (bits == 0 || f.Bits == bits));
}
