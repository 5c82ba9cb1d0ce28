using System.Buffers.Binary;

namespace Emu.Devices.Storage;

/// <summary>
/// A qcow2 image, versions 2 and 3: clusters allocated on first write, an optional backing image below, compressed clusters (read
/// only; a write replaces them), internal snapshots respected (never created).
/// </summary>
/// <remarks>
/// <para>Format: QEMU, docs/interop/qcow2.txt. Tables are cached in memory and reach the file in <see cref="Flush"/>, in an order
/// in which a crash at any moment can only leak clusters:</para>
/// <list type="number">
/// <item>guest data, refcount blocks with raised counts, L2 tables nothing refers to yet; barrier;</item>
/// <item>refcount table entries for new blocks; barrier;</item>
/// <item>L2 tables in use and L1 entries; barrier;</item>
/// <item>only then counts of clusters that lost a user go down (in memory, written by the next flush), and only then are they handed
/// out again.</item>
/// </list>
/// <para>Between flushes nothing in the file refers to what is new, so an image that is never flushed keeps its old content.</para>
/// </remarks>
public sealed partial class Qcow2Image : BlockImage
{
    private readonly Lock _gate = new();
    private readonly IImageFile _file;
    private readonly Qcow2Header _header;
    private readonly BlockImage? _backing;
    private readonly HashSet<long> _metadata = [];
    private readonly Qcow2Mapping _mapping;
    private readonly Qcow2Refcounts? _refcounts; // only a writer needs them
    private readonly int _clusterMask;
    private byte[]? _decompressed;
    private ulong _decompressedEntry;
    private long _compressedEnd; // where the next compressed cluster may go, 0 if nowhere
    private string? _corruption;
    private bool _changing; // somebody has written, discarded or is about to
    private readonly bool _opened;
    private bool _disposed;

    /// <summary>Opens the image in <paramref name="file"/>.</summary>
    /// <param name="file">The file; owned by the image from now on, unless the constructor throws.</param>
    /// <param name="backing">What shows through where the image holds nothing; owned likewise.</param>
    /// <exception cref="DiskImageException">The image is damaged, needs a feature that is missing here, or must be repaired before it may be written.</exception>
    public Qcow2Image(IImageFile file, BlockImage? backing)
    {
        _file = file;
        _backing = backing;
        _header = Qcow2Header.Read(file);
        if (_header.Compression != Qcow2Compression.Zlib)
            throw new DiskImageException(DiskImageError.Unsupported, $"{file.Name}: zstd compression is not supported; convert the image with qemu-img to compression_type=zlib");
        if (!file.IsReadOnly && (_header.IncompatibleFeatures & Qcow2Header.CorruptBit) != 0)
            throw new DiskImageException(DiskImageError.Corrupt, $"{file.Name}: the image is marked corrupt and may only be read; try: emu img check -r all");
        _clusterMask = _header.ClusterSize - 1;
        Length = (_header.Size + SectorSize - 1) / SectorSize * SectorSize;

        _metadata.Add(0);
        AddMetadata(_header.L1Offset, _header.L1Entries * 8L);
        AddMetadata(_header.RefcountTableOffset, (long)_header.RefcountTableClusters << _header.ClusterBits);
        if (_header.SnapshotCount != 0) _metadata.Add(_header.SnapshotsOffset);
        _mapping = new Qcow2Mapping(file, _header, _metadata, ReportCorruption);
        if (file.IsReadOnly) return;

        if ((_header.IncompatibleFeatures & Qcow2Header.DirtyBit) != 0)
        {
            throw new DiskImageException(DiskImageError.Corrupt,
                $"{file.Name}: the image was not closed properly and its reference counts are stale; repair it with: emu img check -r all");
        }
        _refcounts = new Qcow2Refcounts(file, _header, _metadata, ReportCorruption);
        ClearUnknownAutoclearFeatures();
        _opened = true;
    }

    /// <inheritdoc/>
    public override string Format => "qcow2";

    /// <inheritdoc/>
    public override string FileName => _file.Name;

    /// <inheritdoc/>
    public override long Length { get; }

    /// <inheritdoc/>
    public override bool IsReadOnly => _file.IsReadOnly;

    /// <inheritdoc/>
    public override BlockImage? Backing => _backing;

    /// <summary>The image's header.</summary>
    public Qcow2Header Header => _header;

    /// <summary>What contradiction was found in the tables since the image was opened, if any. Writes are refused from then on.</summary>
    public string? Corruption => _corruption;

    /// <inheritdoc/>
    public override void Flush()
    {
        lock (_gate)
        {
            if (IsReadOnly) return;
            CheckIntact();
            Commit();
        }
    }

    /// <inheritdoc/>
    public override BlockExtent QueryExtent(long offset)
    {
        CheckRange(offset, 1);
        lock (_gate)
        {
            _mapping.Trim();
            (bool hasTable, long tableRun) = _mapping.TableRun(offset);
            long left = Length - offset;
            if (!hasTable) return new BlockExtent(BlockExtentKind.Unallocated, Math.Min(tableRun, left));
            BlockExtentKind kind = ExtentKind(_mapping.Get(offset).Kind);
            long run = _header.ClusterSize - (offset & _clusterMask);
            while (run < Math.Min(tableRun, left) && ExtentKind(_mapping.Get(offset + run).Kind) == kind) run += _header.ClusterSize;
            return new BlockExtent(kind, Math.Min(run, left));
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing || _disposed) return;
        _disposed = true;
        lock (_gate)
        {
            try
            {
                if (!IsReadOnly && _corruption is null)
                {
                    Commit();
                    if (_refcounts is { HasDirtyBlocks: true }) Commit(); // the counts the first one lowered
                }
            }
            catch (DiskImageException)
            {
                // The image stays consistent as of the last flush; whoever wants to hear of errors flushes first.
            }
            finally
            {
                _file.Dispose();
                _backing?.Dispose();
            }
        }
    }

    private static BlockExtentKind ExtentKind(Qcow2ClusterKind kind) => kind switch
    {
        Qcow2ClusterKind.Unallocated => BlockExtentKind.Unallocated,
        Qcow2ClusterKind.Zero => BlockExtentKind.Zero,
        _ => BlockExtentKind.Data,
    };

    /// <summary>Brings all cached changes to stable storage; the type's remarks give the order.</summary>
    private void Commit()
    {
        if (_refcounts is null) return;
        _refcounts.WriteBlocks();
        _mapping.WriteNewTables();
        bool references = _mapping.HasDirtyReferences || _refcounts.HasDirtyTableEntries;
        _file.Flush();
        if (references)
        {
            if (_refcounts.HasDirtyTableEntries)
            {
                _refcounts.WriteTableEntries();
                _file.Flush();
            }
            if (_mapping.HasDirtyReferences)
            {
                _mapping.WriteReferences();
                _file.Flush();
            }
        }
        _refcounts.ApplyPendingFrees();
    }

    /// <summary>Keeps the caches within their budgets, by a commit if they are full of changes. Called by writes, while no table is in use.</summary>
    private void TrimCaches()
    {
        if (_refcounts is not null && _corruption is null && (_mapping.NeedsCommit || _refcounts.NeedsCommit)) Commit();
        _mapping.Trim();
        _refcounts?.Trim();
    }

    private void BeginChange()
    {
        CheckIntact();
        _changing = true;
    }

    private void CheckIntact()
    {
        if (_corruption is not null) throw new DiskImageException(DiskImageError.Corrupt, $"{FileName}: {_corruption}; the image may only be read until it is repaired");
    }

    /// <summary>Marks the image corrupt, so that nobody makes it worse, and throws. An image that was only read from, or cannot even be opened, is left untouched.</summary>
    private void ReportCorruption(string what)
    {
        if (_opened && _changing && _corruption is null && _header.Version >= 3)
        {
            _header.IncompatibleFeatures |= Qcow2Header.CorruptBit;
            Span<byte> field = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(field, _header.IncompatibleFeatures);
            _file.Write(Qcow2Header.IncompatibleFeaturesOffset, field);
            _file.Flush();
        }
        _corruption ??= what;
        throw new DiskImageException(DiskImageError.Corrupt, $"{FileName}: the image is corrupt: {what}");
    }

    /// <summary>A writer that does not maintain an auto-clear feature must clear its bit first (header bytes 88-95).</summary>
    private void ClearUnknownAutoclearFeatures()
    {
        if (_header.AutoclearFeatures == 0) return;
        _header.AutoclearFeatures = 0;
        _file.Write(Qcow2Header.AutoclearFeaturesOffset, stackalloc byte[8]);
        _file.Flush();
    }

    private void AddMetadata(long offset, long bytes)
    {
        for (long at = offset; at < offset + bytes; at += _header.ClusterSize) _metadata.Add(at);
    }
}
