using Emu.Conformance.Generation;
using Iced.Intel;

namespace Emu.Conformance.Forms;

/// <summary>How a form is treated.</summary>
public enum FormStatus
{
    /// <summary>Run natively and compared.</summary>
    Runnable,

    /// <summary>The host supports it in user mode, but it cannot be compared; the reason says why. Counts as not covered.</summary>
    NotComparable,

    /// <summary>A privileged form: raises its fault at CPL 3, and is run for that, but does not count.</summary>
    Privileged,

    /// <summary>Outside the comparison: not of this host, AVX-512, AMX, or no encoding of its own.</summary>
    Outside,
}

/// <summary>One row of Iced's tables in one mode.</summary>
/// <param name="Code">The row.</param>
/// <param name="Bits">16, 32 or 64.</param>
/// <param name="Status">How it is treated.</param>
/// <param name="Reason">Why, when it is not <see cref="FormStatus.Runnable"/>.</param>
public sealed record InstructionForm(Code Code, int Bits, FormStatus Status, string Reason)
{
    /// <summary>Name of the row, such as <c>Add_rm32_r32</c>.</summary>
    public string Name { get; } = Code.ToString();

    /// <summary>Encoding details.</summary>
    public OpCodeInfo OpCode { get; } = Code.ToOpCode();

    /// <summary>The mnemonic.</summary>
    public Mnemonic Mnemonic => OpCode.Mnemonic;

    /// <summary>The family for reports: the CPUID features that gate it.</summary>
    public string Family { get; } = string.Join('+', Code.CpuidFeatures());

    /// <summary>Seeds the random numbers of its cases: does not change with the version of a table.</summary>
    public ulong Hash { get; } = Fnv1A(Code.ToString()) ^ (ulong)Bits << 56;

    /// <summary>What the elements of its vector or memory operands are.</summary>
    public ElementKind Element { get; } = ElementOf(Code.ToOpCode());

    private static ElementKind ElementOf(OpCodeInfo opCode)
    {
        ElementKind kind = EdgeValues.KindOf(opCode.MemorySize);
        if (kind != ElementKind.Raw) return kind;
        string name = opCode.Mnemonic.ToString();
        if (name.EndsWith("ps", StringComparison.Ordinal) || name.EndsWith("ss", StringComparison.Ordinal)) return ElementKind.Float32;
        if (name.EndsWith("pd", StringComparison.Ordinal) || name.EndsWith("sd", StringComparison.Ordinal)) return ElementKind.Float64;
        return name[0] == 'F' ? ElementKind.Float80 : ElementKind.Raw;
    }

    private static ulong Fnv1A(string text)
    {
        ulong hash = 0xCBF2_9CE4_8422_2325;
        foreach (char c in text) hash = (hash ^ c) * 0x100_0000_01B3;
        return hash;
    }
}
