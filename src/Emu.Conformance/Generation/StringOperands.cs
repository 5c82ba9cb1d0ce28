using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Pointers, counts and contents for string instructions and other implicit RSI/RDI operands.</summary>
internal static unsafe class StringOperands
{
    private const ulong DirectionFlag = 1 << 10;

    /// <summary>Points RSI and RDI into the window as far as the instruction uses them, and bounds the repeat count.</summary>
    public static void Tune(in Instruction instruction, CaseInput* input, ref Random64 random)
    {
        bool any = false;
        int size = Math.Max(1, instruction.MemorySize.GetSize());
        bool maskedMove = instruction.Mnemonic is Mnemonic.Maskmovq or Mnemonic.Maskmovdqu or Mnemonic.Vmaskmovdqu;
        int count = maskedMove ? 1 : random.Percent(10) ? random.Below(4) : random.Below(40);
        for (int i = 0; i < instruction.OpCount; i++)
        {
            (Register register, Register segment) = instruction.GetOpKind(i) switch
            {
                OpKind.MemorySegSI => (Register.SI, instruction.MemorySegment),
                OpKind.MemorySegESI => (Register.ESI, instruction.MemorySegment),
                OpKind.MemorySegRSI => (Register.RSI, instruction.MemorySegment),
                OpKind.MemorySegDI => (Register.DI, instruction.MemorySegment),
                OpKind.MemorySegEDI => (Register.EDI, instruction.MemorySegment),
                OpKind.MemorySegRDI => (Register.RDI, instruction.MemorySegment),
                OpKind.MemoryESDI => (Register.DI, Register.ES),
                OpKind.MemoryESEDI => (Register.EDI, Register.ES),
                OpKind.MemoryESRDI => (Register.RDI, Register.ES),
                _ => (Register.None, Register.None),
            };
            if (register == Register.None) continue;
            any = true;
            ulong linear = Place(input, size, count, maskedMove, ref random);
            AddressSolver.SetRegister(input, register, linear - AddressSolver.SegmentBase(input, segment));
        }
        if (!any || maskedMove) return;
        Register counter = instruction.Op0Kind is OpKind.MemorySegDI or OpKind.MemoryESDI or OpKind.MemorySegSI || instruction.Op1Kind is OpKind.MemorySegSI or OpKind.MemoryESDI
            ? Register.CX
            : instruction.Op0Kind is OpKind.MemoryESEDI or OpKind.MemorySegESI || instruction.Op1Kind is OpKind.MemorySegESI or OpKind.MemoryESEDI ? Register.ECX : Register.RCX;
        AddressSolver.SetRegister(input, counter, (ulong)count);
        if (instruction.Mnemonic is Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq or Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd or Mnemonic.Scasq)
            MakeRunsOfEqualElements(input, ref random);
    }

    /// <summary>Short strings over a small alphabet, and lengths around 16, for PCMPxSTRx.</summary>
    public static void TuneTextCompare(CaseInput* input, ref Random64 random)
    {
        if (random.Percent(85))
        {
            input->State.Gpr[0] = (ulong)(random.Below(40) - 20) & (input->Bits == 64 ? ulong.MaxValue : uint.MaxValue);
            input->State.Gpr[2] = (ulong)(random.Below(40) - 20) & (input->Bits == 64 ? ulong.MaxValue : uint.MaxValue);
        }
        if (random.Percent(20)) return;
        int alphabet = 2 + random.Below(4), stride = 1 + random.Below(2);
        var registers = new Span<byte>(input->State.Xsave + MachineState.XmmOffset, input->Bits == 64 ? 256 : 128);
        Fill(registers, ref random);
        Fill(new Span<byte>(input->Memory, (int)input->WindowLength), ref random);

        void Fill(Span<byte> bytes, ref Random64 random)
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = i % stride != 0 ? (byte)0 : random.Percent(5) ? (byte)0 : random.Percent(5) ? (byte)random.Next() : (byte)('a' + random.Below(alphabet));
            }
        }
    }

    private static ulong Place(CaseInput* input, int size, int count, bool forward, ref Random64 random)
    {
        bool down = !forward && (input->State.Rflags & DirectionFlag) != 0;
        int span = Math.Min((int)input->WindowLength, size * (count + 1));
        int offset = random.Below((int)input->WindowLength - span + 1);
        if (random.Percent(6)) offset = random.Below((int)input->WindowLength); // may run over the end
        if (down) offset += span - size;
        return input->WindowAddress + (ulong)offset;
    }

    private static void MakeRunsOfEqualElements(CaseInput* input, ref Random64 random)
    {
        if (random.Percent(25)) return;
        byte value = (byte)random.Next();
        new Span<byte>(input->Memory, (int)input->WindowLength).Fill(value);
        for (int i = random.Below(24); i > 0; i--) input->Memory[random.Below((int)input->WindowLength)] = (byte)random.Next();
        if (random.Percent(70)) input->State.Gpr[0] = value * 0x0101_0101_0101_0101UL & (input->Bits == 64 ? ulong.MaxValue : uint.MaxValue);
    }
}
