namespace Emu.Devices.Storage;

/// <summary>Cylinders, heads and sectors of a disk as programs from before LBA count them.</summary>
/// <param name="Cylinders">1 to 16383 (the most IDENTIFY DEVICE may claim; ATA/ATAPI-6 annex B).</param>
/// <param name="Heads">1 to 16.</param>
/// <param name="Sectors">Sectors a track, 1 to 63 (255 in the standard; BIOSes stop at 63).</param>
public readonly record struct DiskGeometry(int Cylinders, int Heads, int Sectors)
{
    /// <summary>Most cylinders a drive reports; larger disks report these and are used by LBA.</summary>
    public const int MaxCylinders = 16383;

    /// <summary>Sectors that cylinder/head/sector addresses reach.</summary>
    public long Capacity => (long)Cylinders * Heads * Sectors;

    /// <summary>The usual geometry for a disk of that many sectors: 16 heads of 63 sectors.</summary>
    public static DiskGeometry ForSectors(long sectors) => new((int)Math.Clamp(sectors / (16 * 63), 1, MaxCylinders), 16, 63);

    /// <summary>
    /// The geometry a disk was partitioned with, if its partition table tells (partitions end at the last head and sector), else the
    /// usual one. Disks made on other machines keep working with software that uses cylinders.
    /// </summary>
    public static DiskGeometry Detect(BlockImage image)
    {
        DiskGeometry usual = ForSectors(image.SectorCount);
        if (image.SectorCount < 1) return usual;
        Span<byte> boot = stackalloc byte[512];
        image.ReadAt(0, boot);
        if (boot[510] != 0x55 || boot[511] != 0xAA) return usual;
        for (int entry = 0x1BE; entry < 0x1FE; entry += 16)
        {
            uint size = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(boot[(entry + 12)..]);
            int heads = boot[entry + 5] + 1, sectors = boot[entry + 6] & 63;
            if (size == 0 || heads is < 2 or > 16 || sectors == 0) continue;
            long cylinders = image.SectorCount / (heads * sectors);
            if (cylinders is >= 1 and <= MaxCylinders) return new DiskGeometry((int)cylinders, heads, sectors);
        }
        return usual;
    }
}
