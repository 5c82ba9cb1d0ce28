namespace Emu.Mmu;

/// <summary>What the CPUID model of a processor says about paging; fixed for its life.</summary>
/// <param name="PhysicalAddressBits">MAXPHYADDR (CPUID 80000008h EAX[7:0]), 32-52.</param>
/// <param name="GigabytePages">1-GByte pages (CPUID 80000001h EDX.Page1GB).</param>
/// <param name="Pse36">PSE-36: 4-MByte pages reach physical address bits above 31 (CPUID 1 EDX[17]).</param>
public readonly record struct PagingFeatures(int PhysicalAddressBits, bool GigabytePages, bool Pse36)
{
    /// <summary>A processor with everything and 46 physical address bits.</summary>
    public static PagingFeatures Full => new(46, true, true);
}

/// <summary>
/// The register values that determine how linear addresses are translated (SDM Vol. 3A 4.1). Bits that do not concern
/// paging may hold anything.
/// </summary>
public record struct PagingControls
{
    /// <summary>CR0.WP.</summary>
    public const ulong Cr0Wp = 1UL << 16;

    /// <summary>CR0.PG.</summary>
    public const ulong Cr0Pg = 1UL << 31;

    /// <summary>CR4.PSE.</summary>
    public const ulong Cr4Pse = 1UL << 4;

    /// <summary>CR4.PAE.</summary>
    public const ulong Cr4Pae = 1UL << 5;

    /// <summary>CR4.PGE.</summary>
    public const ulong Cr4Pge = 1UL << 7;

    /// <summary>CR4.LA57.</summary>
    public const ulong Cr4La57 = 1UL << 12;

    /// <summary>CR4.PCIDE.</summary>
    public const ulong Cr4Pcide = 1UL << 17;

    /// <summary>CR4.SMEP.</summary>
    public const ulong Cr4Smep = 1UL << 20;

    /// <summary>CR4.SMAP.</summary>
    public const ulong Cr4Smap = 1UL << 21;

    /// <summary>CR4.PKE.</summary>
    public const ulong Cr4Pke = 1UL << 22;

    /// <summary>CR4.PKS.</summary>
    public const ulong Cr4Pks = 1UL << 24;

    /// <summary>EFER.LMA.</summary>
    public const ulong EferLma = 1UL << 10;

    /// <summary>EFER.NXE.</summary>
    public const ulong EferNxe = 1UL << 11;

    /// <summary>CR3 bit 63 as a MOV operand with CR4.PCIDE: keep translations. Ignored here.</summary>
    public const ulong Cr3NoFlush = 1UL << 63;

    /// <summary>CR0.</summary>
    public ulong Cr0;

    /// <summary>CR3.</summary>
    public ulong Cr3;

    /// <summary>CR4.</summary>
    public ulong Cr4;

    /// <summary>IA32_EFER.</summary>
    public ulong Efer;

    /// <summary>PKRU; matters with CR4.PKE in 4- and 5-level paging.</summary>
    public uint Pkru;

    /// <summary>IA32_PKRS; matters with CR4.PKS in 4- and 5-level paging.</summary>
    public uint Pkrs;

    /// <summary>The PDPTE registers; matter in PAE paging. See <see cref="SoftMmu.TryLoadPdptes"/>.</summary>
    public Pdptes Pdptes;
}

/// <summary>The four PDPTE registers of PAE paging (SDM Vol. 3A 4.4.1).</summary>
public record struct Pdptes(ulong Entry0, ulong Entry1, ulong Entry2, ulong Entry3)
{
    /// <summary>One of them.</summary>
    /// <param name="index">0-3: bits 31:30 of the linear address.</param>
    public readonly ulong this[int index] => index switch
    {
        0 => Entry0,
        1 => Entry1,
        2 => Entry2,
        _ => Entry3,
    };

    /// <summary>
    /// Whether a value may be loaded: not present, or present with bits 2:1, 8:5 and 63:MAXPHYADDR clear. Otherwise the
    /// instruction that loads it raises #GP(0).
    /// </summary>
    public static bool IsValid(ulong entry, int physicalAddressBits) =>
        (entry & 1) == 0 || (entry & (0x1E6UL | (ulong.MaxValue << physicalAddressBits))) == 0;
}
