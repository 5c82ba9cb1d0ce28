using Emu.Cpu;

using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <summary>
/// What the registers say about a picture, copied on the machine's thread so that it can be drawn on another one: mode, colours,
/// cursor, phases of blinking, and which pages of video memory may have changed since it was last drawn.
/// </summary>
internal sealed class VgaScanout(int pages)
{
    private const uint Opaque = 0xFF000000;
    private const long NanosecondsPerFrame = 1_000_000_000 / 60;
    private const int CursorBlinkFrames = 16;
    private const int TextBlinkFrames = 32;

    private uint _version;
    private long _blinkPhase;
    private int _cursorStart;
    private int _cursorEnd;
    private uint _cursorAddress;

    /// <summary>The mode.</summary>
    public VgaMode Mode { get; private set; }

    /// <summary>Everything has to be drawn anew.</summary>
    public bool All { get; set; } = true;

    /// <summary>Some page may have changed.</summary>
    public bool Any { get; set; }

    /// <summary>One bit a page of video memory.</summary>
    public ulong[] DirtyPages { get; } = new ulong[(pages + 63) / 64];

    /// <summary>The palette.</summary>
    public uint[] Colours { get; } = new uint[VgaCore.PaletteSize];

    /// <summary>The sixteen colours of text and planar modes.</summary>
    public uint[] AttributeColours { get; } = new uint[16];

    /// <summary>Attribute mode control register.</summary>
    public byte AttributeMode { get; private set; }

    /// <summary>Planes that show.</summary>
    public int Planes { get; private set; }

    /// <summary>Character map select register.</summary>
    public byte CharacterMap { get; private set; }

    /// <summary>Row of a character cell that is underlined in monochrome text modes.</summary>
    public int UnderlineRow { get; private set; }

    /// <summary>The cursor is in the visible phase of its blinking.</summary>
    public bool CursorShows { get; private set; }

    /// <summary>Blinking text is in its visible phase.</summary>
    public bool BlinkingTextShows { get; private set; }

    /// <summary>Address of the cursor's cell if it shows on a row of the cell, or an address no cell has.</summary>
    public uint CursorAddress(int rowScan) => CursorShows && rowScan >= _cursorStart && rowScan <= _cursorEnd ? _cursorAddress : uint.MaxValue;

    /// <summary>Copies the registers. On the machine's thread.</summary>
    public void Latch(VgaCore vga, IClock clock)
    {
        VgaMode mode = new(vga);
        long frames = clock.Nanoseconds / NanosecondsPerFrame;
        long blinkPhase = frames / (CursorBlinkFrames / 2);
        if (_version != vga.Version || mode.Width != Mode.Width || mode.Height != Mode.Height)
            All = true;
        if (mode.Format == VgaFormat.Text && blinkPhase != _blinkPhase)
            All = true;
        Mode = mode;
        _blinkPhase = blinkPhase;
        if (!All)
            return;
        _version = vga.Version;
        ReadOnlySpan<byte> crtc = vga.CrtcRegisters, attribute = vga.AttributeRegisters;
        AttributeMode = attribute[VgaRegister.Attribute.Mode];
        Planes = attribute[VgaRegister.Attribute.PlaneEnable] & 0x0F;
        CharacterMap = vga.SequencerRegisters[Sequencer.CharacterMap];
        UnderlineRow = crtc[Crtc.Underline] & 0x1F;
        _cursorStart = crtc[Crtc.CursorStart] & 0x1F;
        _cursorEnd = crtc[Crtc.CursorEnd] & 0x1F;
        _cursorAddress = (uint)(crtc[Crtc.CursorHigh] << 8 | crtc[Crtc.CursorLow]);
        CursorShows = (crtc[Crtc.CursorStart] & Crtc.CursorOff) == 0 && (frames & CursorBlinkFrames) == 0;
        BlinkingTextShows = (frames & TextBlinkFrames) == 0;
        LatchPalette(vga);
    }

    private void LatchPalette(VgaCore vga)
    {
        ReadOnlySpan<byte> palette = vga.Palette;
        bool eightBits = vga.Vbe.EightBitDac;
        for (int i = 0; i < Colours.Length; i++)
        {
            int entry = 3 * (i & vga.PelMask);
            Colours[i] = Opaque | Level(palette[entry], eightBits) << 16 | Level(palette[entry + 1], eightBits) << 8 | Level(palette[entry + 2], eightBits);
        }
        ReadOnlySpan<byte> attribute = vga.AttributeRegisters;
        int select = attribute[VgaRegister.Attribute.ColourSelect];
        for (int i = 0; i < AttributeColours.Length; i++)
        {
            int colour = attribute[i] & 0x3F;
            if ((AttributeMode & VgaRegister.Attribute.PaletteBits54) != 0)
                colour = colour & 0x0F | (select & 0x03) << 4;
            colour |= (select & 0x0C) << 4;
            AttributeColours[i] = Colours[colour];
        }
    }

    /// <summary>Six bits become eight so that full brightness is 255.</summary>
    private static uint Level(byte value, bool eightBits) => eightBits ? value : (uint)(value << 2 | value >> 4) & 0xFF;
}
