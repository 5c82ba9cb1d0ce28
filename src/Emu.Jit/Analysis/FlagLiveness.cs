using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>
/// Which instructions set status flags that nobody sees, and which blocks need to know the flags as they begin. Effects come from Iced's data.
/// </summary>
internal static class FlagLiveness
{
    private const RflagsBits Status = RflagsBits.OF | RflagsBits.SF | RflagsBits.ZF | RflagsBits.AF | RflagsBits.CF | RflagsBits.PF;

    /// <summary>Runs the analysis over a region.</summary>
    /// <param name="graph">The region.</param>
    /// <param name="mayLeave">Whether an instruction can hand over to the interpreter before it has written its flags.</param>
    public static void Analyze(RegionGraph graph, Func<RegionInstruction, bool> mayLeave)
    {
        foreach (RegionBlock block in graph.Blocks) MarkDead(block, mayLeave);
        foreach (RegionBlock block in graph.Blocks) block.NeedsCanonicalFlags = !InheritsFlags(block) && ReadsBeforeWriting(block);
        // A block that inherits its flags may pass the need on to the one it inherits from.
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (RegionBlock block in graph.Blocks)
            {
                if (!InheritsFlags(block) || !ReadsBeforeWriting(block)) continue;
                RegionBlock source = block.OnlyPredecessor!;
                while (PassesThrough(source) && InheritsFlags(source)) source = source.OnlyPredecessor!;
                if (!PassesThrough(source) || source.NeedsCanonicalFlags) continue;
                source.NeedsCanonicalFlags = true;
                changed = true;
            }
        }
    }

    /// <summary>The flags at its start are those at the end of its only predecessor, which is emitted before it.</summary>
    public static bool InheritsFlags(RegionBlock block) => block.OnlyPredecessor != null && block.OnlyPredecessor.Index < block.Index;

    private static void MarkDead(RegionBlock block, Func<RegionInstruction, bool> mayLeave)
    {
        RflagsBits live = Status;
        for (int i = block.Instructions.Count - 1; i >= 0; i--)
        {
            RegionInstruction instruction = block.Instructions[i];
            RflagsBits written = Written(instruction.Iced);
            instruction.FlagsDead = written != RflagsBits.None && (written & live) == 0;
            if (!IsConditional(instruction.Iced)) live &= ~written;
            live |= instruction.Iced.RflagsRead & Status;
            if (mayLeave(instruction)) live = Status;
        }
    }

    /// <summary>Status flags that get a new value. What is undefined counts, but for the instructions that leave it as it was.</summary>
    private static RflagsBits Written(in Instruction i) => i.Mnemonic switch
    {
        Mnemonic.Mul or Mnemonic.Imul => RflagsBits.OF | RflagsBits.CF,
        Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc => RflagsBits.CF,
        Mnemonic.Tzcnt or Mnemonic.Lzcnt => Status & ~RflagsBits.OF,
        _ => i.RflagsModified & Status,
    };

    /// <summary>A shift by a variable count leaves the flags alone when the count is zero.</summary>
    private static bool IsConditional(in Instruction i) =>
        i.Mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr
            or Mnemonic.Shld or Mnemonic.Shrd
        && i.GetOpKind(i.OpCount - 1) == OpKind.Register;

    private static bool PassesThrough(RegionBlock block)
    {
        foreach (RegionInstruction instruction in block.Instructions)
        {
            if (Written(instruction.Iced) != 0) return false;
        }

        return true;
    }

    private static bool ReadsBeforeWriting(RegionBlock block)
    {
        foreach (RegionInstruction instruction in block.Instructions)
        {
            ref readonly Instruction i = ref instruction.Iced;
            if ((i.RflagsRead & Status) != 0) return true;
            RflagsBits written = Written(i);
            if (written == RflagsBits.None || instruction.FlagsDead) continue;
            // Whatever keeps some flags needs them all.
            return written != Status || IsConditional(i);
        }

        return false;
    }
}
