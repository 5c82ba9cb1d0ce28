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
    private volatile bool anyFinished;
    private long compileTicks;

    private Translator(CodeCache code, TranslatorOptions options)
    {
        this.code = code;
        this.options = options;
        planner = new RegionPlanner(code, options);
        if (options.Synchronous) return;
        worker = new Thread(CompileQueue) { IsBackground = true, Name = "translator" };
        worker.Start();
    }

    private void CompileQueue()
    {
        foreach (RegionPlan plan in queue.GetConsumingEnumerable())
        {
            if (Compile(plan) is not { } region) continue;
            finished.Enqueue(region);
            anyFinished = true;
        }
    }

    /// <summary>Lets a cache's code be translated. To be called before any of it runs; the cache disposes of the translator.</summary>
    public static Translator Attach(CodeCache code, TranslatorOptions? options = null)
    {
        Translator translator = new(code, options ?? new TranslatorOptions());
        code.Translator = translator;
        return translator;
    }

    /// <summary>Regions in use.</summary>
    public int RegionCount { get; private set; }

    /// <summary>Regions compiled since the start.</summary>
    public int RegionsCompiled { get; private set; }

    /// <summary>Regions invalidated since the start because their code was written to.</summary>
    public int RegionsInvalidated { get; private set; }

    /// <summary>Guest instructions translated since the start, counting those in several regions as often.</summary>
    public long InstructionsCompiled { get; private set; }

    /// <summary>Of these, those that call the interpreter.</summary>
    public long InstructionsCalled { get; private set; }

    /// <summary>IL emitted since the start, in bytes.</summary>
    public long IlBytes { get; private set; }

    /// <summary>Time spent emitting and compiling.</summary>
    public TimeSpan CompileTime => Stopwatch.GetElapsedTime(0, Volatile.Read(ref compileTicks));

    /// <summary>Plans waiting to be compiled.</summary>
    public int QueueLength => queue.Count;

    uint ICodeTranslator.Threshold => options.Threshold;

    bool ICodeTranslator.OnHot(Vcpu cpu, Block block)
    {
        if (queue.Count >= QueueCapacity) return false;
        RegionPlan plan = planner.Plan(cpu, block);
        if (options.Synchronous)
        {
            if (Compile(plan) is { } region) Install(region);
        }
        else
        {
            queue.Add(plan);
        }

        return true;
    }

    private Region? Compile(RegionPlan plan)
    {
        long started = Stopwatch.GetTimestamp();
        RegionMemory memory = new();
        RegionGraph graph = new(plan);
        RegionEmitter emitter = new(graph, memory, code.Fusion);
        System.Reflection.Emit.DynamicMethod method = emitter.Emit();
        nint address = CompiledMethod.Compile(method);
        foreach (System.Reflection.MethodInfo callee in emitter.FloatCallees) preparation.Prepare(callee);
        Interlocked.Add(ref compileTicks, Stopwatch.GetTimestamp() - started);
        return new Region(plan, memory, method, address)
        {
            Instructions = emitter.NativeInstructions + emitter.CalledInstructions,
            Called = emitter.CalledInstructions,
            IlSize = emitter.IlSize,
        };
    }

    private void Install(Region region)
    {
        RegionsCompiled++;
        InstructionsCompiled += region.Instructions;
        InstructionsCalled += region.Called;
        IlBytes += region.IlSize;
        if (!region.IsCurrent)
        {
            region.Memory.Dispose();
            return;
        }

        RegionCount++;
        foreach (PlannedBlock planned in region.Plan.Blocks)
        {
            if (!regionsOf.TryGetValue(planned.Block, out List<Region>? list)) regionsOf[planned.Block] = list = [];
            list.Add(region);
        }

        region.Install();
    }

    void ICodeTranslator.OnRetired(Block block)
    {
        if (!regionsOf.Remove(block, out List<Region>? regions)) return;
        foreach (Region region in regions)
        {
            if (region.IsRetired) continue;
            region.Retire();
            RegionCount--;
            RegionsInvalidated++;
            retired.Add(region);
        }
    }

    void ICodeTranslator.BetweenBlocks()
    {
        if (!anyFinished) return;
        anyFinished = false;
        while (finished.TryDequeue(out Region? region)) Install(region);
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
