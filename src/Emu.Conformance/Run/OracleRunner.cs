using System.Diagnostics;
using Emu.Conformance.Cases;
using Emu.Conformance.Comparison;
using Emu.Conformance.Forms;
using Emu.Conformance.Generation;
using Emu.Conformance.Native;

namespace Emu.Conformance.Run;

/// <summary>Runs cases natively and on an executor, and compares.</summary>
public sealed unsafe class OracleRunner
{
    private const int BatchSize = 128, Reruns = 2;

    private readonly FormCatalog _catalog;
    private readonly Func<TestSegments, IStateExecutor> _createExecutor;

    /// <summary>A runner for an executor; the factory is called once a thread, with the segments the host has.</summary>
    public OracleRunner(FormCatalog catalog, Func<TestSegments, IStateExecutor> createExecutor)
    {
        _catalog = catalog;
        _createExecutor = createExecutor;
    }

    /// <summary>Runs what the options say.</summary>
    /// <exception cref="NativeHostException">The host cannot run native cases.</exception>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    public OracleReport Run(OracleOptions options, Action<OracleProgress>? progress = null)
    {
        options.Validate();
        foreach (int bits in options.Bits)
        {
            if (HostModes.Current.UnsupportedReason(bits) is { } reason) throw new NativeHostException($"{bits}-bit code cannot be run natively: {reason}");
        }
        var run = new State(options, Plan(options), progress);
        if (options.Jobs == 1) Work(run);
        else
        {
            Exception? failure = null;
            Thread[] threads = [.. Enumerable.Range(0, options.Jobs).Select(_ => new Thread(() =>
            {
                try { Work(run); }
                catch (NativeHostException e) { failure = e; }
            }))];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            if (failure is not null) throw failure;
        }
        return run.Report();
    }

    private List<(FormResult Result, InstructionForm? Form)> Plan(OracleOptions options)
    {
        var plan = new List<(FormResult, InstructionForm?)>();
        foreach (int bits in options.Bits)
        {
            foreach (InstructionForm form in _catalog.Select(bits, options.Forms).Where(f => f.Status != FormStatus.Outside))
            {
                var result = new FormResult { Form = form.Name, Bits = bits, Family = form.Family, Status = form.Status, Reason = form.Reason };
                bool run = form.Status == FormStatus.Runnable || (form.Status == FormStatus.Privileged && options.Privileged);
                plan.Add((result, run && plan.Count % options.Shards == options.Shard ? form : null));
            }
        }
        return plan;
    }

    private void Work(State run)
    {
        using var host = new NativeHost(BatchSize);
        IStateExecutor executor = _createExecutor(HostModes.Current.Segments);
        var generators = new Dictionary<int, CaseGenerator>();
        var sequences = new Dictionary<int, SequenceGenerator>();
        var comparer = new CaseComparer();
        try
        {
            while (run.Take() is { } work)
            {
                int bits = work.Result.Bits;
                if (!generators.TryGetValue(bits, out CaseGenerator? generator)) generators[bits] = generator = new CaseGenerator(bits, run.Options.Seed);
                if (work.Form is null && !sequences.ContainsKey(bits)) sequences[bits] = new SequenceGenerator(_catalog.Forms(bits), bits, run.Options.Seed, run.Options.States);
                int count = 0;
                for (ulong number = work.First; number < work.First + (ulong)work.Count; number++)
                {
                    bool made = work.Form is { } form
                        ? generator.TryGenerate(form, number, ref host.Input(count))
                        : sequences[bits].TryGenerate(number, ref host.Input(count));
                    if (made) count++;
                }
                host.Begin(count);
                var actual = Execute(executor, host, count);
                host.Finish();
                Compare(run, work, host, actual, count, comparer);
                run.Done(work);
            }
        }
        finally
        {
            (executor as IDisposable)?.Dispose();
        }
    }

    // The executor works while the child process does.
    private static CaseResult[] Execute(IStateExecutor executor, NativeHost host, int count)
    {
        var results = new CaseResult[count];
        for (int i = 0; i < count; i++) executor.Execute(in host.Input(i), ref results[i]);
        return results;
    }

    private static void Compare(State run, WorkItem work, NativeHost host, CaseResult[] results, int count, CaseComparer comparer)
    {
        FormResult total = work.Result;
        var suspects = new List<Suspect>();
        for (int i = 0; i < count; i++)
        {
            ref CaseInput input = ref host.Input(i);
            ref CaseResult expected = ref host.Result(i);
            ref CaseResult actual = ref results[i];
            lock (total)
            {
                if (actual.Outcome == CaseOutcome.NotImplemented) total.NotImplemented++;
                else if (IsLost(expected)) total.Lost++;
                else
                {
                    total.Cases++;
                    if (comparer.Compare(input, expected, actual) is { Count: > 0 } differences) suspects.Add(new Suspect(input, expected, actual, differences));
                }
            }
        }
        foreach (Suspect suspect in suspects) Judge(run, total, host, suspect, comparer);
    }

    private static bool IsLost(in CaseResult native) => native.Outcome is CaseOutcome.Crashed or CaseOutcome.Hung or CaseOutcome.None;

    // An interrupt in the middle of a native case may change state that no instruction did: the kernel turns null selectors into 0, for
    // instance. A difference counts when it is there every time.
    private static void Judge(State run, FormResult total, NativeHost host, Suspect suspect, CaseComparer comparer)
    {
        for (int attempt = 0; attempt < Reruns; attempt++)
        {
            host.Input(0) = suspect.Input;
            host.Run(1);
            if (IsLost(host.Result(0)) || comparer.Compare(suspect.Input, host.Result(0), suspect.Actual).Count != 0) continue;
            lock (total) total.Disturbed++;
            return;
        }

        CaseInput input = suspect.Input;
        string signature = MismatchDescription.Signature(suspect.Differences);
        // One sequence of many states often goes wrong in all of them.
        if (total.Form == FormResult.Sequences) signature = $"sequence {input.CaseNumber / (ulong)run.Options.States}: {signature}";
        CaseResult expected = suspect.Expected;
        string text = MismatchDescription.Text(total.Form, run.Options.Seed, &input, &expected, suspect.Differences);
        lock (total)
        {
            total.MismatchCount++;
            Interlocked.Increment(ref run.Mismatches);
            // Different signatures first: they likely have different causes.
            bool known = total.Mismatches.Any(m => m.Signature == signature);
            int described = total.Mismatches.Count, few = run.Options.DescribedMismatches;
            if (total.Form == FormResult.Sequences ? known || described >= run.Options.DescribedSequences : described >= few && (known || described >= 2 * few)) return;
            total.Mismatches.Add(new Mismatch(signature, text));
        }
    }

    private sealed class Suspect(in CaseInput input, in CaseResult expected, in CaseResult actual, IReadOnlyList<Difference> differences)
    {
        public readonly CaseInput Input = input;
        public readonly CaseResult Expected = expected, Actual = actual;
        public readonly IReadOnlyList<Difference> Differences = differences;
    }

    private sealed record WorkItem(FormResult Result, InstructionForm? Form, ulong First, int Count);

    private sealed class State
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private readonly List<FormResult> _results;
        private readonly IEnumerator<WorkItem> _work;
        private readonly Action<OracleProgress>? _progress;
        private readonly long _total;
        private long _done;

        public long Mismatches;

        public State(OracleOptions options, List<(FormResult Result, InstructionForm? Form)> plan, Action<OracleProgress>? progress)
        {
            Options = options;
            _results = [.. plan.Select(p => p.Result)];
            List<(FormResult Result, InstructionForm? Form)> runnable = [.. plan.Where(p => p.Form is not null)];
            List<FormResult> sequences = options.Sequences == 0 ? [] : [.. options.Bits.Select(bits =>
                new FormResult { Form = FormResult.Sequences, Bits = bits, Family = "sequences", Status = FormStatus.Privileged })];
            _results.AddRange(sequences);
            _progress = progress;
            _total = (long)runnable.Count * options.Cases + sequences.Count * SequenceCases;
            _work = Works(runnable, sequences).GetEnumerator();
        }

        public OracleOptions Options { get; }

        /// <summary>Cases of sequences that a shard has in each mode.</summary>
        private long SequenceCases => (long)(Options.Sequences / Options.Shards) * Options.States;

        public WorkItem? Take()
        {
            lock (_work)
            {
                bool late = Options.TimeLimit != Timeout.InfiniteTimeSpan && _watch.Elapsed >= Options.TimeLimit;
                return !late && _work.MoveNext() ? _work.Current : null;
            }
        }

        public void Done(WorkItem work)
        {
            long done = Interlocked.Add(ref _done, work.Count);
            _progress?.Invoke(new OracleProgress(done, _total, Interlocked.Read(ref Mismatches), work.Result.Form));
        }

        public OracleReport Report() => new() { Forms = _results, Seed = Options.Seed, Settings = Options.Settings, Shards = [Options.Shard + 1], ShardCount = Options.Shards, Duration = _watch.Elapsed };

        // Rounds over all forms, so that a run cut short has covered them all.
        private IEnumerable<WorkItem> Works(List<(FormResult Result, InstructionForm? Form)> forms, List<FormResult> sequences)
        {
            for (long done = 0; done < Math.Max(Options.Cases, SequenceCases); done += BatchSize)
            {
                if (done < Options.Cases)
                {
                    int count = (int)Math.Min(BatchSize, Options.Cases - done);
                    foreach ((FormResult result, InstructionForm? form) in forms) yield return new WorkItem(result, form, Options.FirstCase + (ulong)done, count);
                }
                if (done < SequenceCases)
                {
                    ulong first = Options.FirstCase + ((ulong)Options.Shard * (ulong)SequenceCases) + (ulong)done;
                    foreach (FormResult result in sequences) yield return new WorkItem(result, null, first, (int)Math.Min(BatchSize, SequenceCases - done));
                }
            }
        }
    }
}
