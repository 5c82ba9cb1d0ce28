using System.Numerics;
using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>
/// Which bits of the general registers are looked at again. An 8- or 16-bit result goes into the low part of a register and leaves the rest;
/// where nobody looks at the rest before it is overwritten, the register may simply become the result.
/// </summary>
internal sealed class DemandedBits
{
    private readonly ulong[] demanded = new ulong[16];
    private readonly InstructionInfoFactory factory = new();

    /// <summary>Sets <see cref="RegionInstruction.RestUnused"/> throughout a region. To be run after <see cref="FlagLiveness"/>.</summary>
    /// <param name="graph">The region.</param>
    /// <param name="leaves">Whether all registers must be as they should in front of an instruction, because the interpreter may have to perform it.</param>
    public static void Analyze(RegionGraph graph, Func<RegionInstruction, bool> leaves)
    {
        DemandedBits analysis = new();
        foreach (RegionBlock block in graph.Blocks) analysis.Analyze(block, leaves);
    }

    private void Analyze(RegionBlock block, Func<RegionInstruction, bool> leaves)
    {
        Array.Fill(demanded, ulong.MaxValue);
        for (int n = block.Instructions.Count - 1; n >= 0; n--)
        {
            RegionInstruction instruction = block.Instructions[n];
            ref readonly Instruction i = ref instruction.Iced;
            if (i.OpCount > 0 && i.Op0Kind == OpKind.Register && IsLow(i.Op0Register) && i.Op0Register.GetSize() <= 2)
            {
                instruction.RestUnused = (demanded[Number(i.Op0Register)] & ~MaskOf(i.Op0Register)) == 0;
            }

            if (leaves(instruction) || n == block.Instructions.Count - 1) Array.Fill(demanded, ulong.MaxValue);
            else if (!TryPrecise(instruction)) Conservative(i);
        }
    }

    /// <summary>Whatever an instruction reads it needs all of.</summary>
    private void Conservative(in Instruction i)
    {
        ref readonly InstructionInfo info = ref factory.GetInfo(i);
        foreach (UsedRegister used in info.GetUsedRegisters())
        {
            // Only what is surely overwritten stops mattering.
            if (used.Register.IsGPR() && used.Access is OpAccess.Write or OpAccess.ReadWrite) Overwrite(used.Register);
        }

        foreach (UsedRegister used in info.GetUsedRegisters())
        {
            if (used.Register.IsGPR() && used.Access is not (OpAccess.Write or OpAccess.None)) demanded[Number(used.Register)] |= MaskOf(used.Register);
        }
    }

    private void Overwrite(Register register) =>
        demanded[Number(register)] &= register.GetSize() >= 4 ? 0 : ~MaskOf(register);

    /// <summary>Instructions whose result bits follow from few bits of their operands.</summary>
    private bool TryPrecise(RegionInstruction instruction)
    {
        ref readonly Instruction i = ref instruction.Iced;
        if (i.OpCount is 0 or > 2 || i.Op0Kind != OpKind.Register || !IsLow(i.Op0Register)) return false;
        bool hasSource = i.OpCount == 2 && i.Op1Kind == OpKind.Register;
        if (hasSource && !IsLow(i.Op1Register)) return false;
        bool hasImmediate = i.OpCount == 2 && i.Op1Kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64;
        if (i.OpCount == 2 && !hasSource && !hasImmediate) return false;
        ulong mask = MaskOf(i.Op0Register);
        ulong wanted = demanded[Number(i.Op0Register)] & mask;
        // Flags look at the whole result.
        ulong result = instruction.FlagsDead ? wanted : mask;
        ulong immediate = hasImmediate ? i.GetImmediate(1) & mask : 0;
        ulong old, source;
        switch (i.Mnemonic)
        {
            case Mnemonic.Mov:
                (old, source) = (0, wanted);
                break;
            case Mnemonic.Movzx:
                (old, source) = (0, wanted & MaskOf(i.Op1Register));
                break;
            case Mnemonic.And when hasImmediate:
                (old, source) = (result & immediate, 0);
                break;
            case Mnemonic.And or Mnemonic.Or or Mnemonic.Xor:
                (old, source) = (result, result);
                break;
            case Mnemonic.Test when hasImmediate:
                demanded[Number(i.Op0Register)] |= instruction.FlagsDead ? 0 : immediate;
                return true;
            case Mnemonic.Add or Mnemonic.Sub:
                (old, source) = (UpTo(result), UpTo(result));
                break;
            case Mnemonic.Not:
                (old, source) = (wanted, 0);
                break;
            case Mnemonic.Shl when hasImmediate && instruction.FlagsDead:
                (old, source) = (wanted >> Count(immediate, i.Op0Register), 0);
                break;
            case Mnemonic.Shr when hasImmediate && instruction.FlagsDead:
                (old, source) = ((wanted << Count(immediate, i.Op0Register)) & mask, 0);
                break;
            default:
                return false;
        }

        Overwrite(i.Op0Register);
        demanded[Number(i.Op0Register)] |= old;
        if (hasSource) demanded[Number(i.Op1Register)] |= source;
        return true;
    }

    private static int Count(ulong immediate, Register register) => (int)(immediate & (register.GetSize() == 8 ? 63u : 31u));

    /// <summary>All bits up to the highest one.</summary>
    private static ulong UpTo(ulong bits) => bits == 0 ? 0 : ulong.MaxValue >> BitOperations.LeadingZeroCount(bits);

    private static int Number(Register register) => register.GetFullRegister().GetNumber();

    private static bool IsLow(Register register) => register.IsGPR() && register is not (>= Register.AH and <= Register.BH);

    private static ulong MaskOf(Register register) => register is >= Register.AH and <= Register.BH ? 0xFF00 : ulong.MaxValue >> (64 - (register.GetSize() * 8));
}
