namespace Emu.Cpu;

/// <summary>Bits of DR6 (SDM Vol. 3A 17.2.3).</summary>
public static class Dr6
{
    /// <summary>B0-B3: breakpoint conditions met.</summary>
    public const uint Breakpoints = 0xF;

    /// <summary>BD: a debug register was about to be accessed with DR7.GD set.</summary>
    public const uint Bd = 1u << 13;

    /// <summary>BS: single step.</summary>
    public const uint Bs = 1u << 14;

    /// <summary>BT: switch to a task whose T flag is set.</summary>
    public const uint Bt = 1u << 15;

    /// <summary>Bits that read as 1 whatever is written.</summary>
    public const uint Fixed = 0xFFFF0FF0;

    /// <summary>Bits software can write.</summary>
    public const uint Writable = Breakpoints | Bd | Bs | Bt;
}

/// <summary>Bits of DR7 (SDM Vol. 3A 17.2.4).</summary>
public static class Dr7
{
    /// <summary>L0-L3 and G0-G3, two bits a breakpoint.</summary>
    public const uint Enables = 0xFF;

    /// <summary>GD: general detect.</summary>
    public const uint Gd = 1u << 13;

    /// <summary>Bit 10 reads as 1.</summary>
    public const uint Fixed = 1u << 10;

    /// <summary>Bits software can write.</summary>
    public const uint Writable = 0xFFFF23FF;

    /// <summary>R/W field: instruction execution.</summary>
    public const int Execute = 0;

    /// <summary>R/W field: data writes.</summary>
    public const int Write = 1;

    /// <summary>R/W field: I/O, with CR4.DE.</summary>
    public const int InputOutput = 2;

    /// <summary>R/W field: data reads and writes.</summary>
    public const int ReadWrite = 3;
}
