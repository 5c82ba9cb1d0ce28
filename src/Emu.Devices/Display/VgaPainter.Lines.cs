using System.Runtime.Intrinsics;

using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <content>Drawing of one scan line in each format.</content>
internal sealed unsafe partial class VgaPainter
{
    private const int GlyphBytes = 32;

    private void DrawLine(VgaScanout scanout, in VgaScanLine line)
    {
        VgaMode mode = scanout.Mode;
        switch (mode.Format)
        {
            case VgaFormat.Text:
                DrawText(scanout, line);
                break;
            case VgaFormat.Planar:
                DrawPlanar(scanout, line);
                break;
            case VgaFormat.Interleaved:
                DrawInterleaved(scanout, line);
                break;
            case VgaFormat.Packed256:
                DrawPacked256(scanout, line);
                break;
            default:
                DrawLinear(scanout, line);
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

    private void DrawText(VgaScanout scanout, in VgaScanLine line)
    {
        VgaMode mode = scanout.Mode;
        byte attributeMode = scanout.AttributeMode;
        int planes = scanout.Planes;
        (uint fontA, uint fontB) = FontOffsets(scanout.CharacterMap);
        bool blinkEnabled = (attributeMode & VgaRegister.Attribute.Blink) != 0;
        bool hideBlinking = blinkEnabled && !scanout.BlinkingTextShows;
        bool underlining = (attributeMode & VgaRegister.Attribute.Monochrome) != 0 && line.RowScan == scanout.UnderlineRow;
        uint cursor = scanout.CursorAddress(line.RowScan);
        int dots = mode.DotsPerColumn;
        Span<uint> target = _line;
        int columns = ColumnsToDraw(mode);
        for (int column = 0; column < columns; column++)
        {
            uint address = line.WordAddress(mode, column);
            uint cell = VgaScanLine.ReadWord(vram, address);
            byte character = (byte)cell;
            byte attribute = (byte)(cell >> 8);
            uint font = (attribute & 8) != 0 ? fontA : fontB;
            int glyph = (byte)(VgaScanLine.ReadWord(vram, font + (uint)character * GlyphBytes + (uint)line.RowScan) >> 16);
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
            uint on = scanout.AttributeColours[attribute & 0x0F & planes];
            uint off = scanout.AttributeColours[background & planes];
            Span<uint> dotsOfCell = target.Slice(column * dots, dots);
            for (int dot = 0; dot < dotsOfCell.Length; dot++)
                dotsOfCell[dot] = (glyph & 0x100 >> dot) != 0 ? on : off;
        }
    }

    /// <summary>Where in plane 2 the fonts of attribute bit 3 set (A) and clear (B) start.</summary>
    private static (uint A, uint B) FontOffsets(byte characterMap)
    {
        int a = characterMap >> 2 & 3 | characterMap >> 3 & 4;
        int b = characterMap & 3 | characterMap >> 2 & 4;
        return (Offset(a), Offset(b));

        static uint Offset(int map) => (uint)((map & 3) * 0x4000 + (map >> 2) * 0x2000);
    }

    private void DrawPlanar(VgaScanout scanout, in VgaScanLine line)
    {
        VgaMode mode = scanout.Mode;
        int columns = ColumnsToDraw(mode);
        for (int column = 0; column < columns; column++)
        {
            uint word = VgaScanLine.ReadWord(vram, line.WordAddress(mode, column));
            for (int dot = 0; dot < 8; dot++)
            {
                uint bits = word >> (7 - dot) & 0x01010101;
                DrawAttributeDot(scanout, column, dot, bits | bits >> 7 | bits >> 14 | bits >> 21);
            }
        }
    }

    /// <summary>Planes 0 and 1 give two bits a dot, planes 2 and 3 two more; the even byte holds the first four dots.</summary>
    private void DrawInterleaved(VgaScanout scanout, in VgaScanLine line)
    {
        VgaMode mode = scanout.Mode;
        int columns = ColumnsToDraw(mode);
        for (int column = 0; column < columns; column++)
        {
            uint word = VgaScanLine.ReadWord(vram, line.WordAddress(mode, column));
            for (int dot = 0; dot < 8; dot++)
            {
                uint half = dot < 4 ? word : word >> 8;
                int shift = 6 - 2 * (dot & 3);
                DrawAttributeDot(scanout, column, dot, half >> shift & 3 | half >> (14 + shift) & 0xC);
            }
        }
    }

    /// <summary>A dot of one of the sixteen colours, as far as its planes show.</summary>
    private void DrawAttributeDot(VgaScanout scanout, int column, int dot, uint colour) =>
        _line[column * 8 + dot] = scanout.AttributeColours[colour & 0xF & (uint)scanout.Planes];

    private void DrawPacked256(VgaScanout scanout, in VgaScanLine line)
    {
        VgaMode mode = scanout.Mode;
        Span<uint> target = _line;
        int columns = ColumnsToDraw(mode);
        // Without the attribute controller's 8-bit assembly every dot would be a pixel of four bits; no program shows that.
        for (int column = 0; column < columns; column++)
        {
            uint word = VgaScanLine.ReadWord(vram, line.WordAddress(mode, column));
            Span<uint> dots = target.Slice(column * 8, 8);
            for (int pixel = 0; pixel < 4; pixel++)
                dots[2 * pixel] = dots[2 * pixel + 1] = scanout.Colours[(byte)(word >> (8 * pixel))];
        }
    }

    private void DrawLinear(VgaScanout scanout, in VgaScanLine line)
    {
        VgaMode mode = scanout.Mode;
        int bytes = (mode.BitsPerPixel + 7) / 8;
        long available = Math.Max(0, (long)vram.Size - line.Address) / bytes;
        int count = (int)Math.Min(mode.Width, available);
        Span<uint> target = _line.AsSpan(0, mode.Width);
        target[count..].Fill(Opaque);
        target = target[..count];
        byte* source = vram.Base + line.Address;
        switch (mode.BitsPerPixel)
        {
            case 8:
                for (int x = 0; x < target.Length; x++)
                    target[x] = scanout.Colours[source[x]];
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
                From32((uint*)source, target);
                break;
        }
    }

    /// <summary>
    /// A line of dots of four bytes. Read past the caches (MOVNTDQA): a line of the guest's that stays in the caches of this processor has to be fetched back
    /// when the guest writes it again, which is most of what showing its picture costs it.
    /// </summary>
    private static void From32(uint* source, Span<uint> target)
    {
        Vector256<uint> alpha = Vector256.Create(Opaque);
        nuint misaligned = (0 - (nuint)source) % (nuint)Vector256<byte>.Count;
        int head = misaligned % sizeof(uint) == 0 ? (int)Math.Min((nuint)target.Length, misaligned / sizeof(uint)) : target.Length;
        int x = 0;
        for (; x < head; x++)
            target[x] = source[x] | Opaque;
        for (; x <= target.Length - Vector256<uint>.Count; x += Vector256<uint>.Count)
            (Vector256.LoadAlignedNonTemporal(source + x) | alpha).CopyTo(target[x..]);
        for (; x < target.Length; x++)
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
