namespace Emu.Jit;

/// <summary>A region as it can be shown to people, free of pointers; another process may have made it.</summary>
public sealed record RegionDocument
{
    /// <summary>Its sizes and address.</summary>
    public required RegionSummary Summary { get; init; }

    /// <summary>Name of the method it was compiled as.</summary>
    public required string Method { get; init; }

    /// <summary>Which of the methods of that name it is, in the order of compilation from 1.</summary>
    public required int Ordinal { get; init; }

    /// <summary>Its instructions, by address.</summary>
    public required IReadOnlyList<GuestLine> Guest { get; init; }

    /// <summary>Its IL, by offset.</summary>
    public required IReadOnlyList<IntermediateLine> Intermediate { get; init; }
}

/// <summary>An instruction of a region.</summary>
/// <param name="Address">Linear address.</param>
/// <param name="Bytes">Its bytes in hexadecimal.</param>
/// <param name="Text">Disassembly.</param>
/// <param name="IsInterpreted">It is left to the interpreter.</param>
/// <param name="StartsBlock">A block begins here.</param>
public sealed record GuestLine(ulong Address, string Bytes, string Text, bool IsInterpreted, bool StartsBlock);

/// <summary>What a piece of a region's IL is for.</summary>
public enum RegionPart
{
    /// <summary>Entry: checks of the mapping, loading of registers.</summary>
    Prologue,

    /// <summary>What an instruction does.</summary>
    Body,

    /// <summary>Behind the blocks: where an instruction leaves the region, or a branch goes that needs preparation.</summary>
    WayOut,

    /// <summary>The end of all ways out: storing of registers and flags, and on to the interpreter or another region.</summary>
    Epilogue,
}

/// <summary>A line of IL.</summary>
/// <param name="Offset">Offset in the method's IL, in bytes.</param>
/// <param name="Text">Opcode and operand, or a label with its colon.</param>
/// <param name="Guest">Index of the instruction it belongs to; -1 if it belongs to the region.</param>
/// <param name="Part">What it is for.</param>
/// <param name="Value">The number it loads.</param>
public sealed record IntermediateLine(int Offset, string Text, int Guest, RegionPart Part, long? Value);
