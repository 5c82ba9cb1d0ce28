using System.Buffers.Binary;

namespace Emu.Devices.Storage.Ide;

/// <summary>Builds the 256 words that IDENTIFY DEVICE and IDENTIFY PACKET DEVICE return (ATA/ATAPI-6 8.15 and 8.16).</summary>
internal sealed class AtaIdentify
{
    private readonly byte[] _data = new byte[512];

    /// <summary>Sets a word.</summary>
    public ushort this[int word]
    {
        set => BinaryPrimitives.WriteUInt16LittleEndian(_data.AsSpan(word * 2), value);
    }

    /// <summary>Sets two words, the low one first.</summary>
    public void SetDouble(int word, uint value)
    {
        this[word] = (ushort)value;
        this[word + 1] = (ushort)(value >> 16);
    }

    /// <summary>Sets characters: two a word, the first in the high byte, padded with spaces.</summary>
    public void SetText(int word, int words, string text)
    {
        for (int i = 0; i < words * 2; i++)
        {
            char c = i < text.Length && text[i] is >= ' ' and <= '~' ? text[i] : ' ';
            _data[word * 2 + (i ^ 1)] = (byte)c;
        }
    }

    /// <summary>Sets the transfer mode words shared by both kinds of drive: 62-68 and 88, with the selected mode in the high byte.</summary>
    /// <param name="mode">The mode byte of SET FEATURES 03h: bits 7-3 kind (1 PIO, 4 multiword, 8 ultra), bits 2-0 number.</param>
    public void SetTransferModes(byte mode)
    {
        int number = mode & 7, kind = mode >> 3;
        this[63] = (ushort)(0x07 | (kind == 4 ? 0x100 << number : 0)); // multiword DMA 0-2
        this[64] = 0x03; // PIO 3 and 4
        for (int word = 65; word <= 68; word++) this[word] = 120; // nanoseconds a cycle
        this[88] = (ushort)(0x3F | (kind == 8 ? 0x100 << number : 0)); // ultra DMA 0-5
    }

    /// <summary>The finished data, with signature and checksum in word 255.</summary>
    public byte[] ToArray()
    {
        _data[510] = 0xA5;
        byte sum = 0;
        for (int i = 0; i < 511; i++) sum += _data[i];
        _data[511] = (byte)-sum;
        return _data;
    }
}
