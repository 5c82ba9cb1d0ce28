namespace Emu.Mmu;

/// <summary>What a linear access does; selects the permission check and error-code bits (SDM Vol. 3A 4.6, 4.7).</summary>
public enum AccessKind : byte
{
    /// <summary>Data read.</summary>
    Read,

    /// <summary>Data write (also the read half of a read-modify-write).</summary>
    Write,

    /// <summary>Instruction fetch.</summary>
    Execute,
}

/// <summary>
/// On whose behalf an access is made. Each class has its own TLB, so a change of CPL or of EFLAGS.AC changes a pointer
/// instead of flushing.
/// </summary>
public enum AccessClass : byte
{
    /// <summary>CPL 3, explicit.</summary>
    User,

    /// <summary>CPL 0-2 with EFLAGS.AC clear, or implicit supervisor access (descriptor tables, TSS) at any CPL: SMAP applies.</summary>
    Supervisor,

    /// <summary>CPL 0-2 with EFLAGS.AC set: SMAP does not apply. Without CR4.SMAP same rights as <see cref="Supervisor"/>.</summary>
    SupervisorAllowUser,
}
