using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// What x87 instructions need of the processor around them.
public sealed unsafe partial class Vcpu
{
    /// <summary>
    /// For handlers: reports a pending unmasked exception before a waiting instruction, by #MF or, with CR0.NE clear, by FERR#. False when
    /// the instruction is not to be performed now.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool TryReportX87Error(Op* op)
    {
        if ((State->Cr0 & Cr0.Ne) != 0)
        {
            Fault(op, ExceptionVector.FloatingPoint);
            return false;
        }

        if (ContinuesInSpiteOfError()) return true;
        LeaveAt(op);
        return false;
    }

    /// <summary>IGNNE#: with CR0.NE clear, x87 instructions go on in spite of a pending error. Driven by the chipset.</summary>
    public bool IgnoreNumericError
    {
        get => (Events & PendingEvents.NumericErrorIgnored) != 0;
        set
        {
            if (value) PostEvent(PendingEvents.NumericErrorIgnored);
            else ClearEvent(PendingEvents.NumericErrorIgnored);
        }
    }

    /// <summary>
    /// Asserts FERR#. Unless IGNNE# is asserted the processor then stands still in front of the instruction, until an interrupt (IRQ 13 on a
    /// PC) is taken or IGNNE# is asserted (SDM Vol. 1 appendix D.2.1).
    /// </summary>
    private bool ContinuesInSpiteOfError()
    {
        Bus.SetFloatingPointError(true);
        if (IgnoreNumericError) return true;
        State->Activity = ActivityState.Frozen;
        State->ExitRequest = 1;
        return false;
    }

    /// <summary>
    /// What every waiting x87 instruction of a slow function begins with: reports a pending unmasked exception, by #MF or, with CR0.NE
    /// clear, by FERR# (SDM Vol. 1 8.7).
    /// </summary>
    internal void WaitX87()
    {
        if ((State->Fsw & X87Status.Summary) == 0) return;
        if ((State->Cr0 & Cr0.Ne) != 0) Raise(ExceptionVector.FloatingPoint);
        if (!ContinuesInSpiteOfError()) throw unwind;
    }

    /// <summary>For handlers: checks that the memory operand can be written, without writing it. False with a fault recorded.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool TryProbeOperand(Op* op, int size)
    {
        if (TrySegment(op->Segment, EffectiveAddress(op), size, AccessKind.Write, out ulong linear)
            && Probe(linear, size, AccessKind.Write, CurrentAccessClass, op->Segment))
        {
            return true;
        }

        LeaveAt(op);
        return false;
    }
}
