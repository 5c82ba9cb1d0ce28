using Iced.Intel;

namespace Emu.Stepper.Explain;

/// <summary>What a line of an explanation is about.</summary>
public enum ExplanationKind
{
    /// <summary>What the instruction does.</summary>
    Summary,

    /// <summary>An operand and its value.</summary>
    Operand,

    /// <summary>How an address is computed.</summary>
    Address,

    /// <summary>The segment check.</summary>
    Segment,

    /// <summary>A step of the page walk.</summary>
    Page,

    /// <summary>The result.</summary>
    Result,

    /// <summary>A flag and why.</summary>
    Flag,

    /// <summary>What happened on the stack.</summary>
    Stack,

    /// <summary>Where execution goes on.</summary>
    Control,

    /// <summary>A change of the system's state: mode, control registers, tables, system calls.</summary>
    System,

    /// <summary>An exception or interrupt.</summary>
    Exception,
}

/// <summary>A line of an explanation.</summary>
public sealed record ExplanationLine(ExplanationKind Kind, string Text);

/// <summary>An operand with its value before and after.</summary>
/// <param name="Name">As the disassembly writes it.</param>
/// <param name="Size">Bytes; 0 if it has no value (an address, a branch target).</param>
/// <param name="Before">Value before, little-endian; null if it could not be read.</param>
/// <param name="After">Value after; null if it could not be read, or the instruction has not run.</param>
/// <param name="Linear">Linear address, for memory.</param>
/// <param name="Written">The instruction writes it.</param>
public sealed record OperandValue(string Name, int Size, byte[]? Before, byte[]? After, ulong? Linear, bool Written);

/// <summary>A status flag that the instruction may change.</summary>
/// <param name="Name">CF, PF, AF, ZF, SF or OF.</param>
/// <param name="Before">Value before.</param>
/// <param name="After">Value after.</param>
/// <param name="Undefined">The manuals leave its value open.</param>
/// <param name="Derived">The value that the reason given leads to; null if the reason only describes.</param>
/// <param name="Reason">Why it has its value.</param>
public sealed record FlagAccount(string Name, bool Before, bool After, bool Undefined, bool? Derived, string Reason);

/// <summary>An instruction explained with the values it met.</summary>
public sealed record Explanation
{
    /// <summary>The instruction.</summary>
    public required Instruction Instruction { get; init; }

    /// <summary>It as text.</summary>
    public required string Text { get; init; }

    /// <summary>Linear address of its first byte.</summary>
    public required ulong Address { get; init; }

    /// <summary>The account, in order.</summary>
    public required IReadOnlyList<ExplanationLine> Lines { get; init; }

    /// <summary>Its explicit operands.</summary>
    public IReadOnlyList<OperandValue> Operands { get; init; } = [];

    /// <summary>The status flags it defines or leaves undefined.</summary>
    public IReadOnlyList<FlagAccount> Flags { get; init; } = [];

    /// <summary>The instruction has run; otherwise this tells what it is about to do.</summary>
    public bool Executed { get; init; }
}
