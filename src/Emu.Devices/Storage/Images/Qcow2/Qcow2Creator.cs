using System.Buffers.Binary;
using System.Numerics;

namespace Emu.Devices.Storage;

/// <summary>Parameters of a new qcow2 image.</summary>
public sealed record Qcow2CreateOptions
{
    /// <summary>Bytes in a cluster: a power of two from 512 to 2 MiB.</summary>
    public long ClusterSize { get; init; } = 65536;

    /// <summary>2 (<c>compat=0.10</c>) or 3 (<c>compat=1.1</c>).</summary>
    public int Version { get; init; } = 3;

    /// <summary>Width of a reference count in bits: a power of two from 1 to 64.</summary>
    public int RefcountBits { get; init; } = 16;

    /// <summary>Sets the lazy-refcounts feature bit, which lets other programs postpone refcounts.</summary>
    public bool LazyRefcounts { get; init; }

    /// <summary>Backing file as it shall be stored.</summary>
    public string? BackingFile { get; init; }

    /// <summary>Format of the backing file.</summary>
    public string? BackingFormat { get; init; }
}

/// <summary>Lays out empty qcow2 images.</summary>
internal static class Qcow2Creator
{
    /// <summary>Writes an empty image of <paramref name="size"/> bytes into an empty file. The header comes last.</summary>
    /// <exception cref="DiskImageException">An option is out of range, or the host failed.</exception>
    public static void Write(IImageFile file, long size, Qcow2CreateOptions options)
    {
        CheckOptions(options);
        int clusterSize = (int)options.ClusterSize, clusterBits = BitOperations.Log2((uint)clusterSize), order = BitOperations.Log2((uint)options.RefcountBits);
        long l1Entries = Qcow2Header.RequiredL1Entries(size, clusterBits);
        if (l1Entries > Qcow2Header.MaxL1Bytes / 8)
            throw new DiskImageException(DiskImageError.BadParameter, $"{file.Name}: a disk of {size} bytes is too large for clusters of {clusterSize} bytes; choose a larger cluster_size");

        // Header, refcount table, refcount blocks, L1 table; the blocks must cover themselves.
        long l1Clusters = Math.Max(1, Clusters(l1Entries * 8));
        long perBlock = Qcow2RefcountBlock.PerBlock(clusterSize, order), blocks = 1, tableClusters, total;
        while (true)
        {
            tableClusters = Clusters(blocks * 8);
            total = 1 + tableClusters + blocks + l1Clusters;
            if (blocks * perBlock >= total) break;
            blocks++;
        }
        long tableOffset = clusterSize, blockOffset = tableOffset + tableClusters * clusterSize, l1Offset = blockOffset + blocks * clusterSize;

        byte[] table = new byte[tableClusters * clusterSize];
        for (int i = 0; i < blocks; i++) BinaryPrimitives.WriteInt64BigEndian(table.AsSpan(i * 8), blockOffset + (long)i * clusterSize);
        file.Write(tableOffset, table);
        for (long i = 0; i < blocks; i++)
        {
            byte[] block = new byte[clusterSize];
            for (int c = 0; c < perBlock && i * perBlock + c < total; c++) Qcow2RefcountBlock.Set(block, order, c, 1);
            file.Write(blockOffset + i * clusterSize, block);
        }
        file.Write(l1Offset, new byte[l1Clusters * clusterSize]);
        var header = new Qcow2Header
        {
            Version = options.Version,
            ClusterBits = clusterBits,
            Size = size,
            L1Entries = (int)l1Entries,
            L1Offset = l1Offset,
            RefcountTableOffset = tableOffset,
            RefcountTableClusters = (int)tableClusters,
            RefcountOrder = order,
            CompatibleFeatures = options.LazyRefcounts ? Qcow2Header.LazyRefcountsBit : 0,
            BackingFile = options.BackingFile,
            BackingFormat = options.BackingFile is null ? null : options.BackingFormat,
        };
        file.Write(0, header.ToFirstCluster(file.Name));
        file.Flush();

        long Clusters(long bytes) => (bytes + clusterSize - 1) / clusterSize;
    }

    /// <summary>Throws if an option has no valid value.</summary>
    public static void CheckOptions(Qcow2CreateOptions options)
    {
        if (options.ClusterSize is < 512 or > 2 << 20 || !BitOperations.IsPow2(options.ClusterSize)) throw Bad("cluster_size must be a power of two from 512 to 2M");
        if (options.Version is not (2 or 3)) throw Bad("compat must be 0.10 (version 2) or 1.1 (version 3)");
        if (options.RefcountBits is < 1 or > 64 || !BitOperations.IsPow2(options.RefcountBits)) throw Bad("refcount_bits must be a power of two from 1 to 64");
        if (options.Version == 2 && options.RefcountBits != 16) throw Bad("refcount_bits other than 16 needs compat=1.1");
        if (options.Version == 2 && options.LazyRefcounts) throw Bad("lazy_refcounts needs compat=1.1");

        static DiskImageException Bad(string what) => new(DiskImageError.BadParameter, what);
    }
}
