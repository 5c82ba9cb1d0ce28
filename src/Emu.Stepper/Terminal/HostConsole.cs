using Emu.Devices.Serial;
using Microsoft.Win32.SafeHandles;

namespace Emu.Stepper.Terminal;

/// <summary>The process's own terminal, in raw mode with mouse reports and the alternate screen for as long as this lives.</summary>
public sealed class HostConsole : ITerminal, IDisposable
{
    private const string Enter = "\e[?1049h\e[?25l\e[?1000h\e[?1006h\e[2J";
    private const string Leave = "\e[?1006l\e[?1000l\e[?25h\e[0m\e[?1049l";

    private readonly HostTerminal raw;
    // Not Console's stream, which reads whole lines and echoes them.
    private readonly FileStream input = new(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 1);
    private readonly StreamWriter output = new(Console.OpenStandardOutput(), new System.Text.UTF8Encoding(false), 1 << 16) { AutoFlush = false };
    private readonly System.Collections.Concurrent.BlockingCollection<byte[]> arrived = [];
    private byte[] rest = [];

    private HostConsole(HostTerminal raw)
    {
        this.raw = raw;
        Write(Enter);
        // Standard input cannot be read with a time limit, so a thread waits for it.
        Thread reader = new(ReadInput) { IsBackground = true, Name = "terminal input" };
        reader.Start();
    }

    /// <inheritdoc/>
    public int Width => Math.Max(20, Console.WindowWidth);

    /// <inheritdoc/>
    public int Height => Math.Max(8, Console.WindowHeight);

    /// <summary>Takes the terminal over; null if standard input or output is none.</summary>
    public static HostConsole? Open()
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected) return null;
        // The first question for the size makes Console set the terminal up its own way; that must be over before raw mode.
        _ = Console.WindowWidth;
        return HostTerminal.EnterRaw(keepSignals: false) is { } raw ? new HostConsole(raw) : null;
    }

    /// <inheritdoc/>
    public void Write(string text)
    {
        output.Write(text);
        output.Flush();
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
        Write(Leave);
        raw.Dispose();
    }

    private void ReadInput()
    {
        byte[] buffer = new byte[256];
        int count;
        while ((count = input.Read(buffer)) > 0) arrived.Add(buffer[..count]);
        arrived.CompleteAdding();
    }
}
