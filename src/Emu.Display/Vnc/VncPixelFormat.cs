using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Emu.Display.Vnc;

/// <summary>How a client wants pixels (RFC 6143 7.4).</summary>
internal readonly record struct VncPixelFormat
{
    /// <summary>Bytes of a format in messages.</summary>
    public const int Length = 16;

    private int Depth { get; init; }

    /// <summary>8, 16 or 32.</summary>
    public int BitsPerPixel { get; private init; }

    /// <summary>Bytes of a pixel.</summary>
    public int BytesPerPixel => BitsPerPixel / 8;

    /// <summary>The client wants colours by number: it gets those of <see cref="ColourMap"/>.</summary>
    public bool IsMapped { get; private init; }

    private bool BigEndian { get; init; }

    private int RedMax { get; init; }

    private int GreenMax { get; init; }

    private int BlueMax { get; init; }

    private int RedShift { get; init; }

    private int GreenShift { get; init; }

    private int BlueShift { get; init; }

    /// <summary>The format of our pictures: 32 bits, blue in the lowest byte.</summary>
    public static VncPixelFormat Native { get; } = new()
    {
        BitsPerPixel = 32, Depth = 24, RedMax = 255, GreenMax = 255, BlueMax = 255, RedShift = 16, GreenShift = 8, BlueShift = 0,
    };

    /// <summary>Bytes of a pixel within ZRLE: three where the colour fits into the lower or upper three bytes of four.</summary>
    public int CompactBytes => CompactOffset >= 0 ? 3 : BytesPerPixel;

    /// <summary>First of those three bytes, or -1.</summary>
    private int CompactOffset
    {
        get
        {
            if (BitsPerPixel != 32 || Depth > 24 || IsMapped) return -1;
            uint used = (uint)RedMax << RedShift | (uint)GreenMax << GreenShift | (uint)BlueMax << BlueShift;
            if (used < 1 << 24) return BigEndian ? 1 : 0;
            return (used & 0xFF) == 0 ? (BigEndian ? 0 : 1) : -1;
        }
    }

    /// <summary>Reads a format.</summary>
    /// <returns>Null where it is none.</returns>
    public static VncPixelFormat? Read(ReadOnlySpan<byte> data)
    {
        bool trueColour = data[3] != 0;
        VncPixelFormat format = new()
        {
            BitsPerPixel = data[0],
            Depth = data[1],
            BigEndian = data[2] != 0,
            IsMapped = !trueColour,
            RedMax = trueColour ? BinaryPrimitives.ReadUInt16BigEndian(data[4..]) : 7,
            GreenMax = trueColour ? BinaryPrimitives.ReadUInt16BigEndian(data[6..]) : 7,
            BlueMax = trueColour ? BinaryPrimitives.ReadUInt16BigEndian(data[8..]) : 3,
            RedShift = trueColour ? data[10] : 0,
            GreenShift = trueColour ? data[11] : 3,
            BlueShift = trueColour ? data[12] : 6,
        };
        bool valid = format.BitsPerPixel is 8 or 16 or 32 && (trueColour || format.BitsPerPixel == 8)
            && format.RedShift < 32 && format.GreenShift < 32 && format.BlueShift < 32;
        return valid ? format : null;
    }

    /// <summary>Writes the format.</summary>
    public void Write(Span<byte> data)
    {
        data.Clear();
        data[0] = (byte)BitsPerPixel;
        data[1] = (byte)Depth;
        data[2] = BigEndian ? (byte)1 : (byte)0;
        data[3] = IsMapped ? (byte)0 : (byte)1;
        BinaryPrimitives.WriteUInt16BigEndian(data[4..], (ushort)RedMax);
        BinaryPrimitives.WriteUInt16BigEndian(data[6..], (ushort)GreenMax);
        BinaryPrimitives.WriteUInt16BigEndian(data[8..], (ushort)BlueMax);
        data[10] = (byte)RedShift;
        data[11] = (byte)GreenShift;
        data[12] = (byte)BlueShift;
    }

    /// <summary>Red, green and blue (16 bits each) of the 256 colours for clients that want a map: three, three and two bits.</summary>
    public static ushort[] ColourMap()
    {
        ushort[] map = new ushort[3 * 256];
        for (int i = 0; i < 256; i++)
        {
            map[3 * i] = (ushort)((i & 7) * ushort.MaxValue / 7);
            map[(3 * i) + 1] = (ushort)((i >> 3 & 7) * ushort.MaxValue / 7);
            map[(3 * i) + 2] = (ushort)((i >> 6) * ushort.MaxValue / 3);
        }

        return map;
    }

    /// <summary>A colour 0xFFRRGGBB as the client's value.</summary>
    public uint Convert(uint colour) =>
        Scale(colour >> 16, RedMax) << RedShift | Scale(colour >> 8, GreenMax) << GreenShift | Scale(colour, BlueMax) << BlueShift;

    /// <summary>Appends a colour as a whole pixel.</summary>
    public void Append(List<byte> output, uint colour)
    {
        uint value = Convert(colour);
        for (int i = 0; i < BytesPerPixel; i++) output.Add((byte)(value >> (8 * (BigEndian ? BytesPerPixel - 1 - i : i))));
    }

    /// <summary>Appends a row of colours as whole pixels.</summary>
    public void AppendRow(List<byte> output, ReadOnlySpan<uint> colours)
    {
        if (this == Native && BitConverter.IsLittleEndian)
        {
            output.AddRange(MemoryMarshal.AsBytes(colours));
            return;
        }

        foreach (uint colour in colours) Append(output, colour);
    }

    /// <summary>Appends a colour as ZRLE's compact pixel.</summary>
    public void AppendCompact(List<byte> output, uint colour)
    {
        int offset = CompactOffset;
        if (offset < 0)
        {
            Append(output, colour);
            return;
        }

        uint value = Convert(colour);
        for (int i = offset; i < offset + 3; i++) output.Add((byte)(value >> (8 * (BigEndian ? 3 - i : i))));
    }

    private static uint Scale(uint level, int max) => max == 255 ? level & 0xFF : (uint)((level & 0xFF) * (uint)max + 127) / 255;
}
