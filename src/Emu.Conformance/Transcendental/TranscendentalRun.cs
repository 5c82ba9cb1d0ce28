using System.Diagnostics;
using Emu.Conformance.Generation;
using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.Transcendental;

/// <summary>What a run covers.</summary>
public sealed record TranscendentalOptions
{
    /// <summary>The functions.</summary>
    public IReadOnlyList<TranscendentalFunction> Functions { get; init; } = TranscendentalFunction.All;

    /// <summary>Cases of each.</summary>
    public int Cases { get; init; } = 5000;

    /// <summary>Seed of every random number.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>What the error may be in units of the last place when rounding to nearest, and in the other modes. The manual allows 1 and 1.5 (SDM Vol. 1 8.3.10).</summary>
    public (double Nearest, double Directed) Limit { get; init; } = (1, 1);

    /// <summary>Threads.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>The run ends after this time, with fewer cases.</summary>
    public TimeSpan TimeLimit { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense; the message says which.</exception>
    public void Validate()
    {
        if (Cases < 1) throw new ArgumentException("at least one case is needed");
        if (Jobs < 1) throw new ArgumentException("at least one job is needed");
    }
}

/// <summary>Measures the error of the transcendental instructions against <see cref="ReferenceMath"/>.</summary>
/// <param name="unit">Makes what is measured; one for each thread.</param>
public sealed class TranscendentalRun(Func<IX87Unit> unit)
{
    private const int Batch = 500, DescribedFailures = 5;
    private const ushort Masked = 0x3F, OutOfRange = 0x400; // C2
    private static readonly int[] PrecisionControls = [0, 2, 3];

    /// <summary>Runs what the options say.</summary>
    /// <param name="options">The options.</param>
    /// <param name="progress">Told how much of how much is done, and of what.</param>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    public TranscendentalReport Run(TranscendentalOptions options, Action<long, long, string>? progress = null)
    {
        options.Validate();
        var watch = Stopwatch.StartNew();
        Tally[] tallies = [.. options.Functions.Select(f => new Tally(f, options.Limit))];
        // Batches of all functions in turn, so that a run cut short has something of each.
        var work = new Queue<(Tally Tally, int First)>();
        for (int first = 0; first < options.Cases; first += Batch)
        {
            foreach (Tally tally in tallies) work.Enqueue((tally, first));
        }
        long total = (long)options.Cases * tallies.Length, done = 0;
        Parallel.ForEach(Enumerable.Range(0, options.Jobs), new ParallelOptions { MaxDegreeOfParallelism = options.Jobs }, _ =>
        {
            using IX87Unit measured = unit();
            while (true)
            {
                (Tally Tally, int First) item;
                lock (work)
                {
                    if ((options.TimeLimit != Timeout.InfiniteTimeSpan && watch.Elapsed >= options.TimeLimit) || !work.TryDequeue(out item)) return;
                }
                var cases = new X87Case[Math.Min(Batch, options.Cases - item.First)];
                Fill(item.Tally.Function, options.Seed, item.First, cases);
                measured.Run(item.Tally.Function, cases);
                foreach (ref readonly X87Case one in cases.AsSpan()) item.Tally.Add(one);
                progress?.Invoke(Interlocked.Add(ref done, cases.Length), total, item.Tally.Function.Name);
            }
        });
        return new TranscendentalReport(options.Seed, watch.Elapsed, [.. tallies.Select(t => t.Result())]);
    }

    private static void Fill(TranscendentalFunction function, ulong seed, int first, Span<X87Case> cases)
    {
        ulong stream = function.Name.Aggregate(0xCBF2_9CE4_8422_2325, (hash, c) => (hash ^ c) * 0x100_0000_01B3);
        for (int i = 0; i < cases.Length; i++)
        {
            var random = new Random64(seed, stream, (ulong)(first + i));
            (cases[i].St0, cases[i].St1) = function.Operands(first + i, ref random);
            int rounding = random.Percent(50) ? 0 : random.Below(4);
            // Precision control does not concern these instructions (SDM Vol. 1 8.1.5.2).
            cases[i].Control = (ushort)(Masked | rounding << 10 | PrecisionControls[random.Below(3)] << 8);
        }
    }

    private sealed class Tally(TranscendentalFunction function, (double Nearest, double Directed) limit)
    {
        private readonly Lock _lock = new();
        private readonly List<string> _examples = [];
        private long _cases, _failures;
        private double _nearest, _directed;
        private string _worst = "";

        public TranscendentalFunction Function => function;

        public void Add(in X87Case one)
        {
            var rounding = (RoundingMode)(one.Control >> 10 & 3);
            Float80 result = function.SecondResult ? one.Next : one.Top;
            BigFloat value = function.Reference(BigFloat.From(one.St0), BigFloat.From(one.St1));
            double error = (one.Status & OutOfRange) != 0 ? double.PositiveInfinity : ResultError.InUlps(result, value, rounding);
            string text = $"ST(0)={one.St0} ST(1)={one.St1} {rounding}: {result}, {error:G6} ulp";
            lock (_lock)
            {
                _cases++;
                if (rounding != RoundingMode.Nearest) _directed = Math.Max(_directed, error);
                else if (error > _nearest) (_nearest, _worst) = (error, text);
                if (error <= (rounding == RoundingMode.Nearest ? limit.Nearest : limit.Directed)) return;
                _failures++;
                if (_examples.Count < DescribedFailures) _examples.Add(text);
            }
        }

        public TranscendentalResult Result() => new(function.Name, _cases, _nearest, _directed, _failures, _worst, _examples);
    }
}
