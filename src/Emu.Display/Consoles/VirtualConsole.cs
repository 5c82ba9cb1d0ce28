using System.Text;
using Emu.Devices.Display;
using Emu.Devices.Input;
using Emu.Devices.Serial;
using Emu.Display.Screens;

namespace Emu.Display.Consoles;

/// <summary>
/// A terminal that is a screen of its own: the other end of a monitor or a serial port (the line <c>vc</c>), looked at in the window
/// or over VNC.
/// </summary>
public sealed class VirtualConsole : CharacterDevice, IScreen, IInputSink
{
    /// <summary>Title of the console with the monitor, by which the window finds it.</summary>
    public const string MonitorTitle = "monitor";

    /// <summary>Title of the console with the stepping tool, by which the window finds it.</summary>
    public const string StepperTitle = "stepper";

    private const int DefaultColumns = 90, DefaultRows = 30;
    private const int RepaintMilliseconds = 15;

    /// <summary>What xterm sends for F1 to F10.</summary>
    private static readonly string[] FunctionKeys = ["\u001bOP", "\u001bOQ", "\u001bOR", "\u001bOS", "\u001b[15~", "\u001b[17~", "\u001b[18~", "\u001b[19~", "\u001b[20~", "\u001b[21~"];

    private readonly Lock gate = new();
    private readonly TextTerminal terminal;
    private readonly DisplayFrame frame = new();
    private readonly Timer repaint;
    private readonly HashSet<KeyCode> held = [];
    private readonly uint[] line;
    private readonly ConsoleMouse mouse;
    private bool repaintPending;

    /// <summary>Makes an empty console.</summary>
    /// <param name="title">What it is connected to.</param>
    /// <param name="post">Runs an action on the machine's thread.</param>
    /// <param name="columns">Characters in a line.</param>
    /// <param name="rows">Lines.</param>
    public VirtualConsole(string title, Action<Action> post, int columns = DefaultColumns, int rows = DefaultRows)
        : base(post)
    {
        Title = title;
        terminal = new TextTerminal(columns, rows);
        line = new uint[columns * ConsoleFont.Width];
        mouse = new ConsoleMouse(columns, rows);
        repaint = new Timer(_ => Paint());
        Paint();
    }

    /// <inheritdoc/>
    public string Title { get; }

    /// <inheritdoc/>
    public ScreenPicture Picture { get; } = new();

    /// <inheritdoc/>
    public IInputSink Input => this;

    /// <inheritdoc/>
    public bool IsAbsolute => true;

    /// <inheritdoc/>
    public bool WantsText => true;

    /// <summary>Characters in a line.</summary>
    public int Columns => terminal.Columns;

    /// <summary>Lines.</summary>
    public int Rows => terminal.Rows;

    /// <summary>The lines on show, without trailing blanks.</summary>
    public string[] ReadText()
    {
        lock (gate) return [.. Enumerable.Range(0, terminal.Rows).Select(terminal.Text)];
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> data)
    {
        lock (gate)
        {
            terminal.Write(data);
            RepaintSoon();
        }
    }

    /// <inheritdoc/>
    public void SetKey(KeyCode key, bool pressed)
    {
        lock (gate)
        {
            if (!(pressed ? held.Add(key) : held.Remove(key)) && !pressed) return;
            if (!pressed) return;
            bool shift = held.Contains(KeyCode.Shift) || held.Contains(KeyCode.ShiftR);
            int page = terminal.Rows - 1;
            int scroll = (key, shift) switch
            {
                (KeyCode.PageUp, true) => page,
                (KeyCode.PageDown, true) => -page,
                (KeyCode.Up, true) => 1,
                (KeyCode.Down, true) => -1,
                _ => 0,
            };
            if (scroll != 0)
            {
                terminal.Scroll(scroll);
                RepaintSoon();
                return;
            }
        }

        Send(Sequence(key));
    }

    /// <inheritdoc/>
    public void Type(string text) => Enqueue(Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    public void ReleaseAll()
    {
        lock (gate) held.Clear();
    }

    /// <inheritdoc/>
    public void Move(int x, int y, int wheel)
    {
        const int linesOfNotch = 3;
        if (wheel == 0) return;
        string report = "";
        lock (gate)
        {
            if (terminal.ReportsMouse)
            {
                report = mouse.Wheel(wheel);
            }
            else
            {
                terminal.Scroll(-wheel * linesOfNotch);
                RepaintSoon();
            }
        }

        Send(report);
    }

    /// <inheritdoc/>
    public void Place(double x, double y)
    {
        lock (gate) mouse.Place(x, y);
    }

    /// <inheritdoc/>
    public void SetButtons(PointerButtons buttons)
    {
        string report;
        lock (gate)
        {
            report = mouse.Press(buttons);
            if (!terminal.ReportsMouse) report = "";
        }

        Send(report);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => repaint.Dispose();

    private void Send(string sequence)
    {
        if (sequence.Length > 0) Enqueue(Encoding.ASCII.GetBytes(sequence));
    }

    /// <summary>What a key that makes no character sends, or what Ctrl makes of one that does.</summary>
    private string Sequence(KeyCode key)
    {
        bool control, shift;
        lock (gate)
        {
            control = held.Contains(KeyCode.Ctrl) || held.Contains(KeyCode.CtrlR);
            shift = held.Contains(KeyCode.Shift) || held.Contains(KeyCode.ShiftR);
        }

        return key switch
        {
            KeyCode.Ret or KeyCode.KpEnter => "\r",
            KeyCode.Backspace => "\u007f",
            KeyCode.Tab => shift ? "\u001b[Z" : "\t",
            KeyCode.Esc => "\u001b",
            KeyCode.Up => "\u001b[A",
            KeyCode.Down => "\u001b[B",
            KeyCode.Right => "\u001b[C",
            KeyCode.Left => "\u001b[D",
            KeyCode.Home => "\u001b[H",
            KeyCode.End => "\u001b[F",
            KeyCode.Insert => "\u001b[2~",
            KeyCode.Delete => "\u001b[3~",
            KeyCode.PageUp => "\u001b[5~",
            KeyCode.PageDown => "\u001b[6~",
            >= KeyCode.F1 and <= KeyCode.F10 => FunctionKeys[key - KeyCode.F1],
            KeyCode.F11 => "\u001b[23~",
            KeyCode.F12 => "\u001b[24~",
            _ when control && KeyTable.Find(key) is { Name: [>= 'a' and <= 'z' and var letter] } => ((char)(letter - 'a' + 1)).ToString(),
            _ => "",
        };
    }

    private void RepaintSoon()
    {
        if (repaintPending || IsDisposed) return;
        repaintPending = true;
        repaint.Change(RepaintMilliseconds, Timeout.Infinite);
    }

    private void Paint() => Picture.Paint(() =>
    {
        lock (gate)
        {
            repaintPending = false;
            frame.Begin(terminal.Columns * ConsoleFont.Width, terminal.Rows * ConsoleFont.Height);
            for (int row = 0; row < terminal.Rows; row++)
            {
                int cursor = row == terminal.CursorRow && terminal.Scrolled == 0 && terminal.ShowsCursor ? terminal.CursorColumn : -1;
                for (int y = 0; y < ConsoleFont.Height; y++)
                {
                    TextPainter.DrawRow(terminal[row], y, cursor, line);
                    frame.SetRow((row * ConsoleFont.Height) + y, line);
                }
            }

            return frame;
        }
    });
}
