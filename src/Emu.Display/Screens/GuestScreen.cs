using System.Diagnostics;
using Emu.Devices.Display;
using Emu.Display.Consoles;

namespace Emu.Display.Screens;

/// <summary>
/// The guest's screen. A thread asks the machine sixty times a second what was written (microseconds of the machine's time), and
/// paints what has changed from video memory by itself. Nobody looks: nothing is asked.
/// </summary>
public sealed class GuestScreen : IScreen, IDisposable
{
    private const int PicturesPerSecond = 60;
    private const int QuietDivider = 2;
    private const int AsleepDivider = 6;

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Asleep = TimeSpan.FromSeconds(20);

    private readonly Machine.Machine machine;
    private readonly IDisplaySource? source;
    private readonly Thread? painter;
    private readonly AutoResetEvent wake = new(false);
    private readonly AutoResetEvent latched = new(false);
    private readonly Action latch;
    private volatile bool stopping;
    private bool somethingNew;

    /// <summary>For a machine's display adapter, or for a machine that has none. Call before the machine runs.</summary>
    public GuestScreen(Machine.Machine machine)
    {
        this.machine = machine;
        source = machine.Board.Display;
        Input = new GuestInput(machine, Nudge);
        latch = Latch;
        Picture.ViewersChanged += Nudge;
        if (source == null)
        {
            Picture.Paint(NoAdapter);
            return;
        }

        painter = new Thread(() => Paint(source)) { IsBackground = true, Name = "screen" };
        painter.Start();
    }

    /// <inheritdoc/>
    public string Title => "guest";

    /// <inheritdoc/>
    public ScreenPicture Picture { get; } = new();

    /// <inheritdoc/>
    public IInputSink Input { get; }

    /// <summary>Pictures painted because something had changed.</summary>
    public long Painted { get; private set; }

    /// <summary>Stops reading video memory; must come before the machine is disposed.</summary>
    public void Dispose()
    {
        stopping = true;
        wake.Set();
        latched.Set();
        painter?.Join();
    }

    /// <summary>Something is about to happen: look again soon.</summary>
    private void Nudge() => wake.Set();

    private void Paint(IDisplaySource display)
    {
        long period = Stopwatch.Frequency / PicturesPerSecond;
        long next = Stopwatch.GetTimestamp();
        long changed = next;
        while (!stopping)
        {
            if (!Picture.IsWatched)
            {
                wake.WaitOne();
                continue;
            }

            machine.Events.Post(latch);
            latched.WaitOne();
            if (stopping) return;
            if (somethingNew && Picture.Paint(display.Paint))
            {
                changed = Stopwatch.GetTimestamp();
                Painted++;
            }

            TimeSpan still = Stopwatch.GetElapsedTime(changed);
            int divider = still > Asleep ? AsleepDivider : still > Quiet ? QuietDivider : 1;
            next = Math.Max(next + (period * divider), Stopwatch.GetTimestamp());
            WaitUntil(next);
        }
    }

    private void WaitUntil(long time)
    {
        long left = time - Stopwatch.GetTimestamp();
        if (left <= 0) return;
        // Input cuts a long wait short, but does not make pictures come faster than sixty a second.
        int milliseconds = (int)(left * 1000 / Stopwatch.Frequency);
        if (milliseconds > 1000 / PicturesPerSecond && wake.WaitOne(milliseconds - (1000 / PicturesPerSecond))) milliseconds = 1000 / PicturesPerSecond;
        if (!stopping) Thread.Sleep(Math.Min(milliseconds, 1000 / PicturesPerSecond));
    }

    private void Latch()
    {
        somethingNew = source?.Latch() ?? false;
        latched.Set();
    }

    private static DisplayFrame NoAdapter()
    {
        DisplayFrame frame = new();
        TextPainter.Message(frame, 640, 400, "This machine has no display adapter.");
        return frame;
    }
}
