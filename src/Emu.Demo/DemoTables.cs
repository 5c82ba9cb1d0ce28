using System.Buffers.Binary;

namespace Emu.Demo;

/// <summary>Register values, palettes and other tables of the demonstration, computed rather than stored where they follow a rule.</summary>
internal static class DemoTables
{
    /// <summary>Registers of a VGA mode: miscellaneous output, 5 of the sequencer, 25 of the CRT controller, 9 of the graphics controller, 21 of the attribute controller.</summary>
    public static byte[] TextMode { get; } =
    [
        0x67,
        0x03, 0x00, 0x03, 0x00, 0x02,
        0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x2D, 0x0E, 0x00, 0x00, 0x00, 0x00, 0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x04, 0x00, 0x0F, 0x08, 0x00,
    ];

    /// <summary>Mode 13h: 320x200, 256 colours.</summary>
    public static byte[] GraphicsMode { get; } =
    [
        0x63,
        0x03, 0x01, 0x0F, 0x00, 0x0E,
        0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x41, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0F, 0xFF,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0x00, 0x0F, 0x00, 0x00,
    ];

    /// <summary>Writes that make plane 2 appear alone at A0000h, for the font: sequencer 2 and 4, graphics controller 4, 5 and 6.</summary>
    public static (ushort Port, byte Index, byte Value)[] FontAccess { get; } = [(0x3C4, 2, 4), (0x3C4, 4, 7), (0x3CE, 4, 2), (0x3CE, 5, 0), (0x3CE, 6, 4)];

    /// <summary>The 16 colours of a PC, six bits a component.</summary>
    public static byte[] TextPalette()
    {
        byte[] palette = new byte[16 * 3];
        for (int i = 0; i < 16; i++)
        {
            for (int component = 0; component < 3; component++)
            {
                // Red is bit 2 of the number, blue bit 0; bit 3 is brightness.
                int level = ((i >> (2 - component)) & 1) * 42 + ((i & 8) != 0 ? 21 : 0);
                palette[(3 * i) + component] = (byte)level;
            }
        }

        // Dark yellow is brown.
        palette[(6 * 3) + 1] = 21;
        return palette;
    }

    /// <summary>256 colours around the hue circle, six bits a component.</summary>
    public static byte[] HuePalette()
    {
        byte[] palette = new byte[256 * 3];
        for (int i = 0; i < 256; i++)
        {
            for (int component = 0; component < 3; component++)
            {
                double angle = (2 * Math.PI * i / 256) + (component * 2 * Math.PI / 3);
                palette[(3 * i) + component] = (byte)Math.Round(31.5 + (31.5 * Math.Sin(angle)));
            }
        }

        return palette;
    }

    /// <summary>A period of a sine in 256 steps, 0 to 127.</summary>
    public static byte[] Sine() => [.. Enumerable.Range(0, 256).Select(i => (byte)Math.Round(63.5 + (63.5 * Math.Sin(2 * Math.PI * i / 256))))];

    /// <summary>Colours of the points outside the set, by the number of iterations; the last is that of the set.</summary>
    public static byte[] IterationColours(int iterations)
    {
        byte[] colours = new byte[4 * (iterations + 1)];
        for (int i = 0; i < iterations; i++)
        {
            double t = (double)i / iterations;
            uint red = (uint)(255 * Math.Pow(t, 0.5)), green = (uint)(255 * t), blue = (uint)(255 * (1 - t) * (0.3 + (0.7 * Math.Min(1, 6 * t))));
            BinaryPrimitives.WriteUInt32LittleEndian(colours.AsSpan(4 * i), (red << 16) | (green << 8) | blue);
        }

        return colours;
    }

    /// <summary>Characters of the keys of a US keyboard by scan code (set 1); 0 for keys without one.</summary>
    public static byte[] Keys()
    {
        byte[] keys = new byte[128];
        void Row(int first, string characters)
        {
            foreach (char character in characters) keys[first++] = (byte)character;
        }

        Row(0x01, "\u001b1234567890-=\b\tqwertyuiop[]\r");
        Row(0x1E, "asdfghjkl;'`");
        Row(0x2B, "\\zxcvbnm,./");
        keys[0x39] = (byte)' ';
        return keys;
    }
}
