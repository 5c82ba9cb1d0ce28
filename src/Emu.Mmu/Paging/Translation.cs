namespace Emu.Mmu;

/// <summary>Why a linear address could not be used.</summary>
public enum TranslationFault : byte
{
    /// <summary>It could.</summary>
    None,

    /// <summary>#PF with <see cref="Translation.Error"/>; CR2 is <see cref="Translation.Linear"/>.</summary>
    PageFault,

    /// <summary>The address is not canonical: #GP(0) or #SS(0).</summary>
    NonCanonical,

    /// <summary>EPT violation; <see cref="Translation.ExitInformation"/> is the exit qualification.</summary>
    EptViolation,

    /// <summary>EPT misconfiguration.</summary>
    EptMisconfiguration,

    /// <summary>#VMEXIT(NPF); <see cref="Translation.ExitInformation"/> is EXITINFO1.</summary>
    NestedPageFault,
}

/// <summary>Accesses that are allowed, bit n for <see cref="AccessKind"/> n.</summary>
[Flags]
public enum PageRights : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Data reads.</summary>
    Read = 1,

    /// <summary>Data writes.</summary>
    Write = 2,

    /// <summary>Instruction fetches.</summary>
    Execute = 4,
}

/// <summary>What became of a linear address.</summary>
public unsafe struct Translation
{
    /// <summary>The linear address asked for.</summary>
    public ulong Linear;

    /// <summary>Physical address it translates to, if there is no fault.</summary>
    public ulong Physical;

    /// <summary>
    /// Host address of that byte when an access of the kind asked for may be made directly, up to the end of the 4-KByte page;
    /// null when it must go through <see cref="AddressSpace"/> (a device, a write to ROM, nothing there). After a direct write call <see cref="GuestMemory.NotifyWrite"/>.
    /// </summary>
    public byte* Host;

    /// <summary>
    /// Under nested paging the guest-physical address: of the access, or of the fault (the EPT violation's guest-physical address, EXITINFO2).
    /// Without it the same as <see cref="Physical"/>.
    /// </summary>
    public ulong GuestPhysical;

    /// <summary>Exit qualification (SDM Vol. 3C table 28-7) or EXITINFO1 (APM Vol. 2 15.25.6) of a nested fault.</summary>
    public ulong ExitInformation;

    /// <summary>Error code of a page fault.</summary>
    public PageFaultError Error;

    /// <summary>Accesses the class asked for may make to the page.</summary>
    public PageRights Rights;

    /// <summary>log2 of the size of the page that maps the address: 12, 21, 22 or 30.</summary>
    public byte PageShift;

    /// <summary>What is wrong, if anything.</summary>
    public TranslationFault Fault;
}

/// <summary>One paging-structure entry that a walk read.</summary>
/// <param name="Level">1 page table, 2 page directory, 3 page-directory-pointer table, 4 PML4, 5 PML5; 0 a PDPTE register.</param>
/// <param name="EntryAddress">Address of the entry: guest-physical under nested paging, unless <paramref name="Nested"/>.</param>
/// <param name="Value">The entry.</param>
/// <param name="Leaf">Whether it maps a page.</param>
/// <param name="Nested">Whether it belongs to the nested (EPT or NPT) tables.</param>
public readonly record struct WalkStep(int Level, ulong EntryAddress, ulong Value, bool Leaf, bool Nested);
