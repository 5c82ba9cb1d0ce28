using System.IO.Compression;

namespace Emu.Devices.Storage;

/// <summary>Writing.</summary>
public sealed partial class Qcow2Image
{
    /// <summary>Most clusters one step allocates, to bound what a failing write has to take back.</summary>
    private const int MaxRun = 1 << 14;

    /// <inheritdoc/>
    public override void WriteAt(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        CheckWritable();
        lock (_gate)
        {
            BeginChange();
            while (data.Length > 0)
            {
                TrimCaches();
                int count = WriteStep(offset, data);
                data = data[count..];
                offset += count;
            }
        }
    }

    /// <inheritdoc/>
    public override void WriteZeroes(long offset, long length) => Clear(offset, length, mustBeZero: true);

    /// <inheritdoc/>
    public override void Discard(long offset, long length) => Clear(offset, length, mustBeZero: false);

    /// <summary>Stores a whole cluster compressed, if that makes it smaller. The cluster must not be allocated yet.</summary>
    /// <returns>False if it does not compress: write it plainly.</returns>
    /// <exception cref="ArgumentException">Not exactly one cluster (or the disk's last piece of one).</exception>
    public bool TryWriteCompressed(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        CheckWritable();
        if ((offset & _clusterMask) != 0 || data.Length != Math.Min(_header.ClusterSize, Length - offset))
            throw new ArgumentException("compressed writes take exactly one cluster", nameof(data));
        byte[] cluster = new byte[_header.ClusterSize];
        data.CopyTo(cluster);
        using var packed = new MemoryStream(_header.ClusterSize);
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(cluster);
        if (packed.Length >= _header.ClusterSize) return false;

        lock (_gate)
        {
            BeginChange();
            TrimCaches();
            Qcow2Refcounts refcounts = Refcounts;
            _mapping.Prepare(offset, refcounts);
            if (_mapping.Get(offset).Kind != Qcow2ClusterKind.Unallocated) throw new ArgumentException("the cluster is already allocated", nameof(offset));
            ReadOnlySpan<byte> bytes = packed.GetBuffer().AsSpan(0, (int)packed.Length);
            int size = (bytes.Length + SectorSize - 1) / SectorSize * SectorSize;
            long host = StoreCompressed(refcounts, bytes, size);
            _mapping.Set(offset, Qcow2Entry.ForCompressed(host, size, _header.ClusterBits));
        }
        return true;
    }

    /// <summary>Puts compressed data behind the last, in the same host cluster where it fits; each guest cluster counts as one user of it.</summary>
    private long StoreCompressed(Qcow2Refcounts refcounts, ReadOnlySpan<byte> data, int size)
    {
        long host = _compressedEnd;
        bool shares = host != 0 && (host & ~(long)_clusterMask) + _header.ClusterSize - host >= size && refcounts.TryShare(host);
        if (!shares) host = refcounts.Allocate(1).Offset;
        try
        {
            _file.Write(host, data);
        }
        catch
        {
            if (shares) refcounts.Unshare(host);
            else refcounts.Unallocate(host, 1);
            throw;
        }
        long end = host + size;
        _compressedEnd = (end & _clusterMask) == 0 ? 0 : end;
        return host;
    }

    private Qcow2Refcounts Refcounts => _refcounts ?? throw new DiskImageException(DiskImageError.ReadOnly, $"{FileName}: the image is open read-only");

    private int WriteStep(long offset, ReadOnlySpan<byte> data)
    {
        Qcow2Entry entry = _mapping.Get(offset);
        int inCluster = (int)(offset & _clusterMask);
        int count = Math.Min(data.Length, _header.ClusterSize - inCluster);
        if (entry.Kind == Qcow2ClusterKind.Standard && entry.IsCopied)
        {
            CheckData(entry, offset);
            count = ExtendRun(offset, entry, count, data.Length, writable: true);
            for (long host = entry.HostOffset; host < entry.HostOffset + inCluster + count; host += _header.ClusterSize)
                if (_metadata.Contains(host)) ReportCorruption($"the cluster for disk offset 0x{offset:x} is also a table (0x{host:x})");
            _file.Write(entry.HostOffset + inCluster, data[..count]);
            return count;
        }
        return WriteAllocating(offset, data);
    }

    /// <summary>
    /// Writes to clusters this image does not own yet: takes new ones, fills what the write leaves out of the first and last from the old
    /// content, and points the L2 entries to them.
    /// </summary>
    private int WriteAllocating(long offset, ReadOnlySpan<byte> data)
    {
        Qcow2Refcounts refcounts = Refcounts;
        _mapping.Prepare(offset, refcounts);
        long start = offset & ~(long)_clusterMask;
        long tableEnd = offset + _mapping.TableRun(offset).Bytes;
        int wanted = 0;
        for (long guest = start; guest < Math.Min(offset + data.Length, tableEnd) && wanted < MaxRun; guest += _header.ClusterSize, wanted++)
        {
            Qcow2Entry old = _mapping.Get(guest);
            if (old.Kind == Qcow2ClusterKind.Standard && old.IsCopied) break;
        }

        (long host, int clusters) = refcounts.Allocate(wanted);
        int count = (int)Math.Min(data.Length, start + (long)clusters * _header.ClusterSize - offset);
        try
        {
            FillAround(start, start + (long)clusters * _header.ClusterSize, offset, count, host);
        }
        catch
        {
            refcounts.Unallocate(host, clusters);
            throw;
        }
        WriteNew(host, clusters, host + (offset - start), data[..count]);

        for (int i = 0; i < clusters; i++)
        {
            long guest = start + (long)i * _header.ClusterSize;
            Qcow2Entry old = _mapping.Get(guest);
            _mapping.Set(guest, Qcow2Entry.Owned(host + (long)i * _header.ClusterSize));
            Release(old);
        }
        return count;
    }

    /// <summary>Stores to newly allocated clusters, giving them back if that fails.</summary>
    private void WriteNew(long host, int clusters, long at, ReadOnlySpan<byte> data)
    {
        try
        {
            _file.Write(at, data);
        }
        catch
        {
            Refcounts.Unallocate(host, clusters);
            throw;
        }
    }

    /// <summary>Copies old content into the parts of [start, end) outside [offset, offset+count). File space never used is zero already.</summary>
    private void FillAround(long start, long end, long offset, int count, long host)
    {
        long fresh = _file.Length; // from here on the file holds nothing
        Fill(start, (int)(offset - start));
        Fill(offset + count, (int)(end - offset - count));

        void Fill(long guest, int bytes)
        {
            if (bytes == 0) return;
            byte[] old = new byte[bytes];
            ReadMapped(guest, old);
            long at = host + (guest - start);
            if (at < fresh || old.AsSpan().ContainsAnyExcept((byte)0)) _file.Write(at, old);
        }
    }

    /// <summary>Gives up what an entry that was just replaced used.</summary>
    private void Release(Qcow2Entry old)
    {
        if (old.Kind == Qcow2ClusterKind.Compressed)
        {
            _decompressed = null;
            _compressedEnd = 0; // its cluster may become free
            (long offset, int bytes) = old.Compressed(_header.ClusterBits);
            Refcounts.FreeLater(offset, bytes);
        }
        else if (old.HostOffset != 0) Refcounts.FreeLater(old.HostOffset, _header.ClusterSize);
    }

    private void Clear(long offset, long length, bool mustBeZero)
    {
        CheckRange(offset, length);
        CheckWritable();
        lock (_gate)
        {
            BeginChange();
            long end = offset + length;
            while (offset < end)
            {
                TrimCaches();
                long clusterEnd = Math.Min((offset | (uint)_clusterMask) + 1, Length);
                bool whole = (offset & _clusterMask) == 0 && end >= clusterEnd;
                long next = Math.Min(end, clusterEnd);
                if (whole) ClearCluster(offset, mustBeZero);
                else if (mustBeZero) ClearPart(offset, (int)(next - offset));
                offset = next;
            }
        }
    }

    private void ClearCluster(long guest, bool mustBeZero)
    {
        Qcow2Entry old = _mapping.Get(guest);
        bool shows = _backing is not null && guest < _backing.Length; // an unallocated cluster would show the backing image
        if (old.Kind == Qcow2ClusterKind.Unallocated && (!shows || !mustBeZero)) return;
        if (old.Kind == Qcow2ClusterKind.Zero && old.HostOffset == 0) return;
        Qcow2Entry entry = Qcow2Entry.Empty;
        if (shows)
        {
            if (_header.Version < 3) // no zero flag
            {
                if (mustBeZero) WriteSteps(guest, new byte[(int)Math.Min(_header.ClusterSize, Length - guest)]);
                return;
            }
            entry = Qcow2Entry.PlainZero;
        }
        _mapping.Prepare(guest, Refcounts);
        _mapping.Set(guest, entry);
        Release(old);
    }

    private void ClearPart(long offset, int count)
    {
        Qcow2ClusterKind kind = _mapping.Get(offset).Kind;
        if (kind == Qcow2ClusterKind.Zero || (kind == Qcow2ClusterKind.Unallocated && (_backing is null || offset >= _backing.Length))) return;
        WriteSteps(offset, new byte[count]);
    }

    private void WriteSteps(long offset, ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            int count = WriteStep(offset, data);
            data = data[count..];
            offset += count;
        }
    }
}
