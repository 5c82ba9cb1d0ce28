using System.Runtime.InteropServices;
using Emu.Devices.Serial;
using Microsoft.Win32.SafeHandles;

namespace Emu.Stepper.Terminal;

/// <summary>
/// The process's own terminal, in raw mode with mouse reports and the alternate screen for as long as this lives. However the process ends or is
/// stopped, the terminal is as before.
/// </summary>
public sealed class HostConsole : ITerminal, IDisposable
{
    private const string Enter = "\e[?1049h\e[?25l\e[?1000h\e[?1006h\e[2J";
    private const string Leave = "\e[?1006l\e[?1000l\e[?25h\e[0m\e[?1049l";

    /// <summary>Ctrl-L, which draws the screen anew.</summary>
    private const byte Redraw = 0x0C;

    private readonly HostTerminal raw;
    // Not Console's stream, which reads whole lines and echoes them.
    private readonly FileStream input = new(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 1);
    private readonly StreamWriter output = new(Console.OpenStandardOutput(), new System.Text.UTF8Encoding(false), 1 << 16) { AutoFlush = false };
    private readonly System.Collections.Concurrent.BlockingCollection<byte[]> arrived = [];
    private readonly List<PosixSignalRegistration> signals = [];
    private readonly Lock gate = new();
    private bool shows;
    private byte[] rest = [];

    private HostConsole(HostTerminal raw)
    {
        this.raw = raw;
        Show();
        AppDomain.CurrentDomain.ProcessExit += OnEnd;
        AppDomain.CurrentDomain.UnhandledException += OnEnd;
        // Signals do what they always do, with the terminal put back before.
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]) signals.Add(PosixSignalRegistration.Create(signal, _ => GiveBack()));
        signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, signal =>
        {
            signal.Cancel = true;
            Suspend();
        }));
        signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ =>
        {
            Show();
            arrived.Add([Redraw]);
        }));
        // Standard input cannot be read with a time limit, so a thread waits for it.
        Thread reader = new(ReadInput) { IsBackground = true, Name = "terminal input" };
        reader.Start();
    }

    /// <inheritdoc/>
    public int Width => Math.Max(1, Console.WindowWidth);

    /// <inheritdoc/>
    public int Height => Math.Max(1, Console.WindowHeight);

    /// <summary>Takes the terminal over; null if standard input or output is none, or it can do nothing but write lines.</summary>
    public static HostConsole? Open()
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected || Environment.GetEnvironmentVariable("TERM") == "dumb") return null;
        // The first question for the size makes Console set the terminal up its own way; that must be over before raw mode.
        _ = Console.WindowWidth;
        return HostTerminal.EnterRaw(keepSignals: false) is { } raw ? new HostConsole(raw) : null;
    }

    /// <inheritdoc/>
    public void Write(string text)
    {
        lock (gate)
        {
            if (shows) Send(text);
        }
    }

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, TimeSpan patience)
    {
        if (rest.Length == 0 && (arrived.IsCompleted || !arrived.TryTake(out rest!, patience)))
        {
            rest = [];
            return arrived.IsCompleted ? -1 : 0;
        }

        int count = Math.Min(buffer.Length, rest.Length);
        rest.AsSpan(0, count).CopyTo(buffer);
        rest = rest[count..];
        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnEnd;
        AppDomain.CurrentDomain.UnhandledException -= OnEnd;
        foreach (PosixSignalRegistration signal in signals) signal.Dispose();
        GiveBack();
    }

    /// <inheritdoc/>
    public void Suspend()
    {
        Hide();
        raw.Suspend();
    }

    private void OnEnd(object? sender, EventArgs arguments) => GiveBack();

    private void GiveBack()
    {
        Hide();
        raw.Dispose();
    }

    private void Show()
    {
        lock (gate)
        {
            if (!shows) Send(Enter);
            shows = true;
        }
    }

    private void Hide()
    {
        lock (gate)
        {
            if (shows) Send(Leave);
            shows = false;
        }
    }

    private void Send(string text)
    {
        try
        {
            output.Write(text);
            output.Flush();
        }
        catch (IOException)
        {
            // The terminal has gone; reading will say so.
        }
    }

    private void ReadInput()
    {
        byte[] buffer = new byte[256];
        int count;
        try
        {
            while ((count = input.Read(buffer)) > 0) arrived.Add(buffer[..count]);
        }
        catch (IOException)
        {
            // The terminal has gone.
        }

        arrived.CompleteAdding();
    }
}
