namespace Emu.Display.Vnc;

/// <summary>Pixels as they are (RFC 6143 7.7.1).</summary>
internal sealed class RawEncoder : IVncEncoder
{
    /// <inheritdoc/>
    public VncEncoding Encoding => VncEncoding.Raw;

    /// <inheritdoc/>
    public void Encode(VncPixels pixels, int x, int y, int width, int height, VncPixelFormat format, List<byte> output)
    {
        output.EnsureCapacity(output.Count + (width * height * format.BytesPerPixel));
        for (int row = y; row < y + height; row++) format.AppendRow(output, pixels.Row(x, row, width));
    }
}
