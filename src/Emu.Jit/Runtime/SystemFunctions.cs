using Emu.Cpu;

namespace Emu.Jit.Runtime;

/// <summary>
/// System instructions that operating systems use all the time, for translated code that keeps its registers where they are. False, with nothing done, when
/// the interpreter has to look closer: outside privilege level 0, or when an event waits.
/// </summary>
internal static unsafe class SystemFunctions
{
    /// <summary>CLI.</summary>
    public static bool TryClearInterrupts(Vcpu cpu, CpuState* s)
    {
        if (s->Cpl != 0) return false;
        s->SystemFlags &= ~Eflags.If;
        return true;
    }

    /// <summary>STI, but for the last one of a block, whose shadow reaches into the next. Nobody looks at events before a block is done.</summary>
    public static bool TrySetInterrupts(Vcpu cpu, CpuState* s)
    {
        if (s->Cpl != 0 || cpu.Events != PendingEvents.None) return false;
        s->SystemFlags |= Eflags.If;
        return true;
    }

    /// <summary>CLAC. Data accesses go by another TLB then.</summary>
    public static bool TryClearAccessCheck(Vcpu cpu, CpuState* s)
    {
        if (s->Cpl != 0) return false;
        s->SystemFlags &= ~Eflags.Ac;
        cpu.UpdateTlb();
        return true;
    }

    /// <summary>STAC. Data accesses go by another TLB then.</summary>
    public static bool TrySetAccessCheck(Vcpu cpu, CpuState* s)
    {
        if (s->Cpl != 0) return false;
        s->SystemFlags |= Eflags.Ac;
        cpu.UpdateTlb();
        return true;
    }

    /// <summary>SWAPGS.</summary>
    public static bool TrySwapGs(Vcpu cpu, CpuState* s)
    {
        if (s->Cpl != 0) return false;
        ref SegmentRegister gs = ref s->Segment(SegmentIndex.Gs);
        (gs.Base, cpu.Msrs.KernelGsBase) = (cpu.Msrs.KernelGsBase, gs.Base);
        return true;
    }

    /// <summary>What PUSHF stores outside virtual-8086 mode; the status flags must be in the state.</summary>
    public static ulong FlagsImage(CpuState* s) => s->Eflags & ~(Eflags.Rf | Eflags.Vm);
}
