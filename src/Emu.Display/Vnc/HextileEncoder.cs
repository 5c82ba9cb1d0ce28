namespace Emu.Display.Vnc;

/// <summary>Tiles of 16 by 16: a background and rectangles on it (RFC 6143 7.7.4).</summary>
internal sealed class HextileEncoder : IVncEncoder
{
    private const int TileSize = 16, MaxRectangles = 255;

    private readonly uint[] tile = new uint[TileSize * TileSize];
    private readonly bool[] done = new bool[TileSize * TileSize];
    private readonly List<byte> rectangles = [];

    [Flags]
    private enum Mask : byte
    {
        Raw = 1,
        Background = 2,
        Foreground = 4,
        Rectangles = 8,
        Coloured = 16,
    }

    /// <inheritdoc/>
    public VncEncoding Encoding => VncEncoding.Hextile;

    /// <inheritdoc/>
    public void Encode(VncPixels pixels, int x, int y, int width, int height, VncPixelFormat format, List<byte> output)
    {
        for (int top = y; top < y + height; top += TileSize)
        {
            for (int left = x; left < x + width; left += TileSize)
            {
                int tileWidth = Math.Min(TileSize, x + width - left), tileHeight = Math.Min(TileSize, y + height - top);
                EncodeTile(pixels.Tile(left, top, tileWidth, tileHeight, tile), tileWidth, tileHeight, format, output);
            }
        }
    }

    private void EncodeTile(ReadOnlySpan<uint> colours, int width, int height, VncPixelFormat format, List<byte> output)
    {
        (uint background, uint? foreground) = Colours(colours);
        bool coloured = foreground == null && colours.ContainsAnyExcept(background);
        int count = Cover(colours, width, height, background, coloured ? format : null);
        if (count > MaxRectangles || rectangles.Count > colours.Length * format.BytesPerPixel)
        {
            output.Add((byte)Mask.Raw);
            foreach (uint colour in colours) format.Append(output, colour);
            return;
        }

        // Each tile stands for itself: colours are always given, so that no tile depends on the one before.
        Mask mask = Mask.Background | (foreground != null ? Mask.Foreground : 0) | (count > 0 ? Mask.Rectangles : 0) | (coloured ? Mask.Coloured : 0);
        output.Add((byte)mask);
        format.Append(output, background);
        if (foreground is { } ink) format.Append(output, ink);
        if (count == 0) return;
        output.Add((byte)count);
        output.AddRange(rectangles);
    }

    /// <summary>The first colour, the other one of a tile of two colours: the more frequent one is the background.</summary>
    private static (uint Background, uint? Foreground) Colours(ReadOnlySpan<uint> colours)
    {
        uint first = colours[0];
        int other = colours.IndexOfAnyExcept(first);
        if (other < 0) return (first, null);
        uint second = colours[other];
        if (colours.ContainsAnyExcept(first, second)) return (first, null);
        return colours.Count(first) * 2 >= colours.Length ? (first, second) : (second, first);
    }

    /// <summary>Covers everything that is not background with rectangles of one colour, each grown to the right, then down.</summary>
    private int Cover(ReadOnlySpan<uint> colours, int width, int height, uint background, VncPixelFormat? format)
    {
        rectangles.Clear();
        Array.Clear(done);
        int count = 0;
        for (int at = 0; at < colours.Length; at++)
        {
            if (done[at] || colours[at] == background) continue;
            int x = at % width, y = at / width, right = x + 1, bottom = y + 1;
            while (right < width && colours[(y * width) + right] == colours[at] && !done[(y * width) + right]) right++;
            while (bottom < height && !colours.Slice((bottom * width) + x, right - x).ContainsAnyExcept(colours[at])) bottom++;
            for (int row = y; row < bottom; row++) done.AsSpan((row * width) + x, right - x).Fill(true);
            if (format is { } pixel) pixel.Append(rectangles, colours[at]);
            rectangles.Add((byte)(x << 4 | y));
            rectangles.Add((byte)((right - x - 1) << 4 | (bottom - y - 1)));
            count++;
        }

        return count;
    }
}
