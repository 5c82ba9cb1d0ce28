using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// What x87 instructions need of the processor around them.
public sealed unsafe partial class Vcpu
{
    /// <summary>
    /// What every waiting x87 instruction of a slow function begins with: reports a pending unmasked exception, by #MF or, with CR0.NE
    /// clear, by FERR# (SDM Vol. 1 8.7).
    /// </summary>
    internal void WaitX87()
    {
        if ((State->Fsw & X87Status.Summary) == 0) return;
        if ((State->Cr0 & Cr0.Ne) != 0) Raise(ExceptionVector.FloatingPoint);
        Bus.SetFloatingPointError(true);
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
