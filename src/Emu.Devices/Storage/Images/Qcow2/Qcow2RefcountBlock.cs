using System.Buffers.Binary;

namespace Emu.Devices.Storage;

/// <summary>Reads and writes the entries of a refcount block, 1 to 64 bits wide (docs/interop/qcow2.txt, "Refcount block entry").</summary>
internal static class Qcow2RefcountBlock
{
    /// <summary>Entry <paramref name="index"/> of a block whose entries are 2^<paramref name="order"/> bits wide.</summary>
    public static ulong Get(ReadOnlySpan<byte> block, int order, int index) => order switch
    {
        6 => BinaryPrimitives.ReadUInt64BigEndian(block[(index * 8)..]),
        5 => BinaryPrimitives.ReadUInt32BigEndian(block[(index * 4)..]),
        4 => BinaryPrimitives.ReadUInt16BigEndian(block[(index * 2)..]),
        3 => block[index],
        _ => (ulong)(block[(index << order) >> 3] >> ((index << order) & 7)) & Max(order),
    };

    /// <summary>Sets an entry; <paramref name="value"/> must not exceed <see cref="Max"/>.</summary>
    public static void Set(Span<byte> block, int order, int index, ulong value)
    {
        switch (order)
        {
            case 6: BinaryPrimitives.WriteUInt64BigEndian(block[(index * 8)..], value); break;
            case 5: BinaryPrimitives.WriteUInt32BigEndian(block[(index * 4)..], (uint)value); break;
            case 4: BinaryPrimitives.WriteUInt16BigEndian(block[(index * 2)..], (ushort)value); break;
            case 3: block[index] = (byte)value; break;
            default:
                int bit = index << order, shift = bit & 7;
                ref byte cell = ref block[bit >> 3];
                cell = (byte)((cell & ~((int)Max(order) << shift)) | ((int)value << shift));
                break;
        }
    }

    /// <summary>Largest count an entry can hold.</summary>
    public static ulong Max(int order) => order == 6 ? ulong.MaxValue : (1UL << (1 << order)) - 1;

    /// <summary>Entries in a block of one cluster.</summary>
    public static long PerBlock(int clusterSize, int order) => (long)clusterSize * 8 >> order;
}
