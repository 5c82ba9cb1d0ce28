namespace Emu.Conformance.Fuzz;

/// <summary>A mode of the processor that random code runs in.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Bits">Default operand and address size: 16, 32 or 64.</param>
/// <param name="Cpl">Privilege level.</param>
/// <param name="Kind">What kind of mode.</param>
public sealed record FuzzMode(string Name, int Bits, byte Cpl, FuzzModeKind Kind)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzMode> All { get; } =
    [
        new("real", 16, 0, FuzzModeKind.Real),
        new("vm86", 16, 3, FuzzModeKind.Virtual8086),
        new("prot16", 16, 0, FuzzModeKind.Protected), new("prot16-user", 16, 3, FuzzModeKind.Protected),
        new("prot32", 32, 0, FuzzModeKind.Protected), new("prot32-user", 32, 3, FuzzModeKind.Protected),
        new("compat16-user", 16, 3, FuzzModeKind.Long),
        new("compat32", 32, 0, FuzzModeKind.Long), new("compat32-user", 32, 3, FuzzModeKind.Long),
        new("long", 64, 0, FuzzModeKind.Long), new("long-user", 64, 3, FuzzModeKind.Long),
    ];

    /// <summary>The modes of these names; all for none.</summary>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public static IReadOnlyList<FuzzMode> Select(IReadOnlyCollection<string> names) => names.Count == 0 ? All
        : [.. names.Select(n => All.FirstOrDefault(m => m.Name == n)
            ?? throw new ArgumentException($"there is no mode '{n}'; choose from {string.Join(", ", All.Select(m => m.Name))}"))];
}

/// <summary>Kinds of modes.</summary>
public enum FuzzModeKind
{
    /// <summary>Real-address mode.</summary>
    Real,

    /// <summary>Virtual-8086 mode.</summary>
    Virtual8086,

    /// <summary>Protected mode, with and without paging.</summary>
    Protected,

    /// <summary>IA-32e mode: compatibility and 64-bit code.</summary>
    Long,
}
