using System.Collections.Concurrent;
using System.Diagnostics;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Emit;
using Emu.Jit.Regions;
using Emu.Jit.Runtime;

namespace Emu.Jit;

/// <summary>
/// Translates hot guest code into IL, region by region, while the interpreter goes on; one for each machine.
/// </summary>
public sealed unsafe partial class Translator : ICodeTranslator
{
    /// <summary>Executions of a block whose region was invalidated before it is translated again.</summary>
    internal const uint RetryThreshold = 10_000;

    /// <summary>The part of the threshold after which a block that was refused is offered again: soon, that the worker does not run out of plans.</summary>
    private const uint RefusedPart = 8;

    /// <summary>The part of the threshold after which a block that was found rare is offered again: it may have been away for long, and be hot now.</summary>
    private const uint RarePart = 2;

    /// <summary>Times that accesses which share a check have to lie across two pages before anything is done about it.</summary>
    internal const uint ManyCrossings = 10_000;

    /// <summary>
    /// Instructions from one such time to the next, on average, above which it is left at that. A way out takes as long as some hundred checks, so where a loop with ten
    /// accesses walks through memory and meets a new page every few thousand instructions, the shared check is still the better one.
    /// </summary>
    private const ulong MaxCrossingDistance = 512;

    /// <summary>The part of all those times that a block must have for its accesses to be checked one by one.</summary>
    private const uint CrossingPart = 16;

    /// <summary>Most plans that wait to be compiled.</summary>
    private const int QueueCapacity = 4;

    private readonly CodeCache code;
    private readonly TranslatorOptions options;
    private readonly RegionPlanner planner;
    private readonly Dictionary<Block, List<Region>> regionsOf = [];
    private readonly List<Region> retired = [];
    private readonly BlockingCollection<RegionPlan> queue = [];
    private readonly ConcurrentQueue<Region> finished = new();
    private readonly CalleePreparation preparation = new();
    private readonly Thread? worker;
    private readonly TranslatorCounters counters = new();
    private readonly Dictionary<ulong, int> ordinals = [];
    private volatile bool anyFinished;
    private bool keepsListings;
    private long memoryInUse;
    private long installed;

    private Translator(CodeCache code, TranslatorOptions options)
    {
        this.code = code;
        this.options = options;
        planner = new RegionPlanner(code, options, CopiesOf);
        if (options.Synchronous) return;
        worker = new Thread(CompileQueue) { IsBackground = true, Name = "translator" };
        worker.Start();
    }

    private void CompileQueue()
    {
        foreach (RegionPlan plan in queue.GetConsumingEnumerable()) Finish(Compile(plan));
    }

    /// <summary>Leaves a region to be installed between blocks.</summary>
    private void Finish(Region region)
    {
        finished.Enqueue(region);
        anyFinished = true;
    }

    /// <summary>Lets a cache's code be translated. To be called before any of it runs; the cache disposes of the translator.</summary>
    public static Translator Attach(CodeCache code, TranslatorOptions? options = null)
    {
        Translator translator = new(code, options ?? new TranslatorOptions());
        code.Translator = translator;
        return translator;
    }

    /// <summary>What it has done and holds. On any thread.</summary>
    public TranslatorStatistics Statistics => counters.Read() with { QueueLength = queue.Count, MemoryBudget = options.MemoryBudget };

    /// <summary>Regions compiled since the start. On any thread.</summary>
    public long RegionsCompiled => counters.Read().RegionsCompiled;

    /// <summary>Regions invalidated since the start. On any thread.</summary>
    public long RegionsInvalidated => counters.Read().RegionsInvalidated;

    /// <summary>Raised when a region is put to use. On the machine's thread.</summary>
    public event Action<RegionSummary>? Installed;

    /// <summary>Raised when the code of a region in use was overwritten or dropped. On the machine's thread, at times in the middle of an instruction.</summary>
    public event Action<RegionSummary>? Invalidated;

    /// <summary>Raised when a region in use has given its place to another of the same code. On the machine's thread.</summary>
    public event Action<RegionSummary>? Replaced;

    /// <summary>Raised when all regions were given up for memory, with their number and size in bytes. On the machine's thread.</summary>
    public event Action<int, long>? Released;

    /// <summary>
    /// Keep the IL of what is compiled in words, to be shown, and compile on the spot, so that what there is to be seen does not depend on the host. To be set
    /// before any code runs. Costs memory.
    /// </summary>
    public bool KeepsListings
    {
        get => keepsListings;
        set => keepsListings = value;
    }

    private bool CompilesOnTheSpot => options.Synchronous || keepsListings;

    uint ICodeTranslator.Threshold => options.Threshold;

    uint ICodeTranslator.OnHot(Vcpu cpu, Block block, ulong executions, ulong within)
    {
        bool rare = within / executions > options.MaxDistance, accepted = !rare && queue.Count < QueueCapacity;
        if (rare) counters.CountRare();
        else counters.CountOffer(accepted);
        if (!accepted) return Math.Max(options.Threshold / (rare ? RarePart : RefusedPart), 1);
        RegionPlan plan = planner.Plan(cpu, block);
        if (CompilesOnTheSpot) Install(Compile(plan));
        else queue.Add(plan);
        return 0;
    }

    private Region Compile(RegionPlan plan)
    {
        long started = Stopwatch.GetTimestamp();
        RegionMemory memory = new();
        RegionGraph graph = new(plan);
        IlListing? listing = keepsListings ? new IlListing(graph) : null;
        RegionEmitter emitter = new(graph, memory, code.Fusion, listing);
        System.Reflection.Emit.DynamicMethod method = emitter.Emit();
        nint address = CompiledMethod.Compile(method);
        foreach (System.Reflection.MethodInfo callee in emitter.FloatCallees) preparation.Prepare(callee);
        TimeSpan time = Stopwatch.GetElapsedTime(started);
        int called = emitter.CalledInstructions.Values.Sum();
        int ordinal = listing == null ? 0 : ordinals[plan.Linear] = ordinals.GetValueOrDefault(plan.Linear) + 1;
        return new Region(plan.WithoutOperations(), memory, method, address)
        {
            Summary = new RegionSummary(plan.Linear, plan.Blocks.Count, emitter.NativeInstructions + called, called, emitter.IlSize, HostCode.Measure(address), time),
            CalledByMnemonic = emitter.CalledInstructions,
            Listing = listing,
            Ordinal = ordinal,
            Replaces = plan.Replaces,
        };
    }

    private void Install(Region region)
    {
        counters.CountCompiled(region);
        memoryInUse += region.MemoryBytes;
        if (!region.IsCurrent || region.Replaces is { IsRetired: true })
        {
            counters.CountDiscarded();
            region.Discard();
            Forget(region);
            return;
        }

        if (region.Replaces is { } old)
        {
            Replace(old);
            region.Replaces = null;
        }

        counters.CountInstalled(region);
        region.Number = ++installed;
        foreach (PlannedBlock planned in region.Plan.Blocks)
        {
            if (!regionsOf.TryGetValue(planned.Block, out List<Region>? list)) regionsOf[planned.Block] = list = [];
            list.Add(region);
        }

        region.Install();
        Installed?.Invoke(region.Summary);
    }

    /// <summary>Another region is about to take its place. Between blocks, with no link slot pointing to it.</summary>
    private void Replace(Region old)
    {
        counters.CountReplaced(old);
        foreach (PlannedBlock planned in old.Plan.Blocks) regionsOf[planned.Block].Remove(old);
        old.Supersede();
        Forget(old);
        Replaced?.Invoke(old.Summary);
    }

    private int CopiesOf(Block block) => regionsOf.TryGetValue(block, out List<Region>? regions) ? regions.Count : 0;

    /// <summary>A region's memory has been given back.</summary>
    private void Forget(Region region)
    {
        memoryInUse -= region.MemoryBytes;
        counters.CountFreed(region);
    }

    void ICodeTranslator.OnRetired(Block block)
    {
        if (!regionsOf.Remove(block, out List<Region>? regions)) return;
        foreach (Region region in regions)
        {
            if (region.IsRetired) continue;
            region.Retire();
            counters.CountInvalidated(region);
            retired.Add(region);
            Invalidated?.Invoke(region.Summary);
        }
    }

    void ICodeTranslator.BetweenBlocks(Vcpu running)
    {
        if (memoryInUse > options.MemoryBudget) ReleaseGeneration(running.State);
        if (running.State->Crossings >= ManyCrossings) SeparateChecks(running);
        if (!anyFinished) return;
        anyFinished = false;
        while (finished.TryDequeue(out Region? region))
        {
            if (region.Replaces != null) running.State->LinkSlot = null;
            Install(region);
        }
    }

    /// <summary>
    /// Has regions translated again, with a check for every access, whose accesses often lie across two pages where they share one: a stack frame that happens to lie so would else be left to the
    /// interpreter again and again.
    /// </summary>
    private void SeparateChecks(Vcpu running)
    {
        CpuState* s = running.State;
        ulong now = running.RetiredInstructions, within = now > s->CrossingsSince ? now - s->CrossingsSince : 0;
        bool often = within / s->Crossings <= MaxCrossingDistance;
        s->Crossings = 0;
        s->CrossingsSince = now;
        foreach (Region region in LiveRegions())
        {
            IReadOnlyCollection<long> crossing = region.Memory.TakeCrossing(ManyCrossings / CrossingPart);
            if (crossing.Count == 0 || !often || region.IsBeingReplaced || !region.IsCurrent) continue;
            foreach (PlannedBlock planned in region.Plan.Blocks) planned.Block.CrossesPages |= crossing.Contains(planned.Start);
            region.IsBeingReplaced = true;
            RegionPlan plan = region.Plan.WithOperations();
            plan = plan with { Blocks = [.. plan.Blocks.Select(static b => b with { CrossesPages = b.Block.CrossesPages })], Replaces = region };
            if (CompilesOnTheSpot) Finish(Compile(plan));
            else queue.Add(plan);
        }
    }

    /// <summary>
    /// Gives up all regions. Between blocks only the processor's link slot can point to one's operations: links and the jump cache lead to blocks of the
    /// interpreter, whose first operations now count again.
    /// </summary>
    private void ReleaseGeneration(CpuState* running)
    {
        running->LinkSlot = null;
        long before = memoryInUse;
        Region[] live = [.. LiveRegions()];
        counters.CountGeneration(live);
        foreach (Region region in live.Concat(retired))
        {
            region.Release(options.Threshold);
            Forget(region);
        }

        regionsOf.Clear();
        retired.Clear();
        // The runtime frees the code of a dynamic method when a collection finds that nobody has the method; it does not know that this is worth a collection.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        Released?.Invoke(live.Length, before - memoryInUse);
    }

    void ICodeTranslator.OnReleasing()
    {
        foreach (Region region in retired)
        {
            foreach (PlannedBlock planned in region.Plan.Blocks)
            {
                if (regionsOf.TryGetValue(planned.Block, out List<Region>? list)) list.Remove(region);
            }

            region.Memory.Dispose();
            Forget(region);
        }

        retired.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        queue.CompleteAdding();
        worker?.Join();
        while (finished.TryDequeue(out Region? region)) region.Memory.Dispose();
        foreach (Region region in regionsOf.Values.SelectMany(static r => r).Distinct()) region.Memory.Dispose();
        regionsOf.Clear();
        foreach (Region region in retired) region.Memory.Dispose();
        retired.Clear();
        queue.Dispose();
    }
}
