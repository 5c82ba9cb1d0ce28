using Emu.Mmu;

namespace Emu.Devices.Display;

/// <summary>One scan line: where its memory starts and which row of the character cell it is.</summary>
/// <param name="Address">Word (byte in linear modes) of the first column.</param>
/// <param name="RowScan">Row of the character cell.</param>
/// <param name="Panning">Dots by which the line is shifted to the left.</param>
internal readonly record struct VgaScanLine(int Address, int RowScan, int Panning)
{
    /// <summary>Address of a word, with the row scan counter substituted for address bits as the CGA's and Hercules' memory maps need.</summary>
    public uint WordAddress(in VgaMode mode, int column)
    {
        uint address = (uint)(Address + column);
        if (mode.RowScanToBit13)
            address = address & ~(1u << mode.RowScanShift) | (uint)(RowScan & 1) << mode.RowScanShift;
        if (mode.RowScanToBit14)
            address = address & ~(2u << mode.RowScanShift) | (uint)(RowScan >> 1 & 1) << (mode.RowScanShift + 1);
        return address & mode.WordMask;
    }

    /// <summary>A word of video memory: one byte of each plane. Beyond its end there are zeros.</summary>
    public static unsafe uint ReadWord(GuestRam vram, uint word)
    {
        ulong at = (ulong)word * 4;
        return at + 4 <= vram.Size ? *(uint*)(vram.Base + at) : 0;
    }
}

/// <summary>Counts rows and scan lines as the CRT controller does.</summary>
internal struct VgaLineWalker(in VgaMode mode)
{
    private int _y = -1;
    private int _address = mode.Start;
    private int _rowScan = mode.PresetRowScan;
    private int _panning = mode.PelPanning;
    private bool _repeat;
    private bool _halfLine;

    /// <summary>The next scan line from the top.</summary>
    public VgaScanLine Next(in VgaMode mode)
    {
        if (_y >= 0)
            Advance(mode);
        else
            _y = 0;
        return new VgaScanLine(_address, _rowScan, _panning);
    }

    private void Advance(in VgaMode mode)
    {
        if (mode.HalfLineClock)
        {
            _halfLine = !_halfLine;
            if (_halfLine)
                return;
        }
        // Below the split the screen starts again at address 0 (line compare).
        if (_y++ == mode.LineCompare)
        {
            _address = mode.SplitIgnoresPanning ? 0 : mode.BytePanningOfSplit;
            _rowScan = 0;
            _repeat = false;
            if (mode.SplitIgnoresPanning)
                _panning = 0;
            return;
        }
        if (mode.DoubleScan)
        {
            _repeat = !_repeat;
            if (_repeat)
                return;
        }
        if (_rowScan == mode.MaximumScanLine)
        {
            _rowScan = 0;
            _address += mode.Pitch;
        }
        else
        {
            _rowScan = (_rowScan + 1) & 0x1F;
        }
    }
}
