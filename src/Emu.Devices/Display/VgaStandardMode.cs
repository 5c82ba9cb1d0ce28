namespace Emu.Devices.Display;

/// <summary>
/// Complete register settings of the modes an IBM VGA BIOS sets, for boots without a video BIOS (IBM VGA technical reference, mode tables).
/// </summary>
public sealed class VgaStandardMode
{
    private readonly byte _miscellaneous;
    private readonly byte[] _sequencer;
    private readonly byte[] _crtc;
    private readonly byte[] _graphics;
    private readonly byte[] _attribute;

    private VgaStandardMode(byte miscellaneous, byte[] sequencer, byte[] crtc, byte[] graphics, byte[] attribute)
    {
        _miscellaneous = miscellaneous;
        _sequencer = sequencer;
        _crtc = crtc;
        _graphics = graphics;
        _attribute = attribute;
    }

    /// <summary>Mode 3: text, 80 columns, 25 rows, 16 colours.</summary>
    public static VgaStandardMode Text80x25 { get; } = new(
        0x67,
        [0x03, 0x00, 0x03, 0x00, 0x02],
        [0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF],
        [0, 0, 0, 0, 0, 0x10, 0x0E, 0x00, 0xFF],
        [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C, 0x00, 0x0F, 0x08, 0x00]);

    /// <summary>Mode 4: 320 by 200 in four colours, CGA memory layout.</summary>
    public static VgaStandardMode Cga320x200 { get; } = new(
        0x63,
        [0x03, 0x09, 0x03, 0x00, 0x02],
        [0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80, 0xBF, 0x1F, 0x00, 0xC1, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x14, 0x00, 0x96, 0xB9, 0xA2, 0xFF],
        [0, 0, 0, 0, 0, 0x30, 0x0F, 0x00, 0xFF],
        [0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x01, 0x00, 0x03, 0x00, 0x00]);

    /// <summary>Mode 12h: 640 by 480 in 16 colours, planar.</summary>
    public static VgaStandardMode Planar640x480 { get; } = new(
        0xE3,
        [0x03, 0x01, 0x0F, 0x00, 0x06],
        [0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0xEA, 0x8C, 0xDF, 0x28, 0x00, 0xE7, 0x04, 0xE3, 0xFF],
        [0, 0, 0, 0, 0, 0x00, 0x05, 0x0F, 0xFF],
        [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x01, 0x00, 0x0F, 0x00, 0x00]);

    /// <summary>Mode 13h: 320 by 200 in 256 colours, linear.</summary>
    public static VgaStandardMode Linear320x200 { get; } = new(
        0x63,
        [0x03, 0x01, 0x0F, 0x00, 0x0E],
        [0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x41, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF],
        [0, 0, 0, 0, 0, 0x40, 0x05, 0x0F, 0xFF],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0x00, 0x0F, 0x00, 0x00]);

    /// <summary>Writes every register, and the 64 colours that text and 16-colour modes use to the first DAC entries.</summary>
    public void Apply(VgaCore vga)
    {
        Write(vga, 0x3C2, _miscellaneous);
        for (int i = 0; i < _sequencer.Length; i++)
            WriteIndexed(vga, 0x3C4, i, _sequencer[i]);
        // Unlock CRTC registers 0 to 7 first.
        WriteIndexed(vga, 0x3D4, VgaRegister.Crtc.VerticalRetraceEnd, 0x00);
        for (int i = 0; i < _crtc.Length; i++)
            WriteIndexed(vga, 0x3D4, i, _crtc[i]);
        for (int i = 0; i < _graphics.Length; i++)
            WriteIndexed(vga, 0x3CE, i, _graphics[i]);
        Read(vga, 0x3DA);
        for (int i = 0; i < _attribute.Length; i++)
        {
            Write(vga, 0x3C0, (byte)i);
            Write(vga, 0x3C0, _attribute[i]);
        }
        Write(vga, 0x3C0, VgaRegister.Attribute.PaletteAddressSource);
        Write(vga, 0x3C6, 0xFF);
        Write(vga, 0x3C8, 0x00);
        for (int colour = 0; colour < 64; colour++)
        {
            for (int bit = 2; bit >= 0; bit--)
                Write(vga, 0x3C9, Level(colour, bit));
        }
    }

    /// <summary>Loads a font of 256 glyphs into character map 0; a text mode must be set.</summary>
    /// <param name="vga">The adapter.</param>
    /// <param name="font">Glyphs of <paramref name="height"/> bytes each.</param>
    /// <param name="height">Rows of a glyph, 1 to 32.</param>
    public static void LoadFont(VgaCore vga, ReadOnlySpan<byte> font, int height)
    {
        const int glyphs = 256, slot = 32;
        WriteIndexed(vga, 0x3C4, VgaRegister.Sequencer.MapMask, 0x04);
        WriteIndexed(vga, 0x3C4, VgaRegister.Sequencer.MemoryMode, 0x06);
        WriteIndexed(vga, 0x3CE, VgaRegister.Graphics.Mode, 0x00);
        WriteIndexed(vga, 0x3CE, VgaRegister.Graphics.Miscellaneous, 0x04);
        for (int glyph = 0; glyph < glyphs; glyph++)
        {
            for (int row = 0; row < slot; row++)
                vga.WriteMemory((ulong)(glyph * slot + row), 1, row < height ? font[glyph * height + row] : 0u);
        }
        WriteIndexed(vga, 0x3C4, VgaRegister.Sequencer.MapMask, 0x03);
        WriteIndexed(vga, 0x3C4, VgaRegister.Sequencer.MemoryMode, 0x02);
        WriteIndexed(vga, 0x3CE, VgaRegister.Graphics.Mode, 0x10);
        WriteIndexed(vga, 0x3CE, VgaRegister.Graphics.Miscellaneous, 0x0E);
    }

    /// <summary>
    /// Finds the 8 by 16 font in a video BIOS image by the shape that its letter A has in every IBM-compatible font, or returns empty.
    /// </summary>
    public static ReadOnlySpan<byte> FindFont(ReadOnlySpan<byte> bios)
    {
        const int height = 16, letter = 'A' * height, size = 256 * height;
        ReadOnlySpan<byte> shape = [0x00, 0x00, 0x10, 0x38, 0x6C, 0xC6, 0xC6, 0xFE, 0xC6, 0xC6, 0xC6, 0xC6, 0x00, 0x00, 0x00, 0x00];
        for (int from = letter; from < bios.Length;)
        {
            int found = bios[from..].IndexOf(shape);
            if (found < 0)
                return [];
            int start = from + found - letter;
            if (start + size <= bios.Length && !bios.Slice(start, height).ContainsAnyExcept((byte)0))
                return bios.Slice(start, size);
            from += found + 1;
        }
        return [];
    }

    /// <summary>
    /// Red (bit 2), green or blue of a colour number. EGA: rgbRGB, the low three bits two thirds of full brightness, the high three one third.
    /// CGA modes: intensity in bit 4, and dark yellow is brown.
    /// </summary>
    private byte Level(int colour, int bit)
    {
        const byte twoThirds = 0x2A, oneThird = 0x15;
        bool doubleScan = (_crtc[VgaRegister.Crtc.MaximumScanLine] & VgaRegister.Crtc.DoubleScan) != 0;
        if (!doubleScan)
            return (byte)((colour >> bit & 1) * twoThirds + (colour >> (3 + bit) & 1) * oneThird);
        const int intensity = 0x10, darkYellow = 6, green = 1;
        if ((colour & 0x17) == darkYellow && bit == green)
            return oneThird;
        return (byte)((colour >> bit & 1) * twoThirds + ((colour & intensity) != 0 ? oneThird : 0));
    }

    private static void Write(VgaCore vga, int port, byte value) => vga.WritePort((ushort)(port - VgaCore.FirstPort), 1, value);

    private static void Read(VgaCore vga, int port) => vga.ReadPort((ushort)(port - VgaCore.FirstPort), 1);

    private static void WriteIndexed(VgaCore vga, int port, int index, byte value)
    {
        Write(vga, port, (byte)index);
        Write(vga, port + 1, value);
    }
}
