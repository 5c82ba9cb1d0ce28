namespace Emu.Devices.Storage.Floppy;

/// <summary>Drive types as the CMOS byte 10h codes them.</summary>
public enum FloppyDriveType : byte
{
    None = 0,
    Drive360K = 1,
    Drive1200K = 2,
    Drive720K = 3,
    Drive1440K = 4,
    Drive2880K = 5,
}

/// <summary>Data rate codes of the configuration control register (82077AA data sheet, 2.1.8).</summary>
public enum FloppyRate : byte
{
    Kbps500 = 0,
    Kbps300 = 1,
    Kbps250 = 2,
    Mbps1 = 3,
}

/// <summary>Layout of a diskette with 512-byte sectors.</summary>
/// <param name="Tracks">Cylinders.</param>
/// <param name="Heads">1 or 2.</param>
/// <param name="Sectors">Sectors a track.</param>
/// <param name="Rate">Data rate at which it was written.</param>
/// <param name="Drive">The drive it belongs into.</param>
public sealed record FloppyFormat(int Tracks, int Heads, int Sectors, FloppyRate Rate, FloppyDriveType Drive)
{
    /// <summary>The formats known, smallest first.</summary>
    public static IReadOnlyList<FloppyFormat> All { get; } =
    [
        new(40, 1, 8, FloppyRate.Kbps250, FloppyDriveType.Drive360K), // 160 KB
        new(40, 1, 9, FloppyRate.Kbps250, FloppyDriveType.Drive360K), // 180 KB
        new(40, 2, 8, FloppyRate.Kbps250, FloppyDriveType.Drive360K), // 320 KB
        new(40, 2, 9, FloppyRate.Kbps250, FloppyDriveType.Drive360K), // 360 KB
        new(80, 2, 9, FloppyRate.Kbps250, FloppyDriveType.Drive720K), // 720 KB
        new(80, 2, 15, FloppyRate.Kbps500, FloppyDriveType.Drive1200K), // 1.2 MB
        new(80, 2, 18, FloppyRate.Kbps500, FloppyDriveType.Drive1440K), // 1.44 MB
        new(80, 2, 21, FloppyRate.Kbps500, FloppyDriveType.Drive1440K), // 1.68 MB, distribution media format
        new(82, 2, 21, FloppyRate.Kbps500, FloppyDriveType.Drive1440K), // 1.72 MB
        new(80, 2, 36, FloppyRate.Mbps1, FloppyDriveType.Drive2880K), // 2.88 MB
    ];

    /// <summary>Bytes on the diskette.</summary>
    public long Length => (long)Tracks * Heads * Sectors * BlockImage.SectorSize;

    /// <summary>
    /// The format of an image: the one of exactly its length, else the smallest common one (1.44 MB or 2.88 MB) that holds it, for
    /// images that leave out unused space at the end.
    /// </summary>
    /// <exception cref="DiskImageException">The image is larger than any diskette.</exception>
    public static FloppyFormat Detect(BlockImage image)
    {
        foreach (FloppyFormat format in All)
            if (format.Length == image.Length) return format;
        foreach (FloppyFormat format in All)
            if (format is { Tracks: 80, Sectors: 18 or 36 } && format.Length > image.Length) return format;
        throw new DiskImageException(DiskImageError.BadParameter, $"{image.FileName}: {ImageSize.Format(image.Length)} is more than a floppy disk holds (2.88M)");
    }

    /// <summary>Whether the diskette can be read at that rate. A 360 KB one turns faster in a 1.2 MB drive: 300 Kbps there.</summary>
    public bool IsReadableAt(FloppyRate rate) => rate == Rate || (rate == FloppyRate.Kbps300 && Rate == FloppyRate.Kbps250 && Tracks == 40);

    /// <summary>Byte offset of a sector (numbered from 1); null if there is none of that number.</summary>
    public long? Offset(int track, int head, int sector) =>
        (uint)track < (uint)Tracks && (uint)head < (uint)Heads && sector >= 1 && sector <= Sectors
            ? ((long)(track * Heads + head) * Sectors + sector - 1) * BlockImage.SectorSize
            : null;
}
