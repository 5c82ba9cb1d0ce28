namespace Emu.Mmu;

/// <summary>What a guest-physical access is for.</summary>
/// <param name="Kind">Data read, data write or instruction fetch.</param>
/// <param name="GuestTable">The access is to a guest paging structure, not to the page itself.</param>
/// <param name="LinearValid">The guest-physical address came from a linear address.</param>
/// <param name="GuestRights">
/// Combined rights of the guest's translation (R/W, U/S, not XD), once known; for mode-based execute control and the advanced exit information.
/// </param>
/// <param name="Probe">Leave accessed and dirty flags alone.</param>
public readonly record struct NestedAccess(AccessKind Kind, bool GuestTable, bool LinearValid, GuestPageRights GuestRights, bool Probe);

/// <summary>Rights of a linear address by the guest's own paging structures: each the AND over all levels.</summary>
[Flags]
public enum GuestPageRights : byte
{
    /// <summary>Supervisor-mode, read-only, execute-disabled.</summary>
    None = 0,

    /// <summary>R/W = 1 at every level.</summary>
    Writable = 1,

    /// <summary>U/S = 1 at every level: a user-mode address. So is every address while CR0.PG = 0.</summary>
    User = 2,

    /// <summary>XD = 0 at every level.</summary>
    Executable = 4,

    /// <summary>All of them: paging is off.</summary>
    All = 7,
}

/// <summary>Result of translating a guest-physical address.</summary>
public struct NestedTranslation
{
    /// <summary>Physical address.</summary>
    public ulong Physical;

    /// <summary>
    /// Accesses that may go ahead without asking again: allowed, and, for writes, with the dirty flag already set.
    /// </summary>
    public PageRights Rights;

    /// <summary>Exit qualification or EXITINFO1 of a fault.</summary>
    public ulong ExitInformation;

    /// <summary>What is wrong, if anything.</summary>
    public TranslationFault Fault;
}

/// <summary>Which nested translations are meant: those with equal keys may be shared.</summary>
/// <param name="Root">EPTP or nCR3 with the bits that matter.</param>
/// <param name="Tag">VPID or ASID, and mode bits.</param>
public readonly record struct NestedKey(ulong Root, ulong Tag);

/// <summary>The second stage of translation under a virtual-machine monitor: guest-physical to physical.</summary>
public abstract class NestedStage
{
    /// <summary>Distinguishes the stage in the keys of shadow contexts.</summary>
    public abstract NestedKey Key { get; }

    /// <summary>Translates one guest-physical address. False with the fault if the access is not allowed.</summary>
    public abstract bool Translate(ulong guestPhysical, NestedAccess access, out NestedTranslation result, List<WalkStep>? trace = null);

    /// <summary>Forgets cached guest-physical translations (INVEPT, TLB_CONTROL).</summary>
    public abstract void Flush();
}
