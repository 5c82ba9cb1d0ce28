namespace Emu.Conformance.Cases;

/// <summary>A segment descriptor of the test's LDT, as the terms of Linux' modify_ldt(2) state it.</summary>
/// <param name="Base">Segment base.</param>
/// <param name="Limit">Limit field, in bytes or 4-KiB pages.</param>
/// <param name="Is32Bit">The D/B bit.</param>
/// <param name="Contents">Type bits 11:10: 0 data, 1 expand-down data, 2 code, 3 conforming code.</param>
/// <param name="ReadOnly">Data that cannot be written, or code that cannot be read.</param>
/// <param name="LimitInPages">The G bit.</param>
/// <param name="NotPresent">The P bit is clear.</param>
public readonly record struct LdtSegment(uint Base, uint Limit, bool Is32Bit, int Contents, bool ReadOnly, bool LimitInPages, bool NotPresent)
{
    /// <summary>The 8-byte descriptor: DPL 3, accessed, AVL clear (SDM Vol. 3A 3.4.5).</summary>
    public ulong Descriptor =>
        (Limit & 0xFFFF) | (ulong)(Base & 0xFF_FFFF) << 16
        | 1UL << 40 | (ReadOnly ? 0UL : 1UL << 41) | (ulong)Contents << 42 | 1UL << 44 | 3UL << 45
        | (NotPresent ? 0UL : 1UL << 47) | (ulong)(Limit >> 16 & 15) << 48
        | (Is32Bit ? 1UL << 54 : 0) | (LimitInPages ? 1UL << 55 : 0) | (ulong)(Base >> 24) << 56;
}

/// <summary>The surroundings every case runs in: a user process of a 64-bit Linux, with a small low address space and an LDT.</summary>
/// <remarks>
/// All executors provide the same: CPL 3, IOPL 0, CR0 = PG|AM|WP|NE|ET|MP|PE, CR4 with FSGSBASE, OSFXSR, OSXMMEXCPT, OSXSAVE and UMIP
/// set and TSD and PCE clear, XCR0 = 7 (AVX-512 state is not looked at), the code pages readable and executable,
/// data pages not executable (NX on), nothing else mapped below 4 GiB.
/// The IDT has DPL 3 gates for vectors 3, 4 and 0x80 only.
/// </remarks>
public static class TestMap
{
    /// <summary>Code pages; also the base of the 16-bit code segment. Bytes outside the case's code are INT3.</summary>
    public const uint CodeBase = 0x1000_0000, CodeSize = 0x1_0000;

    /// <summary>A page of the executor's own: where native code leaves the test.</summary>
    public const uint LandingBase = 0x1100_0000, LandingSize = 0x1000;

    /// <summary>Base of the 16-bit data segments. 64 KiB, of which only the three pages below are mapped.</summary>
    public const uint DataBase = 0x2000_0000;

    /// <summary>First of two read-write pages, zero outside the window of a case.</summary>
    public const uint ReadWriteBase = DataBase + 0x7000, ReadWriteSize = 0x2000;

    /// <summary>A read-only page of zeros behind them.</summary>
    public const uint ReadOnlyBase = DataBase + 0x9000, ReadOnlySize = 0x1000;

    /// <summary>Selectors Linux gives its user processes.</summary>
    public const ushort UserCode32 = 0x23, UserData = 0x2B, UserCode64 = 0x33;

    /// <summary>Selectors into <see cref="Ldt"/>.</summary>
    public const ushort Code16 = 0x07, Data16 = 0x0F, Fs32 = 0x17, Gs32 = 0x1F, ReadOnlyData = 0x27, ExpandDown = 0x2F,
        NotPresentData = 0x37, SmallData = 0x3F, ExecuteOnly32 = 0x47, Code32 = 0x4F, ReadableCode16 = 0x57;

    /// <summary>Bases of <see cref="Fs32"/> and <see cref="Gs32"/>.</summary>
    public const uint FsBase32 = DataBase - 0x1230, GsBase32 = DataBase + 0x40;

    /// <summary>The LDT, in order.</summary>
    public static IReadOnlyList<LdtSegment> Ldt { get; } =
    [
        new(CodeBase, 0xFFFF, false, 2, false, false, false),
        new(DataBase, 0xFFFF, false, 0, false, false, false),
        new(FsBase32, 0xFFFFF, true, 0, false, true, false),
        new(GsBase32, 0xFFFFF, true, 0, false, true, false),
        new(0, 0xFFFFF, true, 0, true, true, false),
        new(0, 0x20007, true, 1, false, true, false),
        new(DataBase, 0xFFFFF, true, 0, false, true, true),
        new(DataBase, 0x80FF, true, 0, false, false, false),
        new(0, 0xFFFFF, true, 2, true, true, false),
        new(0, 0xFFFFF, true, 2, false, true, false),
        new(CodeBase, 0x7FFF, false, 2, false, false, false),
    ];

    /// <summary>Upper half of ESP while a 16-bit stack segment is in use; not part of the test.</summary>
    public const ulong EspHigh16 = 0x1101_0000;
}
