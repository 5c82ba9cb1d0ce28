using System.Diagnostics;
using Emu.Conformance.Emulated;
using Emu.Cpu;

namespace Emu.Conformance.Fuzz;

/// <summary>How far a run is.</summary>
/// <param name="Done">Instructions retired.</param>
/// <param name="Total">Instructions planned.</param>
/// <param name="Failures">What went wrong so far.</param>
/// <param name="Mode">The mode at work.</param>
public readonly record struct FuzzProgress(long Done, long Total, long Failures, string Mode);

/// <summary>
/// Runs random code in every mode and checks that nothing but the architecture answers: no exception of the host, no state that cannot be.
/// </summary>
/// <param name="model">The processor.</param>
/// <param name="engine">What executes.</param>
public sealed class FuzzRunner(CpuModel model, ExecutionEngine engine)
{
    /// <summary>Runs what the options say.</summary>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    public FuzzReport Run(FuzzOptions options, Action<FuzzProgress>? progress = null)
    {
        options.Validate();
        var watch = Stopwatch.StartNew();
        var results = new List<FuzzModeResult>();
        long done = 0, total = options.Instructions * options.Modes.Count;
        foreach (FuzzMode mode in options.Modes)
        {
            var result = new FuzzModeResult(mode);
            results.Add(result);
            long left = options.Instructions;
            ulong next = options.FirstRound;
            Thread[] threads = [.. Enumerable.Range(0, options.Jobs).Select(_ => new Thread(Work))];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();

            void Work()
            {
                while (true)
                {
                    long limit = Interlocked.Read(ref left);
                    if (limit <= 0 || result.FailureCount >= FuzzOptions.MostFailures || (options.TimeLimit != Timeout.InfiniteTimeSpan && watch.Elapsed >= options.TimeLimit)) return;
                    ulong number = Interlocked.Increment(ref next) - 1;
                    using var round = new FuzzRound(model, engine, mode, options.Seed, number, result);
                    long ran = round.Run(limit);
                    lock (result) result.Rounds++;
                    Interlocked.Add(ref left, ran > 0 ? -ran : -limit);
                    progress?.Invoke(new FuzzProgress(Interlocked.Add(ref done, ran), total, results.Sum(r => r.FailureCount), mode.Name));
                }
            }
        }
        return new FuzzReport(options.Seed, watch.Elapsed, results);
    }
}
