namespace Emu.Display.Vnc;

/// <summary>Encodings and pseudo-encodings (RFC 6143 7.7 and 7.8; the RFB protocol's registry).</summary>
internal enum VncEncoding
{
    Raw = 0,
    Hextile = 5,
    Zrle = 16,
    DesktopSize = -223,
    PointerMotionChange = -257,
    ExtendedKeyEvent = -258,
}

/// <summary>Pixels of a rectangle that is to be encoded.</summary>
/// <param name="pixels">The whole picture.</param>
/// <param name="pitch">Pixels from a row to the next.</param>
internal readonly ref struct VncPixels(ReadOnlySpan<uint> pixels, int pitch)
{
    private readonly ReadOnlySpan<uint> pixels = pixels;

    /// <summary>Part of a row.</summary>
    public ReadOnlySpan<uint> Row(int x, int y, int width) => pixels.Slice((y * pitch) + x, width);

    /// <summary>Copies a tile into a buffer without gaps.</summary>
    public ReadOnlySpan<uint> Tile(int x, int y, int width, int height, uint[] buffer)
    {
        for (int row = 0; row < height; row++) Row(x, y + row, width).CopyTo(buffer.AsSpan(row * width));
        return buffer.AsSpan(0, width * height);
    }
}

/// <summary>Turns pixels into what a client reads.</summary>
internal interface IVncEncoder
{
    /// <summary>Its number.</summary>
    VncEncoding Encoding { get; }

    /// <summary>Appends the rectangle's data.</summary>
    void Encode(VncPixels pixels, int x, int y, int width, int height, VncPixelFormat format, List<byte> output);
}
