using System.IO.Compression;

namespace Emu.Devices.Storage;

/// <summary>Reading.</summary>
public sealed partial class Qcow2Image
{
    /// <inheritdoc/>
    public override void ReadAt(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        lock (_gate) ReadMapped(offset, buffer);
    }

    /// <summary>Reads a range that may reach past the end of the disk inside its last cluster, where it is zero.</summary>
    private void ReadMapped(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            _mapping.Trim();
            if (offset >= Length)
            {
                buffer.Clear();
                return;
            }
            Qcow2Entry entry = _mapping.Get(offset);
            int inCluster = (int)(offset & _clusterMask);
            int count = Math.Min(buffer.Length, _header.ClusterSize - inCluster);
            if (count > Length - offset) count = (int)(Length - offset);
            switch (entry.Kind)
            {
                case Qcow2ClusterKind.Standard:
                    CheckData(entry, offset);
                    count = ExtendRun(offset, entry, count, buffer.Length, writable: false);
                    _file.Read(entry.HostOffset + inCluster, buffer[..count]);
                    break;
                case Qcow2ClusterKind.Compressed:
                    Decompress(entry, offset).AsSpan(inCluster, count).CopyTo(buffer);
                    break;
                case Qcow2ClusterKind.Zero:
                    buffer[..count].Clear();
                    break;
                default:
                    count = UnallocatedRun(offset, count, buffer.Length);
                    ReadBacking(offset, buffer[..count]);
                    break;
            }
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <summary>Lengthens an access of <paramref name="count"/> bytes over clusters that follow in the file as they do on the disk.</summary>
    private int ExtendRun(long offset, Qcow2Entry first, int count, int wanted, bool writable)
    {
        long host = first.HostOffset;
        while (count < wanted && offset + count < Length)
        {
            Qcow2Entry next = _mapping.Get(offset + count);
            host += _header.ClusterSize;
            if (next.Kind != Qcow2ClusterKind.Standard || next.HostOffset != host || (writable && !next.IsCopied)) break;
            CheckData(next, offset + count);
            count += (int)Math.Min(Math.Min(_header.ClusterSize, wanted - count), Length - offset - count);
        }
        return count;
    }

    private int UnallocatedRun(long offset, int count, int wanted)
    {
        while (count < wanted && offset + count < Length)
        {
            (bool hasTable, long run) = _mapping.TableRun(offset + count);
            if (hasTable)
            {
                if (_mapping.Get(offset + count).Kind != Qcow2ClusterKind.Unallocated) break;
                run = _header.ClusterSize;
            }
            count += (int)Math.Min(Math.Min(run, wanted - count), Length - offset - count);
        }
        return count;
    }

    /// <summary>What shows through: the backing image as far as it reaches, zeroes after that.</summary>
    private void ReadBacking(long offset, Span<byte> buffer)
    {
        int covered = _backing is null ? 0 : (int)Math.Clamp(_backing.Length - offset, 0, buffer.Length);
        if (covered > 0) _backing?.ReadAt(offset, buffer[..covered]);
        buffer[covered..].Clear();
    }

    private void CheckData(Qcow2Entry entry, long guest)
    {
        if ((entry.HostOffset & _clusterMask) != 0) ReportCorruption($"the cluster for disk offset 0x{guest:x} is not aligned (0x{entry.HostOffset:x})");
        if (entry.HostOffset >= _file.Length) ReportCorruption($"the cluster for disk offset 0x{guest:x} lies past the end of the file (0x{entry.HostOffset:x}): is it truncated?");
    }

    private byte[] Decompress(Qcow2Entry entry, long guest)
    {
        if (_decompressed is not null && _decompressedEntry == entry.Bits) return _decompressed;
        (long offset, int bytes) = entry.Compressed(_header.ClusterBits);
        if (offset >= _file.Length) ReportCorruption($"compressed data for disk offset 0x{guest:x} lies past the end of the file (0x{offset:x})");
        byte[] source = new byte[bytes];
        _file.Read(offset, source);
        byte[] target = _decompressed ?? new byte[_header.ClusterSize];
        _decompressed = null;
        int got = 0;
        try
        {
            using var inflate = new DeflateStream(new MemoryStream(source), CompressionMode.Decompress);
            got = inflate.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException)
        {
            got = -1;
        }
        if (got != target.Length) throw new DiskImageException(DiskImageError.Corrupt, $"{FileName}: compressed data for disk offset 0x{guest:x} cannot be decompressed");
        _decompressed = target;
        _decompressedEntry = entry.Bits;
        return target;
    }
}
