using System.Runtime.InteropServices;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>A run of predecoded instructions that starts on one page and is entered only at its first one.</summary>
internal sealed unsafe class Block
{
    /// <summary>Executions counted; while it counts, what they will be when the count is over.</summary>
    private ulong counted;
    private ulong countedBefore;

    /// <summary>Host address of the first byte.</summary>
    public required nint Host { get; init; }

    /// <summary>Mode it was decoded for.</summary>
    public required CodeMode Mode { get; init; }

    /// <summary>Both in one word.</summary>
    public ulong Key => JumpCacheEntry.KeyOf(Host, Mode);

    /// <summary>Length of its code in bytes.</summary>
    public required int ByteLength { get; init; }

    /// <summary>Operations, <see cref="OpCount"/> of them, in native memory.</summary>
    public required Op* Ops { get; init; }

    /// <summary>Operations including pseudo-operations.</summary>
    public required int OpCount { get; init; }

    /// <summary>Host address of the second page's start when the (only) instruction crosses pages, else 0.</summary>
    public nint SecondPage { get; init; }

    /// <summary>Its bytes have been overwritten.</summary>
    public bool Stale { get; set; }

    /// <summary>Whether its executions are counted, to be offered to a translator in the end: it is neither translated, as one a region is entered at, nor about to be.</summary>
    public bool Counts => (nint)Ops->Handler == (nint)(delegate*<Vcpu, CpuState*, Op*, void>)&Handlers.Profile;

    /// <summary>How often the interpreter has run it; null of a block that never counts.</summary>
    public ulong? Executions => (Ops->Flags & OpFlags.Entry) == 0 ? null : Counts ? counted - Ops->Immediate : counted;

    /// <summary>Its accesses to memory have often lain across two pages, so translated code should check each by itself.</summary>
    public bool CrossesPages { get; set; }

    /// <summary>What the processor that runs it had retired (<see cref="Vcpu.RetiredInstructions"/>) when it was built or last offered.</summary>
    public ulong CountedSince { get; set; }

    /// <summary>Counts executions, to be offered to the translator after so many more.</summary>
    public void Count(ulong executions)
    {
        countedBefore = Executions ?? 0;
        counted = countedBefore + executions;
        Ops->Immediate = executions;
        Ops->Handler = &Handlers.Profile;
    }

    /// <summary>Counts no more: its first operation is about to become a region's code. Gives the executions since it began to count, at least 1.</summary>
    public ulong StopCounting()
    {
        counted = Executions ?? 0;
        Ops->Handler = &Handlers.Enter;
        return Math.Max(counted - countedBefore, 1);
    }
}

/// <summary>
/// Predecoded blocks keyed by host address and mode. Host addresses stand for physical ones, so the cache survives every
/// change of paging; writes to pages with code invalidate exactly the blocks they touch.
/// </summary>
/// <remarks>
/// An invalidated block may be running. Its operations are overwritten to leave for the dispatcher, and its memory is
/// released only by <see cref="Collect"/>, which the dispatcher calls between blocks.
/// </remarks>
public sealed unsafe class CodeCache : ICodeWriteListener, IDisposable
{
    /// <summary>Blocks are dropped wholesale when their operations take more than this many bytes.</summary>
    private const long MemoryBudget = 256L << 20;

    private readonly GuestMemory memory;
    /// <summary>Blocks by <see cref="JumpCacheEntry.KeyOf"/>.</summary>
    private readonly Dictionary<ulong, Block> blocks = [];
    private readonly Dictionary<uint, List<Block>> pages = [];
    private readonly List<Block> garbage = [];
    private long bytes;

    /// <summary>Makes an empty cache.</summary>
    public CodeCache(GuestMemory memory)
    {
        this.memory = memory;
        // Aligned, for PairOf and so that a pair is in one line of the host's cache.
        JumpCache = (JumpCacheEntry*)NativeMemory.AlignedAlloc(JumpCacheEntry.Count * (nuint)sizeof(JumpCacheEntry), 64);
        NativeMemory.Clear(JumpCache, JumpCacheEntry.Count * (nuint)sizeof(JumpCacheEntry));
        memory.AddCodeListener(this);
        DebugPoints = new DebugPoints(RetireAt);
    }

    /// <summary>Where debuggers want the machine's processors to stop.</summary>
    public DebugPoints DebugPoints { get; }

    /// <summary>The direct-mapped table in front of the cache.</summary>
    public JumpCacheEntry* JumpCache { get; private set; }

    /// <summary>Takes over blocks that run often; null where everything is interpreted. To be set before any code runs.</summary>
    internal ICodeTranslator? Translator { get; set; }

    /// <summary>Pairs of instructions that are performed together.</summary>
    internal CompareBranchFusion Fusion { get; } = new();

    /// <summary>Forms of comparison and branch that have run often enough to get a handler of their own.</summary>
    public int FusedForms => Fusion.CompiledCount;

    /// <summary>Blocks in the cache.</summary>
    public int BlockCount => blocks.Count;

    /// <summary>Blocks that were overwritten by the guest since the cache was made.</summary>
    public long Invalidations { get; private set; }

    /// <summary>Blocks built since the cache was made.</summary>
    public long BlocksBuilt { get; private set; }

    /// <summary>A block, or null.</summary>
    internal Block? Find(nint host, CodeMode mode) => blocks.GetValueOrDefault(JumpCacheEntry.KeyOf(host, mode));

    /// <summary>Adds a block and starts watching its pages.</summary>
    internal void Add(Block block)
    {
        if (bytes > MemoryBudget) Clear();
        // The same address decoded with another second page behind it.
        if (blocks.TryGetValue(block.Key, out Block? replaced)) Retire(replaced);
        blocks[block.Key] = block;
        BlocksBuilt++;
        bytes += (long)block.OpCount * Op.SizeInBytes;
        Watch(memory.PageOf((byte*)block.Host), block);
        if (block.SecondPage != 0) Watch(memory.PageOf((byte*)block.SecondPage), block);
    }

    /// <summary>Puts a block in the jump cache.</summary>
    internal void Remember(Block block)
    {
        JumpCacheEntry* entry = JumpCache + JumpCacheEntry.Index(block.Host);
        if (entry->Key != block.Key) *JumpCacheEntry.PairOf(entry) = *entry;
        *entry = new JumpCacheEntry { Key = block.Key, Entry = block.Ops };
    }

    private void Watch(uint page, Block block)
    {
        if (!pages.TryGetValue(page, out List<Block>? list))
        {
            pages[page] = list = [];
            memory.TrackWrites(page, PageTracking.Code);
        }

        list.Add(block);
    }

    /// <inheritdoc/>
    public void OnCodeWritten(uint ramPage, int offset, int length)
    {
        if (!pages.TryGetValue(ramPage, out List<Block>? list)) return;
        nint start = (nint)memory.HostOf(ramPage) + offset;
        nint end = start + length;
        bool any = false;
        foreach (Block block in list)
        {
            if (!block.Stale && Overlaps(block, start, end))
            {
                Retire(block);
                any = true;
            }
        }

        if (!any) return;
        DropStale(ramPage, list);
    }

    private void DropStale(uint page, List<Block> list)
    {
        list.RemoveAll(static block => block.Stale);
        if (list.Count == 0) Unwatch(page);
    }

    private static bool Overlaps(Block block, nint start, nint end)
    {
        if (block.SecondPage == 0) return block.Host < end && start < block.Host + block.ByteLength;
        int first = 0x1000 - (int)(block.Host & 0xFFF);
        return (block.Host < end && start < block.Host + first)
            || (block.SecondPage < end && start < block.SecondPage + (block.ByteLength - first));
    }

    private void Unwatch(uint page)
    {
        pages.Remove(page);
        memory.Untrack(page, PageTracking.Code);
    }

    private void Retire(Block block)
    {
        block.Stale = true;
        Invalidations++;
        blocks.Remove(block.Key);
        JumpCacheEntry* entry = JumpCache + JumpCacheEntry.Index(block.Host);
        if (entry->Entry == block.Ops) *entry = default;
        entry = JumpCacheEntry.PairOf(entry);
        if (entry->Entry == block.Ops) *entry = default;
        for (int i = 0; i < block.OpCount; i++) block.Ops[i].Handler = &Handlers.Stale;
        Translator?.OnRetired(block);
        garbage.Add(block);
    }

    /// <summary>Forgets every block with code at a page offset.</summary>
    private void RetireAt(int pageOffset)
    {
        foreach (Block block in blocks.Values.ToArray())
        {
            int distance = (pageOffset - (int)(block.Host & 0xFFF)) & 0xFFF;
            if (distance < block.ByteLength) Retire(block);
        }

        foreach ((uint page, List<Block> list) in pages.ToArray()) DropStale(page, list);
    }

    /// <summary>Forgets every block.</summary>
    public void Clear()
    {
        foreach (Block block in blocks.Values.ToArray()) Retire(block);
        foreach (uint page in pages.Keys.ToArray()) Unwatch(page);
    }

    /// <summary>
    /// Releases retired blocks once enough have gathered. Links into them may exist in live blocks of the same page, so
    /// those pages are cleared first. Only the dispatcher may call it, between blocks.
    /// </summary>
    internal void Collect(CpuState* running)
    {
        if (garbage.Count < 1024) return;
        running->LinkSlot = null;
        Release();
    }

    private void Release()
    {
        foreach (uint page in garbage.Select(b => memory.PageOf((byte*)b.Host)).Distinct().ToArray())
        {
            if (!pages.TryGetValue(page, out List<Block>? list)) continue;
            foreach (Block block in list.ToArray())
            {
                // Only blocks that begin here: one that reaches in from the page before may be linked from there.
                if (!block.Stale && memory.PageOf((byte*)block.Host) == page) Retire(block);
            }

            DropStale(page, list);
        }

        Translator?.OnReleasing();
        foreach (Block block in garbage)
        {
            bytes -= (long)block.OpCount * Op.SizeInBytes;
            NativeMemory.Free(block.Ops);
        }

        garbage.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (JumpCache == null) return;
        memory.RemoveCodeListener(this);
        Clear();
        Release();
        Translator?.Dispose();
        NativeMemory.AlignedFree(JumpCache);
        Fusion.Dispose();
        JumpCache = null;
    }
}
