using Emu.Conformance.Cases;
using Emu.Cpu;

namespace Emu.Conformance.Emulated;

// Moving the user-visible state in and out.
internal sealed unsafe partial class EmulatedMachine
{
    private const int HandlerSpacing = 16;
    private const int FrameSize = 48;

    /// <summary>The vector of the exception whose handler the processor has entered, or null.</summary>
    public byte? DeliveredVector
    {
        get
        {
            ulong handler = Cpu.State->Rip - HandlerBase;
            return Cpu.State->Cpl == 0 && handler < 256 * HandlerSpacing ? (byte)(handler / HandlerSpacing) : null;
        }
    }

    /// <summary>Puts the processor into a state at a privilege level.</summary>
    /// <param name="from">The state; selectors name descriptors of <see cref="Descriptor"/>.</param>
    /// <param name="cpl">Privilege level: 0 or 3.</param>
    /// <param name="longBases">FS and GS have the bases of the state, not of their descriptors.</param>
    public void Load(MachineState* from, byte cpl, bool longBases)
    {
        CpuState* state = Cpu.State;
        for (int i = 0; i < 16; i++) state->Gpr[i] = from->Gpr[i];
        state->Rip = from->Rip;
        state->Eflags = (uint)from->Rflags;
        state->Cpl = cpl;
        state->Activity = ActivityState.Active;
        state->Shadow = InterruptShadow.None;
        for (int i = 0; i < 6; i++) LoadSegment((SegmentIndex)i, from->Segments[i]);
        if (longBases)
        {
            state->Segment(SegmentIndex.Fs).Base = from->FsBase;
            state->Segment(SegmentIndex.Gs).Base = from->GsBase;
        }
        StateImage.Load(from, state);
        Cpu.UpdateMode();
    }

    /// <summary>Takes the state out.</summary>
    public void Store(MachineState* to)
    {
        CpuState* state = Cpu.State;
        for (int i = 0; i < 16; i++) to->Gpr[i] = state->Gpr[i];
        to->Rip = state->Rip;
        to->Rflags = state->Eflags;
        for (int i = 0; i < 6; i++) to->Segments[i] = state->Segment((SegmentIndex)i).Selector;
        to->FsBase = state->Segment(SegmentIndex.Fs).Base;
        to->GsBase = state->Segment(SegmentIndex.Gs).Base;
        StateImage.Store(state, to);
    }

    /// <summary>
    /// Replaces what the delivery of an exception changed by what its frame holds (SDM Vol. 3A 6.14.2); returns the error code, or 0.
    /// </summary>
    public uint LoadFrame(MachineState* to, byte vector)
    {
        ulong* frame = (ulong*)Host(StackTop - FrameSize);
        to->Rip = frame[1];
        to->Segments[1] = (ushort)frame[2];
        to->Rflags = frame[3];
        to->Gpr[4] = frame[4];
        to->Segments[2] = (ushort)frame[5];
        return ExceptionVector.HasErrorCode(vector) ? (uint)frame[0] : 0;
    }

    // As loading the selector would, without its checks.
    private void LoadSegment(SegmentIndex index, ushort selector)
    {
        ulong descriptor = (selector & ~3) == 0 ? 0 : Descriptor(selector);
        uint limit = (uint)(descriptor & 0xFFFF | descriptor >> 32 & 0xF_0000);
        ref SegmentRegister segment = ref Cpu.State->Segment(index);
        segment = new SegmentRegister
        {
            Selector = selector,
            Base = descriptor >> 16 & 0xFF_FFFF | descriptor >> 32 & 0xFF00_0000,
            Limit = (descriptor >> 55 & 1) != 0 ? limit << 12 | 0xFFF : limit,
            Attributes = (ushort)(descriptor >> 40 & 0xF0FF),
        };
        segment.UpdateDerived();
    }
}
