using System.Text;
using Emu.Devices.Input;
using Emu.Devices.Serial;
using Emu.Display.Consoles;

namespace Emu.Display.Tests.Consoles;

public sealed class TextTerminalTests
{
    private readonly TextTerminal terminal = new(10, 3);

    [Fact]
    public void Lines_wrap_when_the_next_character_comes_and_scroll_at_the_bottom()
    {
        Write("0123456789");
        Assert.Equal((9, 0), (terminal.CursorColumn, terminal.CursorRow));
        Write("ab\r\nsecond\r\nthird");
        Assert.Equal(["ab", "second", "third"], Text());
        terminal.Scroll(1);
        Assert.Equal(["0123456789", "ab", "second"], Text());
        Write("!");
        Assert.Equal(["ab", "second", "third!"], Text());
    }

    [Theory]
    [InlineData("one\u001b[2Dx", "oxe")]
    [InlineData("one\r\u001b[K", "")]
    [InlineData("abcdef\u001b[3D\u001b[K", "abc")]
    [InlineData("abcdef\u001b[3D\u001b[1K", "    ef")]
    [InlineData("abc\u001b[1;1Hx", "xbc")]
    [InlineData("abc\b\bx", "axc")]
    [InlineData("a\tb", "a       b")]
    [InlineData("abc\u001b[2J\u001b[Hz", "z")]
    [InlineData("a\u001b]0;title\ab", "ab")]
    [InlineData("a\u001b[?25lb", "ab")]
    [InlineData("a\u001b(Bb", "ab")]
    [InlineData("\u001b[sab\u001b[uc", "cb")]
    public void Control_sequences_do_what_terminals_do(string output, string firstLine)
    {
        Write(output);
        Assert.Equal(firstLine, terminal.Text(0));
    }

    [Fact]
    public void Programs_hide_the_cursor_and_ask_for_the_mouse()
    {
        Assert.Equal((true, false), (terminal.ShowsCursor, terminal.ReportsMouse));
        Write("\u001b[?25l\u001b[?1000h\u001b[?1006h");
        Assert.Equal((false, true), (terminal.ShowsCursor, terminal.ReportsMouse));
        Write("\u001b[?1006l\u001b[?25h");
        Assert.Equal((true, false), (terminal.ShowsCursor, terminal.ReportsMouse));
    }

    [Fact]
    public void The_mouse_is_reported_by_cells_as_xterm_does()
    {
        ConsoleMouse mouse = new(80, 25);
        mouse.Place(0.5, 0);
        Assert.Equal("\u001b[<0;41;1M", mouse.Press(PointerButtons.Left));
        Assert.Equal("", mouse.Press(PointerButtons.Left));
        mouse.Place(1, 1);
        Assert.Equal("\u001b[<0;80;25m\u001b[<2;80;25M", mouse.Press(PointerButtons.Right));
        Assert.Equal("\u001b[<65;80;25M\u001b[<65;80;25M", mouse.Wheel(2));
        Assert.Equal("\u001b[<64;80;25M", mouse.Wheel(-1));
    }

    [Fact]
    public void Lines_of_panes_reach_from_cell_to_cell()
    {
        ReadOnlySpan<byte> across = ConsoleFont.Glyph('─'), down = ConsoleFont.Glyph('│'), corner = ConsoleFont.Glyph('┌');
        Assert.Equal(1, across.ToArray().Count(row => row == 0xFF));
        Assert.DoesNotContain((byte)0, down.ToArray());
        int bar = across.IndexOf((byte)0xFF);
        Assert.Equal(0, corner[0]);
        Assert.Equal(1, corner[bar] & 1);
        Assert.NotEqual(0, corner[^1]);
        Assert.NotEqual(ConsoleFont.Glyph('\u007f').ToArray(), ConsoleFont.Glyph('▶').ToArray());
    }

    [Fact]
    public void Colours_are_set_and_reset()
    {
        Write("\u001b[1;31;44mA\u001b[7mB\u001b[0mC");
        Assert.Equal([new TextCell('A', 9, 4), new TextCell('B', 4, 9), new TextCell('C', 7, 0)], terminal[0][..3].ToArray());
    }

    [Fact]
    public void Any_bytes_whatever_leave_a_terminal_that_works()
    {
        Random random = new(3);
        byte[] noise = new byte[100_000];
        random.NextBytes(noise);
        // Many sequences, not only letters.
        for (int i = 0; i + 1 < noise.Length; i += 7) (noise[i], noise[i + 1]) = (27, (byte)'[');
        terminal.Write(noise);
        Write("\u001b\\\u001bcok");
        Assert.Equal("ok", terminal.Text(0));
    }

    [Fact]
    public void A_console_sends_what_is_typed_and_the_sequences_of_keys()
    {
        using VirtualConsole console = new("serial0", action => action());
        Receiver receiver = new();
        console.Receiver = receiver;
        console.Type("l");
        console.Type("s");
        console.SetKey(KeyCode.Ret, true);
        console.SetKey(KeyCode.Ret, false);
        console.SetKey(KeyCode.Up, true);
        console.SetKey(KeyCode.Ctrl, true);
        console.SetKey(KeyCode.C, true);
        Assert.Equal("ls\r\u001b[A\u0003", receiver.Text);
    }

    [Fact]
    public void A_console_paints_what_is_written_for_those_who_look()
    {
        using VirtualConsole console = new("serial0", action => action());
        uint[] empty = [];
        console.Picture.Read(frame => empty = frame.Pixels.ToArray());
        console.Write("A"u8);
        Support.RunningMachine.WaitFor(() =>
        {
            int inked = 0;
            console.Picture.Read(frame =>
            {
                for (int y = 0; y < 16; y++)
                {
                    for (int x = 0; x < 8; x++) inked += frame[x, y] != frame[400, 400] ? 1 : 0;
                }
            });
            // The letter, no longer the block of the cursor.
            return inked is > 10 and < 100;
        }, () => "the letter was not painted");
        Assert.Equal("A", console.ReadText()[0]);
    }

    private void Write(string text) => terminal.Write(Encoding.UTF8.GetBytes(text));

    private string[] Text() => [.. Enumerable.Range(0, 3).Select(terminal.Text)];

    private sealed class Receiver : ICharacterReceiver
    {
        public string Text { get; private set; } = "";

        public int ReceiveCapacity => 100;

        public void Receive(ReadOnlySpan<byte> data) => Text += Encoding.Latin1.GetString(data);

        public void Signal(CharacterEvent signal)
        {
        }
    }
}
