namespace Emu.Cpu;

/// <summary>Events that wait for the processor to reach an instruction boundary where it may take them.</summary>
[Flags]
public enum PendingEvents : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>INIT.</summary>
    Init = 1 << 0,

    /// <summary>Start-up IPI, meaningful only after INIT.</summary>
    Sipi = 1 << 1,

    /// <summary>System management interrupt.</summary>
    Smi = 1 << 2,

    /// <summary>Non-maskable interrupt.</summary>
    Nmi = 1 << 3,

    /// <summary>The local APIC (or, with it disabled, the INTR pin) has a maskable interrupt to deliver.</summary>
    Interrupt = 1 << 4,

    /// <summary>IGNNE# is asserted: a processor frozen by an x87 error goes on.</summary>
    NumericErrorIgnored = 1 << 5,
}
