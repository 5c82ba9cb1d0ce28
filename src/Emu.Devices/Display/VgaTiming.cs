using Emu.Cpu;

using static Emu.Devices.Display.VgaRegister;

namespace Emu.Devices.Display;

/// <summary>Where the beam is: input status register 1 computed from the clock and the programmed CRT timing.</summary>
internal sealed class VgaTiming(IClock clock)
{
    private const double LowDotClock = 25_175_000;
    private const double HighDotClock = 28_322_000;
    private const long DefaultLine = 31_778;
    private const int DefaultLines = 525;

    private long _line = DefaultLine;
    private long _lineDisplay = DefaultLine * 4 / 5;
    private long _frame = DefaultLine * DefaultLines;
    private long _frameDisplay = DefaultLine * 480;
    private long _retraceStart = DefaultLine * 490;
    private long _retraceEnd = DefaultLine * 492;

    /// <summary>Bit 0: not displaying (horizontal or vertical blanking); bit 3: vertical retrace.</summary>
    public byte Status
    {
        get
        {
            long inFrame = clock.Nanoseconds % _frame;
            byte status = 0;
            if (inFrame >= _frameDisplay || inFrame % _line >= _lineDisplay)
                status |= InputStatus1.DisplayDisabled;
            if (inFrame >= _retraceStart && inFrame < _retraceEnd)
                status |= InputStatus1.VerticalRetrace;
            return status;
        }
    }

    /// <summary>Takes the timing from the registers. Values no monitor could follow give that of 640x480.</summary>
    public void Program(ReadOnlySpan<byte> crtc, byte clockingMode, byte miscellaneous)
    {
        int overflow = crtc[Crtc.Overflow];
        int lines = (crtc[Crtc.VerticalTotal] | (overflow & 0x01) << 8 | (overflow & 0x20) << 4) + 2;
        int displayed = (crtc[Crtc.VerticalDisplayEnd] | (overflow & 0x02) << 7 | (overflow & 0x40) << 3) + 1;
        int retrace = crtc[Crtc.VerticalRetraceStart] | (overflow & 0x04) << 6 | (overflow & 0x80) << 2;
        int retraceLines = (crtc[Crtc.VerticalRetraceEnd] - retrace) & 0x0F;
        double dots = (crtc[Crtc.HorizontalTotal] + 5) * ((clockingMode & Sequencer.EightDots) != 0 ? 8 : 9);
        double rate = (miscellaneous & MiscellaneousOutput.ClockSelectMask) == 0x04 ? HighDotClock : LowDotClock;
        if ((clockingMode & Sequencer.HalfDotClock) != 0)
            rate /= 2;
        long line = (long)(dots * 1e9 / rate);
        long frame = line * lines;
        const long shortest = 4_000_000, longest = 50_000_000;
        if (frame is < shortest or > longest || displayed > lines || retrace >= lines)
        {
            line = DefaultLine;
            lines = DefaultLines;
            (displayed, retrace, retraceLines) = (480, 490, 2);
        }
        _line = line;
        _frame = line * lines;
        int columns = crtc[Crtc.HorizontalTotal] + 5;
        _lineDisplay = Math.Min(line - 1, line * Math.Max(1, crtc[Crtc.HorizontalDisplayEnd] + 1) / Math.Max(1, columns));
        _frameDisplay = line * displayed;
        _retraceStart = line * retrace;
        _retraceEnd = Math.Min(_frame, _retraceStart + line * Math.Max(1, retraceLines));
    }
}
