using Emu.Conformance.Cases;

namespace Emu.Conformance.Native;

/// <summary>Brings what the host reports into the form all executors share.</summary>
/// <remarks>
/// XSAVE leaves open what it stores for a component in its initial state (SDM Vol. 1 13.6): the initial values are put there.
/// </remarks>
internal static unsafe class NativeResults
{
    /// <summary>Turns the exception at a branch target into a completed case with RIP there, and completes the XSAVE image.</summary>
    public static void Normalize(in CaseInput input, ref CaseResult result)
    {
        if (result.State.XstateBv != 7) StoreInitialComponents(ref result.State);
        BranchTargets.Complete(input, ref result);
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
}
