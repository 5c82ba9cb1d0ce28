using System.Numerics;

using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Display;

/// <summary>
/// Makes the picture in two steps: registers and the log of written pages are latched on the machine's thread, which takes
/// microseconds, and the scan lines that changed are then drawn wherever the host has time.
/// </summary>
public sealed partial class VgaRenderer : IDisplaySource
{
    /// <summary>From this share of the screen on, written pages are not watched one by one for a while.</summary>
    private const int BusyShare = 4;

    /// <summary>Pictures for which a busy screen counts as written everywhere: half a second. Each page watched costs the guest a slow write.</summary>
    private const int BusyPictures = 29;

    /// <summary>Watching so few pages costs the guest less than drawing all of them costs the host.</summary>
    private const int FewPages = 8;

    private readonly VgaCore _vga;
    private readonly GuestRam _vram;
    private readonly IClock _clock;
    private readonly VgaScanout _scanout;
    private readonly VgaPainter _painter;
    private readonly DisplayFrame _frame = new();
    private readonly int _pages;
    private bool _logging;
    private int _busy;

    /// <summary>Draws what <paramref name="vga"/> shows of <paramref name="vram"/>.</summary>
    public VgaRenderer(VgaCore vga, GuestRam vram, IClock clock)
    {
        _vga = vga;
        _vram = vram;
        _clock = clock;
        _pages = (int)(vram.Size / GuestMemory.PageSize);
        _scanout = new VgaScanout(_pages);
        _painter = new VgaPainter(vram);
    }

    /// <inheritdoc/>
    public bool Latch()
    {
        if (!_logging)
        {
            _logging = true;
            _vram.StartDirtyLog();
        }
        _scanout.All = _scanout.Any = false;
        _scanout.Latch(_vga, _clock);
        if (_busy > 0)
        {
            _busy--;
            _scanout.Any = true;
            return true;
        }
        _scanout.Any = _vram.GetAndClearDirty(0, _vram.Size, _scanout.DirtyPages);
        if (_scanout.Any && IsBusy())
        {
            _busy = BusyPictures;
            Array.Fill(_scanout.DirtyPages, ulong.MaxValue);
        }
        return _scanout.All || _scanout.Any;
    }

    /// <inheritdoc/>
    public DisplayFrame Paint()
    {
        _painter.Paint(_scanout, _frame);
        return _frame;
    }

    /// <inheritdoc/>
    public DisplayFrame Update()
    {
        Latch();
        return Paint();
    }

    /// <inheritdoc/>
    public DisplayFrame Capture()
    {
        VgaScanout scanout = new(_pages);
        scanout.Latch(_vga, _clock);
        DisplayFrame frame = new();
        new VgaPainter(_vram).Paint(scanout, frame);
        return frame;
    }

    /// <summary>Whether the guest wrote so much of a large picture that it is likely to do so again at once.</summary>
    private bool IsBusy()
    {
        VgaMode mode = _scanout.Mode;
        if (mode.Format != VgaFormat.Linear)
            return false;
        int written = 0;
        foreach (ulong word in _scanout.DirtyPages)
            written += BitOperations.PopCount(word);
        long shown = (long)mode.Pitch * mode.Height / GuestMemory.PageSize;
        return written >= FewPages && written > shown / BusyShare;
    }
}
