using Emu.Cpu;

namespace Emu.Debugging.Gdb;

/// <summary>Copies a register's value out, little-endian.</summary>
internal delegate void RegisterReader(Vcpu cpu, Span<byte> value);

/// <summary>Sets a register; false if the processor would refuse the value.</summary>
internal delegate bool RegisterWriter(Vcpu cpu, ReadOnlySpan<byte> value);

/// <summary>One register as gdb sees it.</summary>
/// <param name="Name">gdb's name for it.</param>
/// <param name="Bits">Its size.</param>
/// <param name="Type">A type of the target-description format, or one that the feature defines.</param>
/// <param name="Read">Reads it.</param>
/// <param name="Write">Writes it.</param>
internal sealed record GdbRegister(string Name, int Bits, string Type, RegisterReader Read, RegisterWriter Write)
{
    /// <summary>Group in <c>info registers</c>, or null for the one its type implies.</summary>
    public string? Group { get; init; }

    /// <summary>Its size in bytes.</summary>
    public int Size => Bits / 8;
}

/// <summary>A named set of registers; gdb requires the names and contents of the standard ones (gdb manual, G.5.4 "i386 Features").</summary>
/// <param name="Name">Such as org.gnu.gdb.i386.core.</param>
/// <param name="Types">XML elements of the types its registers use.</param>
/// <param name="Registers">The registers, in the order of their numbers.</param>
internal sealed record GdbFeature(string Name, string Types, IReadOnlyList<GdbRegister> Registers);

/// <summary>What gdb is told that the processors are.</summary>
public enum GdbArchitecture
{
    /// <summary>What fits the mode the processor is in when gdb asks.</summary>
    Auto,

    /// <summary>16-bit code (<c>i8086</c>), 32-bit registers.</summary>
    I8086,

    /// <summary>32-bit code and registers (<c>i386</c>).</summary>
    I386,

    /// <summary>64-bit code and registers (<c>i386:x86-64</c>).</summary>
    X64,
}
