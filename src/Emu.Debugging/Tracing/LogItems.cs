namespace Emu.Debugging.Tracing;

/// <summary>What a <see cref="MachineLog"/> writes down.</summary>
[Flags]
public enum LogItems
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Code when it is decoded for the first time.</summary>
    Assembly = 1 << 0,

    /// <summary>Each instruction as it runs.</summary>
    Execution = 1 << 1,

    /// <summary>Registers before each instruction.</summary>
    Registers = 1 << 2,

    /// <summary>x87 and vector registers as well, wherever registers are written.</summary>
    FloatingPoint = 1 << 3,

    /// <summary>Exceptions and interrupts as they are delivered.</summary>
    Interrupts = 1 << 4,

    /// <summary>Translations of addresses that miss the TLB.</summary>
    Paging = 1 << 5,

    /// <summary>Accesses to I/O ports and memory-mapped devices.</summary>
    InputOutput = 1 << 6,

    /// <summary>Registers before a reset.</summary>
    Reset = 1 << 7,

    /// <summary>Regions as they are translated and invalidated.</summary>
    Translation = 1 << 8,
}

/// <summary>The names of <see cref="LogItems"/> on the command line, which are QEMU's where QEMU has the item.</summary>
public static class LogItemNames
{
    /// <summary>Name, item and description, in the order of the help.</summary>
    public static IReadOnlyList<(string Name, LogItems Item, string Description)> All { get; } =
    [
        ("in_asm", LogItems.Assembly, "code when it is decoded for the first time"),
        ("exec", LogItems.Execution, "each instruction before it runs (slow: one instruction at a time)"),
        ("cpu", LogItems.Registers, "registers before each instruction (slow)"),
        ("fpu", LogItems.FloatingPoint, "x87 and vector registers too, wherever registers are written"),
        ("int", LogItems.Interrupts, "exceptions and interrupts as they are delivered"),
        ("mmu", LogItems.Paging, "translations of addresses that miss the TLB, and page faults"),
        ("io", LogItems.InputOutput, "accesses to I/O ports and memory-mapped devices"),
        ("jit", LogItems.Translation, "regions as they are translated, and as their code is overwritten"),
        ("cpu_reset", LogItems.Reset, "registers before a reset"),
    ];

    /// <summary>The item of a name; null when there is none.</summary>
    public static LogItems? Find(string name)
    {
        foreach ((string known, LogItems item, _) in All)
        {
            if (known == name) return item;
        }

        return null;
    }
}
