namespace Emu.Conformance.Cases;

/// <summary>Where branches out of the tested code lead: the code pages are filled with INT3, so the trap that follows tells the target.</summary>
internal static unsafe class BranchTargets
{
    private const uint Breakpoint = 3, PageFault = 14, InstructionFetch = 0x10;

    /// <summary>Turns the exception at a branch target into a completed case with RIP there.</summary>
    public static void Complete(in CaseInput input, ref CaseResult result)
    {
        if (result.Outcome != CaseOutcome.Fault) return;
        ulong codeBase = CodeBase(result.State.Segments[1]);
        if (result.Vector == Breakpoint)
        {
            ulong pad = result.State.Rip - 1;
            ulong offset = codeBase + pad - input.CodeAddress;
            if (offset < input.TestedLength) return; // the tested code's own INT3
            Complete(ref result, pad);
        }
        else if (result.Vector == PageFault && (result.ErrorCode & InstructionFetch) != 0
            && result.State.Rip + codeBase - input.CodeAddress >= input.TestedLength)
        {
            Complete(ref result, result.State.Rip);
        }
    }

    private static void Complete(ref CaseResult result, ulong rip)
    {
        result.Outcome = CaseOutcome.Completed;
        result.State.Rip = rip;
        result.Vector = 0;
        result.ErrorCode = 0;
        result.Cr2 = 0;
    }

    private static ulong CodeBase(ushort selector) =>
        (selector & 4) != 0 && selector >> 3 < TestMap.Ldt.Count ? TestMap.Ldt[selector >> 3].Base : 0;
}
