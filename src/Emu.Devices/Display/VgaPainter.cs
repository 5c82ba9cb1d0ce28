using Emu.Mmu;

namespace Emu.Devices.Display;

/// <summary>
/// Draws a picture from latched registers and video memory. Video memory is read while the guest may be writing it, as a real adapter
/// does: what is caught half-way is marked written and drawn again next time.
/// </summary>
internal sealed unsafe partial class VgaPainter(GuestRam vram)
{
    private const uint Opaque = 0xFF000000;
    private const int Margin = 32;

    private uint[] _line = [];

    /// <summary>Draws the scan lines that may have changed.</summary>
    public void Paint(VgaScanout scanout, DisplayFrame frame)
    {
        VgaMode mode = scanout.Mode;
        frame.Begin(mode.Width, mode.Height);
        if (!scanout.All && !scanout.Any)
            return;
        if (_line.Length < mode.Width + Margin)
            _line = new uint[mode.Width + Margin];
        if (mode.Format == VgaFormat.Blank)
        {
            Span<uint> black = _line.AsSpan(0, mode.Width);
            black.Fill(Opaque);
            for (int y = 0; y < mode.Height; y++)
                frame.SetRow(y, black);
            return;
        }
        VgaScanLine previous = default;
        bool drawn = false;
        VgaLineWalker walker = new(mode);
        for (int y = 0; y < mode.Height; y++)
        {
            VgaScanLine line = walker.Next(mode);
            bool same = y > 0 && line == previous;
            previous = line;
            if (!same)
                drawn = scanout.All || IsDirty(scanout, mode, line);
            if (!drawn)
                continue;
            if (!same)
                DrawLine(scanout, line);
            frame.SetRow(y, _line.AsSpan(0, mode.Width));
        }
    }

    private bool IsDirty(VgaScanout scanout, in VgaMode mode, in VgaScanLine line)
    {
        ulong start, length;
        if (mode.Format == VgaFormat.Linear)
        {
            start = (ulong)line.Address;
            length = (ulong)mode.Width * (uint)((mode.BitsPerPixel + 7) / 8);
        }
        else
        {
            if (mode.Format == VgaFormat.Text)
                return true;
            start = (ulong)line.WordAddress(mode, 0) * 4;
            length = (ulong)(mode.Columns + 1) * 4;
            if (((start / 4 + length / 4) & ~(ulong)mode.WordMask) != 0)
                return true;
        }
        ulong last = Math.Min(start + length - 1, vram.Size - 1);
        for (ulong page = start / GuestMemory.PageSize; page <= last / GuestMemory.PageSize; page++)
        {
            if ((scanout.DirtyPages[page >> 6] >> (int)(page & 63) & 1) != 0)
                return true;
        }
        return false;
    }
}
