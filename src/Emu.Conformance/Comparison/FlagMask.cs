using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Comparison;

/// <summary>Which RFLAGS bits an instruction leaves undefined.</summary>
internal static unsafe class FlagMask
{
    /// <summary>Iced's flag bits as bits of RFLAGS.</summary>
    public static ulong Bits(RflagsBits flags)
    {
        ulong result = 0;
        if ((flags & RflagsBits.CF) != 0) result |= 1;
        if ((flags & RflagsBits.PF) != 0) result |= 1 << 2;
        if ((flags & RflagsBits.AF) != 0) result |= 1 << 4;
        if ((flags & RflagsBits.ZF) != 0) result |= 1 << 6;
        if ((flags & RflagsBits.SF) != 0) result |= 1 << 7;
        if ((flags & RflagsBits.DF) != 0) result |= 1 << 10;
        if ((flags & RflagsBits.OF) != 0) result |= 1 << 11;
        return result;
    }

    /// <summary>The undefined bits, with what the operands of this case make defined after all.</summary>
    public static ulong Undefined(in Instruction instruction, CaseInput* input)
    {
        ulong undefined = Bits(instruction.RflagsUndefined);
        if (instruction.Mnemonic is Mnemonic.Rdseed or Mnemonic.Rdrand) undefined |= 1; // CF: whether there was entropy
        if (instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror
            or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd)
        {
            int count = ShiftCount(instruction, input), size = Size(instruction) * 8;
            if (count == 0) return 0; // no flag changes (SDM Vol. 2B SAL)
            if (count == 1) undefined &= ~(1UL << 11); // OF is defined for one-bit shifts
            else undefined |= 1UL << 11;
            bool shift = instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr;
            if (shift && count >= size) undefined |= 1; // CF, for counts not below the size
            if (IsOversizedDoubleShift(instruction, input)) undefined |= 0x8D5;
        }
        return undefined;
    }

    /// <summary>SHLD or SHRD of 16 bits by more than 16.</summary>
    public static bool IsOversizedDoubleShift(in Instruction instruction, CaseInput* input) =>
        instruction.Mnemonic is Mnemonic.Shld or Mnemonic.Shrd && ShiftCount(instruction, input) > Size(instruction) * 8;

    private static int Size(in Instruction instruction) =>
        instruction.Op0Kind == OpKind.Register ? instruction.Op0Register.GetSize() : instruction.MemorySize.GetSize();

    private static int ShiftCount(in Instruction instruction, CaseInput* input)
    {
        int last = instruction.OpCount - 1;
        int count = instruction.GetOpKind(last) == OpKind.Register ? (byte)input->State.Gpr[1] : (byte)instruction.GetImmediate(last);
        return count & (Size(instruction) == 8 ? 63 : 31);
    }
}
