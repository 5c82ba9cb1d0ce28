using Emu.Cpu;
using Emu.Mmu;

using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <summary>
/// Makes the picture: walks the scan lines as the CRT controller counts them, and draws those whose memory or registers
/// changed.
/// </summary>
public sealed unsafe partial class VgaRenderer : IDisplaySurface
{
    private const uint Opaque = 0xFF000000;
    private const long NanosecondsPerFrame = 1_000_000_000 / 60;
    private const int CursorBlinkFrames = 16;
    private const int TextBlinkFrames = 32;
    private const int Margin = 32;

    private readonly VgaCore _vga;
    private readonly GuestRam _vram;
    private readonly IClock _clock;
    private readonly byte* _bytes;
    private readonly uint _size;
    private readonly uint[] _colours = new uint[VgaCore.PaletteSize];
    private readonly uint[] _attributeColours = new uint[16];
    private readonly ulong[] _dirtyPages;
    private readonly DisplayFrame _frame = new();
    private uint[] _line = [];
    private uint _version;
    private long _blinkPhase;
    private bool _logging;

    /// <summary>Draws what <paramref name="vga"/> shows of <paramref name="vram"/>.</summary>
    public VgaRenderer(VgaCore vga, GuestRam vram, IClock clock)
    {
        _vga = vga;
        _vram = vram;
        _clock = clock;
        _bytes = vram.Base;
        _size = (uint)vram.Size;
        _dirtyPages = new ulong[(vram.Size / GuestMemory.PageSize + 63) / 64];
    }

    /// <summary>One scan line: where its memory starts and which row of the character cell it is.</summary>
    private readonly record struct ScanLine(int Address, int RowScan, int Panning);

    /// <inheritdoc/>
    public DisplayFrame Update()
    {
        if (!_logging)
        {
            _logging = true;
            _vram.StartDirtyLog();
        }
        VgaMode mode = new(_vga);
        bool dirty = _vram.GetAndClearDirty(0, _size, _dirtyPages);
        bool all = _version != _vga.Version || mode.Width != _frame.Width || mode.Height != _frame.Height;
        if (mode.Format == VgaFormat.Text && BlinkPhase != _blinkPhase)
        {
            _blinkPhase = BlinkPhase;
            all = true;
        }
        _version = _vga.Version;
        _frame.Begin(mode.Width, mode.Height);
        if (all || dirty)
            Draw(mode, _frame, all);
        return _frame;
    }

    /// <inheritdoc/>
    public DisplayFrame Capture()
    {
        VgaMode mode = new(_vga);
        DisplayFrame frame = new();
        frame.Begin(mode.Width, mode.Height);
        Draw(mode, frame, all: true);
        return frame;
    }

    private long BlinkPhase => _clock.Nanoseconds / (NanosecondsPerFrame * CursorBlinkFrames / 2);

    private bool CursorPhase => (_clock.Nanoseconds / NanosecondsPerFrame & CursorBlinkFrames) == 0;

    private bool TextPhase => (_clock.Nanoseconds / NanosecondsPerFrame & TextBlinkFrames) == 0;

    private void Draw(in VgaMode mode, DisplayFrame frame, bool all)
    {
        if (_line.Length < mode.Width + Margin)
            _line = new uint[mode.Width + Margin];
        PreparePalette();
        if (mode.Format == VgaFormat.Blank)
        {
            Span<uint> black = _line.AsSpan(0, mode.Width);
            black.Fill(Opaque);
            for (int y = 0; y < mode.Height; y++)
                frame.SetRow(y, black);
            return;
        }
        ScanLine previous = default;
        bool drawn = false;
        LineWalker walker = new(mode);
        for (int y = 0; y < mode.Height; y++)
        {
            ScanLine line = walker.Next(mode);
            bool same = y > 0 && line == previous;
            previous = line;
            if (!same)
                drawn = all || IsDirty(mode, line);
            if (!drawn)
                continue;
            if (!same)
                DrawLine(mode, line);
            frame.SetRow(y, _line.AsSpan(0, mode.Width));
        }
    }

    /// <summary>Counts rows and scan lines as the CRT controller does.</summary>
    private struct LineWalker(in VgaMode mode)
    {
        private int _y = -1;
        private int _address = mode.Start;
        private int _rowScan = mode.PresetRowScan;
        private int _panning = mode.PelPanning;
        private bool _repeat;
        private bool _halfLine;

        public ScanLine Next(in VgaMode mode)
        {
            if (_y >= 0)
                Advance(mode);
            else
                _y = 0;
            return new ScanLine(_address, _rowScan, _panning);
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

    private bool IsDirty(in VgaMode mode, in ScanLine line)
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
            start = (ulong)WordAddress(mode, line, 0) * 4;
            length = (ulong)(mode.Columns + 1) * 4;
            if (((start / 4 + length / 4) & ~(ulong)mode.WordMask) != 0)
                return true;
        }
        ulong last = Math.Min(start + length - 1, _size - 1);
        for (ulong page = start / GuestMemory.PageSize; page <= last / GuestMemory.PageSize; page++)
        {
            if ((_dirtyPages[page >> 6] >> (int)(page & 63) & 1) != 0)
                return true;
        }
        return false;
    }

    /// <summary>Address of a word of a scan line, with the row scan counter substituted for address bits as the CGA's and Hercules' memory maps need.</summary>
    private static uint WordAddress(in VgaMode mode, in ScanLine line, int column)
    {
        uint address = (uint)(line.Address + column);
        if (mode.RowScanToBit13)
            address = address & ~(1u << mode.RowScanShift) | (uint)(line.RowScan & 1) << mode.RowScanShift;
        if (mode.RowScanToBit14)
            address = address & ~(2u << mode.RowScanShift) | (uint)(line.RowScan >> 1 & 1) << (mode.RowScanShift + 1);
        return address & mode.WordMask;
    }

    private uint ReadWord(uint word)
    {
        ulong at = (ulong)word * 4;
        return at + 4 <= _size ? *(uint*)(_bytes + at) : 0;
    }

    private void PreparePalette()
    {
        ReadOnlySpan<byte> palette = _vga.Palette;
        bool eightBits = _vga.Vbe.EightBitDac;
        for (int i = 0; i < _colours.Length; i++)
        {
            int entry = 3 * (i & _vga.PelMask);
            _colours[i] = Opaque | Level(palette[entry], eightBits) << 16 | Level(palette[entry + 1], eightBits) << 8 | Level(palette[entry + 2], eightBits);
        }
        ReadOnlySpan<byte> attribute = _vga.AttributeRegisters;
        byte modeBits = attribute[VgaRegister.Attribute.Mode];
        int select = attribute[VgaRegister.Attribute.ColourSelect];
        for (int i = 0; i < _attributeColours.Length; i++)
        {
            int colour = attribute[i] & 0x3F;
            if ((modeBits & VgaRegister.Attribute.PaletteBits54) != 0)
                colour = colour & 0x0F | (select & 0x03) << 4;
            colour |= (select & 0x0C) << 4;
            _attributeColours[i] = _colours[colour];
        }
    }

    /// <summary>Six bits become eight so that full brightness is 255.</summary>
    private static uint Level(byte value, bool eightBits) => eightBits ? value : (uint)(value << 2 | value >> 4) & 0xFF;
}
