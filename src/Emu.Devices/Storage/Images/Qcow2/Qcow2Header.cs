using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Emu.Devices.Storage;

/// <summary>Compression of the compressed clusters of a qcow2 image (header byte 104).</summary>
public enum Qcow2Compression : byte
{
    /// <summary>Raw deflate streams.</summary>
    Zlib = 0,

    /// <summary>Zstandard frames.</summary>
    Zstd = 1,
}

/// <summary>The header of a qcow2 image, versions 2 and 3 (QEMU, docs/interop/qcow2.txt, "Header"). Numbers in the file are big-endian.</summary>
public sealed class Qcow2Header
{
    /// <summary>"QFI\xfb".</summary>
    public const uint MagicNumber = 0x514649FB;

    /// <summary>Incompatible feature: reference counts may be wrong.</summary>
    public const ulong DirtyBit = 1 << 0;

    /// <summary>Incompatible feature: some table is wrong; no writes but for repair.</summary>
    public const ulong CorruptBit = 1 << 1;

    /// <summary>Incompatible feature: guest data is in another file.</summary>
    public const ulong ExternalDataBit = 1 << 2;

    /// <summary>Incompatible feature: <see cref="Compression"/> is not zlib.</summary>
    public const ulong CompressionTypeBit = 1 << 3;

    /// <summary>Incompatible feature: 16-byte L2 entries with subclusters.</summary>
    public const ulong ExtendedL2Bit = 1 << 4;

    /// <summary>Compatible feature: writers may leave reference counts stale under the dirty bit.</summary>
    public const ulong LazyRefcountsBit = 1 << 0;

    /// <summary>Auto-clear feature: the persistent bitmaps are up to date.</summary>
    public const ulong BitmapsBit = 1 << 0;

    /// <summary>Bytes of L1 table and refcount table accepted, as in QEMU: 32 MB and 8 MB.</summary>
    public const long MaxL1Bytes = 32 << 20, MaxRefcountTableBytes = 8 << 20;

    internal const int IncompatibleFeaturesOffset = 72, AutoclearFeaturesOffset = 88, RefcountTableFieldsOffset = 48;

    private const int Version2Length = 72, Version3MinLength = 104, OwnLength = 112;
    private const uint BackingFormatExtension = 0xE2792ACA, FeatureNameExtension = 0x6803F857, BitmapsExtension = 0x23852875;

    /// <summary>2 or 3.</summary>
    public int Version { get; init; } = 3;

    /// <summary>log2 of the cluster size in bytes, 9 to 21.</summary>
    public int ClusterBits { get; init; } = 16;

    /// <summary>Bytes in a cluster.</summary>
    public int ClusterSize => 1 << ClusterBits;

    /// <summary>log2 of the number of L2 entries in a table.</summary>
    public int L2Bits => ClusterBits - 3;

    /// <summary>Size of the guest's disk in bytes.</summary>
    public long Size { get; init; }

    /// <summary>Entries in the active L1 table.</summary>
    public int L1Entries { get; init; }

    /// <summary>Byte offset of the active L1 table.</summary>
    public long L1Offset { get; init; }

    /// <summary>Byte offset of the refcount table.</summary>
    public long RefcountTableOffset { get; set; }

    /// <summary>Clusters the refcount table occupies.</summary>
    public int RefcountTableClusters { get; set; }

    /// <summary>log2 of the width of a reference count in bits, 0 to 6.</summary>
    public int RefcountOrder { get; init; } = 4;

    /// <summary>Internal snapshots in the file.</summary>
    public int SnapshotCount { get; init; }

    /// <summary>Byte offset of the snapshot table.</summary>
    public long SnapshotsOffset { get; init; }

    /// <summary>Incompatible feature bits.</summary>
    public ulong IncompatibleFeatures { get; set; }

    /// <summary>Compatible feature bits.</summary>
    public ulong CompatibleFeatures { get; init; }

    /// <summary>Auto-clear feature bits.</summary>
    public ulong AutoclearFeatures { get; set; }

    /// <summary>Compression of compressed clusters.</summary>
    public Qcow2Compression Compression { get; init; }

    /// <summary>Name of the backing file as stored: relative names start at this image's directory.</summary>
    public string? BackingFile { get; init; }

    /// <summary>Format of the backing file as stored.</summary>
    public string? BackingFormat { get; init; }

    /// <summary>Bitmap directory of the bitmaps extension: offset and size in bytes, 0 if there is none.</summary>
    public (long Offset, long Size) BitmapDirectory { get; init; }

    /// <summary>Entries of the L1 table that a disk of <paramref name="size"/> bytes needs.</summary>
    public static long RequiredL1Entries(long size, int clusterBits)
    {
        int shift = clusterBits + clusterBits - 3;
        return (long)(((UInt128)(ulong)size + (((UInt128)1 << shift) - 1)) >> shift);
    }

    /// <summary>Reads and checks a header.</summary>
    /// <exception cref="DiskImageException"><see cref="DiskImageError.InvalidFormat"/> or <see cref="DiskImageError.Unsupported"/>.</exception>
    public static Qcow2Header Read(IImageFile file)
    {
        Span<byte> b = stackalloc byte[OwnLength];
        file.Read(0, b);
        if (BinaryPrimitives.ReadUInt32BigEndian(b) != MagicNumber) throw Invalid(file, "not a qcow2 image");
        if (file.Length < Version2Length) throw Invalid(file, "truncated qcow2 header");
        uint version = U32(b, 4);
        if (version is not (2 or 3)) throw new DiskImageException(DiskImageError.Unsupported, $"{file.Name}: qcow2 version {version} is not supported (2 and 3 are)");
        int headerLength = version == 2 ? Version2Length : (int)Math.Min(U32(b, 100), int.MaxValue);
        uint clusterBits = U32(b, 20);
        if (clusterBits is < 9 or > 21) throw Invalid(file, $"cluster size of 2^{clusterBits} bytes is out of range (2^9 to 2^21)");
        if (headerLength < (version == 2 ? Version2Length : Version3MinLength) || headerLength % 8 != 0 || headerLength > 1 << (int)clusterBits)
            throw Invalid(file, $"header length {headerLength} is invalid");
        if (U32(b, 32) != 0) throw new DiskImageException(DiskImageError.Unsupported, $"{file.Name}: encrypted qcow2 images are not supported");

        ulong incompatible = version == 2 ? 0 : U64(b, 72);
        CheckFeatures(file, incompatible);
        uint refcountOrder = version == 2 ? 4 : U32(b, 96);
        if (refcountOrder > 6) throw Invalid(file, $"refcount order {refcountOrder} is out of range (0 to 6)");
        byte compression = headerLength > Version3MinLength ? b[104] : (byte)0;
        if ((incompatible & CompressionTypeBit) != 0 != (compression != 0)) throw Invalid(file, "compression type and its feature bit contradict each other");
        if (compression > (byte)Qcow2Compression.Zstd) throw new DiskImageException(DiskImageError.Unsupported, $"{file.Name}: unknown compression type {compression}");

        ulong size = U64(b, 24), backingOffset = U64(b, 8);
        if (size > long.MaxValue - (1 << 21)) throw Invalid(file, "virtual size is out of range");
        uint l1Entries = U32(b, 36), tableClusters = U32(b, 56);
        if (l1Entries > MaxL1Bytes / 8) throw Invalid(file, "L1 table is too large");
        if (RequiredL1Entries((long)size, (int)clusterBits) > l1Entries) throw Invalid(file, "L1 table is too small for the virtual size");
        if (tableClusters == 0 || tableClusters > MaxRefcountTableBytes >> (int)clusterBits) throw Invalid(file, "size of the refcount table is out of range");

        string? backing = ReadBackingName(file, backingOffset, U32(b, 16), clusterBits);
        (string? backingFormat, (long, long) bitmaps) = ReadExtensions(file, headerLength, backingOffset, clusterBits);
        return new Qcow2Header
        {
            Version = (int)version,
            ClusterBits = (int)clusterBits,
            Size = (long)size,
            L1Entries = (int)l1Entries,
            L1Offset = Table(file, U64(b, 40), (long)l1Entries * 8, clusterBits, "L1 table"),
            RefcountTableOffset = Table(file, U64(b, 48), (long)tableClusters << (int)clusterBits, clusterBits, "refcount table"),
            RefcountTableClusters = (int)tableClusters,
            RefcountOrder = (int)refcountOrder,
            SnapshotCount = (int)Math.Min(U32(b, 60), 65536),
            SnapshotsOffset = Table(file, U64(b, 64), 0, clusterBits, "snapshot table"),
            IncompatibleFeatures = incompatible,
            CompatibleFeatures = version == 2 ? 0 : U64(b, 80),
            AutoclearFeatures = version == 2 ? 0 : U64(b, AutoclearFeaturesOffset),
            Compression = (Qcow2Compression)compression,
            BackingFile = backing,
            BackingFormat = backingFormat,
            BitmapDirectory = bitmaps,
        };
    }

    /// <summary>The header as the first cluster of a new image, with extensions and the backing file's name.</summary>
    /// <exception cref="DiskImageException">It does not fit into a cluster.</exception>
    public byte[] ToFirstCluster(string fileName)
    {
        byte[] cluster = new byte[ClusterSize];
        Span<byte> b = cluster;
        BinaryPrimitives.WriteUInt32BigEndian(b, MagicNumber);
        Put32(b, 4, Version);
        Put32(b, 20, ClusterBits);
        Put64(b, 24, (ulong)Size);
        Put32(b, 36, L1Entries);
        Put64(b, 40, (ulong)L1Offset);
        Put64(b, 48, (ulong)RefcountTableOffset);
        Put32(b, 56, RefcountTableClusters);
        int position = Version2Length;
        if (Version >= 3)
        {
            Put64(b, 72, IncompatibleFeatures);
            Put64(b, 80, CompatibleFeatures);
            Put64(b, 88, AutoclearFeatures);
            Put32(b, 96, RefcountOrder);
            Put32(b, 100, OwnLength);
            position = OwnLength;
        }

        if (BackingFormat is not null) position = AddExtension(b, position, BackingFormatExtension, Encoding.UTF8.GetBytes(BackingFormat));
        byte[] names = FeatureNames();
        if (Version >= 3 && position + 8 + names.Length + 8 + 1023 <= ClusterSize) position = AddExtension(b, position, FeatureNameExtension, names);
        position += 8; // end of the extension area: type 0, length 0

        if (BackingFile is not null)
        {
            byte[] name = Encoding.UTF8.GetBytes(BackingFile);
            if (name.Length > 1023) throw new DiskImageException(DiskImageError.BadParameter, $"{fileName}: the backing file's name is longer than 1023 bytes");
            if (position + name.Length > ClusterSize)
                throw new DiskImageException(DiskImageError.BadParameter, $"{fileName}: the backing file's name does not fit into a cluster of {ClusterSize} bytes");
            name.CopyTo(b[position..]);
            Put64(b, 8, (ulong)position);
            Put32(b, 16, name.Length);
        }
        return cluster;
    }

    private static void CheckFeatures(IImageFile file, ulong incompatible)
    {
        if ((incompatible & ExternalDataBit) != 0) throw new DiskImageException(DiskImageError.Unsupported, $"{file.Name}: qcow2 images with an external data file are not supported");
        if ((incompatible & ExtendedL2Bit) != 0) throw new DiskImageException(DiskImageError.Unsupported, $"{file.Name}: qcow2 images with extended L2 entries (subclusters) are not supported");
        ulong unknown = incompatible & ~(DirtyBit | CorruptBit | CompressionTypeBit);
        if (unknown != 0)
            throw new DiskImageException(DiskImageError.Unsupported, $"{file.Name}: the image needs an unknown qcow2 feature (incompatible feature bit {BitOperations.TrailingZeroCount(unknown)})");
    }

    private static string? ReadBackingName(IImageFile file, ulong offset, uint length, uint clusterBits)
    {
        if (offset == 0) return null;
        if (length > 1023 || offset + length > 1UL << (int)clusterBits) throw Invalid(file, "backing file name is out of range");
        byte[] name = new byte[length];
        file.Read((long)offset, name);
        return length == 0 ? null : Encoding.UTF8.GetString(name);
    }

    private static (string? BackingFormat, (long, long) Bitmaps) ReadExtensions(IImageFile file, int start, ulong backingOffset, uint clusterBits)
    {
        string? backingFormat = null;
        (long, long) bitmaps = default;
        long end = backingOffset != 0 ? (long)backingOffset : 1L << (int)clusterBits;
        Span<byte> head = stackalloc byte[8], body = stackalloc byte[24];
        for (long at = start; at + 8 <= end;)
        {
            file.Read(at, head);
            uint type = U32(head, 0), length = U32(head, 4);
            if (type == 0) break;
            if (length > end - at - 8) throw Invalid(file, "header extension reaches past the header");
            if (type == BackingFormatExtension)
            {
                byte[] name = new byte[Math.Min(length, 64)];
                file.Read(at + 8, name);
                backingFormat = Encoding.UTF8.GetString(name).TrimEnd('\0');
            }
            else if (type == BitmapsExtension && length >= 24)
            {
                file.Read(at + 8, body);
                bitmaps = ((long)(U64(body, 16) & long.MaxValue), (long)(U64(body, 8) & long.MaxValue));
            }
            at += 8 + (length + 7L) / 8 * 8;
        }
        return (backingFormat, bitmaps);
    }

    private static long Table(IImageFile file, ulong offset, long bytes, uint clusterBits, string what)
    {
        if ((offset & ((1UL << (int)clusterBits) - 1)) != 0 || offset >= 1UL << 56) throw Invalid(file, $"offset of the {what} is invalid");
        if (bytes != 0 && (offset == 0 || (long)offset + bytes > file.Length)) throw Invalid(file, $"the {what} lies outside the file: the image is truncated or damaged");
        return (long)offset;
    }

    private static int AddExtension(Span<byte> b, int position, uint type, ReadOnlySpan<byte> data)
    {
        BinaryPrimitives.WriteUInt32BigEndian(b[position..], type);
        Put32(b, position + 4, data.Length);
        data.CopyTo(b[(position + 8)..]);
        return position + 8 + (data.Length + 7) / 8 * 8;
    }

    /// <summary>Names by which a program that lacks a feature can tell its user which.</summary>
    private static byte[] FeatureNames()
    {
        ReadOnlySpan<(byte Type, byte Bit, string Name)> features =
        [
            (0, 0, "dirty bit"), (0, 1, "corrupt bit"), (0, 2, "external data file"), (0, 3, "compression type"), (0, 4, "extended L2 entries"),
            (1, 0, "lazy refcounts"), (2, 0, "bitmaps"), (2, 1, "raw external data"),
        ];
        byte[] table = new byte[features.Length * 48];
        for (int i = 0; i < features.Length; i++)
        {
            table[i * 48] = features[i].Type;
            table[i * 48 + 1] = features[i].Bit;
            Encoding.ASCII.GetBytes(features[i].Name, table.AsSpan(i * 48 + 2, 46));
        }
        return table;
    }

    private static DiskImageException Invalid(IImageFile file, string what) => new(DiskImageError.InvalidFormat, $"{file.Name}: {what}");

    private static uint U32(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt32BigEndian(b[at..]);

    private static ulong U64(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt64BigEndian(b[at..]);

    private static void Put32(Span<byte> b, int at, int value) => BinaryPrimitives.WriteInt32BigEndian(b[at..], value);

    private static void Put64(Span<byte> b, int at, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(b[at..], value);
}
