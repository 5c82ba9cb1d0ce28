using System.Buffers.Binary;

namespace Emu.Devices.Storage;

/// <summary>Writes a complete new set of reference counts behind everything else in the file and switches the header to it.</summary>
internal sealed class Qcow2RefcountBuilder(IImageFile file, Qcow2Header header, Qcow2ClusterCounts counts, IReadOnlyList<long> oldRefcountClusters)
{
    /// <summary>Makes the stored counts equal <paramref name="counts"/>, less the old refcount structures, which become free.</summary>
    /// <exception cref="DiskImageException">A count does not fit its width, or the host failed; the old counts are still in force.</exception>
    public void Rebuild()
    {
        foreach (long cluster in oldRefcountClusters) counts.Remove(cluster);
        int clusterSize = header.ClusterSize;
        long perBlock = Qcow2RefcountBlock.PerBlock(clusterSize, header.RefcountOrder);
        long start = Math.Max(counts.End, (file.Length + clusterSize - 1) >> header.ClusterBits);
        long blocks = 1, tableClusters;
        while (true)
        {
            tableClusters = (blocks * 8 + clusterSize - 1) / clusterSize;
            if (blocks * perBlock >= start + blocks + tableClusters) break;
            blocks = (start + blocks + tableClusters + perBlock - 1) / perBlock;
        }
        if (tableClusters * clusterSize > Qcow2Header.MaxRefcountTableBytes)
            throw new DiskImageException(DiskImageError.Corrupt, $"{file.Name}: a table refers to clusters too far out to count; the image cannot be repaired");

        long end = start + blocks + tableClusters;
        byte[] table = new byte[tableClusters * clusterSize];
        for (long slot = 0; slot < blocks; slot++)
        {
            byte[] block = new byte[clusterSize];
            for (int i = 0; i < perBlock; i++)
            {
                long cluster = slot * perBlock + i;
                ulong count = cluster < start ? counts[cluster] : cluster < end ? 1UL : 0;
                if (count > Qcow2RefcountBlock.Max(header.RefcountOrder))
                    throw new DiskImageException(DiskImageError.Corrupt, $"{file.Name}: cluster {cluster} is used {count} times, more than its reference count can say; the image cannot be repaired");
                Qcow2RefcountBlock.Set(block, header.RefcountOrder, i, count);
            }
            long offset = (start + slot) << header.ClusterBits;
            BinaryPrimitives.WriteInt64BigEndian(table.AsSpan((int)slot * 8), offset);
            file.Write(offset, block);
        }
        long tableOffset = (start + blocks) << header.ClusterBits;
        file.Write(tableOffset, table);
        file.Flush();
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteInt64BigEndian(fields, tableOffset);
        BinaryPrimitives.WriteInt32BigEndian(fields[8..], (int)tableClusters);
        file.Write(Qcow2Header.RefcountTableFieldsOffset, fields);
        file.Flush();
    }
}
