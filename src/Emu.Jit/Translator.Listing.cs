using System.Text;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Regions;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Jit;

// What has been made of some guest code, for people.
public sealed unsafe partial class Translator
{
    /// <summary>
    /// Lists the regions that the code at a linear address belongs to, as a processor sees it now: their blocks with every instruction, and which of them the
    /// interpreter performs. Empty if the code is not translated. Between calls of <see cref="Vcpu.Run"/>.
    /// </summary>
    public string Describe(Vcpu cpu, ulong linear)
    {
        TlbEntry* entry = cpu.State->Tlb + TlbEntry.Index(linear);
        if ((linear & ~0xFFFul) != entry->ExecuteTag) return "";
        StringBuilder text = new();
        foreach (Region region in regionsOf.Values.SelectMany(static r => r).Distinct())
        {
            PlannedBlock? hit = region.Plan.Blocks.FirstOrDefault(b => Holds(b.Block, (nint)(linear + (ulong)entry->Addend)));
            if (hit != null) Describe(region, linear - (ulong)((nint)(linear + (ulong)entry->Addend) - hit.Block.Host) - (ulong)hit.Start, text);
        }

        return text.ToString();
    }

    private static bool Holds(Block block, nint host) => host >= block.Host && host < block.Host + block.ByteLength;

    private static void Describe(Region region, ulong start, StringBuilder text)
    {
        text.AppendLine($"region {start:x}: {region.Plan.Blocks.Count} blocks, {region.Instructions} instructions, {region.Called} of them interpreted (*), {region.IlSize} bytes of IL");
        NasmFormatter formatter = new();
        StringOutput output = new();
        foreach (RegionBlock block in new RegionGraph(region.Plan).Blocks)
        {
            text.AppendLine($" {start + (ulong)block.Start:x}: {block.End}");
            foreach (RegionInstruction instruction in block.Instructions)
            {
                bool end = instruction == block.Last && block.End != BlockEnd.FallThrough;
                bool native = end ? block.End != BlockEnd.Interpreted : Emit.RegionEmitter.IsNative(instruction);
                formatter.Format(At(instruction.Iced, start), output);
                text.AppendLine($"  {(native ? ' ' : '*')} {output.ToStringAndReset()}");
            }
        }
    }

    /// <summary>The instruction at its real address: its IP is a distance, and so are the addresses in it.</summary>
    private static Instruction At(in Instruction instruction, ulong start)
    {
        Instruction moved = instruction;
        moved.IP += start;
        if (moved.IsIPRelativeMemoryOperand) moved.MemoryDisplacement64 += start;
        if (moved.Op0Kind == OpKind.NearBranch64) moved.NearBranch64 += start;
        if (moved.Op0Kind == OpKind.NearBranch32) moved.NearBranch32 += (uint)start;
        return moved;
    }
}
