using Emu.Cpu;
using Iced.Intel;

namespace Emu.Jit.Analysis;

/// <summary>An instruction of a region.</summary>
internal sealed unsafe class RegionInstruction
{
    private Instruction instruction;

    public RegionInstruction(in Instruction instruction, Op* op)
    {
        this.instruction = instruction;
        Op = op;
    }

    /// <summary>The decoded instruction; its IP is its linear distance from the region's entry.</summary>
    public ref readonly Instruction Iced => ref instruction;

    /// <summary>The interpreter's operation for it.</summary>
    public Op* Op { get; }

    /// <summary>Nobody sees the status flags it writes: they are overwritten before being read, with no way out between.</summary>
    public bool FlagsDead { get; set; }

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

    /// <summary>The interpreter's block.</summary>
    public required Block Source { get; init; }

    /// <summary>How it ends.</summary>
    public required BlockEnd End { get; init; }

    /// <summary>Target of a direct branch or call, as a distance.</summary>
    public long Target { get; init; }

    /// <summary>Position in the order of emission.</summary>
    public int Index { get; set; }

    /// <summary>Blocks of the region that lead here.</summary>
    public int Predecessors { get; set; }

    /// <summary>The only way in, if there is just one.</summary>
    public RegionBlock? OnlyPredecessor { get; set; }

    /// <summary>Flags must be in canonical form at its start.</summary>
    public bool NeedsCanonicalFlags { get; set; }

    /// <summary>May lead back to itself or something before it, so events are looked at when it ends.</summary>
    public bool MayLoop { get; set; }

    /// <summary>The last instruction.</summary>
    public RegionInstruction Last => Instructions[^1];
}
