using System.Text;
using Emu.Stepper.Session;
using Emu.Stepper.Terminal;
using Emu.Stepper.Views;
using Xunit;

namespace Emu.Stepper.Tests;

public sealed class ScreenTests : IDisposable
{
    private const string Source = """
        section .data
        value: dd 1
        word_text: db "needle", 0
        section .text
        global _start
        _start:
            mov eax, 5
            call double_it
        behind:
            mov [value], eax
            movd xmm0, eax
            nop
        loop_start:
            dec eax
            jnz loop_start
        finish:
            mov eax, 60
            xor edi, edi
            syscall
        double_it:
            add eax, eax
            ret
        """;

    private readonly StepperSession session;
    private readonly FakeTerminal terminal = new(160, 50);
    private readonly StepperScreen screen;
    private readonly HashSet<KeyPress> pressed = [];

    public ScreenTests()
    {
        session = Programs.Assemble(Source);
        screen = new StepperScreen(terminal, session);
        screen.Draw();
    }

    public void Dispose() => session.Dispose();

    [NeedsToolsFact]
    public void EveryKeyDoesWhatItsHelpSays()
    {
        Press('s');
        Assert.Equal(5u, session.Evaluate("eax"));
        Press(Key.F7);
        Assert.Equal(session.Evaluate("double_it"), session.InstructionPointer);
        Press('o');
        Assert.Equal(session.Evaluate("behind"), session.InstructionPointer);
        Press('b');
        Press('b');
        Press(Key.F6);
        Assert.Equal(5u, session.Evaluate("eax"));
        Assert.Contains("call double_it", Screen(), StringComparison.Ordinal);
        Press('n');
        Assert.Equal((session.Evaluate("behind"), 10ul), (session.InstructionPointer, session.Evaluate("eax")));
        Press(Key.Down);
        Press(Key.Down);
        Press(Key.Up);
        Press(' ');
        Assert.Contains("breakpoint 1", screen.Status, StringComparison.Ordinal);
        Press('c');
        Assert.Equal("movd xmm0, eax", session.Text.Format(session.Next));
        Press(Key.F9);
        Assert.Empty(session.Points);
        Press(Key.Down);
        Press(Key.Down);
        Press('u');
        Assert.Equal(session.Evaluate("loop_start"), session.InstructionPointer);
        Press('i');
        Type("eax == 3");
        Press(Key.F5);
        Assert.Equal(3u, session.Evaluate("eax"));
        Press('B');
        Assert.Equal("this is the beginning: nothing before it is remembered", screen.Status);
        Press(Key.F5);
        Assert.Equal(3u, session.Evaluate("eax"));
        Press('e');
        Type("ebx = 0x77");
        Assert.Equal(0x77u, session.Evaluate("ebx"));
        Press('W');
        Type("value 4");
        Assert.Equal(2, session.Points.Count);
        Press(':');
        Type("delete 3");
        Assert.Single(session.Points);
        Press('w');
        Type("eax");
        Assert.Equal("dec eax", session.Text.Format(session.Next));
        Press('g');
        Type("finish");
        Assert.Contains("finish:", Row(2) + Row(3), StringComparison.Ordinal);
        Press('.');
        Assert.Contains(">", Screen(), StringComparison.Ordinal);
        Press('m');
        Type("word_text");
        Assert.Contains("needle", Screen(), StringComparison.Ordinal);
        Press('/');
        Type("\"eedle\" from value");
        Assert.Contains("found at", screen.Status, StringComparison.Ordinal);
        Press('v');
        Assert.Contains("jnz loop_start", Screen(), StringComparison.Ordinal);
        Assert.Contains(" 13 ", Screen(), StringComparison.Ordinal);
        Press('v');
        Press('p');
        Assert.Contains("about to happen", Screen(), StringComparison.Ordinal);
        Press('k');
        Type("here");
        Assert.Equal(session.Position, session.Bookmarks["here"]);
        Press('j');
        Type("3");
        Assert.Equal(3u, session.Position);
        Press('N');
        Type("look at this");
        Assert.Equal("look at this", Assert.Single(session.Notes).Text);
        string transcript = Path.Combine(Directory.CreateTempSubdirectory("stepper-test-").FullName, "t.md");
        Press('x');
        Type(transcript);
        Assert.Contains("look at this", File.ReadAllText(transcript), StringComparison.Ordinal);
        Press('h');
        Assert.True(session.HoldsInterrupts);
        Press('3');
        Assert.Contains("as f32", Screen(), StringComparison.Ordinal);
        Press('t');
        Assert.Contains("as f64", Screen(), StringComparison.Ordinal);
        foreach ((char key, string shows) in new[] { ('1', "<- top"), ('2', "memory"), ('4', "st0"), ('5', "cr0"), ('6', "4-level paging"), ('7', "GDT at"), ('8', "IDT at"), ('9', "log"), ('0', "output"), ('-', "points") })
        {
            Press(key);
            Assert.Contains(shows, Screen(), StringComparison.Ordinal);
        }

        Press('2');
        Press(Key.Tab);
        Press(Key.Tab);
        string before = Screen();
        Press(Key.PageDown);
        Assert.NotEqual(before, Screen());
        Press(Key.PageUp);
        Assert.Equal(before, Screen());
        Press(Key.BackTab);
        Press(Key.BackTab);
        Press('l');
        Assert.True(terminal.LastWrite.Length > 2000, "everything is drawn again");
        Press(new KeyPress(Key.Control, 'l'));
        Press(new KeyPress(Key.Control, 'z'));
        Assert.Equal(1, terminal.Suspensions);
        Press('?');
        Assert.Contains("step over calls", Screen(), StringComparison.Ordinal);
        Press(Key.Escape);
        Press(Key.F1);
        Assert.Contains("step over calls", Screen(), StringComparison.Ordinal);
        Press(Key.Escape);
        Press(Key.F8);
        Press(Key.F4);
        Press(Key.Enter);
        Press('q');
        Assert.True(screen.Quits);
        Press(new KeyPress(Key.Control, 'c'));
        Assert.Empty(screen.Keys.SelectMany(k => k.Presses).Where(k => !pressed.Contains(k)).Select(k => $"{k.Key} {k.Character}"));
    }

    [NeedsToolsFact]
    public void WhatAStepChangedIsMarked()
    {
        Press('s');
        int row = Enumerable.Range(0, 50).First(r => Row(r).Contains("rax ", StringComparison.Ordinal));
        int column = Row(row).IndexOf("rax ", StringComparison.Ordinal);
        Assert.Contains(Enumerable.Range(column, 30), c => screen.Picture.ToneAt(c, row) == Tone.Changed);
        Assert.DoesNotContain(Enumerable.Range(column, 30), c => screen.Picture.ToneAt(c, row + 1) == Tone.Changed);
    }

    [NeedsToolsFact]
    public void AClickInTheMarginSetsABreakpointAndTheWheelScrolls()
    {
        int row = Enumerable.Range(0, 50).First(r => Row(r).Contains("dec eax", StringComparison.Ordinal));
        Press(new KeyPress(Key.Click, '\0', 0, row));
        Assert.Equal(session.Evaluate("loop_start"), Assert.Single(session.Points).Address);
        string before = Screen();
        Press(new KeyPress(Key.WheelDown, '\0', 5, row));
        Assert.NotEqual(before, Screen());
        int tabs = Enumerable.Range(0, 50).First(r => Row(r).Contains("3:vec", StringComparison.Ordinal));
        Press(new KeyPress(Key.Click, '\0', Row(tabs).IndexOf("3:vec", StringComparison.Ordinal) + 1, tabs));
        Assert.Contains("mxcsr", Screen(), StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void BadInputAtThePromptIsSaidAndNothingElseHappens()
    {
        Press(':');
        Type("frobnicate");
        Assert.Contains("there is no command 'frobnicate'", screen.Status, StringComparison.Ordinal);
        Press('g');
        Type("nowhere");
        Assert.Contains("nowhere", screen.Status, StringComparison.Ordinal);
        Assert.Equal(0u, session.Position);
    }

    [NeedsToolsTheory]
    [InlineData(80, 24)]
    [InlineData(160, 50)]
    [InlineData(20, 8)]
    [InlineData(40, 12)]
    [InlineData(1, 1)]
    [InlineData(300, 100)]
    public void ItFitsTheTerminal(int width, int height)
    {
        FakeTerminal other = new(width, height);
        StepperScreen view = new(other, session);
        view.Handle(new KeyPress(Key.Character, 's'));
        view.Draw();
        Assert.Equal((width, height), (view.Picture.Width, view.Picture.Height));
        if (height < 24) return;
        string all = string.Join("\n", Enumerable.Range(0, height).Select(view.Picture.RowText));
        foreach (string part in new[] { "rax", "CF=", "call double_it", "what happened", "Copies 5 into eax" }) Assert.Contains(part, all, StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void KeysArriveThroughTheTerminalsBytes()
    {
        terminal.Type("s\e[18~\eOP\e:echo hi\r\e[<0;1;1Mq");
        screen.Run();
        Assert.Equal(2u, session.Position);
        Assert.True(screen.Quits);
    }

    [NeedsToolsFact]
    public void ALongRunIsShownOnItsWayAndEscapeEndsIt()
    {
        using StepperSession endless = Programs.Assemble("global _start\nsection .text\n_start: inc rax\n jmp _start\n");
        FakeTerminal keyboard = new(160, 50);
        StepperScreen view = new(keyboard, endless);
        // Escape is typed when the picture says that the program runs.
        keyboard.OnWrite = text =>
        {
            if (text.Contains("running; Esc stops", StringComparison.Ordinal)) keyboard.Type("\e");
        };
        // Looked at behind every instruction, this goes on for minutes.
        foreach (char c in ":until if rbx == 1") view.Handle(new KeyPress(Key.Character, c));
        view.Handle(new KeyPress(Key.Enter));
        Assert.StartsWith("interrupted at _start", view.Status, StringComparison.Ordinal);
        Assert.NotEqual(0u, endless.Evaluate("rax"));
    }

    [Theory]
    [InlineData(100, "[stack] 2:memory 3:vector 4:points")]
    [InlineData(30, "[stack] 2:mem 3:vec 4:poi")]
    [InlineData(14, "[stack] 2:mem")]
    [InlineData(1, "[stack]")]
    public void NamesOfPanesAreShortenedToTheRoomThereIs(int width, string expected)
    {
        TabLine line = TabLine.Fit([('1', "stack"), ('2', "memory"), ('3', "vector"), ('4', "points")], 0, width);
        Assert.Equal(expected, line.Text);
        Assert.Equal(0, line.At(3));
        Assert.Equal(expected.Contains("2:", StringComparison.Ordinal) ? 1 : -1, line.At(9));
        Assert.Equal(-1, line.At(200));
    }

    [NeedsToolsFact]
    public void CodeAboveIsDecodedFromWhereItsLinesBegin()
    {
        // Decoded from other places, the bytes of the long constant are instructions too.
        using StepperSession session64 = Programs.Assemble("section .text\nglobal _start\n_start: mov rax, 0x9090909090909090\n mov rbx, 0x4848484848484848\n nop\nhere: nop\n");
        session64.RunTo(session64.Evaluate("here"));
        string[] code = [.. CodeView.Around(session64, session64.InstructionPointer, 6, 10).Take(4).Select(r => session64.Text.Format(r.Instruction))];
        Assert.Equal(["mov rax, 0x9090909090909090", "mov rbx, 0x4848484848484848", "nop", "nop"], code);
    }

    [NeedsToolsFact]
    public void CommentsOfTheSourceStandBesideTheInstructions()
    {
        using StepperSession commented = Programs.Assemble("section .text\nglobal _start\n_start: mov eax, ';' ; the answer\n nop\n");
        StepperScreen view = new(terminal, commented);
        view.Draw();
        string row = Enumerable.Range(0, 50).Select(view.Picture.RowText).First(r => r.Contains("mov eax, 0x3b", StringComparison.Ordinal));
        Assert.Contains("; the answer", row, StringComparison.Ordinal);
    }

    private string Screen() => string.Join("\n", Enumerable.Range(0, 50).Select(Row));

    [NeedsToolsFact]
    public void WhatHasGoneWrongIsNotCutOff()
    {
        using StepperSession lost = Programs.Assemble("global _start\n_start: mov eax, 1\n");
        StepperScreen small = new(new FakeTerminal(80, 24), lost);
        small.Handle(new KeyPress(Key.Character, 'c'));
        small.Draw();
        string bottom = string.Join(' ', Enumerable.Range(18, 5).Select(r => small.Picture.RowText(r).Trim()));
        Assert.Contains(lost.Final?.Message ?? "nothing has gone wrong", bottom, StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void LongLinesOfTablesGoOnInTheNextRow()
    {
        StepperScreen narrow = new(new FakeTerminal(120, 40), session);
        narrow.Handle(new KeyPress(Key.Character, '7'));
        narrow.Draw();
        string all = string.Join('\n', Enumerable.Range(0, 40).Select(narrow.Picture.RowText));
        Assert.Contains("DPL 3", all, StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void WhereThereIsMoreThanFitsAMarkSaysSo()
    {
        StepperScreen small = new(new FakeTerminal(80, 24), session);
        small.Handle(new KeyPress(Key.Character, '5'));
        small.Draw();
        Assert.Contains(Enumerable.Range(0, 24), r => small.Picture.RowText(r).EndsWith('▼'));
    }

    private string Row(int row) => screen.Picture.RowText(row);

    private void Press(char key) => Press(new KeyPress(Key.Character, key));

    private void Press(Key key) => Press(new KeyPress(key));

    private void Press(KeyPress key)
    {
        pressed.Add(key);
        screen.Handle(key);
        screen.Draw();
    }

    private void Type(string text)
    {
        foreach (char c in text) screen.Handle(new KeyPress(Key.Character, c));
        screen.Handle(new KeyPress(Key.Enter));
        screen.Draw();
    }

    /// <summary>A terminal that a test types on.</summary>
    private sealed class FakeTerminal(int width, int height) : ITerminal
    {
        private readonly Queue<byte> typed = new();

        public int Width => width;

        public int Height => height;

        public int Suspensions { get; private set; }

        public string LastWrite { get; private set; } = "";

        public void Type(string text)
        {
            foreach (byte b in Encoding.UTF8.GetBytes(text)) typed.Enqueue(b);
        }

        public Action<string>? OnWrite { get; set; }

        public void Write(string text)
        {
            LastWrite = text;
            OnWrite?.Invoke(text);
        }

        public void Suspend() => Suspensions++;

        public int Read(Span<byte> buffer, TimeSpan patience)
        {
            int count = 0;
            // One key at a time, as from slow fingers.
            while (count < buffer.Length && typed.TryDequeue(out byte b)) buffer[count++] = b;
            return count;
        }
    }
}
