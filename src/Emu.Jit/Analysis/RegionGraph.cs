using Emu.Cpu;
using Emu.Jit.Regions;
using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>The decoded blocks of a region and how they lead to each other.</summary>
internal sealed unsafe class RegionGraph
{
    private readonly Dictionary<long, RegionBlock> byStart = [];
    private readonly List<RegionBlock> returnSites = [];

    /// <summary>Decodes a plan.</summary>
    public RegionGraph(RegionPlan plan)
    {
        Plan = plan;
        Is64 = (plan.Mode & CodeMode.Code64) != 0;
        IsSegmented = Vcpu.IsSegmented(plan.Mode);
        foreach (PlannedBlock planned in plan.Blocks) byStart[planned.Start] = Decode(planned);
        Entries = [.. plan.Entries.Select(e => byStart[plan.Blocks[e].Start])];
        Blocks = [.. byStart.Values.OrderBy(b => b.Start)];
        for (int i = 0; i < Blocks.Count; i++) Blocks[i].Index = i;
        Connect();
    }

    /// <summary>What it was made from.</summary>
    public RegionPlan Plan { get; }

    /// <summary>64-bit mode.</summary>
    public bool Is64 { get; }

    /// <summary>Segments have bases and limits to be looked at, or RIP or the stack pointer fewer than 32 bits; else it is 64-bit or flat 32-bit code.</summary>
    public bool IsSegmented { get; }

    /// <summary>Size of the stack pointer in bytes: 8, 4 or 2.</summary>
    public int StackSize => Is64 ? 8 : (Plan.Mode & CodeMode.Stack32) != 0 ? 4 : 2;

    /// <summary>Blocks by address, which is the order of emission.</summary>
    public IReadOnlyList<RegionBlock> Blocks { get; }

    /// <summary>Where the region can be entered; the first is the block that was hot.</summary>
    public IReadOnlyList<RegionBlock> Entries { get; }

    /// <summary>Blocks behind calls to functions in the region: where a RET may go.</summary>
    public IReadOnlyList<RegionBlock> ReturnSites => returnSites;

    /// <summary>The block that starts at a distance from the entry, if it belongs to the region.</summary>
    public RegionBlock? At(long start) => byStart.GetValueOrDefault(start);

    private RegionBlock Decode(PlannedBlock planned)
    {
        Decoder decoder = Decoder.Create(Plan.RipSize * 8, new ByteArrayCodeReader(planned.Code), Plan.DecoderOptions);
        decoder.IP = (ulong)planned.Start;
        List<RegionInstruction> instructions = [];
        for (int i = 0; i < planned.Ops.Length; i++)
        {
            if (planned.Ops[i].Length == 0) continue;
            decoder.Decode(out Instruction instruction);
            instructions.Add(new RegionInstruction(instruction, planned, i));
            // What Iced rejects is the interpreter's to raise a fault for, and ends its block.
            if (instruction.IsInvalid) break;
        }

        RegionInstruction last = instructions[^1];
        BlockEnd kind = EndOf(last);
        long target = kind is BlockEnd.Conditional or BlockEnd.Jump or BlockEnd.Call ? RegionPlanner.TargetOf(last.Iced, Plan.Rip) : 0;
        return new RegionBlock
        {
            Start = planned.Start,
            Next = planned.Start + planned.Code.Length,
            Instructions = instructions,
            LastOperation = (nint)(planned.Block.Ops + planned.Ops.Length - 1),
            End = kind,
            Target = target,
            SeenTargets = planned.Targets,
            CrossesPages = planned.CrossesPages,
        };
    }

    private BlockEnd EndOf(RegionInstruction last)
    {
        if ((last.Op.Flags & OpFlags.EndsBlock) == 0) return BlockEnd.FallThrough;
        ref readonly Instruction i = ref last.Iced;
        // A branch of 16 bits wraps; the segmented code that has them is not entered where it would.
        bool direct = i.Op0Kind switch
        {
            OpKind.NearBranch64 => true,
            OpKind.NearBranch32 => !Is64,
            OpKind.NearBranch16 => Plan.RipSize == 2,
            _ => false,
        };
        bool wholeTarget = last.Op.Size == Plan.RipSize || (IsSegmented && last.Op.Size is 2 or 4);
        switch (i.FlowControl)
        {
            case FlowControl.ConditionalBranch when direct && (i.IsJccShortOrNear || i.Mnemonic is Mnemonic.Loop or Mnemonic.Jcxz or Mnemonic.Jecxz or Mnemonic.Jrcxz):
                return BlockEnd.Conditional;
            case FlowControl.UnconditionalBranch when direct && i.IsJmpShortOrNear:
                return BlockEnd.Jump;
            case FlowControl.Call when direct && i.Mnemonic == Mnemonic.Call:
                return BlockEnd.Call;
            case FlowControl.IndirectBranch or FlowControl.IndirectCall when i.Op0Kind == OpKind.Memory && !Emit.RegionEmitter.IsNativeAddress(last):
                return BlockEnd.Interpreted;
            case FlowControl.IndirectBranch when i.IsJmpNearIndirect && wholeTarget:
                return BlockEnd.IndirectJump;
            case FlowControl.IndirectCall when i.IsCallNearIndirect && wholeTarget:
                return BlockEnd.IndirectCall;
            case FlowControl.Return when i.Mnemonic == Mnemonic.Ret && wholeTarget:
                return BlockEnd.Return;
            default:
                return BlockEnd.Interpreted;
        }
    }

    /// <summary>Blocks of the region that one may lead to.</summary>
    public IEnumerable<RegionBlock> SuccessorsOf(RegionBlock block)
    {
        if (block.End == BlockEnd.Return) return returnSites;
        IEnumerable<long> targets = block.End switch
        {
            BlockEnd.FallThrough => [block.Next],
            BlockEnd.Conditional => [block.Target, block.Next],
            BlockEnd.Jump or BlockEnd.Call => [block.Target],
            BlockEnd.IndirectJump or BlockEnd.IndirectCall => block.SeenTargets,
            _ => [],
        };
        return targets.Select(At).OfType<RegionBlock>();
    }

    private void Connect()
    {
        foreach (RegionBlock entry in Entries) entry.Predecessors++;
        foreach (RegionBlock block in Blocks)
        {
            bool calls = block.End is BlockEnd.Call or BlockEnd.IndirectCall;
            bool inside = false;
            // Those of a RET are added with the calls.
            foreach (RegionBlock to in block.End == BlockEnd.Return ? [] : SuccessorsOf(block))
            {
                to.Predecessors++;
                to.OnlyPredecessor = block;
                inside = true;
            }

            if (calls && inside) AddReturnSite(block.Next);
        }

        foreach (RegionBlock block in Blocks)
        {
            if (block.Predecessors != 1) block.OnlyPredecessor = null;
        }
    }

    private void AddReturnSite(long start)
    {
        if (At(start) is not { } site) return;
        // Reached by every RET of the region.
        site.Predecessors += 2;
        if (!returnSites.Contains(site)) returnSites.Add(site);
    }
}
