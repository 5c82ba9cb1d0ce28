using System.Buffers.Binary;

namespace Emu.Devices.Storage;

/// <summary>
/// The reference counts of an open qcow2 image: which clusters of the file are free, and how often each other is used.
/// </summary>
/// <remarks>
/// Counts change in memory; the image decides when blocks and table entries reach the file
/// (<see cref="Qcow2Image"/> describes the order). A cluster that loses its last user is not handed out again, nor is its
/// count lowered, before <see cref="ApplyPendingFrees"/>: until then the file may still refer to it.
/// </remarks>
internal sealed class Qcow2Refcounts
{
    private readonly IImageFile _file;
    private readonly Qcow2Header _header;
    private readonly Action<string> _corrupt;
    private readonly Qcow2MetadataCache _cache;
    private readonly SortedSet<long> _dirtyTableEntries = [];
    private readonly long _perBlock;
    private readonly int _order;
    private List<long> _pendingFrees = [];
    private long[] _table;
    private long _firstMaybeFree;

    /// <param name="corrupt">Reports a contradiction found in the tables; throws.</param>
    public Qcow2Refcounts(IImageFile file, Qcow2Header header, HashSet<long> metadata, Action<string> corrupt)
    {
        _file = file;
        _header = header;
        _corrupt = corrupt;
        Metadata = metadata;
        _order = header.RefcountOrder;
        _perBlock = Qcow2RefcountBlock.PerBlock(header.ClusterSize, _order);
        _cache = new Qcow2MetadataCache(file, header.ClusterSize, 16 << 20);
        _table = ReadTable();
    }

    /// <summary>Offsets of clusters that hold tables of the image: never to be given out or overwritten as data.</summary>
    public HashSet<long> Metadata { get; }

    /// <summary>Whether dirty blocks outgrow their cache.</summary>
    public bool NeedsCommit => _cache.NeedsCommit;

    /// <summary>Takes up to <paramref name="wanted"/> adjacent free clusters (at least one) and counts one user for each.</summary>
    /// <returns>Byte offset of the first, and how many.</returns>
    public (long Offset, int Count) Allocate(int wanted)
    {
        long index = _firstMaybeFree;
        while (Get(Reach(index)) != 0) index++;
        int count = 0;
        while (count < wanted && IsCovered(index + count) && Get(index + count) == 0)
        {
            long offset = (index + count) << _header.ClusterBits;
            if (Metadata.Contains(offset)) _corrupt($"cluster at 0x{offset:x} holds a table but counts as free");
            Set(index + count, 1);
            count++;
        }
        _firstMaybeFree = index + count;
        return (index << _header.ClusterBits, count);
    }

    /// <summary>Counts one user more of the cluster at <paramref name="offset"/>, which is in use; false if its count is at the limit.</summary>
    public bool TryShare(long offset)
    {
        long index = offset >> _header.ClusterBits;
        ulong count = Get(index);
        if (count == 0 || count == Qcow2RefcountBlock.Max(_order)) return false;
        Set(index, count + 1);
        return true;
    }

    /// <summary>Takes back what <see cref="TryShare"/> counted.</summary>
    public void Unshare(long offset)
    {
        long index = offset >> _header.ClusterBits;
        Set(index, Get(index) - 1);
    }

    /// <summary>Takes back clusters that nothing ever referred to.</summary>
    public void Unallocate(long offset, int count)
    {
        long first = offset >> _header.ClusterBits;
        for (int i = 0; i < count; i++) Set(first + i, 0);
        _firstMaybeFree = Math.Min(_firstMaybeFree, first);
    }

    /// <summary>Counts one user less of each cluster the byte range touches, once the change that removed it is in the file.</summary>
    public void FreeLater(long offset, long bytes)
    {
        for (long index = offset >> _header.ClusterBits; index <= (offset + bytes - 1) >> _header.ClusterBits; index++)
            _pendingFrees.Add(index);
    }

    /// <summary>Writes changed refcount blocks, old and new.</summary>
    public void WriteBlocks() => _cache.Write(_ => true);

    /// <summary>Whether table entries point to blocks that the file's table does not know.</summary>
    public bool HasDirtyTableEntries => _dirtyTableEntries.Count != 0;

    /// <summary>Whether counts were changed since they were last written.</summary>
    public bool HasDirtyBlocks => _cache.Dirty.Count != 0;

    /// <summary>Writes changed refcount table entries. The blocks they point to must be on stable storage.</summary>
    public void WriteTableEntries()
    {
        Span<byte> entry = stackalloc byte[8];
        while (_dirtyTableEntries.Count != 0)
        {
            long index = _dirtyTableEntries.Min;
            BinaryPrimitives.WriteInt64BigEndian(entry, _table[index]);
            _file.Write(_header.RefcountTableOffset + index * 8, entry);
            _dirtyTableEntries.Remove(index);
            _cache.Get(_table[index]).IsNew = false;
        }
    }

    /// <summary>Lowers the counts collected by <see cref="FreeLater"/>; the file no longer refers to those clusters.</summary>
    public void ApplyPendingFrees()
    {
        List<long> frees = _pendingFrees;
        _pendingFrees = [];
        foreach (long index in frees)
        {
            ulong count = IsCovered(index) ? Get(index) : 0;
            if (count == 0)
            {
                _corrupt($"cluster at 0x{index << _header.ClusterBits:x} was in use but counts as free");
                continue;
            }
            Set(index, count - 1);
            if (count == 1) _firstMaybeFree = Math.Min(_firstMaybeFree, index);
        }
    }

    /// <summary>Drops clean blocks beyond the cache's budget.</summary>
    public void Trim() => _cache.Trim();

    private bool IsCovered(long index) => index / _perBlock < _table.Length && _table[index / _perBlock] != 0;

    private ulong Get(long index) => Qcow2RefcountBlock.Get(BlockOf(index).Data, _order, (int)(index % _perBlock));

    private void Set(long index, ulong count)
    {
        Qcow2MetadataBlock block = BlockOf(index);
        Qcow2RefcountBlock.Set(block.Data, _order, (int)(index % _perBlock), count);
        _cache.MarkDirty(block);
    }

    private Qcow2MetadataBlock BlockOf(long index) => _cache.Get(_table[index / _perBlock]);

    /// <summary>Makes sure that a refcount block covers cluster <paramref name="index"/>, which it returns.</summary>
    /// <remarks>A range without a block has no used cluster, so the block goes into the first cluster it describes.</remarks>
    private long Reach(long index)
    {
        long slot = index / _perBlock;
        if (slot >= _table.Length) GrowTable(slot);
        else if (_table[slot] == 0)
        {
            long first = slot * _perBlock, offset = first << _header.ClusterBits;
            if (offset >= 1L << 55) throw new DiskImageException(DiskImageError.NoSpace, $"{_file.Name}: a qcow2 image cannot grow further");
            if (Metadata.Contains(offset)) _corrupt($"cluster at 0x{offset:x} holds a table but counts as free");
            byte[] data = new byte[_header.ClusterSize];
            Qcow2RefcountBlock.Set(data, _order, 0, 1);
            _cache.AddNew(offset, data);
            _table[slot] = offset;
            _dirtyTableEntries.Add(slot);
            Metadata.Add(offset);
        }
        return index;
    }

    /// <summary>
    /// Replaces the refcount table by a larger one, placed with the blocks that cover it at the start of the range of
    /// <paramref name="slot"/>, which nothing uses. The header switches to it in one small write after everything else is stable.
    /// </summary>
    private void GrowTable(long slot)
    {
        int clusterSize = _header.ClusterSize;
        long blocks = 1, tableClusters;
        while (true)
        {
            long entries = Math.Max(slot + blocks, _table.Length + _table.Length / 2L);
            tableClusters = (entries * 8 + clusterSize - 1) / clusterSize;
            if (blocks * _perBlock >= blocks + tableClusters) break;
            blocks++;
        }
        if (tableClusters * clusterSize > Qcow2Header.MaxRefcountTableBytes)
            throw new DiskImageException(DiskImageError.NoSpace, $"{_file.Name}: the image cannot grow further with clusters of {clusterSize} bytes");

        long firstCluster = slot * _perBlock;
        long tableOffset = (firstCluster + blocks) << _header.ClusterBits;
        long[] table = new long[tableClusters * clusterSize / 8];
        _table.CopyTo(table, 0);
        for (int i = 0; i < blocks; i++) table[slot + i] = (firstCluster + i) << _header.ClusterBits;

        // New blocks, new table, barrier, header: at any moment the header names a complete table.
        for (long i = 0; i < blocks; i++)
        {
            byte[] data = new byte[clusterSize];
            for (long c = 0; c < _perBlock && i * _perBlock + c < blocks + tableClusters; c++) Qcow2RefcountBlock.Set(data, _order, (int)c, 1);
            _file.Write(table[slot + i], data);
        }
        WriteBlocks();
        byte[] stored = new byte[tableClusters * clusterSize];
        for (int i = 0; i < table.Length; i++) BinaryPrimitives.WriteInt64BigEndian(stored.AsSpan(i * 8), table[i]);
        _file.Write(tableOffset, stored);
        _file.Flush();
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteInt64BigEndian(fields, tableOffset);
        BinaryPrimitives.WriteInt32BigEndian(fields[8..], (int)tableClusters);
        _file.Write(Qcow2Header.RefcountTableFieldsOffset, fields);
        _file.Flush();

        long oldOffset = _header.RefcountTableOffset, oldBytes = (long)_header.RefcountTableClusters << _header.ClusterBits;
        for (long offset = oldOffset; offset < oldOffset + oldBytes; offset += clusterSize) Metadata.Remove(offset);
        for (long i = 0; i < blocks + tableClusters; i++) Metadata.Add((firstCluster + i) << _header.ClusterBits);
        _header.RefcountTableOffset = tableOffset;
        _header.RefcountTableClusters = (int)tableClusters;
        foreach (long dirty in _dirtyTableEntries) _cache.Get(table[dirty]).IsNew = false;
        _dirtyTableEntries.Clear();
        _table = table;
        FreeLater(oldOffset, oldBytes);
    }

    private long[] ReadTable()
    {
        byte[] stored = new byte[(long)_header.RefcountTableClusters << _header.ClusterBits];
        _file.Read(_header.RefcountTableOffset, stored);
        long[] table = new long[stored.Length / 8];
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = BinaryPrimitives.ReadInt64BigEndian(stored.AsSpan(i * 8)) & ~0x1FFL;
            if (table[i] == 0) continue;
            if (table[i] < 0 || (table[i] & (_header.ClusterSize - 1)) != 0 || table[i] >= _file.Length)
                _corrupt($"refcount table entry {i} points to 0x{table[i]:x}, which is not a cluster of the file");
            Metadata.Add(table[i]);
        }
        return table;
    }
}
