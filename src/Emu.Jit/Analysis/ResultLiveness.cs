using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>
/// Which instructions compute what nobody sees. RyuJIT drops those computations, which must not happen to floating point, for it leaves its
/// mark in MXCSR. Taking too much for dead does no harm: 8- and 16-bit results count as overwriting the whole register.
/// </summary>
internal sealed class ResultLiveness
{
    private const uint All = uint.MaxValue;

    private readonly InstructionInfoFactory info = new();

    /// <summary>Sets <see cref="RegionInstruction.ResultDead"/> throughout a region.</summary>
    /// <param name="graph">The region.</param>
    /// <param name="isNative">Whether an instruction is performed in place.</param>
    /// <param name="isKept">Whether it is computed even with a dead result.</param>
    public static void Analyze(
        RegionGraph graph, Func<RegionInstruction, bool> isNative, Func<RegionInstruction, bool> isKept)
    {
        ResultLiveness liveness = new();
        foreach (RegionBlock block in graph.Blocks) liveness.Analyze(block, isNative, isKept);
    }

    // Every block ends with a way out, where everything is stored. Those before it do not count, for RyuJIT may find that one is never taken.
    private void Analyze(RegionBlock block, Func<RegionInstruction, bool> isNative, Func<RegionInstruction, bool> isKept)
    {
        uint live = All;
        int last = block.Instructions.Count - (block.End == BlockEnd.FallThrough ? 1 : 2);
        for (int i = last; i >= 0; i--)
        {
            RegionInstruction instruction = block.Instructions[i];
            if (!isNative(instruction))
            {
                live = All;
                continue;
            }

            (uint read, uint killed, uint written) = Effects(instruction.Iced);
            instruction.ResultDead = written != 0 && (written & live) == 0;
            live &= ~killed;
            // What RyuJIT may fold does not count as looking: for it, a shift by all bits leaves nothing to compute before it.
            if (isKept(instruction) || (!instruction.ResultDead && !IsFoldable(instruction.Iced))) live |= read;
        }
    }

    /// <summary>Whether the result may be known, or be one of the sources, whatever another source holds: with an immediate operand, or with the same register twice.</summary>
    public static bool IsFoldable(in Instruction i)
    {
        for (int n = 0; n < i.OpCount; n++)
        {
            OpKind kind = i.GetOpKind(n);
            if (kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64) return true;
            for (int other = n + 1; other < i.OpCount && kind == OpKind.Register; other++)
            {
                if (i.GetOpKind(other) == OpKind.Register && i.GetOpRegister(other) == i.GetOpRegister(n)) return true;
            }
        }

        return false;
    }

    private (uint Read, uint Killed, uint Written) Effects(in Instruction i)
    {
        uint read = 0, killed = 0, written = 0;
        foreach (UsedRegister used in info.GetInfo(i).GetUsedRegisters())
        {
            uint bit = BitOf(used.Register);
            if (used.Access is OpAccess.Write or OpAccess.ReadWrite) killed |= bit;
            if (used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite) written |= bit;
            if (used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite) read |= bit;
        }

        return (read, killed, written);
    }

    private static uint BitOf(Register register) =>
        register.IsVectorRegister() ? 1u << (16 + (register.GetNumber() & 15))
        : register.IsGPR() ? 1u << register.GetFullRegister().GetNumber()
        : 0;
}
