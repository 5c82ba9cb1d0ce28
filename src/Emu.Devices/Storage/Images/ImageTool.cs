using System.Buffers.Binary;
using System.Text;

namespace Emu.Devices.Storage;

/// <summary>Parameters of <see cref="ImageTool.Create"/> and of the target of <see cref="ImageTool.Convert"/>.</summary>
public sealed record ImageCreateOptions
{
    /// <summary><c>raw</c> or <c>qcow2</c>.</summary>
    public string Format { get; init; } = "raw";

    /// <summary>Size of the disk in bytes; null takes the backing file's (or the source's).</summary>
    public long? Size { get; init; }

    /// <summary>Layout of a qcow2 image and its backing file.</summary>
    public Qcow2CreateOptions Qcow2 { get; init; } = new();

    /// <summary>Compress clusters (<see cref="ImageTool.Convert"/> to qcow2 only).</summary>
    public bool Compress { get; init; }

    /// <summary>Applies one <c>-o</c> option as qemu-img spells it: <c>size</c>, <c>cluster_size</c>, <c>compat</c>, <c>refcount_bits</c>,
    /// <c>lazy_refcounts</c>, <c>backing_file</c>, <c>backing_fmt</c>, <c>preallocation</c> (only <c>off</c>), <c>compression_type</c> (only <c>zlib</c>).</summary>
    /// <exception cref="DiskImageException"><see cref="DiskImageError.BadParameter"/>.</exception>
    public ImageCreateOptions With(string name, string value)
    {
        if (Format != "qcow2" && name is not ("size" or "preallocation")) throw Bad($"format '{Format}' has no option '{name}'");
        return name switch
        {
            "size" => this with { Size = ImageSize.Parse(value) },
            "cluster_size" => this with { Qcow2 = Qcow2 with { ClusterSize = ImageSize.Parse(value) } },
            "compat" => this with { Qcow2 = Qcow2 with { Version = value switch { "0.10" or "v2" => 2, "1.1" or "v3" => 3, _ => throw Bad($"compat '{value}' is unknown (0.10 or 1.1)") } } },
            "refcount_bits" => this with { Qcow2 = Qcow2 with { RefcountBits = int.TryParse(value, out int bits) ? bits : throw Bad($"refcount_bits '{value}' is not a number") } },
            "lazy_refcounts" => this with { Qcow2 = Qcow2 with { LazyRefcounts = value switch { "on" => true, "off" => false, _ => throw Bad("lazy_refcounts is on or off") } } },
            "backing_file" => this with { Qcow2 = Qcow2 with { BackingFile = value } },
            "backing_fmt" => this with { Qcow2 = Qcow2 with { BackingFormat = value } },
            "preallocation" => value == "off" ? this : throw Bad($"preallocation '{value}' is not supported (only off)"),
            "compression_type" => value == "zlib" ? this : throw Bad($"compression_type '{value}' is not supported (only zlib)"),
            _ => throw Bad($"format '{Format}' has no option '{name}'"),
        };

        static DiskImageException Bad(string what) => new(DiskImageError.BadParameter, what);
    }
}

/// <summary>What <c>emu img</c> does. Every failure is a <see cref="DiskImageException"/> with one line for the user.</summary>
public static class ImageTool
{
    private const int ChunkSize = 2 << 20, ZeroGranularity = 4096;

    /// <summary>Creates an empty image; an existing file is replaced unless somebody uses it.</summary>
    public static void Create(string path, ImageCreateOptions options)
    {
        DiskImages.CheckFormat(options.Format);
        long size = CreateSize(path, options);
        if (options.Format == "qcow2") Qcow2Creator.CheckOptions(options.Qcow2);
        Qcow2CreateOptions qcow2 = options.Qcow2;
        if (qcow2.BackingFile is not null && qcow2.BackingFormat is null) qcow2 = qcow2 with { BackingFormat = ProbeBacking(path, qcow2.BackingFile) };
        bool existed = File.Exists(path);
        HostFile file = HostFile.Create(path);
        try
        {
            if (options.Format == "raw") file.SetLength(size);
            else Qcow2Creator.Write(file, size, qcow2);
        }
        catch
        {
            file.Dispose();
            if (!existed) File.Delete(path);
            throw;
        }
        file.Dispose();
    }

    /// <summary>Describes an image, also one in use.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">Its format; null to look at it.</param>
    /// <param name="chain">Also describe the backing files.</param>
    public static ImageInfo Info(string path, string? format = null, bool chain = false)
    {
        if (chain) DiskImages.Open(path, new DiskImageOptions { Format = format, ReadOnly = true, IgnoreLocks = true }).Dispose(); // finds loops
        if (format is not null) DiskImages.CheckFormat(format);
        using HostFile file = HostFile.OpenUnlocked(path);
        long actual = AllocatedBytes(file);
        if ((format ?? DiskImages.Probe(file)) == "raw")
            return new ImageInfo { FileName = path, Format = "raw", VirtualSize = (file.Length + 511) / 512 * 512, ActualSize = actual };

        Qcow2Header header = Qcow2Header.Read(file);
        string? full = header.BackingFile is null ? null : DiskImages.ResolveBacking(path, header.BackingFile);
        return new ImageInfo
        {
            FileName = path,
            Format = "qcow2",
            VirtualSize = header.Size,
            ActualSize = actual,
            ClusterSize = header.ClusterSize,
            BackingFile = header.BackingFile,
            FullBackingFile = full,
            BackingFormat = header.BackingFormat,
            IsDirty = (header.IncompatibleFeatures & Qcow2Header.DirtyBit) != 0,
            Specific = new Qcow2SpecificInfo("qcow2", new Qcow2Details(
                header.Version == 2 ? "0.10" : "1.1",
                header.Compression == Qcow2Compression.Zlib ? "zlib" : "zstd",
                (header.CompatibleFeatures & Qcow2Header.LazyRefcountsBit) != 0,
                1 << header.RefcountOrder,
                (header.IncompatibleFeatures & Qcow2Header.CorruptBit) != 0)),
            Snapshots = header.SnapshotCount == 0 ? null : ReadSnapshots(file, header),
            Backing = chain && full is not null ? Info(full, header.BackingFormat, chain: true) : null,
        };
    }

    /// <summary>Checks a qcow2 image and repairs it if asked.</summary>
    /// <exception cref="DiskImageException">Also <see cref="DiskImageError.Unsupported"/> for a format that has nothing to check.</exception>
    public static ImageCheckResult Check(string path, string? format = null, Qcow2Repair repair = Qcow2Repair.None, IProgress<ImageProgress>? progress = null)
    {
        if (format is not null) DiskImages.CheckFormat(format);
        using HostFile file = HostFile.Open(path, writable: repair != Qcow2Repair.None);
        format ??= DiskImages.Probe(file);
        if (format != "qcow2") throw new DiskImageException(DiskImageError.Unsupported, $"{path}: a {format} image has nothing to check");
        Qcow2CheckReport report = Qcow2Checker.Run(file, repair, progress);
        return new ImageCheckResult
        {
            FileName = path,
            Format = format,
            Corruptions = report.Corruptions,
            Leaks = report.Leaks,
            CorruptionsFixed = report.CorruptionsFixed,
            LeaksFixed = report.LeaksFixed,
            TotalClusters = report.TotalClusters,
            AllocatedClusters = report.AllocatedClusters,
            CompressedClusters = report.CompressedClusters,
            FragmentedClusters = report.FragmentedClusters,
            ImageEndOffset = report.ImageEndOffset,
            Messages = report.Messages,
        };
    }

    /// <summary>Copies what a guest would read from one image into a new one; zeroes take no space in the target.</summary>
    /// <param name="sourcePath">The image to read.</param>
    /// <param name="sourceFormat">Its format; null to look at it.</param>
    /// <param name="targetPath">The image to create. Removed again if the copy fails and the file is new.</param>
    /// <param name="options">Format and layout of the target; with a backing file, only what differs from it is stored.</param>
    /// <param name="progress">Told of the bytes of the disk done.</param>
    public static void Convert(string sourcePath, string? sourceFormat, string targetPath, ImageCreateOptions options, IProgress<ImageProgress>? progress = null)
    {
        if (options.Compress && options.Format != "qcow2") throw new DiskImageException(DiskImageError.BadParameter, $"format '{options.Format}' cannot be compressed");
        using BlockImage source = DiskImages.Open(sourcePath, new DiskImageOptions { Format = sourceFormat, ReadOnly = true });
        bool existed = Path.Exists(targetPath);
        try
        {
            Create(targetPath, options with { Size = options.Size ?? source.Length });
            using BlockImage target = DiskImages.Open(targetPath, new DiskImageOptions { Format = options.Format });
            Copy(source, target, options.Compress, progress);
            target.Flush();
        }
        catch (DiskImageException e)
        {
            if (!existed && e.Error is not (DiskImageError.Locked or DiskImageError.NotFound)) File.Delete(targetPath);
            throw;
        }
    }

    private static void Copy(BlockImage source, BlockImage target, bool compress, IProgress<ImageProgress>? progress)
    {
        byte[] buffer = new byte[ChunkSize];
        byte[]? other = target.Backing is null ? null : new byte[ChunkSize];
        long total = Math.Min(source.Length, target.Length);
        for (long offset = 0; offset < total;)
        {
            progress?.Report(new ImageProgress(offset, total));
            long left = total - offset;
            if (other is null && ZeroRun(source, offset, left) is var zero and > 0)
            {
                // Whole chunks only, so that data chunks stay aligned to the target's clusters.
                long skip = zero == left ? zero : zero / ChunkSize * ChunkSize;
                if (skip > 0)
                {
                    offset += skip;
                    continue;
                }
            }
            int count = (int)Math.Min(ChunkSize, left);
            Span<byte> data = buffer.AsSpan(0, count);
            source.ReadAt(offset, data);
            if (other is not null) target.ReadAt(offset, other.AsSpan(0, count));
            if (compress && target is Qcow2Image qcow2) StoreCompressed(qcow2, offset, data, other);
            else StoreChanged(target, offset, data, other);
            offset += count;
        }
        progress?.Report(new ImageProgress(total, total));
    }

    /// <summary>Writes the pieces of <paramref name="data"/> that differ from what the target reads as now: <paramref name="other"/>, or zeroes.</summary>
    private static void StoreChanged(BlockImage target, long offset, ReadOnlySpan<byte> data, byte[]? other)
    {
        for (int at = 0; at < data.Length;)
        {
            int end = at;
            while (end < data.Length && Differs(data, end, other)) end = Math.Min(end + ZeroGranularity, data.Length);
            if (end > at) target.WriteAt(offset + at, data[at..end]);
            at = Math.Min(end + ZeroGranularity, data.Length);
        }

        static bool Differs(ReadOnlySpan<byte> data, int at, byte[]? other)
        {
            ReadOnlySpan<byte> piece = data.Slice(at, Math.Min(ZeroGranularity, data.Length - at));
            return other is null ? piece.ContainsAnyExcept((byte)0) : !piece.SequenceEqual(other.AsSpan(at, piece.Length));
        }
    }

    private static void StoreCompressed(Qcow2Image target, long offset, ReadOnlySpan<byte> data, byte[]? other)
    {
        for (int at = 0; at < data.Length; at += target.Header.ClusterSize)
        {
            ReadOnlySpan<byte> cluster = data.Slice(at, Math.Min(target.Header.ClusterSize, data.Length - at));
            bool same = other is null ? !cluster.ContainsAnyExcept((byte)0) : cluster.SequenceEqual(other.AsSpan(at, cluster.Length));
            bool whole = cluster.Length == Math.Min(target.Header.ClusterSize, target.Length - offset - at);
            if (!same && !(whole && target.TryWriteCompressed(offset + at, cluster))) target.WriteAt(offset + at, cluster);
        }
    }

    /// <summary>Bytes from <paramref name="offset"/> that are known to be zero through the whole chain without reading them.</summary>
    private static long ZeroRun(BlockImage source, long offset, long limit)
    {
        long run = 0;
        while (run < limit)
        {
            long length = limit - run;
            for (BlockImage? image = source; image is not null; image = image.Backing)
            {
                if (offset + run >= image.Length) break;
                BlockExtent extent = image.QueryExtent(offset + run);
                length = Math.Min(length, extent.Length);
                if (extent.Kind == BlockExtentKind.Data) return run;
                if (extent.Kind == BlockExtentKind.Zero) break;
            }
            run += length;
        }
        return run;
    }

    private static long CreateSize(string path, ImageCreateOptions options)
    {
        if (options.Size is < 0) throw new DiskImageException(DiskImageError.BadParameter, "a size cannot be negative");
        string? backing = options.Qcow2.BackingFile;
        if (backing is not null && options.Format != "qcow2") throw new DiskImageException(DiskImageError.BadParameter, $"format '{options.Format}' cannot have a backing file");
        if (backing is null)
        {
            long size = options.Size ?? throw new DiskImageException(DiskImageError.BadParameter, "a size is needed (for example 20G)");
            return RoundUp(size);
        }
        string full = DiskImages.ResolveBacking(path, backing);
        if (Path.GetFullPath(full) == Path.GetFullPath(path)) throw new DiskImageException(DiskImageError.BackingLoop, $"{path}: an image cannot be its own backing file");
        using BlockImage image = DiskImages.Open(full, new DiskImageOptions { Format = options.Qcow2.BackingFormat, ReadOnly = true, IgnoreLocks = true });
        for (BlockImage? below = image; below is not null; below = below.Backing)
            if (Path.GetFullPath(below.FileName) == Path.GetFullPath(path)) throw new DiskImageException(DiskImageError.BackingLoop, $"{path}: it is in the chain of its own backing file '{backing}'");
        return RoundUp(options.Size ?? image.Length);

        static long RoundUp(long size) => size > long.MaxValue - 511
            ? throw new DiskImageException(DiskImageError.BadParameter, "the size is too large")
            : (size + 511) / 512 * 512;
    }

    private static string ProbeBacking(string path, string backing)
    {
        using HostFile file = HostFile.OpenUnlocked(DiskImages.ResolveBacking(path, backing));
        return DiskImages.Probe(file);
    }

    private static long AllocatedBytes(IImageFile file)
    {
        long sum = 0;
        for (long offset = 0; offset < file.Length;)
        {
            (bool isHole, long length) = file.QueryRun(offset);
            if (!isHole) sum += length;
            offset += length;
        }
        return sum;
    }

    private static List<ImageSnapshotInfo> ReadSnapshots(IImageFile file, Qcow2Header header)
    {
        var snapshots = new List<ImageSnapshotInfo>();
        Span<byte> head = stackalloc byte[48];
        long at = header.SnapshotsOffset;
        for (int i = 0; i < header.SnapshotCount && at + 40 <= file.Length; i++)
        {
            file.Read(at, head);
            int idLength = BinaryPrimitives.ReadUInt16BigEndian(head[12..]), nameLength = BinaryPrimitives.ReadUInt16BigEndian(head[14..]);
            uint extra = BinaryPrimitives.ReadUInt32BigEndian(head[36..]);
            byte[] text = new byte[idLength + nameLength];
            file.Read(at + 40 + extra, text);
            long state = extra >= 8 ? BinaryPrimitives.ReadInt64BigEndian(head[40..]) : BinaryPrimitives.ReadUInt32BigEndian(head[32..]);
            snapshots.Add(new ImageSnapshotInfo(
                Encoding.UTF8.GetString(text, 0, idLength), Encoding.UTF8.GetString(text, idLength, nameLength), BinaryPrimitives.ReadUInt32BigEndian(head[16..]), state));
            at += (40L + extra + text.Length + 7) / 8 * 8;
        }
        return snapshots;
    }
}
