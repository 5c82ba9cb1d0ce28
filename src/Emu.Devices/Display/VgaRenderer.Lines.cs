using System.Numerics;

using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <content>Drawing of one scan line in each format.</content>
public sealed unsafe partial class VgaRenderer
{
    private const int GlyphBytes = 32;

    private void DrawLine(in VgaMode mode, in ScanLine line)
    {
        switch (mode.Format)
        {
            case VgaFormat.Text:
                DrawText(mode, line);
                break;
            case VgaFormat.Planar:
                DrawPlanar(mode, line);
                break;
            case VgaFormat.Interleaved:
                DrawInterleaved(mode, line);
                break;
            case VgaFormat.Packed256:
                DrawPacked256(mode, line);
                break;
            default:
                DrawLinear(mode, line);
                return;
        }
        int panning = line.Panning * mode.DotRepeat;
        if (mode.DotRepeat == 2)
            DoubleDots(mode.Width / 2 + Margin / 2);
        if (panning > 0)
            _line.AsSpan(panning, mode.Width).CopyTo(_line);
    }

    /// <summary>Half dot clock: each dot twice, in place from the right.</summary>
    private void DoubleDots(int dots)
    {
        for (int x = Math.Min(dots, _line.Length / 2) - 1; x >= 0; x--)
            _line[2 * x] = _line[2 * x + 1] = _line[x];
    }

    private int ColumnsToDraw(in VgaMode mode) => Math.Min(mode.Columns + 1, (_line.Length - 1) / mode.DotsPerColumn);

    private void DrawText(in VgaMode mode, in ScanLine line)
    {
        ReadOnlySpan<byte> crtc = _vga.CrtcRegisters;
        byte attributeMode = _vga.AttributeRegisters[VgaRegister.Attribute.Mode];
        byte planes = (byte)(_vga.AttributeRegisters[VgaRegister.Attribute.PlaneEnable] & 0x0F);
        (uint fontA, uint fontB) = FontOffsets(_vga.SequencerRegisters[Sequencer.CharacterMap]);
        bool blinkEnabled = (attributeMode & VgaRegister.Attribute.Blink) != 0;
        bool hideBlinking = blinkEnabled && !TextPhase;
        bool underlining = (attributeMode & VgaRegister.Attribute.Monochrome) != 0 && line.RowScan == (crtc[Crtc.Underline] & 0x1F);
        uint cursor = CursorAddress(crtc, line.RowScan);
        int dots = mode.DotsPerColumn;
        Span<uint> target = _line;
        int columns = ColumnsToDraw(mode);
        for (int column = 0; column < columns; column++)
        {
            uint address = WordAddress(mode, line, column);
            uint cell = ReadWord(address);
            byte character = (byte)cell;
            byte attribute = (byte)(cell >> 8);
            uint font = (attribute & 8) != 0 ? fontA : fontB;
            int glyph = (byte)(ReadWord(font + (uint)character * GlyphBytes + (uint)line.RowScan) >> 16);
            glyph <<= 1;
            // The ninth dot repeats the eighth for the line-drawing characters C0h to DFh, and else is background.
            if ((attributeMode & VgaRegister.Attribute.LineGraphics) != 0 && (character & 0xE0) == 0xC0)
                glyph |= glyph >> 1 & 1;
            if (hideBlinking && (attribute & 0x80) != 0)
                glyph = 0;
            if (underlining && (attribute & 0x77) == 1)
                glyph = 0x1FF;
            if (address == cursor)
                glyph = 0x1FF;
            int background = blinkEnabled ? attribute >> 4 & 7 : attribute >> 4;
            uint on = _attributeColours[attribute & 0x0F & planes];
            uint off = _attributeColours[background & planes];
            Span<uint> dotsOfCell = target.Slice(column * dots, dots);
            for (int dot = 0; dot < dotsOfCell.Length; dot++)
                dotsOfCell[dot] = (glyph & 0x100 >> dot) != 0 ? on : off;
        }
    }

    /// <summary>Address of the cursor's cell if it shows on this row of the cell and in this phase of its blinking, or an address no cell has.</summary>
    private uint CursorAddress(ReadOnlySpan<byte> crtc, int rowScan)
    {
        int start = crtc[Crtc.CursorStart] & 0x1F, end = crtc[Crtc.CursorEnd] & 0x1F;
        bool visible = (crtc[Crtc.CursorStart] & Crtc.CursorOff) == 0 && CursorPhase && rowScan >= start && rowScan <= end;
        return visible ? (uint)(crtc[Crtc.CursorHigh] << 8 | crtc[Crtc.CursorLow]) : uint.MaxValue;
    }

    /// <summary>Where in plane 2 the fonts of attribute bit 3 set (A) and clear (B) start.</summary>
    private static (uint A, uint B) FontOffsets(byte characterMap)
    {
        int a = characterMap >> 2 & 3 | characterMap >> 3 & 4;
        int b = characterMap & 3 | characterMap >> 2 & 4;
        return (Offset(a), Offset(b));

        static uint Offset(int map) => (uint)((map & 3) * 0x4000 + (map >> 2) * 0x2000);
    }

    private void DrawPlanar(in VgaMode mode, in ScanLine line)
    {
        int planes = _vga.AttributeRegisters[VgaRegister.Attribute.PlaneEnable] & 0x0F;
        Span<uint> target = _line;
        int columns = ColumnsToDraw(mode);
        for (int column = 0; column < columns; column++)
        {
            uint word = ReadWord(WordAddress(mode, line, column));
            Span<uint> dots = target.Slice(column * 8, 8);
            for (int dot = 0; dot < 8; dot++)
            {
                uint bits = word >> (7 - dot) & 0x01010101;
                int colour = (int)(bits | bits >> 7 | bits >> 14 | bits >> 21) & planes;
                dots[dot] = _attributeColours[colour];
            }
        }
    }

    /// <summary>Planes 0 and 1 give two bits a dot, planes 2 and 3 two more; the even byte holds the first four dots.</summary>
    private void DrawInterleaved(in VgaMode mode, in ScanLine line)
    {
        int planes = _vga.AttributeRegisters[VgaRegister.Attribute.PlaneEnable] & 0x0F;
        Span<uint> target = _line;
        int columns = ColumnsToDraw(mode);
        for (int column = 0; column < columns; column++)
        {
            uint word = ReadWord(WordAddress(mode, line, column));
            Span<uint> dots = target.Slice(column * 8, 8);
            for (int dot = 0; dot < 8; dot++)
            {
                uint half = dot < 4 ? word : word >> 8;
                int shift = 6 - 2 * (dot & 3);
                int colour = (int)(half >> shift & 3 | half >> (14 + shift) & 0xC) & planes;
                dots[dot] = _attributeColours[colour];
            }
        }
    }

    private void DrawPacked256(in VgaMode mode, in ScanLine line)
    {
        Span<uint> target = _line;
        int columns = ColumnsToDraw(mode);
        // Without the attribute controller's 8-bit assembly every dot would be a pixel of four bits; no program shows that.
        for (int column = 0; column < columns; column++)
        {
            uint word = ReadWord(WordAddress(mode, line, column));
            Span<uint> dots = target.Slice(column * 8, 8);
            for (int pixel = 0; pixel < 4; pixel++)
                dots[2 * pixel] = dots[2 * pixel + 1] = _colours[(byte)(word >> (8 * pixel))];
        }
    }

    private void DrawLinear(in VgaMode mode, in ScanLine line)
    {
        int bytes = (mode.BitsPerPixel + 7) / 8;
        long available = Math.Max(0, (long)_size - line.Address) / bytes;
        int count = (int)Math.Min(mode.Width, available);
        Span<uint> target = _line.AsSpan(0, mode.Width);
        target[count..].Fill(Opaque);
        target = target[..count];
        byte* source = _bytes + line.Address;
        switch (mode.BitsPerPixel)
        {
            case 8:
                for (int x = 0; x < target.Length; x++)
                    target[x] = _colours[source[x]];
                break;
            case 15:
                for (int x = 0; x < target.Length; x++)
                    target[x] = From15(((ushort*)source)[x]);
                break;
            case 16:
                for (int x = 0; x < target.Length; x++)
                    target[x] = From16(((ushort*)source)[x]);
                break;
            case 24:
                for (int x = 0; x < target.Length; x++)
                    target[x] = Opaque | (uint)(source[3 * x + 2] << 16 | source[3 * x + 1] << 8 | source[3 * x]);
                break;
            default:
                From32(new ReadOnlySpan<uint>(source, count), target);
                break;
        }
    }

    private static void From32(ReadOnlySpan<uint> source, Span<uint> target)
    {
        int x = 0;
        Vector<uint> alpha = new(Opaque);
        for (; x <= source.Length - Vector<uint>.Count; x += Vector<uint>.Count)
            (new Vector<uint>(source[x..]) | alpha).CopyTo(target[x..]);
        for (; x < source.Length; x++)
            target[x] = source[x] | Opaque;
    }

    private static uint From15(uint pixel) => Opaque | Five(pixel >> 10) << 16 | Five(pixel >> 5) << 8 | Five(pixel);

    private static uint From16(uint pixel)
    {
        uint green = pixel >> 5 & 0x3F;
        return Opaque | Five(pixel >> 11) << 16 | (green << 2 | green >> 4) << 8 | Five(pixel);
    }

    private static uint Five(uint level)
    {
        level &= 0x1F;
        return level << 3 | level >> 2;
    }
}
