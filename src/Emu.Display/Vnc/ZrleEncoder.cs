using System.IO.Compression;

namespace Emu.Display.Vnc;

/// <summary>Tiles of 64 by 64 as palettes and runs, through one zlib stream for the whole connection (RFC 6143 7.7.6).</summary>
internal sealed class ZrleEncoder : IVncEncoder, IDisposable
{
    private const int TileSize = 64, MaxPalette = 127, MaxPackedPalette = 16;
    private const byte PlainRuns = 128, PaletteRuns = 128;

    private readonly uint[] tile = new uint[TileSize * TileSize];
    private readonly List<uint> palette = [];
    private readonly Dictionary<uint, int> index = [];
    private readonly List<byte> plain = [];
    private readonly MemoryStream compressed = new();
    private readonly ZLibStream zlib;

    public ZrleEncoder() => zlib = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true);

    /// <inheritdoc/>
    public VncEncoding Encoding => VncEncoding.Zrle;

    /// <inheritdoc/>
    public void Encode(VncPixels pixels, int x, int y, int width, int height, VncPixelFormat format, List<byte> output)
    {
        plain.Clear();
        for (int top = y; top < y + height; top += TileSize)
        {
            for (int left = x; left < x + width; left += TileSize)
            {
                int tileWidth = Math.Min(TileSize, x + width - left), tileHeight = Math.Min(TileSize, y + height - top);
                EncodeTile(pixels.Tile(left, top, tileWidth, tileHeight, tile), tileWidth, format);
            }
        }

        compressed.SetLength(0);
        zlib.Write(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(plain));
        // A flush ends on a byte, so that the client can decode all of the rectangle.
        zlib.Flush();
        output.AddUInt32((uint)compressed.Length);
        output.AddRange(compressed.GetBuffer().AsSpan(0, (int)compressed.Length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        zlib.Dispose();
        compressed.Dispose();
    }

    private void EncodeTile(ReadOnlySpan<uint> colours, int width, VncPixelFormat format)
    {
        int pixel = format.CompactBytes;
        (int runs, int runBytes, int singles) = CountRuns(colours);
        if (palette.Count == 1)
        {
            plain.Add(1);
            format.AppendCompact(plain, palette[0]);
            return;
        }

        int raw = colours.Length * pixel;
        int plainRuns = (runs * pixel) + runBytes;
        int paletteRuns = palette.Count <= MaxPalette ? (palette.Count * pixel) + runs + runBytes - singles : int.MaxValue;
        int packed = palette.Count <= MaxPackedPalette ? (palette.Count * pixel) + ((width * PackedBits() + 7) / 8 * (colours.Length / width)) : int.MaxValue;
        int best = Math.Min(Math.Min(raw, plainRuns), Math.Min(paletteRuns, packed));
        if (best == packed) AddPacked(colours, width, format);
        else if (best == paletteRuns) AddRuns(colours, format, byPalette: true);
        else if (best == plainRuns) AddRuns(colours, format, byPalette: false);
        else AddRaw(colours, format);
    }

    /// <summary>Collects the palette and counts runs, the bytes their lengths take, and runs of one pixel.</summary>
    private (int Runs, int Bytes, int Singles) CountRuns(ReadOnlySpan<uint> colours)
    {
        palette.Clear();
        index.Clear();
        int runs = 0, bytes = 0, singles = 0;
        for (int at = 0; at < colours.Length; runs++)
        {
            int length = RunLength(colours, at);
            if (palette.Count <= MaxPalette && index.TryAdd(colours[at], palette.Count)) palette.Add(colours[at]);
            bytes += 1 + ((length - 1) / 255);
            if (length == 1) singles++;
            at += length;
        }

        return (runs, bytes, singles);
    }

    private static int RunLength(ReadOnlySpan<uint> colours, int at)
    {
        int end = colours[at..].IndexOfAnyExcept(colours[at]);
        return end < 0 ? colours.Length - at : end;
    }

    private int PackedBits() => palette.Count <= 2 ? 1 : palette.Count <= 4 ? 2 : 4;

    private void AddRaw(ReadOnlySpan<uint> colours, VncPixelFormat format)
    {
        plain.Add(0);
        foreach (uint colour in colours) format.AppendCompact(plain, colour);
    }

    private void AddPacked(ReadOnlySpan<uint> colours, int width, VncPixelFormat format)
    {
        plain.Add((byte)palette.Count);
        AddPalette(format);
        int bits = PackedBits();
        for (int row = 0; row < colours.Length; row += width)
        {
            int value = 0, used = 0;
            foreach (uint colour in colours.Slice(row, width))
            {
                value = value << bits | index[colour];
                used += bits;
                if (used < 8) continue;
                plain.Add((byte)value);
                (value, used) = (0, 0);
            }

            if (used > 0) plain.Add((byte)(value << (8 - used)));
        }
    }

    private void AddRuns(ReadOnlySpan<uint> colours, VncPixelFormat format, bool byPalette)
    {
        plain.Add(byPalette ? (byte)(PaletteRuns + palette.Count) : PlainRuns);
        if (byPalette) AddPalette(format);
        for (int at = 0; at < colours.Length;)
        {
            int length = RunLength(colours, at);
            if (!byPalette) format.AppendCompact(plain, colours[at]);
            else plain.Add((byte)(index[colours[at]] | (length > 1 ? 128 : 0)));
            at += length;
            if (byPalette && length == 1) continue;
            int rest = length - 1;
            for (; rest >= 255; rest -= 255) plain.Add(255);
            plain.Add((byte)rest);
        }
    }

    private void AddPalette(VncPixelFormat format)
    {
        foreach (uint colour in palette) format.AppendCompact(plain, colour);
    }
}
