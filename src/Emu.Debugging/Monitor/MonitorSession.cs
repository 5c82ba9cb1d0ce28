using System.Text;
using Emu.Devices.Serial;

namespace Emu.Debugging.Monitor;

/// <summary>A human monitor on a character line. On a terminal it edits lines; on a pipe or a plain socket it takes them as they come.</summary>
public sealed class MonitorSession : ICharacterReceiver
{
    private const string Prompt = "(emu) ";
    private const int MaxLine = 4096;

    private readonly HumanMonitor monitor;
    private readonly ICharacterDevice line;
    private readonly LineEditor? editor;
    private readonly StringBuilder plain = new();
    private bool greeted;

    /// <summary>Connects a monitor to a line.</summary>
    /// <param name="monitor">The monitor.</param>
    /// <param name="line">The line.</param>
    /// <param name="terminal">A person types on a terminal in raw mode at the other end.</param>
    /// <param name="greet">Say hello at once rather than when somebody connects.</param>
    public MonitorSession(HumanMonitor monitor, ICharacterDevice line, bool terminal, bool greet)
    {
        this.monitor = monitor;
        this.line = line;
        if (terminal) editor = new LineEditor(Prompt, Write, monitor.Complete);
        if (greet) Greet();
        line.Receiver = this;
    }

    /// <inheritdoc/>
    public int ReceiveCapacity => MaxLine;

    /// <summary>Says hello the first time, and shows the prompt.</summary>
    public void Greet()
    {
        Write(greeted ? "\r\n" : $"Emulator {HumanMonitor.Version} monitor - type 'help' for more information\r\n");
        greeted = true;
        ShowPrompt();
    }

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            if ((editor != null ? editor.Feed(value) : FeedPlain(value)) is not { } command) continue;
            string output = monitor.Execute(command);
            Write(output);
            if (!monitor.HasEnded) ShowPrompt();
        }
    }

    /// <inheritdoc/>
    public void Signal(CharacterEvent signal)
    {
        if (signal != CharacterEvent.Opened) return;
        greeted = false;
        plain.Clear();
        Greet();
    }

    private string? FeedPlain(byte value)
    {
        if (value is (byte)'\n')
        {
            string result = plain.ToString();
            plain.Clear();
            return result;
        }

        if (value != (byte)'\r' && plain.Length < MaxLine) plain.Append((char)value);
        return null;
    }

    private void ShowPrompt()
    {
        if (editor != null) editor.Redraw();
        else Write(Prompt);
    }

    // A terminal in raw mode does not return the carriage by itself.
    private void Write(string text) => line.Write(Encoding.UTF8.GetBytes(editor != null ? text.ReplaceLineEndings("\r\n") : text.ReplaceLineEndings("\n")));
}
