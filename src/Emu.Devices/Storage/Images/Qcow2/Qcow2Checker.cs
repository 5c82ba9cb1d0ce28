using System.Buffers.Binary;

namespace Emu.Devices.Storage;

/// <summary>
/// Checks a qcow2 image that nobody has open: walks every table, counts the references to each cluster and compares with
/// the reference counts stored; repairs on request.
/// </summary>
/// <remarks>Each repair leaves a consistent image at every moment: corrected counts are written beside the old ones and the header switches over.</remarks>
internal sealed class Qcow2Checker
{
    private const int MaxMessages = 100;

    private readonly IImageFile _file;
    private readonly Qcow2Header _header;
    private readonly Qcow2Repair _repair;
    private readonly IProgress<ImageProgress>? _progress;
    private readonly Qcow2ClusterCounts _counts;
    private readonly List<long> _refcountClusters = [];
    private readonly List<string> _messages = [];
    private readonly long _perBlock;
    private long[] _refcountTable = [];
    private int _corruptions, _leaks, _badPointers;
    private bool _rebuild, _flagsWrong;
    private long _allocated, _compressed, _fragmented, _expectedNext;

    private Qcow2Checker(IImageFile file, Qcow2Repair repair, IProgress<ImageProgress>? progress)
    {
        _file = file;
        _repair = repair;
        _progress = progress;
        _header = Qcow2Header.Read(file);
        _perBlock = Qcow2RefcountBlock.PerBlock(_header.ClusterSize, _header.RefcountOrder);
        _counts = new Qcow2ClusterCounts((file.Length + _header.ClusterSize - 1) >> _header.ClusterBits);
    }

    /// <summary>Checks the image and, if asked, repairs it.</summary>
    public static Qcow2CheckReport Run(IImageFile file, Qcow2Repair repair, IProgress<ImageProgress>? progress = null)
    {
        var first = new Qcow2Checker(file, repair, progress);
        first.Examine();
        Qcow2CheckReport before = first.Report();
        bool marked = (first._header.IncompatibleFeatures & (Qcow2Header.DirtyBit | Qcow2Header.CorruptBit)) != 0;
        if (repair == Qcow2Repair.None || (before.IsClean && !(marked && repair == Qcow2Repair.All))) return before;
        first.Repair();

        var second = new Qcow2Checker(file, Qcow2Repair.None, progress);
        second.Examine();
        Qcow2CheckReport after = second.Report();
        return after with
        {
            CorruptionsFixed = Math.Max(0, before.Corruptions - after.Corruptions),
            LeaksFixed = Math.Max(0, before.Leaks - after.Leaks),
            Messages = before.Messages,
        };
    }

    private void Examine()
    {
        AddClusters(0, 1);
        WalkTables(_header.L1Offset, _header.L1Entries, active: true, "active L1 table");
        WalkSnapshots();
        WalkBitmaps();
        ReadRefcountTable();
        CompareCounts();
        CheckCopiedFlags(fix: false);
    }

    private Qcow2CheckReport Report() => new()
    {
        Corruptions = _corruptions,
        Leaks = _leaks,
        TotalClusters = (_header.Size + _header.ClusterSize - 1) >> _header.ClusterBits,
        AllocatedClusters = _allocated,
        CompressedClusters = _compressed,
        FragmentedClusters = _fragmented,
        ImageEndOffset = _counts.End << _header.ClusterBits,
        Messages = _messages,
    };

    private void Corrupt(string message)
    {
        _corruptions++;
        Say("ERROR " + message);
    }

    private void Say(string message)
    {
        if (_messages.Count < MaxMessages) _messages.Add(message);
        else if (_messages.Count == MaxMessages) _messages.Add("(more findings are not listed)");
    }

    private void AddClusters(long offset, long bytes)
    {
        if (bytes == 0) return;
        for (long cluster = offset >> _header.ClusterBits; cluster <= (offset + bytes - 1) >> _header.ClusterBits; cluster++) _counts.Add(cluster);
    }

    private bool IsAligned(long offset) => (offset & (_header.ClusterSize - 1)) == 0;

    /// <summary>Counts an L1 table and everything below it.</summary>
    private void WalkTables(long l1Offset, int l1Entries, bool active, string what)
    {
        AddClusters(l1Offset, l1Entries * 8L);
        byte[] l1 = new byte[l1Entries * 8];
        _file.Read(l1Offset, l1);
        byte[] l2 = new byte[_header.ClusterSize];
        for (int i = 0; i < l1Entries; i++)
        {
            if (active) _progress?.Report(new ImageProgress(i, l1Entries));
            var entry = new Qcow2Entry(BinaryPrimitives.ReadUInt64BigEndian(l1.AsSpan(i * 8)));
            if (entry.HostOffset == 0) continue;
            if (!IsAligned(entry.HostOffset) || entry.HostOffset >= _file.Length)
            {
                Corrupt($"{what}: entry {i} points to 0x{entry.HostOffset:x}, which is no cluster of the file");
                BadPointer(l1Offset + i * 8L, 0);
                continue;
            }
            AddClusters(entry.HostOffset, _header.ClusterSize);
            _file.Read(entry.HostOffset, l2);
            for (int j = 0; j < l2.Length; j += 8) WalkEntry(l2, j, entry.HostOffset + j, active);
        }
    }

    private void WalkEntry(byte[] l2, int at, long position, bool active)
    {
        var entry = new Qcow2Entry(BinaryPrimitives.ReadUInt64BigEndian(l2.AsSpan(at)));
        long host = entry.HostOffset, bytes = _header.ClusterSize;
        switch (entry.Kind)
        {
            case Qcow2ClusterKind.Unallocated:
                return;
            case Qcow2ClusterKind.Compressed:
                (host, int length) = entry.Compressed(_header.ClusterBits);
                bytes = length;
                if (host >= _file.Length)
                {
                    Corrupt($"L2 entry at 0x{position:x}: compressed data at 0x{host:x} lies past the end of the file");
                    BadPointer(position, LostEntry);
                    return;
                }
                if (active) _compressed++;
                break;
            default:
                if (host == 0) return; // a plain zero cluster
                if (!IsAligned(host) || host >= _file.Length)
                {
                    Corrupt($"L2 entry at 0x{position:x} points to 0x{host:x}, which is no cluster of the file");
                    BadPointer(position, LostEntry);
                    return;
                }
                break;
        }
        AddClusters(host, bytes);
        if (!active) return;
        _allocated++;
        if (_expectedNext != 0 && host != _expectedNext) _fragmented++;
        _expectedNext = host + bytes;
    }

    /// <summary>What replaces an entry whose data cannot be found: zeroes rather than a backing file's outdated content.</summary>
    private ulong LostEntry => _header.Version >= 3 ? Qcow2Entry.PlainZero.Bits : 0;

    private void BadPointer(long position, ulong replacement)
    {
        _badPointers++;
        if (_repair != Qcow2Repair.All) return;
        Span<byte> entry = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(entry, replacement);
        _file.Write(position, entry);
    }

    private void WalkSnapshots()
    {
        long start = _header.SnapshotsOffset, at = start;
        Span<byte> head = stackalloc byte[40];
        for (int i = 0; i < _header.SnapshotCount; i++)
        {
            if (at + head.Length > _file.Length)
            {
                Corrupt($"snapshot table entry {i} lies past the end of the file");
                _badPointers++;
                break;
            }
            _file.Read(at, head);
            long l1Offset = BinaryPrimitives.ReadInt64BigEndian(head);
            uint l1Entries = BinaryPrimitives.ReadUInt32BigEndian(head[8..]);
            long length = 40L + BinaryPrimitives.ReadUInt16BigEndian(head[12..]) + BinaryPrimitives.ReadUInt16BigEndian(head[14..]) + BinaryPrimitives.ReadUInt32BigEndian(head[36..]);
            at += (length + 7) / 8 * 8;
            if (l1Offset < 0 || !IsAligned(l1Offset) || l1Entries > Qcow2Header.MaxL1Bytes / 8 || l1Offset + l1Entries * 8L > _file.Length)
            {
                Corrupt($"snapshot {i}: its L1 table at 0x{l1Offset:x} is not inside the file");
                _badPointers++;
                continue;
            }
            WalkTables(l1Offset, (int)l1Entries, active: false, $"L1 table of snapshot {i}");
        }
        AddClusters(start, at - start);
    }

    private void WalkBitmaps()
    {
        (long directory, long size) = _header.BitmapDirectory;
        if (size == 0) return;
        if (!IsAligned(directory) || directory + size > _file.Length || size > 64 << 20)
        {
            Corrupt("the bitmap directory is not inside the file");
            _badPointers++;
            return;
        }
        AddClusters(directory, size);
        byte[] entries = new byte[size];
        _file.Read(directory, entries);
        for (int at = 0; at + 24 <= entries.Length;)
        {
            ReadOnlySpan<byte> e = entries.AsSpan(at);
            long table = BinaryPrimitives.ReadInt64BigEndian(e);
            uint tableEntries = BinaryPrimitives.ReadUInt32BigEndian(e[8..]);
            long length = 24L + BinaryPrimitives.ReadUInt16BigEndian(e[18..]) + BinaryPrimitives.ReadUInt32BigEndian(e[20..]);
            at = (int)Math.Min(entries.Length, at + (length + 7) / 8 * 8);
            if (table < 0 || !IsAligned(table) || table + tableEntries * 8L > _file.Length)
            {
                Corrupt("a bitmap table is not inside the file");
                _badPointers++;
                continue;
            }
            AddClusters(table, tableEntries * 8L);
            byte[] pointers = new byte[tableEntries * 8];
            _file.Read(table, pointers);
            for (int i = 0; i < pointers.Length; i += 8)
            {
                long host = new Qcow2Entry(BinaryPrimitives.ReadUInt64BigEndian(pointers.AsSpan(i))).HostOffset;
                if (host == 0) continue;
                if (IsAligned(host) && host < _file.Length)
                {
                    AddClusters(host, _header.ClusterSize);
                    continue;
                }
                Corrupt($"a bitmap table points to 0x{host:x}, which is no cluster of the file");
                _badPointers++;
            }
        }
    }

    private void ReadRefcountTable()
    {
        int bytes = _header.RefcountTableClusters << _header.ClusterBits;
        byte[] table = new byte[bytes];
        _file.Read(_header.RefcountTableOffset, table);
        _refcountTable = new long[bytes / 8];
        AddRefcountClusters(_header.RefcountTableOffset, bytes);
        for (int i = 0; i < _refcountTable.Length; i++)
        {
            long offset = BinaryPrimitives.ReadInt64BigEndian(table.AsSpan(i * 8)) & ~0x1FFL;
            if (offset == 0) continue;
            if (offset < 0 || !IsAligned(offset) || offset >= _file.Length)
            {
                Corrupt($"refcount table entry {i} points to 0x{offset:x}, which is no cluster of the file");
                _rebuild = true;
                continue;
            }
            _refcountTable[i] = offset;
            AddRefcountClusters(offset, _header.ClusterSize);
        }
    }

    private void AddRefcountClusters(long offset, long bytes)
    {
        AddClusters(offset, bytes);
        for (long at = offset; at < offset + bytes; at += _header.ClusterSize) _refcountClusters.Add(at >> _header.ClusterBits);
    }

    /// <summary>Compares each stored count with the references found; lowers those too high if that is to be repaired.</summary>
    private void CompareCounts()
    {
        byte[] block = new byte[_header.ClusterSize];
        bool lower = _repair != Qcow2Repair.None && _badPointers == 0;
        for (long slot = 0; slot < _refcountTable.Length; slot++)
        {
            if (_refcountTable[slot] == 0)
            {
                for (long cluster = slot * _perBlock; cluster < Math.Min((slot + 1) * _perBlock, _counts.End); cluster++) Compare(cluster, 0);
                continue;
            }
            _file.Read(_refcountTable[slot], block);
            bool changed = false;
            for (int i = 0; i < _perBlock; i++)
            {
                ulong expected = Compare(slot * _perBlock + i, Qcow2RefcountBlock.Get(block, _header.RefcountOrder, i));
                if (expected == ulong.MaxValue || !lower) continue;
                Qcow2RefcountBlock.Set(block, _header.RefcountOrder, i, expected);
                changed = true;
            }
            if (changed) _file.Write(_refcountTable[slot], block);
        }
        for (long cluster = _refcountTable.Length * _perBlock; cluster < _counts.End; cluster++) Compare(cluster, 0);
    }

    /// <summary>Returns the count to store if the stored one is too high, else <see cref="ulong.MaxValue"/>.</summary>
    private ulong Compare(long cluster, ulong stored)
    {
        uint expected = _counts[cluster];
        if (stored == expected) return ulong.MaxValue;
        if (stored > expected)
        {
            _leaks++;
            Say($"leaked cluster {cluster}: refcount {stored}, references {expected}");
            return expected;
        }
        Corrupt($"cluster {cluster}: refcount {stored}, references {expected}");
        _rebuild = true;
        return ulong.MaxValue;
    }

    /// <summary>Compares the "refcount is exactly one" flags of the active tables with the references found.</summary>
    private void CheckCopiedFlags(bool fix)
    {
        byte[] l1 = new byte[_header.L1Entries * 8], l2 = new byte[_header.ClusterSize];
        _file.Read(_header.L1Offset, l1);
        for (int i = 0; i < _header.L1Entries; i++)
        {
            var entry = new Qcow2Entry(BinaryPrimitives.ReadUInt64BigEndian(l1.AsSpan(i * 8)));
            if (entry.HostOffset == 0 || !IsAligned(entry.HostOffset) || entry.HostOffset >= _file.Length) continue;
            CheckFlag(entry, _header.L1Offset + i * 8L, $"L1 entry {i}", fix);
            _file.Read(entry.HostOffset, l2);
            for (int j = 0; j < l2.Length; j += 8)
            {
                var data = new Qcow2Entry(BinaryPrimitives.ReadUInt64BigEndian(l2.AsSpan(j)));
                if (data.Kind == Qcow2ClusterKind.Unallocated || (data.Kind != Qcow2ClusterKind.Compressed && (data.HostOffset == 0 || !IsAligned(data.HostOffset)))) continue;
                CheckFlag(data, entry.HostOffset + j, $"L2 entry at 0x{entry.HostOffset + j:x}", fix);
            }
        }
    }

    private void CheckFlag(Qcow2Entry entry, long position, string what, bool fix)
    {
        bool shouldBe = entry.Kind != Qcow2ClusterKind.Compressed && _counts[entry.HostOffset >> _header.ClusterBits] == 1;
        if (entry.IsCopied == shouldBe) return;
        if (fix)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, entry.Bits ^ Qcow2Entry.CopiedFlag);
            _file.Write(position, bytes);
            return;
        }
        _flagsWrong = true;
        Corrupt($"{what}: its 'refcount is one' flag is {(entry.IsCopied ? "set" : "clear")} but the cluster has {_counts[entry.HostOffset >> _header.ClusterBits]} references");
    }

    private void Repair()
    {
        _file.Flush(); // lowered counts and dropped pointers
        if (_repair != Qcow2Repair.All) return;
        if (_rebuild || _badPointers != 0) new Qcow2RefcountBuilder(_file, _header, _counts, _refcountClusters).Rebuild();
        if (_flagsWrong)
        {
            CheckCopiedFlags(fix: true);
            _file.Flush();
        }
        if ((_header.IncompatibleFeatures & (Qcow2Header.DirtyBit | Qcow2Header.CorruptBit)) == 0) return;
        _header.IncompatibleFeatures &= ~(Qcow2Header.DirtyBit | Qcow2Header.CorruptBit);
        Span<byte> features = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(features, _header.IncompatibleFeatures);
        _file.Write(Qcow2Header.IncompatibleFeaturesOffset, features);
        _file.Flush();
    }
}
