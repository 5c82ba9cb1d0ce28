using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Chooses register values and a displacement so that a memory operand of a given shape reaches a given linear address.</summary>
internal static unsafe class AddressSolver
{
    /// <summary>Base of the segment a selector names in the test's surroundings.</summary>
    public static ulong SegmentBase(CaseInput* input, Register segment)
    {
        if (input->Bits == 64)
        {
            return segment switch { Register.FS => input->State.FsBase, Register.GS => input->State.GsBase, _ => 0 };
        }
        ushort selector = input->State.Segments[segment - Register.ES];
        return (selector & 4) != 0 && selector >> 3 < TestMap.Ldt.Count ? TestMap.Ldt[selector >> 3].Base : 0;
    }

    /// <summary>Width in bits of the operand's effective address.</summary>
    public static int AddressBits(in Instruction instruction, int mode)
    {
        Register register = instruction.MemoryBase != Register.None ? instruction.MemoryBase : instruction.MemoryIndex;
        if (register == Register.EIP || register.IsGPR32()) return 32;
        if (register == Register.RIP || register.IsGPR64()) return 64;
        if (register.IsGPR16()) return 16;
        return instruction.MemoryDisplSize switch { 2 => 16, 4 => 32, 8 => 64, _ => mode };
    }

    /// <summary>Writes an address-sized value to a register; bits above it keep their value.</summary>
    public static void SetRegister(CaseInput* input, Register register, ulong value)
    {
        ref ulong gpr = ref input->State.Gpr[register.GetNumber()];
        gpr = register.GetSize() switch
        {
            8 => value,
            4 => gpr & ~(ulong)uint.MaxValue | (uint)value,
            _ => gpr & ~(ulong)ushort.MaxValue | (ushort)value,
        };
    }

    /// <summary>Makes the operand reach <paramref name="target"/>; false when its shape cannot.</summary>
    public static bool TrySolve(ref Instruction instruction, CaseInput* input, ulong target, ref Random64 random)
    {
        int bits = AddressBits(instruction, (int)input->Bits);
        ulong mask = bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        ulong offset = target - SegmentBase(input, instruction.MemorySegment) & mask;
        Register baseRegister = instruction.MemoryBase, index = instruction.MemoryIndex;
        if (baseRegister is Register.RIP or Register.EIP)
        {
            instruction.MemoryDisplacement64 = offset;
            return Reaches(offset - input->State.Rip, bits);
        }
        if (baseRegister == Register.None && index == Register.None)
        {
            instruction.MemoryDisplacement64 = offset;
            return IsMemoryOffset(instruction.Code) || Reaches(offset, bits);
        }
        if (input->Bits == 16 && (baseRegister == Register.ESP || index == Register.ESP)) return false; // its upper half is not free
        if (index.IsVectorRegister()) return SolveVector(ref instruction, input, offset, mask, ref random);

        ulong displacement = ChooseDisplacement(instruction.MemoryDisplSize, ref random);
        ulong indexValue = 0, scale = (ulong)instruction.MemoryIndexScale;
        if (index == Register.AL)
        {
            indexValue = input->State.Gpr[0] & 0xFF;
            scale = 1;
            displacement = 0;
            // RBX is the base; RAX keeps its value.
        }
        else if (index != Register.None && index != baseRegister)
        {
            indexValue = random.Below(3) switch { 0 => (ulong)random.Below(64), 1 => (ulong)(random.Below(64) - 32), _ => random.Next() };
            if (baseRegister == Register.None) indexValue = (ulong)(random.Below(0x1_0000) - 0x8000);
            indexValue &= mask;
            SetRegister(input, index, indexValue);
        }

        if (baseRegister == Register.None)
        {
            displacement = offset - indexValue * scale & mask;
            instruction.MemoryDisplacement64 = displacement;
            return Reaches(displacement, bits);
        }
        if (baseRegister == index)
        {
            ulong sum = offset - displacement & mask, remainder = sum % (1 + scale);
            if (remainder != 0 && instruction.MemoryDisplSize == 0) return false;
            displacement += remainder;
            if (instruction.MemoryDisplSize == 1 && (long)displacement != (sbyte)displacement) return false;
            SetRegister(input, baseRegister, sum / (1 + scale));
        }
        else
        {
            SetRegister(input, baseRegister, offset - indexValue * scale - displacement & mask);
        }
        instruction.MemoryDisplacement64 = displacement & mask;
        return true;
    }

    private static bool SolveVector(ref Instruction instruction, CaseInput* input, ulong offset, ulong mask, ref Random64 random)
    {
        ulong displacement = ChooseDisplacement(instruction.MemoryDisplSize, ref random);
        instruction.MemoryDisplacement64 = displacement & mask;
        SetRegister(input, instruction.MemoryBase, offset - displacement & mask);
        int number = instruction.MemoryIndex.GetNumber();
        OpCodeInfo opCode = instruction.Code.ToOpCode();
        bool wide = Enumerable.Range(0, opCode.OpCount).Any(i => opCode.GetOpKind(i) is OpCodeOperandKind.mem_vsib64x or OpCodeOperandKind.mem_vsib64y);
        int reach = Math.Max(1, ((int)input->WindowLength / 2 - 16) / instruction.MemoryIndexScale);
        byte* xmm = input->State.Xsave + MachineState.XmmOffset + number * 16, high = input->State.Xsave + MachineState.YmmhOffset + number * 16;
        for (int i = 0; i < (wide ? 4 : 8); i++)
        {
            long value = random.Percent(2) ? (long)random.Next() : random.Below(2 * reach) - reach;
            if (wide) *(long*)(i < 2 ? xmm + i * 8 : high + (i - 2) * 8) = value;
            else *(int*)(i < 4 ? xmm + i * 4 : high + (i - 4) * 4) = (int)value;
        }
        return true;
    }

    private static ulong ChooseDisplacement(int size, ref Random64 random) => size switch
    {
        0 => 0,
        1 => (ulong)(sbyte)random.Next(),
        2 => (ulong)(short)random.Next(),
        _ => random.Percent(50) ? (ulong)(random.Below(0x4000) - 0x2000) : (ulong)(int)random.Next(),
    };

    private static bool Reaches(ulong value, int bits) => bits != 64 || (long)value == (int)(long)value;

    private static bool IsMemoryOffset(Code code)
    {
        OpCodeInfo opCode = code.ToOpCode();
        return opCode.Op0Kind == OpCodeOperandKind.mem_offs || opCode.Op1Kind == OpCodeOperandKind.mem_offs;
    }
}
