using System.Buffers.Binary;
using System.Text;

namespace Emu.Devices.Display;

/// <summary>Builds the identification that a monitor gives of itself (VESA E-EDID 1.4, one 128-byte block).</summary>
public static class Edid
{
    /// <summary>Bytes of the block.</summary>
    public const int Size = 128;

    /// <summary>A block for a monitor that prefers a resolution at 60 Hz.</summary>
    public static byte[] Build(int width, int height)
    {
        byte[] edid = new byte[Size];
        ReadOnlySpan<byte> header = [0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00];
        header.CopyTo(edid);
        BinaryPrimitives.WriteUInt16BigEndian(edid.AsSpan(8), Manufacturer("EMU"));
        BinaryPrimitives.WriteUInt16LittleEndian(edid.AsSpan(10), 0x0001);
        BinaryPrimitives.WriteUInt32LittleEndian(edid.AsSpan(12), 1);
        edid[16] = 0;
        edid[17] = 2026 - 1990;
        (edid[18], edid[19]) = (1, 4);
        const byte digital8BitDisplayPort = 0xA5;
        edid[20] = digital8BitDisplayPort;
        // Physical size in centimetres at 100 dots an inch.
        (edid[21], edid[22]) = ((byte)Math.Min(width * 254 / 10000, 255), (byte)Math.Min(height * 254 / 10000, 255));
        edid[23] = 120;
        edid[24] = 0x06;
        ReadOnlySpan<byte> srgb = [0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54];
        srgb.CopyTo(edid.AsSpan(25));
        // Established timings: 640x480, 800x600 and 1024x768 at 60 Hz.
        (edid[35], edid[36], edid[37]) = (0x21, 0x08, 0x00);
        StandardTimings(edid.AsSpan(38, 16));
        DetailedTiming(edid.AsSpan(54, 18), width, height);
        RangeLimits(edid.AsSpan(72, 18));
        Descriptor(edid.AsSpan(90, 18), 0xFC, "Emu Monitor");
        Descriptor(edid.AsSpan(108, 18), 0xFF, "1");
        byte sum = 0;
        for (int i = 0; i < Size - 1; i++)
            sum += edid[i];
        edid[^1] = (byte)-sum;
        return edid;
    }

    private static ushort Manufacturer(string letters) => (ushort)((letters[0] - '@') << 10 | (letters[1] - '@') << 5 | (letters[2] - '@'));

    private static void StandardTimings(Span<byte> slots)
    {
        slots.Fill(0x01);
        ReadOnlySpan<(int Width, int Aspect)> timings = [(1920, 3), (1680, 0), (1600, 1), (1440, 0), (1280, 2), (1280, 0), (1024, 1), (800, 1)];
        for (int i = 0; i < timings.Length; i++)
        {
            slots[2 * i] = (byte)(timings[i].Width / 8 - 31);
            slots[2 * i + 1] = (byte)(timings[i].Aspect << 6);
        }
    }

    /// <summary>Detailed timing with blanking of a quarter across and a twenty-fifth down, the proportions of GTF.</summary>
    private static void DetailedTiming(Span<byte> slot, int width, int height)
    {
        int horizontalBlank = width / 4 & ~7, verticalBlank = Math.Max(8, height / 25);
        int horizontalFront = horizontalBlank / 4, horizontalSync = horizontalBlank / 4, verticalFront = 3, verticalSync = 4;
        long clock = (width + horizontalBlank) * (long)(height + verticalBlank) * 60 / 10_000;
        BinaryPrimitives.WriteUInt16LittleEndian(slot, (ushort)Math.Min(clock, ushort.MaxValue));
        slot[2] = (byte)width;
        slot[3] = (byte)horizontalBlank;
        slot[4] = (byte)(width >> 4 & 0xF0 | horizontalBlank >> 8);
        slot[5] = (byte)height;
        slot[6] = (byte)verticalBlank;
        slot[7] = (byte)(height >> 4 & 0xF0 | verticalBlank >> 8);
        slot[8] = (byte)horizontalFront;
        slot[9] = (byte)horizontalSync;
        slot[10] = (byte)(verticalFront << 4 | verticalSync);
        slot[11] = (byte)(horizontalFront >> 8 << 6 | horizontalSync >> 8 << 4);
        int widthMillimetres = width * 254 / 1000, heightMillimetres = height * 254 / 1000;
        slot[12] = (byte)widthMillimetres;
        slot[13] = (byte)heightMillimetres;
        slot[14] = (byte)(widthMillimetres >> 4 & 0xF0 | heightMillimetres >> 8);
        slot[17] = 0x18;
    }

    private static void RangeLimits(Span<byte> slot)
    {
        slot[3] = 0xFD;
        (slot[5], slot[6], slot[7], slot[8], slot[9]) = (50, 125, 30, 160, 250);
        slot[10] = 0x01;
        slot[11] = 0x0A;
        slot[12..18].Fill(0x20);
    }

    private static void Descriptor(Span<byte> slot, byte tag, string text)
    {
        slot[3] = tag;
        slot[5..].Fill(0x20);
        Encoding.ASCII.GetBytes(text, slot[5..]);
        if (text.Length < 13)
            slot[5 + text.Length] = 0x0A;
    }
}
