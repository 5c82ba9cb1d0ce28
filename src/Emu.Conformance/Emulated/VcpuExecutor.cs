using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Emu.Cpu;
using Iced.Intel;

namespace Emu.Conformance.Emulated;

/// <summary>Runs cases on the emulated processor.</summary>
public sealed unsafe class VcpuExecutor : IStateExecutor, IDisposable
{
    private const long StepLimit = 1_000_000;
    private const int HandlerSpacing = 16;

    private readonly EmulatedMachine _machine;

    /// <summary>Makes a processor of a model and its surroundings.</summary>
    public VcpuExecutor(CpuModel model) => _machine = EmulatedMachine.ForTestMap(model);

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();

    /// <inheritdoc/>
    public void Execute(in CaseInput input, ref CaseResult result)
    {
        fixed (CaseInput* i = &input)
        fixed (CaseResult* r = &result)
        {
            if (!IsImplemented(i))
            {
                r->Outcome = CaseOutcome.NotImplemented;
                return;
            }
            Load(i);
            Run(i, r);
            Store(i, r);
            new Span<byte>(_machine.Host(i->CodeAddress), (int)i->CodeLength).Fill(0xCC);
        }
    }

    private static bool IsImplemented(CaseInput* input)
    {
        var bytes = new ReadOnlySpan<byte>(input->Code, (int)input->TestedLength).ToArray();
        Decoder decoder = HostFeatures.CreateDecoder((int)input->Bits, bytes, input->State.Rip);
        while (decoder.IP < input->EndRip)
        {
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid) break;
            if (InstructionTable.Instance[instruction.Code] is null && instruction.Mnemonic is not (Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2)) return false;
        }
        return true;
    }

    private void Load(CaseInput* input)
    {
        new Span<byte>(_machine.Host(TestMap.ReadWriteBase), (int)TestMap.ReadWriteSize).Clear();
        _machine.Write(input->WindowAddress, new ReadOnlySpan<byte>(input->Memory, (int)input->WindowLength));
        _machine.Write(input->CodeAddress, new ReadOnlySpan<byte>(input->Code, (int)input->CodeLength));

        CpuState* state = _machine.Cpu.State;
        MachineState* from = &input->State;
        for (int i = 0; i < 16; i++) state->Gpr[i] = from->Gpr[i];
        state->Rip = from->Rip;
        state->Eflags = (uint)from->Rflags;
        state->Cpl = 3;
        state->Activity = ActivityState.Active;
        state->Shadow = InterruptShadow.None;
        for (int i = 0; i < 6; i++) LoadSegment((SegmentIndex)i, from->Segments[i]);
        if (input->Bits == 64)
        {
            state->Segment(SegmentIndex.Fs).Base = from->FsBase;
            state->Segment(SegmentIndex.Gs).Base = from->GsBase;
        }
        StateImage.Load(from, state);
        _machine.Cpu.UpdateMode();
    }

    // As loading the selector would, without its checks.
    private void LoadSegment(SegmentIndex index, ushort selector)
    {
        ulong descriptor = (selector & ~3) == 0 ? 0 : _machine.Descriptor(selector);
        uint limit = (uint)(descriptor & 0xFFFF | descriptor >> 32 & 0xF_0000);
        ref SegmentRegister segment = ref _machine.Cpu.State->Segment(index);
        segment = new SegmentRegister
        {
            Selector = selector,
            Base = descriptor >> 16 & 0xFF_FFFF | descriptor >> 32 & 0xFF00_0000,
            Limit = (descriptor >> 55 & 1) != 0 ? limit << 12 | 0xFFF : limit,
            Attributes = (ushort)(descriptor >> 40 & 0xF0FF),
        };
        segment.UpdateDerived();
    }

    private void Run(CaseInput* input, CaseResult* result)
    {
        Vcpu cpu = _machine.Cpu;
        CpuState* state = cpu.State;
        result->Outcome = CaseOutcome.Completed;
        if (input->InstructionCount == 1)
        {
            cpu.Step();
        }
        else
        {
            // In uneven pieces, so that blocks are entered and left in different places.
            for (long steps = 0; steps < StepLimit && state->Rip != input->EndRip && state->Activity == ActivityState.Active && state->Cpl == 3;)
            {
                steps += Math.Max(1, cpu.Step());
            }
            if (state->Rip != input->EndRip && state->Cpl == 3 && state->Activity == ActivityState.Active) result->Outcome = CaseOutcome.Hung;
        }
    }

    private void Store(CaseInput* input, CaseResult* result)
    {
        Vcpu cpu = _machine.Cpu;
        CpuState* state = cpu.State;
        MachineState* to = &result->State;
        for (int i = 0; i < 16; i++) to->Gpr[i] = state->Gpr[i];
        to->Rip = state->Rip;
        to->Rflags = state->Eflags;
        for (int i = 0; i < 6; i++) to->Segments[i] = state->Segment((SegmentIndex)i).Selector;
        to->FsBase = state->Segment(SegmentIndex.Fs).Base;
        to->GsBase = state->Segment(SegmentIndex.Gs).Base;
        StateImage.Store(state, to);
        new ReadOnlySpan<byte>(_machine.Host(input->WindowAddress), (int)input->WindowLength).CopyTo(new Span<byte>(result->Memory, CaseInput.MaxMemory));

        if (state->Zero != 0)
        {
            state->Zero = 0;
            result->Outcome = CaseOutcome.Corrupted;
            return;
        }
        ulong handler = state->Rip - EmulatedMachine.HandlerBase;
        if (state->Cpl == 0 && handler < 256 * HandlerSpacing) StoreFault(result, (byte)(handler / HandlerSpacing));
        else if (state->Activity == ActivityState.Shutdown)
        {
            result->Outcome = CaseOutcome.Fault;
            result->Vector = cpu.PendingException.Vector;
            result->ErrorCode = cpu.PendingException.ErrorCode;
            result->Cr2 = cpu.PendingException.Address;
        }
    }

    // The state of the interrupted code is in the frame on the supervisor's stack (SDM Vol. 3A 6.14.2).
    private void StoreFault(CaseResult* result, byte vector)
    {
        CpuState* state = _machine.Cpu.State;
        result->Outcome = CaseOutcome.Fault;
        result->Vector = vector;
        bool hasError = ExceptionVector.HasErrorCode(vector);
        ulong* frame = (ulong*)_machine.Host(EmulatedMachine.StackTop - 48);
        result->ErrorCode = hasError ? (uint)frame[0] : 0;
        result->Cr2 = state->Cr2;
        result->State.Rip = frame[1];
        result->State.Segments[1] = (ushort)frame[2];
        result->State.Rflags = frame[3];
        result->State.Gpr[4] = frame[4];
        result->State.Segments[2] = (ushort)frame[5];
    }
}
