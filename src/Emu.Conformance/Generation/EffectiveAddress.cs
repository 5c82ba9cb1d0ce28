using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>Computes where an explicit memory operand points with the registers of a case.</summary>
internal static unsafe class EffectiveAddress
{
    /// <summary>Linear address of the operand (its first element, for a gather).</summary>
    public static ulong Linear(in Instruction instruction, CaseInput* input)
    {
        int bits = AddressSolver.AddressBits(instruction, (int)input->Bits);
        ulong mask = bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        ulong address = instruction.MemoryDisplacement64;
        if (instruction.MemoryBase is not (Register.None or Register.RIP or Register.EIP)) address += Value(instruction.MemoryBase, input);
        if (instruction.MemoryIndex != Register.None && !instruction.MemoryIndex.IsVectorRegister())
        {
            ulong index = Value(instruction.MemoryIndex, input);
            address += (instruction.MemoryIndex == Register.AL ? index & 0xFF : index) * (ulong)instruction.MemoryIndexScale;
        }
        ulong linear = AddressSolver.SegmentBase(input, instruction.MemorySegment) + (address & mask);
        return input->Bits == 64 ? linear : (uint)linear;
    }

    private static ulong Value(Register register, CaseInput* input)
    {
        ulong value = input->State.Gpr[register.GetNumber()];
        return register.GetSize() switch { 8 => value, 4 => (uint)value, _ => (ushort)value };
    }
}
