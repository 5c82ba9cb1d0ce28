using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Emit;
using Iced.Intel;

namespace Emu.Jit.Regions;

/// <summary>A translated region.</summary>
internal sealed unsafe class Region(RegionPlan plan, RegionMemory memory, DynamicMethod method, nint code)
{
    /// <summary>What the runtime keeps for a method besides its code, and for a planned block besides its bytes.</summary>
    private const long MethodOverhead = 5 << 10, PlannedOverhead = 160;

    /// <summary>What it was made from.</summary>
    public RegionPlan Plan => plan;

    /// <summary>Its operations.</summary>
    public RegionMemory Memory => memory;

    /// <summary>Keeps the code alive.</summary>
    public DynamicMethod Method => method;

    /// <summary>Address of the code.</summary>
    public nint Code => code;

    /// <summary>Its sizes.</summary>
    public required RegionSummary Summary { get; init; }

    /// <summary>Its instructions left to the interpreter, by mnemonic.</summary>
    public required IReadOnlyDictionary<Mnemonic, int> CalledByMnemonic { get; init; }

    /// <summary>Its IL in words, if that was asked for.</summary>
    public IlListing? Listing { get; init; }

    /// <summary>How many regions with the same address, and so with a method of the same name, were compiled before.</summary>
    public int Ordinal { get; init; }

    /// <summary>Its number in the order of installation.</summary>
    public long Number { get; set; }

    /// <summary>The region in use whose place it takes when it is installed.</summary>
    public Region? Replaces { get; set; }

    /// <summary>Another one that takes its place is being compiled.</summary>
    public bool IsBeingReplaced { get; set; }

    /// <summary>What it costs, in bytes.</summary>
    public long MemoryBytes
    {
        get
        {
            long planned = 0;
            foreach (PlannedBlock block in plan.Blocks) planned += PlannedOverhead + block.Code.Length;
            return MethodOverhead + Summary.IlBytes + Summary.HostBytes + memory.Bytes + planned;
        }
    }

    /// <summary>Some of its code has changed.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>All its blocks are as they were when it was planned.</summary>
    public bool IsCurrent
    {
        get
        {
            foreach (PlannedBlock block in plan.Blocks)
            {
                if (block.Block.Stale) return false;
            }

            return true;
        }
    }

    /// <summary>Makes the blocks it is entered at run the region, which is told which of them it was (<see cref="Op.Displacement"/>) and how far from the first (<see cref="Op.Immediate"/>).</summary>
    public void Install()
    {
        for (int n = 0; n < plan.Entries.Count; n++)
        {
            PlannedBlock entry = plan.Blocks[plan.Entries[n]];
            entry.Block.Ops->Immediate = (ulong)entry.Start;
            entry.Block.Ops->Displacement = n;
            entry.Block.Ops->Handler = (delegate*<Vcpu, CpuState*, Op*, void>)code;
        }
    }

    /// <summary>Takes it out of use. It may be running.</summary>
    public void Retire()
    {
        if (IsRetired) return;
        IsRetired = true;
        memory.Retire();
        CountAgain(Translator.RetryThreshold);
    }

    /// <summary>Takes it out of use for good, with its memory. No translated code is running, and nothing of the interpreter refers to its operations.</summary>
    /// <param name="threshold">Executions of its entries before they are translated again.</param>
    public void Release(uint threshold)
    {
        if (!IsRetired) CountAgain(threshold);
        IsRetired = true;
        memory.Dispose();
    }

    /// <summary>It was compiled in vain: the blocks it would have been entered at, if they are still there and were to be its own, count executions again.</summary>
    public void Discard()
    {
        if (Replaces == null) Release(Translator.RetryThreshold);
        else Supersede();
    }

    /// <summary>Takes it out of use for good, with its memory; what it was entered at is another's. No translated code is running, and nothing of the interpreter refers to its operations.</summary>
    public void Supersede()
    {
        IsRetired = true;
        memory.Dispose();
    }

    /// <summary>While it is compiled and until it is taken out of use, the blocks it is entered at are its own.</summary>
    private void CountAgain(uint threshold)
    {
        foreach (int index in plan.Entries)
        {
            Block block = plan.Blocks[index].Block;
            if (block.Stale) continue;
            block.Count(threshold);
        }
    }
}
