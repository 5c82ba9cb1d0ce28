namespace Emu.Stepper.Terminal;

/// <summary>A character terminal: a real one, or one that a test plays.</summary>
public interface ITerminal
{
    /// <summary>Columns.</summary>
    int Width { get; }

    /// <summary>Rows.</summary>
    int Height { get; }

    /// <summary>Sends text with ANSI control sequences.</summary>
    void Write(string text);

    /// <summary>Stops the process until its shell continues it, where there is a shell.</summary>
    void Suspend()
    {
    }

    /// <summary>Reads what was typed, waiting a while; 0 bytes if nothing came, -1 at the end.</summary>
    int Read(Span<byte> buffer, TimeSpan patience);
}
