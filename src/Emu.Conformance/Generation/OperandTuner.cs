using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>
/// Gives an instruction's operands values with which it does more than fault: pointers of string instructions, branch targets,
/// selectors, quotients that fit, and so on. A part of the cases stays wild.
/// </summary>
internal static unsafe class OperandTuner
{
    /// <summary>Adjusts state, memory and immediates; false to try another instance.</summary>
    public static bool Tune(ref Instruction instruction, InstructionForm form, CaseInput* input, ref Random64 random)
    {
        StringOperands.Tune(instruction, input, ref random);
        switch (form.Mnemonic)
        {
            case Mnemonic.Div or Mnemonic.Idiv:
                if (random.Percent(75) && !AddressUses(instruction, 0) && !AddressUses(instruction, 2)) Dividend(form.Mnemonic == Mnemonic.Idiv, input, ref random);
                break;
            case Mnemonic.Cmpxchg or Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b:
                if (random.Percent(50)) Comparand(instruction, input);
                break;
            case Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc: BitOffset(instruction, input, ref random); break;
            case Mnemonic.Bound:
                if (random.Percent(50)) BoundLimits(instruction, input);
                break;
            case Mnemonic.Int:
                if (instruction.Immediate8 == 0x80) return false; // a system call of the host
                if (random.Percent(10)) instruction.Immediate8 = random.Percent(50) ? (byte)3 : (byte)4;
                break;
            case Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Sal or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd:
                if (random.Percent(40) && !AddressUses(instruction, 1)) input->State.Gpr[1] = input->State.Gpr[1] & ~0xFFUL | (uint)random.Below(34);
                break;
            case Mnemonic.Clzero or Mnemonic.Monitor or Mnemonic.Monitorx:
                if (random.Percent(95)) Point(input, 0, input->WindowAddress + (ulong)random.Below((int)input->WindowLength), Register.DS);
                break;
            case Mnemonic.Enter: TuneEnter(ref instruction, input, ref random); break;
            case Mnemonic.Leave:
                if (random.Percent(90)) Point(input, 5, StackPlace(input, ref random), Register.SS);
                break;
            case Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq: StackWord(input, 0, 0xFEFF, 0); break; // TF stays clear
            case Mnemonic.Ldmxcsr or Mnemonic.Vldmxcsr: TuneMxcsr(instruction, input, ref random); break;
            case Mnemonic.Pcmpestri or Mnemonic.Pcmpestrm or Mnemonic.Pcmpistri or Mnemonic.Pcmpistrm or Mnemonic.Pcmpestri64 or Mnemonic.Pcmpestrm64
                or Mnemonic.Vpcmpestri or Mnemonic.Vpcmpestrm or Mnemonic.Vpcmpistri or Mnemonic.Vpcmpistrm or Mnemonic.Vpcmpestri64 or Mnemonic.Vpcmpestrm64:
                StringOperands.TuneTextCompare(input, ref random);
                break;
            case Mnemonic.Wrfsbase or Mnemonic.Wrgsbase:
                ref ulong source = ref input->State.Gpr[instruction.Op0Register.GetNumber()];
                if (random.Percent(85)) source = random.Next() >> 17 | (random.Percent(20) ? 0xFFFF_8000_0000_0000 : 0);
                break;
            case Mnemonic.Xgetbv:
                if (random.Percent(70)) input->State.Gpr[1] = (ulong)random.Below(3);
                break;
            case Mnemonic.Cpuid: input->State.Gpr[0] = random.Pick<ulong>([0, 1, 7, 13, 0x8000_0000, 0x8000_0001]); break;
            case Mnemonic.Lar or Mnemonic.Lsl or Mnemonic.Verr or Mnemonic.Verw: SelectorTuner.SourceOperand(instruction, input, ref random); break;
            case Mnemonic.Mov when instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsSegmentRegister():
                SelectorTuner.SourceOperand(instruction, input, ref random);
                break;
            case Mnemonic.Pop when instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsSegmentRegister(): SelectorTuner.TopOfStack(input, ref random); break;
            case Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss: SelectorTuner.FarPointer(instruction, input, ref random); break;
            case Mnemonic.Fxrstor or Mnemonic.Fxrstor64 or Mnemonic.Xrstor or Mnemonic.Xrstor64 or Mnemonic.Xsave or Mnemonic.Xsave64 or Mnemonic.Xsavec
                or Mnemonic.Xsavec64 or Mnemonic.Xsaveopt or Mnemonic.Xsaveopt64 or Mnemonic.Fxsave or Mnemonic.Fxsave64:
                return SaveAreaTuner.Tune(instruction, form.Mnemonic, input, ref random);
            default: return BranchTuner.Tune(ref instruction, form, input, ref random);
        }
        return true;
    }

    /// <summary>Address of the instruction's memory operand inside the input's memory block, or null when it lies elsewhere.</summary>
    public static byte* MemoryOf(in Instruction instruction, CaseInput* input, int size)
    {
        ulong linear = EffectiveAddress.Linear(instruction, input);
        ulong offset = linear - input->WindowAddress;
        return offset + (uint)size <= input->WindowLength && offset < input->WindowLength ? input->Memory + offset : null;
    }

    /// <summary>Bytes at the top of the stack inside the input's memory block, or null.</summary>
    public static byte* StackMemory(CaseInput* input, int offset, int size)
    {
        ulong linear = input->Bits == 16 ? TestMap.DataBase + (input->State.Gpr[4] + (ulong)offset & 0xFFFF) : input->State.Gpr[4] + (ulong)offset;
        ulong position = linear - input->WindowAddress;
        return position < input->WindowLength && position + (uint)size <= input->WindowLength ? input->Memory + position : null;
    }

    /// <summary>Makes a register point at a linear address through a segment.</summary>
    public static void Point(CaseInput* input, int gpr, ulong linear, Register segment)
    {
        ulong offset = linear - AddressSolver.SegmentBase(input, segment);
        input->State.Gpr[gpr] = input->Bits switch { 64 => offset, 32 => (uint)offset, _ => offset & 0xFFFF };
    }

    /// <summary>Masks and sets bits of a word on the stack.</summary>
    public static void StackWord(CaseInput* input, int offset, ushort and, ushort or)
    {
        byte* memory = StackMemory(input, offset, 2);
        if (memory != null) *(ushort*)memory = (ushort)(*(ushort*)memory & and | or);
    }

    /// <summary>Whether the memory operand's address depends on a general register.</summary>
    public static bool AddressUses(in Instruction instruction, int gpr) =>
        (instruction.MemoryBase.IsGPR() && instruction.MemoryBase.GetNumber() == gpr)
        || (instruction.MemoryIndex.IsGPR() && instruction.MemoryIndex.GetNumber() == gpr);

    private static ulong StackPlace(CaseInput* input, ref Random64 random) =>
        input->WindowAddress + (ulong)random.Below((int)input->WindowLength - 32) + 16;

    // A quotient that fits needs a small or sign-extending upper half.
    private static void Dividend(bool signed, CaseInput* input, ref Random64 random)
    {
        ref ulong high = ref input->State.Gpr[2];
        high = random.Below(4) switch
        {
            0 => 0,
            1 => signed ? ulong.MaxValue : 0,
            2 => (ulong)random.Below(16),
            _ => signed && (long)input->State.Gpr[0] < 0 ? ulong.MaxValue : 0,
        };
        if (random.Percent(60)) input->State.Gpr[0] = input->State.Gpr[0] & ~0xFF00UL | (ulong)random.Below(4) << 8; // AX / r8
        if (input->Bits != 64)
        {
            high &= uint.MaxValue;
        }
    }

    private static void Comparand(in Instruction instruction, CaseInput* input)
    {
        if (instruction.Op0Kind == OpKind.Register)
        {
            int number = instruction.Op0Register.GetNumber();
            if (instruction.Op0Register.GetSize() > 1 && number != 4) input->State.Gpr[number] = input->State.Gpr[0];
            return;
        }
        int size = instruction.MemorySize.GetSize();
        byte* memory = MemoryOf(instruction, input, size);
        if (memory == null) return;
        ulong low = input->State.Gpr[0], high = input->State.Gpr[2];
        if (instruction.Mnemonic == Mnemonic.Cmpxchg)
        {
            for (int i = 0; i < size; i++) memory[i] = (byte)(low >> (i * 8));
            return;
        }
        for (int i = 0; i < size / 2; i++)
        {
            memory[i] = (byte)(low >> (i * 8));
            memory[size / 2 + i] = (byte)(high >> (i * 8));
        }
    }

    // A register bit offset moves the accessed word by offset / width: keep it in the window.
    private static void BitOffset(in Instruction instruction, CaseInput* input, ref Random64 random)
    {
        if (instruction.Op0Kind != OpKind.Memory || instruction.Op1Kind != OpKind.Register || random.Percent(5)) return;
        Register register = instruction.Op1Register;
        int number = register.GetNumber();
        if (number == 4 || AddressUses(instruction, number)) return;
        int reach = (int)input->WindowLength * 4 - 256;
        AddressSolver.SetRegister(input, register, (ulong)(random.Below(reach * 2) - reach));
    }

    private static void BoundLimits(in Instruction instruction, CaseInput* input)
    {
        int size = instruction.MemorySize.GetSize();
        byte* memory = MemoryOf(instruction, input, size);
        if (memory == null) return;
        if (size == 4)
        {
            *(short*)memory = short.MinValue;
            *(short*)(memory + 2) = short.MaxValue;
        }
        else
        {
            *(int*)memory = int.MinValue;
            *(int*)(memory + 4) = int.MaxValue;
        }
    }

    private static void TuneEnter(ref Instruction instruction, CaseInput* input, ref Random64 random)
    {
        if (random.Percent(90)) instruction.Immediate16 = (ushort)random.Below(256);
        if (random.Percent(70)) instruction.Immediate8_2nd = (byte)random.Below(6);
        ulong middle = input->WindowAddress + input->WindowLength / 2;
        if (!random.Percent(90)) return;
        ulong stack = middle + (ulong)random.Below(512) * 2;
        Point(input, 5, middle + (ulong)random.Below(512) * 2, Register.SS);
        Point(input, 4, stack, Register.SS);
        if (input->Bits == 16) input->State.Gpr[4] |= TestMap.EspHigh16;
    }

    private static void TuneMxcsr(in Instruction instruction, CaseInput* input, ref Random64 random)
    {
        // Bit 17 is AMD's misaligned-SSE mask, reserved elsewhere: not compared.
        byte* memory = MemoryOf(instruction, input, 4);
        if (memory == null)
        {
            ulong third = EffectiveAddress.Linear(instruction, input) + 2 - input->WindowAddress;
            if (third < input->WindowLength) input->Memory[third] &= 0xFD;
            return;
        }
        *(uint*)memory = random.Percent(85) ? (uint)random.Next() & 0xFFFF : (uint)random.Next() & ~(1u << 17);
    }
}
