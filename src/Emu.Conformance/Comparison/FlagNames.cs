namespace Emu.Conformance.Comparison;

/// <summary>Names of RFLAGS bits (SDM Vol. 1 3.4.3).</summary>
public static class FlagNames
{
    private static readonly (int Bit, string Name)[] Flags =
        [(0, "CF"), (2, "PF"), (4, "AF"), (6, "ZF"), (7, "SF"), (8, "TF"), (9, "IF"), (10, "DF"), (11, "OF"), (14, "NT"), (16, "RF"), (17, "VM"), (18, "AC"), (21, "ID")];

    /// <summary>The names of the bits set, joined by '+'.</summary>
    public static string Of(ulong bits)
    {
        string[] names = [.. Flags.Where(f => (bits >> f.Bit & 1) != 0).Select(f => f.Name)];
        return names.Length > 0 ? string.Join('+', names) : $"{bits:X}";
    }

    /// <summary>A value with the names of its bits.</summary>
    public static string Values(ulong rflags) => $"{rflags:X} [{Of(rflags & ~0x202UL)}]";

    /// <summary>The bit of a flag's name, or null.</summary>
    public static ulong? Bit(string name) =>
        Flags.Where(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(f => (ulong?)(1UL << f.Bit)).FirstOrDefault();
}

/// <summary>Names of exception vectors (SDM Vol. 3A table 6-1).</summary>
public static class VectorNames
{
    private static readonly string?[] Names =
        ["#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", null, "#TS", "#NP", "#SS", "#GP", "#PF", null, "#MF", "#AC", "#MC", "#XM", "#VE", "#CP"];

    /// <summary>Such as <c>#GP</c>, or the number.</summary>
    public static string Of(uint vector) => vector < Names.Length && Names[vector] is { } name ? name : $"vector {vector}";
}
