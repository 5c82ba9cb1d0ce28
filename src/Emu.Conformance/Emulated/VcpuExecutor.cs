using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Emu.Cpu;
using Iced.Intel;

namespace Emu.Conformance.Emulated;

/// <summary>Runs cases on the emulated processor.</summary>
public sealed unsafe class VcpuExecutor : IStateExecutor, IDisposable
{
    private const long StepLimit = 1_000_000;

    private static readonly byte[] AllBreakpoints = [.. Enumerable.Repeat((byte)0xCC, CaseInput.MaxCode)];

    private readonly EmulatedMachine _machine;
    private readonly IDisposable? _engine;
    private readonly bool _steps, _meetsCodeFirst;
    private readonly CaseReader _reader = new();
    private readonly Decoder _decoder16, _decoder32, _decoder64;

    /// <summary>Makes a processor of a model and its surroundings.</summary>
    /// <param name="model">The processor.</param>
    /// <param name="segments">The segments the other executor has.</param>
    /// <param name="engine">What executes.</param>
    public VcpuExecutor(CpuModel model, TestSegments segments, ExecutionEngine engine)
    {
        _machine = EmulatedMachine.ForTestMap(model, segments);
        _engine = engine.Attach(_machine.Cpu);
        _steps = !engine.WorksOnBlocks;
        _meetsCodeFirst = engine.MeetsCodeFirst;
        _decoder16 = HostFeatures.CreateDecoder(16, _reader);
        _decoder32 = HostFeatures.CreateDecoder(32, _reader);
        _decoder64 = HostFeatures.CreateDecoder(64, _reader);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine?.Dispose();
        _machine.Dispose();
    }

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
            LoadCode(i);
            if (_meetsCodeFirst)
            {
                LoadData(i);
                Run(i, r);
                _machine.Cpu.State->Zero = 0;
            }
            LoadData(i);
            Run(i, r);
            Store(i, r);
            _machine.Write(i->CodeAddress, AllBreakpoints.AsSpan(0, (int)i->CodeLength));
        }
    }

    private bool IsImplemented(CaseInput* input)
    {
        Decoder decoder = input->Bits switch { 16 => _decoder16, 32 => _decoder32, _ => _decoder64 };
        _reader.Restart(input->Code, (int)input->TestedLength);
        decoder.IP = input->State.Rip;
        while (decoder.IP < input->EndRip)
        {
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid) break;
            if ((InstructionTable.Instance[instruction.Code] is null || !_machine.Cpu.Model.Supports(instruction.Code)) && instruction.Mnemonic is not (Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2)) return false;
        }
        return true;
    }

    private void LoadCode(CaseInput* input)
    {
        _machine.Write(input->CodeAddress, new ReadOnlySpan<byte>(input->Code, (int)input->CodeLength));
        if (!IsStepped(input)) _machine.Write(input->CodeAddress + input->TestedLength, [0x0F, 0x0B]); // ud2
    }

    private void LoadData(CaseInput* input)
    {
        new Span<byte>(_machine.Host(TestMap.ReadWriteBase), (int)TestMap.ReadWriteSize).Clear();
        _machine.Write(input->WindowAddress, new ReadOnlySpan<byte>(input->Memory, (int)input->WindowLength));
        _machine.Load(&input->State, cpl: 3, longBases: input->Bits == 64);
    }

    private bool IsStepped(CaseInput* input) => input->InstructionCount == 1 && _steps;

    private void Run(CaseInput* input, CaseResult* result)
    {
        Vcpu cpu = _machine.Cpu;
        CpuState* state = cpu.State;
        result->Outcome = CaseOutcome.Completed;
        if (IsStepped(input))
        {
            cpu.Step();
            return;
        }
        // One by one, in small pieces, or all at once: blocks are entered and left in different places.
        long piece = input->InstructionCount == 1 ? StepLimit : (input->CaseNumber % 4) switch { 0 => 1, 1 => 7, _ => StepLimit };
        long steps = 0;
        while (steps < StepLimit && state->Activity == ActivityState.Active && state->Cpl == 3) steps += Math.Max(1, cpu.Run(piece));
        if (state->Cpl == 3 && state->Activity == ActivityState.Active) result->Outcome = CaseOutcome.Hung;
    }

    private void Store(CaseInput* input, CaseResult* result)
    {
        Vcpu cpu = _machine.Cpu;
        CpuState* state = cpu.State;
        _machine.Store(&result->State);
        new ReadOnlySpan<byte>(_machine.Host(input->WindowAddress), (int)input->WindowLength).CopyTo(new Span<byte>(result->Memory, CaseInput.MaxMemory));

        if (state->Zero != 0)
        {
            state->Zero = 0;
            result->Outcome = CaseOutcome.Corrupted;
            return;
        }
        if (_machine.DeliveredVector is { } vector)
        {
            result->Outcome = CaseOutcome.Fault;
            result->Vector = vector;
            result->ErrorCode = _machine.LoadFrame(&result->State, vector);
            result->Cr2 = state->Cr2;
        }
        else if (state->Activity == ActivityState.Shutdown)
        {
            result->Outcome = CaseOutcome.Fault;
            result->Vector = cpu.PendingException.Vector;
            result->ErrorCode = cpu.PendingException.ErrorCode;
            result->Cr2 = cpu.PendingException.Address;
        }
        if (IsStepped(input) || result->Outcome != CaseOutcome.Fault) return;
        // The UD2 behind the tested code, or what a branch led to.
        if (result->Vector == ExceptionVector.InvalidOpcode && result->State.Rip == input->EndRip) (result->Outcome, result->Vector, result->ErrorCode, result->Cr2) = (CaseOutcome.Completed, 0, 0, 0);
        else if (input->InstructionCount == 1) BranchTargets.Complete(*input, ref *result);
    }

    private sealed class CaseReader : CodeReader
    {
        private byte* _next, _end;

        public void Restart(byte* code, int length)
        {
            _next = code;
            _end = code + length;
        }

        public override int ReadByte() => _next < _end ? *_next++ : -1;
    }
}
