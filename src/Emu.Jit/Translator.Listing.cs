using System.Text;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Emit;
using Emu.Jit.Regions;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Jit;

// What has been made of some guest code, for people.
public sealed unsafe partial class Translator
{
    /// <summary>
    /// Lists the regions that the code at a linear address belongs to, as a processor sees it now: their blocks with every instruction, which of them the
    /// interpreter performs, and the IL of the block at that address. Empty if the code is not translated. Between calls of <see cref="Vcpu.Run"/>.
    /// </summary>
    public string Describe(Vcpu cpu, ulong linear)
    {
        TlbEntry* entry = cpu.State->CodeEntry(linear);
        if ((linear & ~0xFFFul) != entry->ExecuteTag) return "";
        StringBuilder text = new();
        foreach (Region region in regionsOf.Values.SelectMany(static r => r).Distinct())
        {
            PlannedBlock? hit = region.Plan.Blocks.FirstOrDefault(b => Holds(b.Block, (nint)(linear + (ulong)entry->Addend)));
            if (hit == null) continue;
            ulong start = linear - (ulong)((nint)(linear + (ulong)entry->Addend) - hit.Block.Host) - (ulong)hit.Start;
            Describe(region, start, text);
            DescribeIntermediate(region, hit.Start, start, text);
        }

        return text.ToString();
    }

    /// <summary>
    /// The region with code at a linear address, as it was when the region was planned; of several, one that begins there, else the latest. Null if there
    /// is none, or it was compiled while <see cref="KeepsListings"/> was off. On the machine's thread.
    /// </summary>
    public RegionDocument? DocumentAt(ulong linear)
    {
        Region? found = ListedRegions().Where(r => r.Plan.Blocks.Any(b => linear - (r.Plan.Linear + (ulong)b.Start) < (ulong)b.Code.Length))
            .OrderByDescending(r => r.Plan.Linear == linear).ThenByDescending(static r => r.Number).FirstOrDefault();
        return found == null ? null : DocumentOf(found);
    }

    /// <summary>The region with the most instructions; null if there is none that was compiled while <see cref="KeepsListings"/> was on. On the machine's thread.</summary>
    public RegionDocument? LargestDocument()
    {
        Region? found = ListedRegions().OrderByDescending(static r => r.Summary.Instructions).ThenBy(static r => r.Number).FirstOrDefault();
        return found == null ? null : DocumentOf(found);
    }

    /// <summary>Linear addresses that regions in use were planned at. On the machine's thread.</summary>
    public IReadOnlyList<ulong> RegionAddresses() => [.. LiveRegions().Select(static r => r.Plan.Linear).Order()];

    private IEnumerable<Region> LiveRegions() => regionsOf.Values.SelectMany(static r => r).Where(static r => !r.IsRetired).Distinct();

    private IEnumerable<Region> ListedRegions() => LiveRegions().Where(static r => r.Listing != null);

    private static RegionDocument? DocumentOf(Region region)
    {
        if (region.Listing is not { } listing) return null;
        List<GuestLine> guest = [];
        Dictionary<RegionInstruction, int> indices = [];
        NasmFormatter formatter = new();
        StringOutput output = new();
        foreach (RegionBlock block in listing.Graph.Blocks)
        {
            byte[] code = region.Plan.Blocks.First(b => b.Start == block.Start).Code;
            foreach (RegionInstruction instruction in block.Instructions)
            {
                indices[instruction] = guest.Count;
                formatter.Format(At(instruction.Iced, region.Plan.Linear), output);
                int offset = (int)((long)instruction.Iced.IP - block.Start);
                string bytes = Convert.ToHexStringLower(code.AsSpan(offset, Math.Min(instruction.Iced.Length, code.Length - offset)));
                guest.Add(new GuestLine(region.Plan.Linear + instruction.Iced.IP, bytes, output.ToStringAndReset(), !IsPerformedInPlace(block, instruction), instruction == block.Instructions[0]));
            }
        }

        return new RegionDocument
        {
            Summary = region.Summary,
            Method = region.Method.Name,
            Ordinal = region.Ordinal,
            Guest = guest,
            Intermediate = [.. listing.Lines.Select(l => new IntermediateLine(l.Offset, l.Text, l.Instruction == null ? -1 : indices[l.Instruction], l.Part, l.Value))],
        };
    }

    private static bool IsPerformedInPlace(RegionBlock block, RegionInstruction instruction) =>
        instruction == block.Last && block.End != BlockEnd.FallThrough ? block.End != BlockEnd.Interpreted : RegionEmitter.IsNative(instruction);

    private static bool Holds(Block block, nint host) => host >= block.Host && host < block.Host + block.ByteLength;

    private static void Describe(Region region, ulong start, StringBuilder text)
    {
        text.AppendLine($"region {start:x}: {region.Plan.Blocks.Count} blocks, {region.Summary.Instructions} instructions, {region.Summary.Called} of them interpreted (*), {region.Summary.IlBytes} bytes of IL");
        NasmFormatter formatter = new();
        StringOutput output = new();
        foreach (RegionBlock block in new RegionGraph(region.Plan.WithOperations()).Blocks)
        {
            text.AppendLine($" {start + (ulong)block.Start:x}: {block.End}");
            foreach (RegionInstruction instruction in block.Instructions)
            {
                formatter.Format(At(instruction.Iced, start), output);
                text.AppendLine($"  {(IsPerformedInPlace(block, instruction) ? ' ' : '*')} {output.ToStringAndReset()}");
            }
        }
    }

    /// <summary>The IL of one block. Emission is repeatable, so it is what was compiled.</summary>
    private void DescribeIntermediate(Region region, long block, ulong start, StringBuilder text)
    {
        RegionGraph graph = new(region.Plan.WithOperations());
        using RegionMemory memory = new();
        IlListing listing = new(graph);
        new RegionEmitter(graph, memory, code.Fusion, listing).Emit();
        HashSet<RegionInstruction> wanted = [.. graph.At(block)!.Instructions];
        text.AppendLine($" IL of the block at {start + (ulong)block:x}, ways out at the end:");
        foreach (IlLine line in listing.Lines.Where(l => l.Instruction != null && wanted.Contains(l.Instruction))) text.AppendLine($"  {line.Offset:x4} {line.Text}");
    }

    /// <summary>The instruction at its real address: its IP is a distance, and so are the addresses in it.</summary>
    private static Instruction At(in Instruction instruction, ulong start)
    {
        Instruction moved = instruction;
        moved.IP += start;
        if (moved.IsIPRelativeMemoryOperand) moved.MemoryDisplacement64 += start;
        if (moved.Op0Kind == OpKind.NearBranch64) moved.NearBranch64 += start;
        if (moved.Op0Kind == OpKind.NearBranch32) moved.NearBranch32 += (uint)start;
        if (moved.Op0Kind == OpKind.NearBranch16) moved.NearBranch16 += (ushort)start;
        return moved;
    }
}
