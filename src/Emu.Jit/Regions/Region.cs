using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Emit;

namespace Emu.Jit.Regions;

/// <summary>A translated region.</summary>
internal sealed unsafe class Region(RegionPlan plan, RegionMemory memory, DynamicMethod method, nint code)
{
    /// <summary>What it was made from.</summary>
    public RegionPlan Plan => plan;

    /// <summary>Its operations.</summary>
    public RegionMemory Memory => memory;

    /// <summary>Keeps the code alive.</summary>
    public DynamicMethod Method => method;

    /// <summary>Address of the code.</summary>
    public nint Code => code;

    /// <summary>Guest instructions in it.</summary>
    public required int Instructions { get; init; }

    /// <summary>Of these, those the interpreter performs.</summary>
    public required int Called { get; init; }

    /// <summary>Size of the IL in bytes.</summary>
    public required int IlSize { get; init; }

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

    /// <summary>Makes the entry block run the region.</summary>
    public void Install() => plan.Blocks[0].Block.Ops->Handler = (delegate*<Vcpu, CpuState*, Op*, void>)code;

    /// <summary>Takes it out of use. It may be running.</summary>
    public void Retire()
    {
        if (IsRetired) return;
        IsRetired = true;
        memory.Retire();
        Block entry = plan.Blocks[0].Block;
        if (entry.Stale || (nint)entry.Ops->Handler != code) return;
        entry.Ops->Immediate = Translator.RetryThreshold;
        entry.Ops->Handler = &Handlers.Profile;
    }
}
