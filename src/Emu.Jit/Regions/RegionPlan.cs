using Emu.Cpu;
using Iced.Intel;

namespace Emu.Jit.Regions;

/// <summary>A block as the planner saw it: its bytes are a copy, so that another thread may work on it.</summary>
/// <param name="Block">The interpreter's block.</param>
/// <param name="Start">Linear distance from the region's entry, in bytes.</param>
/// <param name="Code">Its bytes.</param>
/// <param name="Ops">Its operations; none once it is compiled. The originals may be gone by then; then it is not used.</param>
/// <param name="Targets">Where its indirect jump or call has been seen to lead, as distances from the region's entry.</param>
/// <param name="CrossesPages">Its accesses to memory are checked one by one (<see cref="Block.CrossesPages"/>).</param>
internal sealed record PlannedBlock(Block Block, long Start, byte[] Code, Op[] Ops, long[] Targets, bool CrossesPages);

/// <summary>A page besides the entry's that a region has code on.</summary>
/// <param name="Distance">Linear distance from the page of the entry, in bytes.</param>
/// <param name="Host">Host address of the page.</param>
/// <param name="HasEntry">A block begins there, rather than just reaching in.</param>
internal readonly record struct RegionPage(long Distance, nint Host, bool HasEntry);

/// <summary>What is to be translated together: blocks reachable from a hot one, which comes first.</summary>
internal sealed record RegionPlan
{
    /// <summary>The blocks, in no particular order but for the hot one, which is the first.</summary>
    public required IReadOnlyList<PlannedBlock> Blocks { get; init; }

    /// <summary>Blocks that the region can be entered at, by their place in <see cref="Blocks"/>; the first is 0.</summary>
    public required IReadOnlyList<int> Entries { get; init; }

    /// <summary>Mode of all blocks.</summary>
    public required CodeMode Mode { get; init; }

    /// <summary>Size of RIP in the code's mode, in bytes: 8, 4 or 2.</summary>
    public int RipSize => SizeOfRip(Mode);

    /// <summary>As <see cref="RipSize"/>, of any mode.</summary>
    public static int SizeOfRip(CodeMode mode) => (mode & CodeMode.Code64) != 0 ? 8 : (mode & CodeMode.Code32) != 0 ? 4 : 2;

    /// <summary>RIP at the entry when it was planned; in segmented code, not the same as the linear address.</summary>
    public required ulong Rip { get; init; }

    /// <summary>Linear address of the entry when it was planned: for people, because the code may be mapped anywhere.</summary>
    public required ulong Linear { get; init; }

    /// <summary>What the processor's model makes of encodings that depend on it.</summary>
    public required DecoderOptions DecoderOptions { get; init; }

    /// <summary>Host address of the first block.</summary>
    public required nint Host { get; init; }

    /// <summary>Offset of the first block in its page.</summary>
    public int PageOffset => (int)(Host & 0xFFF);

    /// <summary>Other pages; translated code checks on entry that they are still mapped as they were.</summary>
    public required IReadOnlyList<RegionPage> Pages { get; init; }

    /// <summary>The region in use that the new one is to take the place of.</summary>
    public Region? Replaces { get; init; }

    /// <summary>The plan without its copies of operations, which only translation needs, and which are larger than all else.</summary>
    public RegionPlan WithoutOperations() => this with { Blocks = [.. Blocks.Select(static b => b with { Ops = [] })], Replaces = null };

    /// <summary>The plan with operations copied anew, to be translated again. None of its blocks may be stale.</summary>
    public unsafe RegionPlan WithOperations() =>
        this with { Blocks = [.. Blocks.Select(static b => b with { Ops = new ReadOnlySpan<Op>(b.Block.Ops, b.Block.OpCount).ToArray() })] };

    /// <summary>Whether the region can be entered on another page than that of its first block.</summary>
    public bool EntersElsewhere => Entries.Any(e => PageOf(Blocks[e].Start) != 0);

    /// <summary>Distance of the page that a linear distance from the entry lies on, from that of the entry.</summary>
    public long PageOf(long distance) => (PageOffset + distance) & ~0xFFFL;

    /// <summary>
    /// Whether a link to a target at a linear distance from the entry holds as long as the region does: it lies on a page where one of the
    /// region's blocks begins.
    /// </summary>
    public bool IsLinkable(long distance)
    {
        // The segment may have another base the next time.
        if (Vcpu.IsSegmented(Mode)) return false;
        long page = PageOf(distance);
        if (page == 0) return true;
        foreach (RegionPage other in Pages)
        {
            if (other.Distance == page) return other.HasEntry;
        }

        return false;
    }
}
