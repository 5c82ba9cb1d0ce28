using Emu.Cpu;
using Emu.Jit.Regions;
using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>An instruction of a region.</summary>
internal sealed unsafe class RegionInstruction
{
    private Instruction instruction;

    /// <param name="instruction">The decoded instruction; its IP is its linear distance from the region's entry.</param>
    /// <param name="block">The interpreter's operations for its block.</param>
    /// <param name="index">Which of them performs it.</param>
    public RegionInstruction(in Instruction instruction, PlannedBlock block, int index)
    {
        this.instruction = instruction;
        Op = block.Ops[index];
        Next = index + 1 < block.Ops.Length ? block.Ops[index + 1] : default;
        Address = block.Block.Ops + index;
    }

    /// <summary>The decoded instruction; its IP is its linear distance from the region's entry.</summary>
    public ref readonly Instruction Iced => ref instruction;

    /// <summary>The interpreter's operation for it.</summary>
    public Op Op { get; }

    /// <summary>The operation behind that.</summary>
    public Op Next { get; }

    /// <summary>Where the operation is; not to be read, the block may be gone.</summary>
    public Op* Address { get; }

    /// <summary>Nobody sees the status flags it writes: they are overwritten before being read, with no way out between.</summary>
    public bool FlagsDead { get; set; }

    /// <summary>Perhaps nobody sees what it writes to registers: that is overwritten, and what reads it before, or leaves, RyuJIT may find to be of no consequence. Known in regions with floating point.</summary>
    public bool ResultDead { get; set; }

    /// <summary>Nobody sees what its 8- or 16-bit destination leaves in the rest of the register; see <see cref="DemandedBits"/>.</summary>
    public bool RestUnused { get; set; }

    /// <summary>Registers whose upper half is zero before it, a bit each; see <see cref="ZeroExtension"/>.</summary>
    public uint ZeroExtended { get; set; }

    /// <summary>Its memory operand's group, if it shares a page with others'.</summary>
    public AccessGroup? Group { get; set; }

    /// <summary>Distance of its memory operand from the group's root.</summary>
    public long GroupOffset { get; set; }
}

/// <summary>How a block ends.</summary>
internal enum BlockEnd
{
    /// <summary>Runs into the instruction behind it.</summary>
    FallThrough,

    /// <summary>Jcc.</summary>
    Conditional,

    /// <summary>JMP rel.</summary>
    Jump,

    /// <summary>CALL rel.</summary>
    Call,

    /// <summary>JMP r/m.</summary>
    IndirectJump,

    /// <summary>CALL r/m.</summary>
    IndirectCall,

    /// <summary>RET.</summary>
    Return,

    /// <summary>Anything else: the interpreter performs the last instruction.</summary>
    Interpreted,
}

/// <summary>A block of a region.</summary>
internal sealed class RegionBlock
{
    /// <summary>Linear distance from the region's entry.</summary>
    public required long Start { get; init; }

    /// <summary>Linear distance of the instruction behind it.</summary>
    public required long Next { get; init; }

    /// <summary>Its instructions.</summary>
    public required IReadOnlyList<RegionInstruction> Instructions { get; init; }

    /// <summary>Where the interpreter's last operation for it is, the pseudo-operation of a <see cref="BlockEnd.FallThrough"/>.</summary>
    public required nint LastOperation { get; init; }

    /// <summary>How it ends.</summary>
    public required BlockEnd End { get; init; }

    /// <summary>Target of a direct branch or call, as a distance.</summary>
    public long Target { get; init; }

    /// <summary>Where an indirect jump or call has been seen to go, as distances.</summary>
    public required IReadOnlyList<long> SeenTargets { get; init; }

    /// <summary>Its accesses to memory have often lain across two pages: each is checked by itself.</summary>
    public bool CrossesPages { get; init; }

    /// <summary>Position in the order of emission.</summary>
    public int Index { get; set; }

    /// <summary>Blocks of the region that lead here.</summary>
    public int Predecessors { get; set; }

    /// <summary>The only way in, if there is just one.</summary>
    public RegionBlock? OnlyPredecessor { get; set; }

    /// <summary>Flags must be in canonical form at its start.</summary>
    public bool NeedsCanonicalFlags { get; set; }

    /// <summary>The last instruction.</summary>
    public RegionInstruction Last => Instructions[^1];
}
