using Emu.Mmu;

namespace Emu.Cpu;

// Reset, exceptions and external events.
public sealed unsafe partial class Vcpu
{
    /// <summary>An event (interrupt, NMI, SMI, INIT, SIPI) waits for the processor to accept it.</summary>
    public bool HasPendingEvents => false;

    /// <summary>Data breakpoints are armed.</summary>
    private bool HasDataBreakpoints => false;

    /// <summary>The next instruction must run alone: single-step trap, instruction breakpoints, an interrupt shadow.</summary>
    private bool NeedsSingleStep => State->Shadow != InterruptShadow.None || (State->SystemFlags & Eflags.Tf) != 0;

    private void CheckDataBreakpoints(ulong linear, int size, bool isWrite)
    {
    }

    private void BeginSingleStep()
    {
    }

    private void EndSingleStep()
    {
    }

    /// <summary>Puts the processor in its state after power-on (SDM Vol. 3A table 9-1).</summary>
    public void Reset()
    {
        CpuState* s = State;
        s->Rip = 0xFFF0;
        s->Cr0 = 0x60000010;
        s->Fcw = 0x0040;
        s->Mxcsr = 0x1F80;
        s->Xcr0 = 1;
        s->Gpr[2] = 0x600;
        s->Dr6 = 0xFFFF0FF0;
        s->Dr7 = 0x400;
        s->Eflags = 2;
        s->IdtLimit = s->GdtLimit = 0xFFFF;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            segment = new SegmentRegister { Limit = 0xFFFF, Attributes = 0x93 };
            if (i == SegmentIndex.Cs)
            {
                segment.Selector = 0xF000;
                segment.Base = 0xFFFF0000;
                segment.Attributes = 0x9B;
            }

            segment.UpdateDerived();
        }

        UpdatePaging();
        UpdateMode();
    }

    private bool ServiceEvents() => false;

    private void DeliverPendingException()
    {
        hasPendingException = false;
        State->Activity = ActivityState.Shutdown;
    }
}
