namespace Emu.Devices.Timers;

/// <summary>Floppy drive type as CMOS byte 10h codes it (a nibble a drive).</summary>
public enum CmosFloppyType : byte
{
    None = 0,
    Inch5_360K = 1,
    Inch5_1200K = 2,
    Inch3_720K = 3,
    Inch3_1440K = 4,
    Inch3_2880K = 5,
}

/// <summary>How INT 13h presents a disk's geometry (CMOS byte 39h, two bits a drive, as QEMU and SeaBIOS agree).</summary>
public enum CmosDiskTranslation : byte
{
    None = 0,
    Lba = 1,
    Large = 2,
    RevisedEchs = 3,
}

/// <summary>Boot device codes of CMOS bytes 3Dh and 38h (SeaBIOS).</summary>
public enum CmosBootDevice : byte
{
    None = 0,
    Floppy = 1,
    HardDisk = 2,
    CdRom = 3,
    Network = 4,
}

/// <summary>Physical geometry of an IDE disk.</summary>
public sealed record CmosDisk(int Cylinders, int Heads, int SectorsPerTrack, CmosDiskTranslation Translation);

/// <summary>
/// What the board's battery-backed memory tells the BIOS, byte for byte as QEMU's pc fills it for SeaBIOS.
/// </summary>
public sealed record CmosConfiguration
{
    private const ulong KiB = 1024;
    private const ulong MiB = 1024 * KiB;

    /// <summary>RAM below 4 GiB in bytes.</summary>
    public required ulong LowMemory { get; init; }

    /// <summary>RAM above 4 GiB in bytes.</summary>
    public ulong HighMemory { get; init; }

    public int ProcessorCount { get; init; } = 1;

    public CmosFloppyType FloppyA { get; init; }

    public CmosFloppyType FloppyB { get; init; }

    /// <summary>Boot order, up to three devices; QEMU's default is hard disk, floppy, CD ("cad").</summary>
    public IReadOnlyList<CmosBootDevice> BootOrder { get; init; } =
        [CmosBootDevice.HardDisk, CmosBootDevice.Floppy, CmosBootDevice.CdRom];

    /// <summary>Refuse floppies without the 55AAh signature ("-boot ... fd_bootchk").</summary>
    public bool FloppyBootSignatureCheck { get; init; } = true;

    /// <summary>Disks of the primary and secondary IDE channel, master and slave: four entries, null where absent or not a disk.</summary>
    public IReadOnlyList<CmosDisk?> Disks { get; init; } = [];

    public bool HasPs2Mouse { get; init; } = true;

    /// <summary>Writes the bytes. <paramref name="set"/> takes index (0Eh-7Fh) and value.</summary>
    internal void Apply(Action<int, byte> set)
    {
        void SetWord(int index, ulong value)
        {
            ulong capped = Math.Min(value, 0xFFFF);
            set(index, (byte)capped);
            set(index + 1, (byte)(capped >> 8));
        }

        ulong extended = LowMemory > MiB ? (LowMemory - MiB) / KiB : 0;
        SetWord(0x15, Math.Min(LowMemory / KiB, 640));
        SetWord(0x17, extended);
        SetWord(0x30, extended);
        SetWord(0x34, LowMemory > 16 * MiB ? (LowMemory - 16 * MiB) / (64 * KiB) : 0);
        ulong high = HighMemory / (64 * KiB);
        set(0x5B, (byte)high);
        set(0x5C, (byte)(high >> 8));
        set(0x5D, (byte)(high >> 16));
        set(0x5F, (byte)(ProcessorCount - 1));

        int floppies = (FloppyA != CmosFloppyType.None ? 1 : 0) + (FloppyB != CmosFloppyType.None ? 1 : 0);
        set(0x10, (byte)((int)FloppyA << 4 | (int)FloppyB));
        // Equipment: bit 0 floppies present, bits 7-6 their number minus one, bit 1 coprocessor, bit 2 PS/2 mouse.
        set(0x14, (byte)((floppies > 0 ? 0x01 | floppies - 1 << 6 : 0) | 0x02 | (HasPs2Mouse ? 0x04 : 0)));

        int Boot(int position) => position < BootOrder.Count ? (int)BootOrder[position] : 0;
        set(0x3D, (byte)(Boot(1) << 4 | Boot(0)));
        set(0x38, (byte)(Boot(2) << 4 | (FloppyBootSignatureCheck ? 0 : 1)));
        ApplyDisks(set);
    }

    private void ApplyDisks(Action<int, byte> set)
    {
        CmosDisk? Disk(int index) => index < Disks.Count ? Disks[index] : null;
        set(0x12, (byte)((Disk(0) is null ? 0 : 0xF0) | (Disk(1) is null ? 0 : 0x0F)));
        ApplyDisk(set, 0x19, 0x1B, Disk(0));
        ApplyDisk(set, 0x1A, 0x24, Disk(1));
        int translations = 0;
        for (int i = 0; i < 4; i++)
            translations |= (int)(Disk(i)?.Translation ?? CmosDiskTranslation.None) << 2 * i;
        set(0x39, (byte)translations);
    }

    private static void ApplyDisk(Action<int, byte> set, int typeIndex, int parameters, CmosDisk? disk)
    {
        const byte UserDefinedType = 47;
        if (disk is null)
            return;
        set(typeIndex, UserDefinedType);
        set(parameters, (byte)disk.Cylinders);
        set(parameters + 1, (byte)(disk.Cylinders >> 8));
        set(parameters + 2, (byte)disk.Heads);
        // No write precompensation.
        set(parameters + 3, 0xFF);
        set(parameters + 4, 0xFF);
        set(parameters + 5, (byte)(0xC0 | (disk.Heads > 8 ? 0x08 : 0)));
        set(parameters + 6, (byte)disk.Cylinders);
        set(parameters + 7, (byte)(disk.Cylinders >> 8));
        set(parameters + 8, (byte)disk.SectorsPerTrack);
    }
}
