using System.Buffers.Binary;

namespace Emu.Devices.Storage;

/// <summary>The active L1 table and its L2 tables: which cluster of the file holds which cluster of the disk.</summary>
internal sealed class Qcow2Mapping
{
    private readonly IImageFile _file;
    private readonly Qcow2Header _header;
    private readonly Action<string> _corrupt;
    private readonly Qcow2MetadataCache _cache;
    private readonly Qcow2Entry[] _l1;
    private readonly SortedSet<int> _dirtyL1 = [];
    private readonly ulong _indexMask;

    public Qcow2Mapping(IImageFile file, Qcow2Header header, HashSet<long> metadata, Action<string> corrupt)
    {
        _file = file;
        _header = header;
        _corrupt = corrupt;
        Metadata = metadata;
        _cache = new Qcow2MetadataCache(file, header.ClusterSize, 32 << 20);
        _indexMask = (1UL << header.L2Bits) - 1;
        _l1 = ReadL1();
    }

    /// <summary>Offsets of clusters that hold tables.</summary>
    public HashSet<long> Metadata { get; }

    /// <summary>Whether dirty tables outgrow their cache.</summary>
    public bool NeedsCommit => _cache.NeedsCommit;

    /// <summary>Whether tables the file refers to, or references to tables, are newer than the file.</summary>
    public bool HasDirtyReferences => _dirtyL1.Count != 0 || _cache.Dirty.Count != 0;

    /// <summary>The entry for the guest cluster that contains byte <paramref name="guest"/>.</summary>
    public Qcow2Entry Get(long guest)
    {
        Qcow2Entry l1 = _l1[L1Index(guest)];
        if (l1.HostOffset == 0) return Qcow2Entry.Empty;
        CheckTable(l1, guest);
        ReadOnlySpan<byte> table = _cache.Get(l1.HostOffset).Data;
        var entry = new Qcow2Entry(BinaryPrimitives.ReadUInt64BigEndian(table[L2Index(guest)..]));
        return _header.Version == 2 && entry.Kind == Qcow2ClusterKind.Zero ? new(entry.Bits & ~Qcow2Entry.ZeroFlag) : entry;
    }

    /// <summary>Bytes from <paramref name="guest"/> to the end of what its L2 table describes, and whether there is such a table.</summary>
    public (bool HasTable, long Bytes) TableRun(long guest)
    {
        long span = 1L << (_header.ClusterBits + _header.L2Bits);
        return (_l1[L1Index(guest)].HostOffset != 0, span - (guest & (span - 1)));
    }

    /// <summary>Makes the L2 table for <paramref name="guest"/> exist and belong to the active L1 table alone.</summary>
    public void Prepare(long guest, Qcow2Refcounts refcounts)
    {
        int index = L1Index(guest);
        Qcow2Entry old = _l1[index];
        if (old.IsCopied && old.HostOffset != 0)
        {
            CheckTable(old, guest);
            return;
        }
        byte[] data = new byte[_header.ClusterSize];
        if (old.HostOffset != 0)
        {
            CheckTable(old, guest);
            _cache.Get(old.HostOffset).Data.CopyTo(data, 0); // shared with a snapshot
        }
        long offset = refcounts.Allocate(1).Offset;
        _cache.AddNew(offset, data);
        _l1[index] = Qcow2Entry.Owned(offset);
        _dirtyL1.Add(index);
        Metadata.Add(offset);
        if (old.HostOffset == 0) return;
        Metadata.Remove(old.HostOffset);
        refcounts.FreeLater(old.HostOffset, _header.ClusterSize);
    }

    /// <summary>Changes the entry for <paramref name="guest"/>, whose table was prepared.</summary>
    public void Set(long guest, Qcow2Entry entry)
    {
        Qcow2MetadataBlock table = _cache.Get(_l1[L1Index(guest)].HostOffset);
        BinaryPrimitives.WriteUInt64BigEndian(table.Data.AsSpan(L2Index(guest)), entry.Bits);
        _cache.MarkDirty(table);
    }

    /// <summary>Writes L2 tables that nothing in the file refers to yet.</summary>
    public void WriteNewTables() => _cache.Write(block => block.IsNew);

    /// <summary>Writes changes of L2 tables in use, and L1 entries. What they refer to must be on stable storage.</summary>
    public void WriteReferences()
    {
        _cache.Write(block => !block.IsNew);
        Span<byte> entry = stackalloc byte[8];
        while (_dirtyL1.Count != 0)
        {
            int index = _dirtyL1.Min;
            BinaryPrimitives.WriteUInt64BigEndian(entry, _l1[index].Bits);
            _file.Write(_header.L1Offset + index * 8L, entry);
            _dirtyL1.Remove(index);
            _cache.Get(_l1[index].HostOffset).IsNew = false;
        }
    }

    /// <summary>Drops clean tables beyond the cache's budget.</summary>
    public void Trim() => _cache.Trim();

    private int L1Index(long guest) => (int)(guest >> (_header.ClusterBits + _header.L2Bits));

    private int L2Index(long guest) => (int)(((ulong)guest >> _header.ClusterBits) & _indexMask) * 8;

    private void CheckTable(Qcow2Entry l1, long guest)
    {
        if ((l1.HostOffset & (_header.ClusterSize - 1)) != 0) _corrupt($"L1 entry for disk offset 0x{guest:x} is not aligned to a cluster");
    }

    private Qcow2Entry[] ReadL1()
    {
        byte[] stored = new byte[_header.L1Entries * 8];
        _file.Read(_header.L1Offset, stored);
        var l1 = new Qcow2Entry[_header.L1Entries];
        for (int i = 0; i < l1.Length; i++)
        {
            l1[i] = new Qcow2Entry(BinaryPrimitives.ReadUInt64BigEndian(stored.AsSpan(i * 8)));
            if (l1[i].HostOffset == 0) continue;
            if (l1[i].HostOffset >= _file.Length)
                throw new DiskImageException(DiskImageError.InvalidFormat, $"{_file.Name}: an L2 table lies outside the file: the image is truncated or damaged");
            Metadata.Add(l1[i].HostOffset);
        }
        return l1;
    }
}
