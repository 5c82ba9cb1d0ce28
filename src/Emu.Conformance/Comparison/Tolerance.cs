using System.Buffers.Binary;
using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Emu.Conformance.Generation;
using Iced.Intel;

namespace Emu.Conformance.Comparison;

/// <summary>
/// What of a case's result is undefined by the manuals or differs between processors, and so is not compared. Everything else is.
/// </summary>
/// <remarks>
/// Undefined flags come from Iced's tables. The rest, each with its source:
/// <list type="bullet">
/// <item>RDTSC, RDTSCP, RDPID, RDRAND, RDSEED, CPUID, XGETBV: the destinations hold what only this host knows.</item>
/// <item>RCPPS/SS and RSQRTPS/SS: a relative error up to 1.5 * 2^-12 (SDM Vol. 2B RCPPS, APM Vol. 4): two results may differ by twice that.</item>
/// <item>x87 transcendental functions: within 1 ulp (SDM Vol. 1 8.3.10), so PE and C1 may differ as well.</item>
/// <item>x87 condition codes that SDM Vol. 1 table 8-1 calls undefined.</item>
/// <item>INT n through a gate that the host's kernel, or the hypervisor under it, has opened to user code; LSL of the descriptor by which Linux
/// tells a process the number of its processor.</item>
/// <item>SHLD and SHRD of 16 bits by more than 16: result and flags (SDM Vol. 2B SHLD).</item>
/// <item>XSAVE: which components are in their initial state, and so whether their part of the area is written (SDM Vol. 1 13.6);
/// FXSAVE and FSTENV: the x87 pointers, and MXCSR_MASK.</item>
/// </list>
/// </remarks>
internal readonly unsafe struct Tolerance
{
    private readonly Instruction _instruction;
    private readonly CaseInput* _input;
    private readonly bool _completed;
    private readonly SaveAreaMask _area;

    /// <summary>Finds what may differ after a case.</summary>
    public Tolerance(CaseInput* input, CaseResult* expected)
    {
        _input = input;
        _completed = expected->Outcome == CaseOutcome.Completed;
        var code = new ReadOnlySpan<byte>(input->Code, (int)input->TestedLength).ToArray();
        if (input->InstructionCount != 1)
        {
            if (!_completed) UndefinedFlags = SequenceFlags(code, input); // a completed one ends by defining them
            return;
        }
        _instruction = HostFeatures.CreateDecoder((int)input->Bits, code, input->State.Rip).Decode();
        if (_completed) UndefinedFlags = FlagMask.Undefined(_instruction, input);
        EntersHost = _instruction.Code == Code.Int_imm8 && !(expected->Outcome == CaseOutcome.Fault
            && (expected->Vector == 13 && expected->ErrorCode == _instruction.Immediate8 * 8u + 2 || expected->Vector == _instruction.Immediate8));
        UndefinedX87Status = X87Tolerance.UndefinedStatus(_instruction, input);
        _area = new SaveAreaMask(_instruction, input);
    }

    /// <summary>RFLAGS bits not compared.</summary>
    public ulong UndefinedFlags { get; }

    /// <summary>A software interrupt neither was refused nor came back as the exception of its vector: somebody has served it.</summary>
    public bool EntersHost { get; }

    /// <summary>x87 status bits not compared.</summary>
    public int UndefinedX87Status { get; }

    /// <summary>The x87 state is not defined by the operands of this case.</summary>
    public bool IgnoreX87 => _input->InstructionCount == 1 && X87Tolerance.IsOutOfRange(_instruction.Mnemonic, _input);

    /// <summary>Bits of a general register not compared.</summary>
    public ulong IgnoredGprBits(int number)
    {
        if (!_completed) return 0;
        bool destination = _instruction.Op0Kind == OpKind.Register && _instruction.Op0Register.IsGPR() && _instruction.Op0Register.GetNumber() == number;
        switch (_instruction.Mnemonic)
        {
            case Mnemonic.Rdtsc: return number is 0 or 2 ? ulong.MaxValue : 0;
            case Mnemonic.Rdtscp: return number is 0 or 1 or 2 ? ulong.MaxValue : 0;
            case Mnemonic.Cpuid: return number <= 3 ? ulong.MaxValue : 0;
            case Mnemonic.Xgetbv: return number is 0 ? ulong.MaxValue : 0;
            case Mnemonic.Rdrand or Mnemonic.Rdseed or Mnemonic.Rdpid: return destination ? DestinationBits() : 0;
            case Mnemonic.Lsl: return destination && SelectorOperand() >> 3 == 15 ? ulong.MaxValue : 0;
            case Mnemonic.Retf when number == 4 && _input->Bits == 16: return 0xFFFF_0000; // a 16-bit stack leaves open what happens there
            case Mnemonic.Shld or Mnemonic.Shrd when FlagMask.IsOversizedDoubleShift(_instruction, _input): return destination ? 0xFFFFUL : 0;
            default: return 0;
        }
    }

    /// <summary>Whether two different vector registers are both good results.</summary>
    public bool AcceptsVector(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        if (!_completed || !IsApproximation(_instruction.Mnemonic)) return false;
        for (int i = 0; i < expected.Length; i += 4)
        {
            if (!Near(BinaryPrimitives.ReadSingleLittleEndian(expected[i..]), BinaryPrimitives.ReadSingleLittleEndian(actual[i..]))) return false;
        }
        return true;
    }

    /// <summary>Whether two different x87 registers are both good results.</summary>
    public bool AcceptsX87(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual) =>
        _completed && X87Tolerance.IsTranscendental(_instruction.Mnemonic) && X87Tolerance.WithinOneUlp(expected, actual);

    /// <summary>Whether a byte of the memory window is not compared.</summary>
    public bool IgnoresMemory(int offset, byte expected, byte actual)
    {
        if (_input->InstructionCount != 1) return false;
        if (_completed && _instruction.Mnemonic is Mnemonic.Shld or Mnemonic.Shrd && FlagMask.IsOversizedDoubleShift(_instruction, _input)) return true;
        if (_completed && _instruction.Mnemonic is Mnemonic.Pushf or Mnemonic.Pushfd or Mnemonic.Pushfq) return false;
        return _area.Ignores(offset, expected, actual, _completed);
    }

    private int SelectorOperand()
    {
        if (_instruction.Op1Kind == OpKind.Register) return (ushort)_input->State.Gpr[_instruction.Op1Register.GetNumber()];
        byte* memory = OperandTuner.MemoryOf(_instruction, _input, 2);
        return memory == null ? 0 : *(ushort*)memory;
    }

    private ulong DestinationBits() => _instruction.Op0Register.GetSize() switch { 2 => 0xFFFF, _ => ulong.MaxValue };

    private static bool IsApproximation(Mnemonic mnemonic) => mnemonic is Mnemonic.Rcpps or Mnemonic.Rcpss or Mnemonic.Rsqrtps or Mnemonic.Rsqrtss
        or Mnemonic.Vrcpps or Mnemonic.Vrcpss or Mnemonic.Vrsqrtps or Mnemonic.Vrsqrtss;

    private static bool Near(float expected, float actual)
    {
        if (BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(actual)) return true;
        if (!float.IsFinite(expected) || !float.IsFinite(actual)) return false;
        return Math.Abs((double)expected - actual) <= Math.Abs((double)expected) * (3.0 / 4096);
    }

    private static ulong SequenceFlags(byte[] code, CaseInput* input)
    {
        Decoder decoder = HostFeatures.CreateDecoder((int)input->Bits, code, input->State.Rip);
        ulong undefined = 0;
        while (decoder.IP < input->EndRip)
        {
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid) break;
            undefined |= FlagMask.Bits(instruction.RflagsUndefined);
        }
        return undefined;
    }
}
