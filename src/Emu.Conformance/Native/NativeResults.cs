using Emu.Conformance.Cases;

namespace Emu.Conformance.Native;

/// <summary>Brings what the host reports into the form all executors share.</summary>
/// <remarks>
/// The code pages are filled with INT3, so the trap that follows a branch tells its target. And XSAVE leaves open what it stores
/// for a component in its initial state (SDM Vol. 1 13.6): the initial values are put there.
/// </remarks>
internal static unsafe class NativeResults
{
    private const uint Breakpoint = 3, PageFault = 14, InstructionFetch = 0x10;

    /// <summary>Turns the exception at a branch target into a completed case with RIP there, and completes the XSAVE image.</summary>
    public static void Normalize(in CaseInput input, ref CaseResult result)
    {
        if (result.State.XstateBv != 7) StoreInitialComponents(ref result.State);
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

    private static void StoreInitialComponents(ref MachineState state)
    {
        fixed (byte* image = state.Xsave)
        {
            if ((state.XstateBv & 1) == 0)
            {
                new Span<byte>(image, MachineState.MxcsrOffset).Clear();
                new Span<byte>(image + MachineState.StOffset, 128).Clear();
                state.Fcw = 0x37F;
            }
            if ((state.XstateBv & 2) == 0) new Span<byte>(image + MachineState.XmmOffset, 256).Clear();
            if ((state.XstateBv & 4) == 0) new Span<byte>(image + MachineState.YmmhOffset, 256).Clear();
            state.XstateBv = 7;
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
