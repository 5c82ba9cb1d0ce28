namespace Emu.Mmu;

/// <summary>The paging modes (SDM Vol. 3A 4.1.1).</summary>
public enum PagingMode : byte
{
    /// <summary>CR0.PG = 0: linear addresses are physical.</summary>
    None,

    /// <summary>32-bit paging.</summary>
    Bits32,

    /// <summary>PAE paging.</summary>
    Pae,

    /// <summary>4-level paging.</summary>
    Level4,

    /// <summary>5-level paging.</summary>
    Level5,
}

/// <summary>
/// Everything about a paging mode that does not depend on the address space: shape of the tables, reserved bits and the
/// permission matrix. Immutable; one object for each combination of mode bits.
/// </summary>
internal sealed class PagingFormat
{
    public const ulong Present = 1, Accessed = 1 << 5, Dirty = 1 << 6, PageSizeBit = 1 << 7, Global = 1 << 8;

    /// <summary>Combined rights of the entries of a translation: every bit is the AND over all levels.</summary>
    public const uint RightWrite = 1, RightUser = 2, RightExecute = 4, AllRights = 7;

    private const ulong AddressMask52 = 0x000F_FFFF_FFFF_F000;

    private readonly byte[] _allowed = new byte[3 * 8];
    private readonly ulong[] _tableReserved = new ulong[6];
    private readonly ulong[] _leafReserved = new ulong[6];

    public PagingFormat(ulong cr0, ulong cr4, ulong efer, PagingFeatures features)
    {
        Mode = ModeOf(cr0, cr4, efer);
        bool longMode = Mode >= PagingMode.Level4;
        WriteProtect = (cr0 & PagingControls.Cr0Wp) != 0;
        Smep = (cr4 & PagingControls.Cr4Smep) != 0;
        Smap = (cr4 & PagingControls.Cr4Smap) != 0;
        ExecuteDisable = Mode >= PagingMode.Pae && (efer & PagingControls.EferNxe) != 0;
        UserKeys = longMode && (cr4 & PagingControls.Cr4Pke) != 0;
        SupervisorKeys = longMode && (cr4 & PagingControls.Cr4Pks) != 0;
        AnyKeys = UserKeys || SupervisorKeys;
        ReportsFetch = Smep || ExecuteDisable;
        EntryShift = Mode <= PagingMode.Bits32 ? 2 : 3;
        BitsPerLevel = Mode <= PagingMode.Bits32 ? 10 : 9;
        TopLevel = Mode switch
        {
            PagingMode.Level5 => 5,
            PagingMode.Level4 => 4,
            PagingMode.Pae => 3,
            _ => 2,
        };
        LinearBits = Mode switch
        {
            PagingMode.Level5 => 57,
            PagingMode.Level4 => 48,
            _ => 32,
        };
        SetReservedBits(cr4, features);
        SetPermissions();
    }

    public PagingMode Mode { get; }

    public bool WriteProtect { get; }

    public bool Smep { get; }

    public bool Smap { get; }

    /// <summary>Bit 63 of an entry disables execution.</summary>
    public bool ExecuteDisable { get; }

    public bool UserKeys { get; }

    public bool SupervisorKeys { get; }

    public bool AnyKeys { get; }

    /// <summary>The page-fault error code tells instruction fetches apart (SDM Vol. 3A 4.7).</summary>
    public bool ReportsFetch { get; }

    /// <summary>log2 of the bytes of an entry.</summary>
    public int EntryShift { get; }

    /// <summary>log2 of the entries of a table.</summary>
    public int BitsPerLevel { get; }

    /// <summary>Level of the table CR3 points to; 1 is the page table.</summary>
    public int TopLevel { get; }

    /// <summary>Bits of a linear address that are translated.</summary>
    public int LinearBits { get; }

    /// <summary>Mask of levels (bit n: level n) at which PS = 1 makes an entry map a page.</summary>
    public int LeafLevels { get; private set; }

    /// <summary>Physical address bits that PSE-36 puts into bits 20:13 of a 4-MByte PDE.</summary>
    public ulong Pse36Mask { get; private set; }

    public static PagingMode ModeOf(ulong cr0, ulong cr4, ulong efer)
    {
        if ((cr0 & PagingControls.Cr0Pg) == 0)
        {
            return PagingMode.None;
        }

        if ((efer & PagingControls.EferLma) != 0)
        {
            return (cr4 & PagingControls.Cr4La57) != 0 ? PagingMode.Level5 : PagingMode.Level4;
        }

        return (cr4 & PagingControls.Cr4Pae) != 0 ? PagingMode.Pae : PagingMode.Bits32;
    }

    /// <summary>Lowest bit of the linear address that is not translated below an entry of a level.</summary>
    public int Shift(int level) => 12 + ((level - 1) * BitsPerLevel);

    public bool IsLeaf(ulong entry, int level) => level == 1 || ((entry & PageSizeBit) != 0 && ((LeafLevels >> level) & 1) != 0);

    /// <summary>Bits that must be 0 in a present entry.</summary>
    public ulong Reserved(int level, bool leaf) => leaf ? _leafReserved[level] : _tableReserved[level];

    public uint RightsOf(ulong entry)
    {
        uint rights = (uint)(entry >> 1) & 3;
        return ExecuteDisable && (long)entry < 0 ? rights : rights | RightExecute;
    }

    /// <summary>Physical address of the table an entry refers to.</summary>
    public static ulong TableAddress(ulong entry) => entry & AddressMask52;

    /// <summary>Physical address of the page a leaf entry maps (bits below the page size are 0).</summary>
    public ulong PageAddress(ulong entry, int level)
    {
        if (level == 1)
        {
            return entry & AddressMask52;
        }

        if (Mode == PagingMode.Bits32)
        {
            // SDM Vol. 3A 4.3, table 4-4: bits 20:13 of the PDE are bits 39:32 of the address.
            return (entry & 0xFFC0_0000) | (((entry >> 13) << 32) & Pse36Mask);
        }

        return entry & AddressMask52 & (ulong.MaxValue << Shift(level));
    }

    /// <summary>Accesses (bit n: <see cref="AccessKind"/> n) that combined rights allow a class, protection keys apart.</summary>
    public uint Allowed(uint rights, AccessClass accessClass) => _allowed[((int)accessClass * 8) + (int)rights];

    private void SetReservedBits(ulong cr4, PagingFeatures features)
    {
        int width = features.PhysicalAddressBits;
        if (Mode <= PagingMode.Bits32)
        {
            // Without PSE the PS bit is ignored. With it, a PDE that maps 4 MBytes has bits 21:(M-19) reserved, M being
            // 32 without PSE-36, else min(40, MAXPHYADDR) (SDM Vol. 3A 4.3).
            LeafLevels = (cr4 & PagingControls.Cr4Pse) != 0 ? 1 << 2 : 0;
            int m = features.Pse36 ? Math.Min(40, width) : 32;
            Pse36Mask = ((1UL << (m - 32)) - 1) << 32;
            _leafReserved[2] = ((1UL << 22) - 1) & (ulong.MaxValue << (m - 19));
            return;
        }

        ulong all = width >= 52 ? 0 : ((1UL << 52) - 1) & (ulong.MaxValue << width);
        if (Mode == PagingMode.Pae)
        {
            // Bits 62:52 are reserved in PAE paging, ignored in 4- and 5-level paging (tables 4-9 to 4-11).
            all |= 0x7FF0_0000_0000_0000;
        }

        if (!ExecuteDisable)
        {
            all |= 1UL << 63;
        }

        LeafLevels = (1 << 2) | (Mode >= PagingMode.Level4 && features.GigabytePages ? 1 << 3 : 0);
        for (int level = 1; level <= 5; level++)
        {
            _tableReserved[level] = all | (level >= 3 ? PageSizeBit : 0);
            _leafReserved[level] = all | (level == 1 ? 0 : ((1UL << Shift(level)) - 1) & ~0x1FFFUL);
        }
    }

    /// <summary>The rules of SDM Vol. 3A 4.6.1, for every combination of rights and class.</summary>
    private void SetPermissions()
    {
        const uint Read = 1, Write = 2, Execute = 4;
        for (uint rights = 0; rights < 8; rights++)
        {
            bool writable = (rights & RightWrite) != 0, user = (rights & RightUser) != 0, executable = (rights & RightExecute) != 0;
            if (user)
            {
                _allowed[((int)AccessClass.User * 8) + (int)rights] = (byte)(Read | (writable ? Write : 0) | (executable ? Execute : 0));
            }

            uint data = Read | (writable || !WriteProtect ? Write : 0);
            uint fetch = executable && !(user && Smep) ? Execute : 0;
            _allowed[((int)AccessClass.Supervisor * 8) + (int)rights] = (byte)((user && Smap ? 0 : data) | fetch);
            _allowed[((int)AccessClass.SupervisorAllowUser * 8) + (int)rights] = (byte)(data | fetch);
        }
    }

    /// <summary>Accesses a protection key forbids (SDM Vol. 3A 4.6.2), as a mask of <see cref="AccessKind"/>.</summary>
    public uint KeyForbids(ulong leafEntry, uint rights, AccessClass accessClass, uint pkru, uint pkrs)
    {
        bool user = (rights & RightUser) != 0;
        if (!(user ? UserKeys : SupervisorKeys))
        {
            return 0;
        }

        uint key = (user ? pkru : pkrs) >> (2 * ((int)(leafEntry >> 59) & 15));
        if ((key & 1) != 0)
        {
            return 3;
        }

        return (key & 2) != 0 && (WriteProtect || accessClass == AccessClass.User) ? 2u : 0;
    }

    /// <summary>Error code of a fault (SDM Vol. 3A 4.7).</summary>
    public PageFaultError Error(AccessKind kind, AccessClass accessClass, PageFaultError cause)
    {
        PageFaultError error = cause;
        if (kind == AccessKind.Write)
        {
            error |= PageFaultError.Write;
        }
        else if (kind == AccessKind.Execute && ReportsFetch)
        {
            error |= PageFaultError.InstructionFetch;
        }

        return accessClass == AccessClass.User ? error | PageFaultError.User : error;
    }
}
