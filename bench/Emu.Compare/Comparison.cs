namespace Emu.Compare;

/// <summary>All runs of one workload.</summary>
/// <param name="Workload">The workload.</param>
/// <param name="Results">For each contender its runs, in order.</param>
/// <param name="Measure">Which of a run's times counts.</param>
internal sealed record Row(Workload Workload, IReadOnlyDictionary<string, List<RunResult>> Results, Func<RunResult, double> Measure)
{
    /// <summary>Median of a contender's successful runs in seconds, or null.</summary>
    public double? Time(string contender) => Statistics.Median(Results[contender].Where(r => r.Failure == null).Select(Measure));

    /// <summary>Why a contender has no time, or null.</summary>
    public string? Failure(string contender) => Results[contender].FirstOrDefault(r => r.Failure != null)?.Failure;

    /// <summary>Whether all successful runs computed the same.</summary>
    public bool Agrees => Results.Values.SelectMany(r => r).Where(r => r.Checksum != null).Select(r => r.Checksum).Distinct().Count() <= 1;
}

/// <summary>Memory of one contender after one repetition.</summary>
/// <param name="Repetition">Counted from 1.</param>
/// <param name="Resident">Bytes resident.</param>
/// <param name="BeyondGuest">Bytes resident that are not guest memory.</param>
internal sealed record MemorySample(int Repetition, long Resident, long BeyondGuest);

/// <summary>Runs workloads with several contenders in turn.</summary>
/// <param name="contenders">Who.</param>
/// <param name="workloads">What.</param>
/// <param name="processorTime">Compare the emulators by the processor time they took instead of by host time: for a host with other work to do.</param>
internal sealed class Comparison(IReadOnlyList<Contender> contenders, IReadOnlyList<Workload> workloads, bool processorTime)
{
    private readonly Dictionary<string, List<MemorySample>> memory = contenders.ToDictionary(c => c.Name, _ => new List<MemorySample>());

    /// <summary>The rows, filled by <see cref="Run"/>.</summary>
    public IReadOnlyList<Row> Rows { get; } =
        [.. workloads.Select(w => new Row(w, contenders.ToDictionary(c => c.Name, _ => new List<RunResult>()), r => processorTime ? r.ProcessorSeconds : r.Seconds))];

    /// <summary>The contenders.</summary>
    public IReadOnlyList<Contender> Contenders => contenders;

    /// <summary>Memory after each repetition, by contender.</summary>
    public IReadOnlyDictionary<string, List<MemorySample>> Memory => memory;

    /// <summary>Boots all, then runs everything.</summary>
    /// <param name="boots">How often each is started, to measure that.</param>
    /// <param name="repetitions">How often each workload runs.</param>
    /// <param name="scale">Factor on the amount of work.</param>
    /// <param name="limit">Time after which a boot or a run counts as hung.</param>
    /// <param name="progress">Told what happens.</param>
    public void Run(int boots, int repetitions, double scale, TimeSpan limit, Action<string> progress)
    {
        for (int boot = 1; boot <= boots; boot++)
        {
            foreach (Contender contender in contenders)
            {
                contender.Stop();
                progress($"{contender.Name}: starting ({boot}/{boots})");
                if (contender.Start(limit) is { } failure) throw new CompareException($"{contender.Name} does not get ready: {failure}");
            }
        }

        for (int repetition = 1; repetition <= repetitions; repetition++)
        {
            foreach (Row row in Rows)
            {
                long units = Math.Max(1, (long)(row.Workload.Units * scale));
                foreach (Contender contender in contenders)
                {
                    progress($"{row.Workload.Name} ({repetition}/{repetitions}): {contender.Name}");
                    // Who hung was ended.
                    string? failure = contender.IsRunning ? null : contender.Start(limit);
                    row.Results[contender.Name].Add(failure != null ? RunResult.Failed(failure) : contender.Run(row.Workload.Name, units, limit));
                }
            }

            foreach (Contender contender in contenders)
            {
                (long resident, long beyond) = contender.Memory();
                memory[contender.Name].Add(new MemorySample(repetition, resident, beyond));
            }
        }
    }
}
