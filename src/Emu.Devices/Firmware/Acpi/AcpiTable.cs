using System.Buffers.Binary;
using System.Text;

namespace Emu.Devices.Firmware.Acpi;

/// <summary>A system description table under construction: the 36-byte header (ACPI 6.4, 5.2.6), then fields appended in order.</summary>
public sealed class AcpiTable
{
    /// <summary>Bytes of the common header.</summary>
    public const int HeaderSize = 36;

    /// <summary>Offset of the length field.</summary>
    public const int LengthOffset = 4;

    /// <summary>Offset of the checksum byte.</summary>
    public const int ChecksumOffset = 9;

    /// <summary>OEM identifier of all tables.</summary>
    public const string OemId = "EMU   ";

    private const string OemTableId = "EMUPC   ";
    private const string CreatorId = "EMU ";

    private readonly List<byte> _bytes = [];

    /// <summary>Starts a table.</summary>
    /// <param name="signature">Four characters.</param>
    /// <param name="revision">Revision of the table's layout.</param>
    public AcpiTable(string signature, byte revision)
    {
        Text(signature);
        UInt32(0);
        Byte(revision);
        Byte(0);
        Text(OemId);
        Text(OemTableId);
        UInt32(1);
        Text(CreatorId);
        UInt32(1);
    }

    /// <summary>Bytes appended so far: the offset of the next field.</summary>
    public int Length => _bytes.Count;

    /// <summary>Appends a byte.</summary>
    public AcpiTable Byte(byte value)
    {
        _bytes.Add(value);
        return this;
    }

    /// <summary>Appends bytes.</summary>
    public AcpiTable Bytes(ReadOnlySpan<byte> values)
    {
        _bytes.AddRange(values);
        return this;
    }

    /// <summary>Appends <paramref name="count"/> zero bytes.</summary>
    public AcpiTable Zeros(int count) => Bytes(new byte[count]);

    /// <summary>Appends ASCII characters.</summary>
    public AcpiTable Text(string value) => Bytes(Encoding.ASCII.GetBytes(value));

    /// <summary>Appends a little-endian 16-bit value.</summary>
    public AcpiTable UInt16(ushort value) => LittleEndian(value, 2);

    /// <summary>Appends a little-endian 32-bit value.</summary>
    public AcpiTable UInt32(uint value) => LittleEndian(value, 4);

    /// <summary>Appends a little-endian 64-bit value.</summary>
    public AcpiTable UInt64(ulong value) => LittleEndian(value, 8);

    /// <summary>Appends a generic address structure (ACPI 6.4, 5.2.3.2).</summary>
    /// <param name="space">0 system memory, 1 system I/O.</param>
    /// <param name="bitWidth">Register width in bits.</param>
    /// <param name="accessSize">0 undefined, 1 byte, 2 word, 3 doubleword.</param>
    /// <param name="address">First address or port.</param>
    public AcpiTable GenericAddress(byte space, byte bitWidth, byte accessSize, ulong address)
        => Byte(space).Byte(bitWidth).Byte(0).Byte(accessSize).UInt64(address);

    /// <summary>The table with its length filled in and its checksum still zero (the loader computes it).</summary>
    public byte[] ToArray()
    {
        byte[] result = [.. _bytes];
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(LengthOffset), result.Length);
        return result;
    }

    AcpiTable LittleEndian(ulong value, int size)
    {
        for (int i = 0; i < size; i++)
            _bytes.Add((byte)(value >> (8 * i)));
        return this;
    }
}
