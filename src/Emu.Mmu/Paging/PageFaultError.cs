namespace Emu.Mmu;

/// <summary>Bits of the page-fault error code (SDM Vol. 3A 4.7, figure 4-12).</summary>
[Flags]
public enum PageFaultError : uint
{
    /// <summary>Not-present entry.</summary>
    None = 0,

    /// <summary>P: the fault was a protection violation, not a non-present page.</summary>
    Present = 1 << 0,

    /// <summary>W/R: the access was a write.</summary>
    Write = 1 << 1,

    /// <summary>U/S: the access was a user-mode access.</summary>
    User = 1 << 2,

    /// <summary>RSVD: a reserved bit was set in a paging-structure entry.</summary>
    ReservedBit = 1 << 3,

    /// <summary>I/D: the access was an instruction fetch (reported only with NX or SMEP enabled).</summary>
    InstructionFetch = 1 << 4,

    /// <summary>PK: protection-key violation.</summary>
    ProtectionKey = 1 << 5,
}
