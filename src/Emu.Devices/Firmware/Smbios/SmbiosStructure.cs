using System.Text;

namespace Emu.Devices.Firmware.Smbios;

/// <summary>One SMBIOS structure under construction: header, formatted area, then its strings (SMBIOS 3.0, 6.1).</summary>
public sealed class SmbiosStructure
{
    private readonly List<byte> _formatted = [];
    private readonly List<string> _strings = [];

    /// <summary>Starts a structure.</summary>
    public SmbiosStructure(byte type, ushort handle)
    {
        Byte(type).Byte(0).UInt16(handle);
    }

    /// <summary>Appends a byte.</summary>
    public SmbiosStructure Byte(byte value)
    {
        _formatted.Add(value);
        return this;
    }

    /// <summary>Appends bytes.</summary>
    public SmbiosStructure Bytes(ReadOnlySpan<byte> values)
    {
        _formatted.AddRange(values);
        return this;
    }

    /// <summary>Appends a little-endian 16-bit value.</summary>
    public SmbiosStructure UInt16(ushort value) => Byte((byte)value).Byte((byte)(value >> 8));

    /// <summary>Appends a little-endian 32-bit value.</summary>
    public SmbiosStructure UInt32(uint value) => UInt16((ushort)value).UInt16((ushort)(value >> 16));

    /// <summary>Appends a little-endian 64-bit value.</summary>
    public SmbiosStructure UInt64(ulong value) => UInt32((uint)value).UInt32((uint)(value >> 32));

    /// <summary>Appends the number of a string (0 for an empty one) and keeps the string for the end.</summary>
    public SmbiosStructure Text(string value)
    {
        if (value.Length == 0)
            return Byte(0);
        _strings.Add(value);
        return Byte((byte)_strings.Count);
    }

    /// <summary>The structure with its length byte and string set.</summary>
    public byte[] ToArray()
    {
        List<byte> result = [.. _formatted];
        result[1] = (byte)_formatted.Count;
        foreach (string text in _strings)
        {
            result.AddRange(Encoding.ASCII.GetBytes(text));
            result.Add(0);
        }
        if (_strings.Count == 0)
            result.Add(0);
        result.Add(0);
        return [.. result];
    }
}
