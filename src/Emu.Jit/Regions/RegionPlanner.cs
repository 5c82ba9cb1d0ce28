using System.Runtime.InteropServices;
using Emu.Cpu;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Jit.Regions;

/// <summary>
/// Finds what belongs together with a hot block: the blocks reachable from it by direct branches, calls and fall-through that the
/// interpreter has already met. Runs on the processor's thread, so it decodes no more than the last instruction of each.
/// </summary>
/// <param name="code">Where the interpreter's blocks are.</param>
/// <param name="options">Limits.</param>
/// <param name="copies">In how many regions a block has been translated.</param>
internal sealed unsafe class RegionPlanner(CodeCache code, TranslatorOptions options, Func<Block, int> copies)
{
    /// <summary>Most targets of an indirect branch that are looked at.</summary>
    private const int MaxTargets = 48;

    /// <summary>
    /// Regions that a block is translated in before further ones link to a region entered there: two, so that a loop has the function it calls within, while code
    /// of an operating system, where everything calls everything, is not translated many times over.
    /// </summary>
    private const int MaxCopies = 2;

    /// <summary>Most places that a region can be entered at.</summary>
    private const int MaxEntries = 16;

    /// <summary>Blocks that have run this many times less often than the entry are left to the interpreter.</summary>
    private const ulong ColdRatio = 64;

    private readonly List<PlannedBlock> planned = [];
    private readonly List<long> seen = [];
    private readonly HashSet<long> loopHeads = [];
    private readonly List<(long ReturnTo, long[] Targets)> calls = [];
    private readonly Dictionary<ulong, int> counts = [];
    private ulong rip;
    private ulong linear;
    private readonly Dictionary<long, int> byStart = [];
    private readonly List<RegionPage> pages = [];
    private readonly Queue<long> queue = new();

    /// <summary>The region around a block that is about to run.</summary>
    public RegionPlan Plan(Vcpu cpu, Block entry)
    {
        planned.Clear();
        loopHeads.Clear();
        calls.Clear();
        byStart.Clear();
        pages.Clear();
        queue.Clear();
        CpuState* s = cpu.State;
        rip = s->Rip;
        linear = Vcpu.LinearRip(s);
        ulong executions = Executions(entry);
        int instructions = 0;
        queue.Enqueue(0);
        while (queue.TryDequeue(out long start))
        {
            if (byStart.ContainsKey(start)) continue;
            Block? block = start == 0 ? entry : Find(s, entry, start);
            if (block == null || (start != 0 && IsLeftToItsRegion(block)) || block.Stale || StopsForDebugger(block) || Executions(block) * ColdRatio < executions) continue;
            Op* last = LastInstruction(block);
            int count = last->Index + 1;
            if (planned.Count > 0 && instructions + count > options.MaxInstructions) continue;
            ulong page = ((linear + (ulong)start) & ~0xFFFul) - (linear & ~0xFFFul);
            if (block.SecondPage != 0 && !AddPage(page + 0x1000, block.SecondPage, hasEntry: false)) continue;
            // Last, for links to a page hold only as long as a block of the region that begins there.
            if (page != 0 && !AddPage(page, block.Host & ~(nint)0xFFF, hasEntry: true)) continue;
            instructions += count;
            byStart[start] = planned.Count;
            byte[] bytes = BytesOf(block);
            AddSuccessors(cpu, bytes, last, start, block);
            planned.Add(new PlannedBlock(block, start, bytes, new ReadOnlySpan<Op>(block.Ops, block.OpCount).ToArray(), [.. seen], block.CrossesPages));
        }

        return new RegionPlan
        {
            Blocks = [.. planned],
            Entries = FindEntries(),
            Mode = entry.Mode,
            Rip = rip,
            Linear = linear,
            DecoderOptions = cpu.Model.DecoderOptions,
            Host = entry.Host,
            Pages = [.. pages],
        };
    }

    /// <summary>
    /// Where the region is likely to be entered besides its first block: at loops, which the interpreter comes to after it has had to take over, and
    /// behind calls that leave the region. The blocks are the region's from now on, and no longer count executions.
    /// </summary>
    private List<int> FindEntries()
    {
        List<int> entries = [0];
        IEnumerable<long> behindCalls = calls.Where(c => !c.Targets.All(byStart.ContainsKey)).Select(static c => c.ReturnTo);
        foreach (long start in loopHeads.Concat(behindCalls))
        {
            if (!byStart.TryGetValue(start, out int index) || entries.Contains(index) || entries.Count == MaxEntries) continue;
            Block block = planned[index].Block;
            if (!block.Counts) continue;
            block.StopCounting();
            entries.Add(index);
        }

        return entries;
    }

    private Block? Find(CpuState* s, Block entry, long start)
    {
        ulong target = linear + (ulong)start;
        if ((entry.Mode & CodeMode.Code64) == 0) target = (uint)target;
        nint host;
        if ((target & ~0xFFFul) == (linear & ~0xFFFul))
        {
            host = entry.Host + (nint)start;
        }
        else
        {
            TlbEntry* tlb = s->CodeEntry(target);
            if ((target & ~0xFFFul) != tlb->ExecuteTag) return null;
            host = (nint)(target + (ulong)tlb->Addend);
        }

        return code.Find(host, entry.Mode);
    }

    /// <summary>How often the interpreter has run a block; what is not counted counts as often.</summary>
    private static ulong Executions(Block block) => block.Executions ?? uint.MaxValue;

    /// <summary>Whether a block is left to the region that is entered there, rather than translated once more.</summary>
    private bool IsLeftToItsRegion(Block block) => (block.Ops->Flags & OpFlags.Entry) != 0 && !block.Counts && copies(block) >= MaxCopies;

    private static bool StopsForDebugger(Block block) =>
        ((block.Ops[0].Flags | block.Ops[1].Flags) & OpFlags.Breakpoint) != 0;

    private bool AddPage(ulong distance, nint host, bool hasEntry)
    {
        int known = pages.FindIndex(page => page.Distance == (long)distance);
        if (known >= 0)
        {
            if (pages[known].Host != host) return false;
            if (hasEntry) pages[known] = pages[known] with { HasEntry = true };
            return true;
        }

        if (pages.Count + 1 >= options.MaxPages) return false;
        pages.Add(new RegionPage((long)distance, host, hasEntry));
        return true;
    }

    /// <summary>The last operation of a block that is an instruction.</summary>
    private static Op* LastInstruction(Block block)
    {
        Op* op = block.Ops + block.OpCount - 1;
        while (op->Length == 0) op--;
        return op;
    }

    private static byte[] BytesOf(Block block)
    {
        byte[] bytes = new byte[block.ByteLength];
        int first = block.SecondPage == 0 ? bytes.Length : 0x1000 - (int)(block.Host & 0xFFF);
        new ReadOnlySpan<byte>((void*)block.Host, first).CopyTo(bytes);
        if (first < bytes.Length) new ReadOnlySpan<byte>((void*)block.SecondPage, bytes.Length - first).CopyTo(bytes.AsSpan(first));
        return bytes;
    }

    private void AddSuccessors(Vcpu cpu, byte[] bytes, Op* last, long start, Block block)
    {
        seen.Clear();
        Decoder decoder = Decoder.Create(RegionPlan.SizeOfRip(block.Mode) * 8, new ByteArrayCodeReader(bytes, last->Offset, bytes.Length - last->Offset), cpu.Model.DecoderOptions);
        decoder.IP = (ulong)(start + last->Offset);
        decoder.Decode(out Instruction instruction);
        long next = start + last->NextOffset;
        switch (instruction.FlowControl)
        {
            case FlowControl.ConditionalBranch:
                queue.Enqueue(next);
                AddJump(start, TargetOf(instruction, rip));
                break;
            case FlowControl.UnconditionalBranch:
                if (IsDirect(instruction)) AddJump(start, TargetOf(instruction, rip));
                break;
            case FlowControl.Call:
                if (IsDirect(instruction))
                {
                    queue.Enqueue(TargetOf(instruction, rip));
                    calls.Add((next, [TargetOf(instruction, rip)]));
                }

                queue.Enqueue(next);
                break;
            case FlowControl.IndirectBranch or FlowControl.IndirectCall:
                FindTargets(cpu, last);
                foreach (long target in seen) queue.Enqueue(target);
                if (instruction.FlowControl == FlowControl.IndirectCall && seen.Count > 0)
                {
                    queue.Enqueue(next);
                    calls.Add((next, [.. seen]));
                }

                break;
            case FlowControl.Next:
                if ((last->Flags & OpFlags.EndsBlock) == 0) queue.Enqueue(next);
                break;
        }
    }

    private void AddJump(long from, long target)
    {
        queue.Enqueue(target);
        if (target <= from) loopHeads.Add(target);
    }

    /// <summary>Where the interpreter has seen an indirect branch go of late, most frequent ones first.</summary>
    private void FindTargets(Vcpu cpu, Op* branch)
    {
        counts.Clear();
        BranchRecord* history = cpu.State->BranchHistory;
        for (int i = 0; i < BranchRecord.Count; i++)
        {
            if (history[i].Op != branch) continue;
            CollectionsMarshal.GetValueRefOrAddDefault(counts, history[i].Target, out _)++;
        }

        foreach ((ulong target, _) in counts.OrderByDescending(static c => c.Value).Take(MaxTargets)) seen.Add((long)(target - rip));
    }

    private static bool IsDirect(in Instruction instruction) => instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64;

    /// <summary>Distance of a near branch's target from the region's entry.</summary>
    /// <param name="instruction">The branch, its IP a distance from the entry.</param>
    /// <param name="rip">RIP at the entry, for branches that have 16 bits of it.</param>
    internal static long TargetOf(in Instruction instruction, ulong rip) => instruction.Op0Kind switch
    {
        OpKind.NearBranch64 => (long)instruction.NearBranch64,
        OpKind.NearBranch32 => (int)instruction.NearBranch32,
        _ => (long)(ushort)(rip + instruction.NearBranch16) - (long)rip,
    };
}
