using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <summary>How the bits of video memory become pixels.</summary>
internal enum VgaFormat
{
    /// <summary>Nothing is shown.</summary>
    Blank,

    /// <summary>Characters and attributes with glyphs from plane 2.</summary>
    Text,

    /// <summary>One bit from each of four planes makes a pixel.</summary>
    Planar,

    /// <summary>Two bits a pixel, alternating bytes of planes 0 and 1 (CGA).</summary>
    Interleaved,

    /// <summary>A byte a pixel, two dots wide (mode 13h and the modes derived from it).</summary>
    Packed256,

    /// <summary>Whole pixels of 8 to 32 bits in a linear frame buffer.</summary>
    Linear,
}

/// <summary>What the registers say about the picture, worked out once a frame.</summary>
internal readonly struct VgaMode
{
    private const int LargestWidth = 4096;
    private const int LargestHeight = 4096;

    public VgaMode(VgaCore vga)
    {
        ReadOnlySpan<byte> crtc = vga.CrtcRegisters;
        BochsVbe vbe = vga.Vbe;
        byte clocking = vga.SequencerRegisters[Sequencer.ClockingMode];
        byte shift = vga.GraphicsRegisters[Graphics.Mode];
        MaximumScanLine = crtc[Crtc.MaximumScanLine] & 0x1F;
        DoubleScan = (crtc[Crtc.MaximumScanLine] & Crtc.DoubleScan) != 0;
        Columns = crtc[Crtc.HorizontalDisplayEnd] + 1;
        DotsPerColumn = 8;
        if (vbe.IsEnabled)
        {
            Width = vbe.Width;
            Height = vbe.Height;
            Columns = Width / 8;
            BitsPerPixel = vbe.BitsPerPixel;
            Format = BitsPerPixel == 4 ? VgaFormat.Planar : VgaFormat.Linear;
            Pitch = vbe.Pitch;
            Start = vbe.StartAddress;
            LineCompare = int.MaxValue;
            MaximumScanLine = 0;
            DoubleScan = false;
            WordMask = uint.MaxValue;
            if ((vga.AttributeIndex & VgaRegister.Attribute.PaletteAddressSource) == 0)
                Format = VgaFormat.Blank;
            return;
        }
        int overflow = crtc[Crtc.Overflow];
        Height = (crtc[Crtc.VerticalDisplayEnd] | (overflow & 0x02) << 7 | (overflow & 0x40) << 3) + 1;
        LineCompare = crtc[Crtc.LineCompare] | (overflow & 0x10) << 4 | (crtc[Crtc.MaximumScanLine] & 0x40) << 3;
        Format = vga.IsBlanked ? VgaFormat.Blank
            : !vga.IsGraphics ? VgaFormat.Text
            : (shift & Graphics.Shift256) != 0 ? VgaFormat.Packed256
            : (shift & Graphics.ShiftInterleave) != 0 ? VgaFormat.Interleaved
            : VgaFormat.Planar;
        if (Format is VgaFormat.Text or VgaFormat.Blank && !vga.IsGraphics && (clocking & Sequencer.EightDots) == 0)
            DotsPerColumn = 9;
        DotRepeat = (clocking & Sequencer.HalfDotClock) != 0 ? 2 : 1;
        Width = Math.Min(Columns * DotsPerColumn * DotRepeat, LargestWidth);
        if ((crtc[Crtc.ModeControl] & Crtc.HalfLineClock) != 0)
        {
            Height *= 2;
            HalfLineClock = true;
        }
        Height = Math.Min(Height, LargestHeight);
        // A file of registers that no program has set up shows nothing rather than one pixel.
        if (crtc[Crtc.HorizontalTotal] == 0)
            Format = VgaFormat.Blank;
        Pitch = crtc[Crtc.Offset] * 2;
        Start = (crtc[Crtc.StartHigh] << 8 | crtc[Crtc.StartLow]) + (crtc[Crtc.PresetRowScan] >> 5 & 3);
        PresetRowScan = crtc[Crtc.PresetRowScan] & 0x1F;
        WordMask = 0xFFFF;
        PelPanning = vga.AttributeRegisters[VgaRegister.Attribute.PelPanning] switch
        {
            // 8 is no shift with nine dots, and meaningless with eight, where programs that only change the width leave it.
            >= 8 => 0,
            byte shiftBy => DotsPerColumn == 9 ? shiftBy + 1 : shiftBy,
        };
        BytePanningOfSplit = crtc[Crtc.PresetRowScan] >> 5 & 3;
        RowScanToBit13 = (crtc[Crtc.ModeControl] & Crtc.MapDisplayAddress13) == 0;
        RowScanToBit14 = (crtc[Crtc.ModeControl] & Crtc.MapDisplayAddress14) == 0;
        // In word mode the counter is one bit to the left of the address; our planes drop that bit (see VgaCore's memory layout).
        RowScanShift = (crtc[Crtc.ModeControl] & Crtc.ByteMode) != 0 ? 13 : 12;
        SplitIgnoresPanning = (vga.AttributeRegisters[VgaRegister.Attribute.Mode] & VgaRegister.Attribute.SplitIgnoresPanning) != 0;
    }

    public VgaFormat Format { get; }

    /// <summary>Dots a row as the monitor gets them; half-clock modes have their dots doubled.</summary>
    public int Width { get; }

    /// <summary>Scan lines.</summary>
    public int Height { get; }

    /// <summary>Characters a row, or groups of eight dots.</summary>
    public int Columns { get; }

    public int DotsPerColumn { get; }

    public int DotRepeat { get; } = 1;

    public int BitsPerPixel { get; }

    /// <summary>Words (32 bits, one byte a plane) from a row to the next; bytes in linear modes.</summary>
    public int Pitch { get; }

    /// <summary>Word (byte in linear modes) of the first row.</summary>
    public int Start { get; }

    public int LineCompare { get; }

    public int MaximumScanLine { get; }

    public bool DoubleScan { get; }

    public bool HalfLineClock { get; }

    public int PresetRowScan { get; }

    /// <summary>Dots by which the picture is shifted to the left.</summary>
    public int PelPanning { get; }

    public int BytePanningOfSplit { get; }

    public bool SplitIgnoresPanning { get; }

    public bool RowScanToBit13 { get; }

    public bool RowScanToBit14 { get; }

    public int RowScanShift { get; }

    /// <summary>Where word addresses wrap: 64 K words in VGA modes.</summary>
    public uint WordMask { get; }
}
