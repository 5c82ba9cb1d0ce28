using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Emu.Devices.Display;

/// <summary>Writes a picture as PNG (ISO/IEC 15948) or binary PPM (Netpbm P6).</summary>
public static class ScreenshotWriter
{
    private const int HeaderLength = 13;
    private const byte TrueColour = 2;
    private const byte NoFilter = 0;

    /// <summary>Writes a file in the format its extension names; PPM when there is none.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(DisplayFrame frame, string path)
    {
        using FileStream file = File.Create(path);
        if (Path.GetExtension(path).Equals(".png", StringComparison.OrdinalIgnoreCase))
            WritePng(frame, file);
        else
            WritePpm(frame, file);
    }

    /// <summary>Writes 24-bit RGB in PNG.</summary>
    public static void WritePng(DisplayFrame frame, Stream output)
    {
        output.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, frame.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], frame.Height);
        header[8] = 8;
        header[9] = TrueColour;
        WriteChunk(output, "IHDR"u8, header);
        using MemoryStream compressed = new();
        using (ZLibStream zlib = new(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] row = new byte[1 + 3 * frame.Width];
            for (int y = 0; y < frame.Height; y++)
            {
                row[0] = NoFilter;
                Unpack(frame.Row(y), row.AsSpan(1));
                zlib.Write(row);
            }
        }
        WriteChunk(output, "IDAT"u8, compressed.GetBuffer().AsSpan(0, (int)compressed.Length));
        WriteChunk(output, "IEND"u8, []);
    }

    /// <summary>Writes 24-bit RGB in PPM.</summary>
    public static void WritePpm(DisplayFrame frame, Stream output)
    {
        output.Write(Encoding.ASCII.GetBytes($"P6\n{frame.Width} {frame.Height}\n255\n"));
        byte[] row = new byte[3 * frame.Width];
        for (int y = 0; y < frame.Height; y++)
        {
            Unpack(frame.Row(y), row);
            output.Write(row);
        }
    }

    private static void Unpack(ReadOnlySpan<uint> pixels, Span<byte> rgb)
    {
        for (int x = 0; x < pixels.Length; x++)
        {
            rgb[3 * x] = (byte)(pixels[x] >> 16);
            rgb[3 * x + 1] = (byte)(pixels[x] >> 8);
            rgb[3 * x + 2] = (byte)pixels[x];
        }
    }

    private static void WriteChunk(Stream output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, data.Length);
        output.Write(word);
        output.Write(type);
        output.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(word, ~Crc(Crc(uint.MaxValue, type), data));
        output.Write(word);
    }

    /// <summary>CRC-32 as PNG wants it (annex D), without the final inversion.</summary>
    private static uint Crc(uint crc, ReadOnlySpan<byte> data)
    {
        const uint polynomial = 0xEDB88320;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
        }
        return crc;
    }
}
