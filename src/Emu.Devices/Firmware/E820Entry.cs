using System.Buffers.Binary;

namespace Emu.Devices.Firmware;

/// <summary>Kind of a range in the system address map (ACPI 6.4, 15.1).</summary>
public enum E820Kind : uint
{
    /// <summary>RAM for the operating system.</summary>
    Ram = 1,

    /// <summary>Not for the operating system.</summary>
    Reserved = 2,

    /// <summary>ACPI tables, reclaimable.</summary>
    AcpiReclaimable = 3,

    /// <summary>ACPI non-volatile storage.</summary>
    AcpiNvs = 4,
}

/// <summary>One range of the system address map as fw_cfg file "etc/e820" carries it.</summary>
/// <param name="Address">First byte.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Kind">What it is.</param>
public readonly record struct E820Entry(ulong Address, ulong Length, E820Kind Kind)
{
    /// <summary>fw_cfg file of the map.</summary>
    public const string File = "etc/e820";

    private const int EncodedSize = 20;

    /// <summary>The ranges of a board with RAM below and from 4 GiB on.</summary>
    public static IReadOnlyList<E820Entry> ForRam(ulong lowRamSize, ulong highRamSize)
        => highRamSize == 0
            ? [new(0, lowRamSize, E820Kind.Ram)]
            : [new(0, lowRamSize, E820Kind.Ram), new(4ul << 30, highRamSize, E820Kind.Ram)];

    /// <summary>Encodes ranges: 64-bit address, 64-bit length, 32-bit kind each, little-endian.</summary>
    public static byte[] Encode(IReadOnlyList<E820Entry> entries)
    {
        byte[] bytes = new byte[entries.Count * EncodedSize];
        for (int i = 0; i < entries.Count; i++)
        {
            Span<byte> slot = bytes.AsSpan(i * EncodedSize, EncodedSize);
            BinaryPrimitives.WriteUInt64LittleEndian(slot, entries[i].Address);
            BinaryPrimitives.WriteUInt64LittleEndian(slot[8..], entries[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(slot[16..], (uint)entries[i].Kind);
        }
        return bytes;
    }
}
