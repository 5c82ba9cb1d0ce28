using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>
/// Which registers have nothing in their upper half: instructions that write 32 bits clear it, and those that read 32 bits need not cut it off again.
/// </summary>
internal sealed class ZeroExtension
{
    private const uint All = 0xFFFF;

    private readonly InstructionInfoFactory factory = new();
    private readonly RegionGraph graph;
    private readonly Func<RegionInstruction, bool> isNative;
    private readonly Dictionary<RegionBlock, uint> atStart = [];

    private ZeroExtension(RegionGraph graph, Func<RegionInstruction, bool> isNative)
    {
        this.graph = graph;
        this.isNative = isNative;
    }

    /// <summary>Sets <see cref="RegionInstruction.ZeroExtended"/> throughout a region.</summary>
    /// <param name="graph">The region.</param>
    /// <param name="isNative">Whether an instruction is performed in place; the interpreter may change any register.</param>
    public static void Analyze(RegionGraph graph, Func<RegionInstruction, bool> isNative) => new ZeroExtension(graph, isNative).Analyze();

    private void Analyze()
    {
        foreach (RegionBlock block in graph.Blocks) atStart[block] = graph.Entries.Contains(block) ? 0 : All;
        Queue<RegionBlock> changed = new(graph.Blocks);
        while (changed.TryDequeue(out RegionBlock? block))
        {
            uint known = Walk(block);
            foreach (RegionBlock next in graph.SuccessorsOf(block))
            {
                uint joined = atStart[next] & known;
                if (joined == atStart[next]) continue;
                atStart[next] = joined;
                changed.Enqueue(next);
            }
        }
    }

    /// <summary>Goes through a block; returns what is known at its end.</summary>
    private uint Walk(RegionBlock block)
    {
        uint known = atStart[block];
        foreach (RegionInstruction instruction in block.Instructions)
        {
            instruction.ZeroExtended = known;
            bool end = instruction == block.Last && block.End != BlockEnd.FallThrough;
            if (!end && !isNative(instruction))
            {
                known = 0;
                continue;
            }

            foreach (UsedRegister used in factory.GetInfo(instruction.Iced).GetUsedRegisters())
            {
                if (!used.Register.IsGPR() || used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.None or OpAccess.NoMemAccess) continue;
                uint bit = 1u << used.Register.GetFullRegister().GetNumber();
                int size = used.Register.GetSize();
                if (size == 8) known &= ~bit;
                else if (size == 4 && used.Access is OpAccess.Write or OpAccess.ReadWrite) known |= bit;
            }
        }

        return known;
    }
}
