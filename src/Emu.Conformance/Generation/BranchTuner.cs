using System.Buffers.Binary;
using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Branch targets: mostly into the code pages, whose INT3 bytes tell where a native branch went.</summary>
internal static unsafe class BranchTuner
{
    private const int ShortReach = 100;

    /// <summary>Sets the target of a branch, wherever it comes from; does nothing to other instructions.</summary>
    public static bool Tune(ref Instruction instruction, InstructionForm form, CaseInput* input, ref Random64 random)
    {
        switch (form.Code.FlowControl())
        {
            case FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch or FlowControl.Call:
                if (instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64)
                    return TuneNear(ref instruction, form, input, ref random);
                TuneFarImmediate(ref instruction, input, ref random);
                return true;
            case FlowControl.IndirectBranch or FlowControl.IndirectCall: return TuneIndirect(instruction, input, ref random);
            case FlowControl.Return:
                // Some processors probe the stack behind the released bytes before they check the selector: keep it near.
                if (form.Mnemonic == Mnemonic.Retf && instruction.OpCount == 1) instruction.Immediate16 &= 0xFF;
                TuneReturn(instruction, form, input, ref random);
                return true;
            default: return true;
        }
    }

    private static bool TuneNear(ref Instruction instruction, InstructionForm form, CaseInput* input, ref Random64 random)
    {
        if (form.Mnemonic is Mnemonic.Jcxz or Mnemonic.Jecxz or Mnemonic.Jrcxz or Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne && random.Percent(60))
        {
            ulong mask = form.Bits == 64 ? ulong.MaxValue : uint.MaxValue;
            input->State.Gpr[1] = random.Pick<ulong>([0, 1, 2, 0x1_0000 & mask, 0x1_0001 & mask, 0x1_0000_0000 & mask, 0x1_0000_0001 & mask]);
        }
        bool isShort = form.OpCode.Op0Kind is OpCodeOperandKind.br16_1 or OpCodeOperandKind.br32_1 or OpCodeOperandKind.br64_1;
        ulong target = CodeLayout.Target(input, isShort ? ShortReach : 0, ref random);
        if (!isShort && form.Bits != 16 && instruction.Op0Kind != OpKind.NearBranch16 && random.Percent(5))
        {
            // Far away, where nothing is mapped.
            target = 0x4000_0000 + (ulong)random.Below(0x1000_0000);
        }
        if (instruction.Op0Kind == OpKind.NearBranch16 && form.Bits != 16)
        {
            // Truncated to 64 KiB, where nothing is mapped; the displacement wraps.
            target = isShort ? target & 0xFFFF : (ulong)random.Below(0x1_0000);
        }
        InstructionBuilder.SetBranchTarget(ref instruction, target);
        return true;
    }

    private static void TuneFarImmediate(ref Instruction instruction, CaseInput* input, ref Random64 random)
    {
        ushort selector = SelectorTuner.Code(ref random);
        ulong target = FarTarget(input, ref selector, instruction.Op0Kind == OpKind.FarBranch16 ? 2 : 4, ref random);
        instruction.FarBranchSelector = selector;
        if (instruction.Op0Kind == OpKind.FarBranch16) instruction.FarBranch16 = (ushort)target;
        else instruction.FarBranch32 = (uint)target;
    }

    /// <summary>An offset for a far transfer; one of 16 bits goes to the 16-bit code segment, which alone has mapped code there.</summary>
    private static ulong FarTarget(CaseInput* input, ref ushort selector, int offsetSize, ref Random64 random)
    {
        ulong linear = CodeLayout.Target(input, 0, ref random);
        ulong offset = linear & 0xFFFF;
        if (offsetSize == 2 && random.Percent(80)) selector = random.Percent(70) ? TestMap.Code16 : TestMap.ReadableCode16;
        bool based = selector is TestMap.Code16 or TestMap.ReadableCode16;
        return based || offsetSize == 2 ? offset : TestMap.CodeBase + offset;
    }

    private static bool TuneIndirect(in Instruction instruction, CaseInput* input, ref Random64 random)
    {
        // Some go where the random operand points, unless that is 16-bit code, which wraps into what is mapped.
        if (input->Bits != 16 && random.Percent(4)) return true;
        ulong target = CodeLayout.Target(input, 0, ref random);
        if (instruction.Op0Kind == OpKind.Register)
        {
            int number = instruction.Op0Register.GetNumber();
            if (number == 4 && input->Bits == 16) return false;
            AddressSolver.SetRegister(input, instruction.Op0Register, target);
            return true;
        }
        int size = instruction.MemorySize.GetSize();
        byte* memory = OperandTuner.MemoryOf(instruction, input, size);
        if (memory == null) return input->Bits != 16;
        bool far = instruction.IsJmpFarIndirect || instruction.IsCallFarIndirect;
        if (!far)
        {
            Write(memory, size, target);
            return true;
        }
        ushort selector = SelectorTuner.Code(ref random);
        Write(memory, size - 2, FarTarget(input, ref selector, size - 2, ref random));
        *(ushort*)(memory + size - 2) = selector;
        return true;
    }

    private static void TuneReturn(in Instruction instruction, InstructionForm form, CaseInput* input, ref Random64 random)
    {
        if (input->Bits != 16 && random.Percent(3)) return;
        int size = form.OpCode.OperandSize != 0 ? form.OpCode.OperandSize / 8 : form.Bits / 8;
        byte* stack = OperandTuner.StackMemory(input, 0, size * 5);
        if (stack == null) return;
        bool interrupt = form.Mnemonic is Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq;
        if (!interrupt && form.Mnemonic != Mnemonic.Retf)
        {
            Write(stack, size, CodeLayout.Target(input, 0, ref random));
            return;
        }
        ushort selector = SelectorTuner.Code(ref random);
        if (random.Percent(80)) selector |= 3;
        Write(stack, size, FarTarget(input, ref selector, size, ref random));
        Write(stack + size, size, selector);
        if (!interrupt) return;
        stack[size * 2 + 1] &= 0xFE; // TF stays clear
        if (form.Bits == 64)
        {
            Write(stack + size * 3, size, input->WindowAddress + (ulong)random.Below((int)input->WindowLength));
            Write(stack + size * 4, size, random.Percent(85) ? TestMap.UserData : SelectorTuner.Any(ref random));
        }
    }

    private static void Write(byte* memory, int size, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..Math.Min(size, 8)].CopyTo(new Span<byte>(memory, Math.Min(size, 8)));
    }
}
