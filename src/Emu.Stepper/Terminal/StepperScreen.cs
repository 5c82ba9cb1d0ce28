using System.Diagnostics;
using Emu.Stepper.Commands;
using Emu.Stepper.Explain;
using Emu.Stepper.Lessons;
using Emu.Stepper.Session;
using Emu.Stepper.Views;

namespace Emu.Stepper.Terminal;

/// <summary>The stepper on a terminal: panes, keys, mouse, and a prompt for commands.</summary>
public sealed partial class StepperScreen
{
    private const int SmallestWidth = 40, SmallestHeight = 12, MostStatusRows = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(40);
    private static readonly string[] KeyHints =
    [
        "s step", "b back", "n over", "o out", "c continue", "u to cursor", "Space breakpoint", ": command", "p preview", "w who wrote", "v source", "e edit", "m memory", "g code at", "Tab pane", "t lanes",
        "W watch", "/ search", "k bookmark", "j go to", "N note", "x export",
    ];

    private static readonly string[] LaneTypes = ["f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];

    private readonly ITerminal terminal;
    private readonly StepperSession session;
    private readonly StepperCommands commands;
    private readonly Canvas canvas = new();
    private readonly InputDecoder decoder = new();
    private readonly Pane code, registers, explanation;
    private readonly List<Pane> data = [];
    private readonly List<string> history = [];
    private readonly List<string> answer = [];
    private readonly Queue<KeyPress> typedAhead = new();

    private TabLine tabs = TabLine.Fit([], 0, 0);
    private Pane focus;
    private int shownData;
    private ulong? codeAt;
    private ulong cursor;
    private ulong memoryAt;
    private int lanes;
    private bool showsSource;
    private bool showsPreview;
    private bool showsHelp;
    private string status = "";
    private bool statusIsBad;
    private string? prompt;
    private string promptLabel = ":";
    private Action<string>? onPrompt;
    private int historyAt;
    private bool quits;

    /// <summary>A screen for a session.</summary>
    /// <param name="terminal">Where it is shown.</param>
    /// <param name="session">What it shows.</param>
    /// <param name="lesson">The lesson being taken, or null.</param>
    /// <param name="leaving">What leaving the screen does, for the help.</param>
    public StepperScreen(ITerminal terminal, StepperSession session, Lesson? lesson = null, string leaving = "quit")
    {
        this.terminal = terminal;
        this.session = session;
        commands = new StepperCommands(session);
        cursor = session.InstructionPointer;
        memoryAt = FirstMemory();
        code = new Pane("code", CodeLines);
        registers = new Pane("registers", (_, width) => RegisterLines(width));
        explanation = new Pane("explanation", (_, width) => ExplanationLines(width));
        if (lesson != null) data.Add(new Pane("lesson", (_, width) => lesson.TextFor(session, width)));
        data.Add(new Pane("stack", (rows, _) => StackView.Lines(session, Math.Max(rows, 64))));
        data.Add(new Pane("memory", (rows, width) => MemoryView.Lines(session, memoryAt, rows * PerLine(width), PerLine(width))));
        data.Add(new Pane("vector", (_, _) => VectorView.Lines(session, LaneTypes[lanes])));
        data.Add(new Pane("x87", (_, _) => X87View.Lines(session)));
        data.Add(new Pane("system", (_, _) => RegisterView.System(session)) { Wrap = 5 });
        data.Add(new Pane("pages", (_, _) => PageBrowser()) { Wrap = 2 });
        data.Add(new Pane("gdt", (_, _) => [.. DescriptorView.Gdt(session), new StyledText(), .. DescriptorView.Tss(session)]) { Wrap = 5 });
        data.Add(new Pane("idt", (_, _) => DescriptorView.Idt(session)) { Wrap = 8 });
        data.Add(new Pane("log", (_, _) => LogLines()) { Wrap = 20, Nothing = "no interrupts, port accesses or system calls so far" });
        data.Add(new Pane("output", (_, _) => session.Output.Length == 0 ? [] : [.. session.Output.Split('\n').Select(l => new StyledText(l))]) { Wrap = 0, Nothing = "nothing has been printed so far" });
        data.Add(new Pane("points", (_, _) => PointLines()) { Wrap = 2, Nothing = "no breakpoints, bookmarks or notes" });
        if (session.Machine.Board.Display != null) data.Add(new Pane("screen", (_, _) => [.. session.ScreenText.Select(l => new StyledText(l))]));
        focus = code;
        keys = MakeKeys(leaving);
        session.Interrupted = IsInterrupted;
    }

    /// <summary>The keys and what they do.</summary>
    public IReadOnlyList<KeyBinding> Keys => keys;

    /// <summary>The picture last drawn.</summary>
    public Canvas Picture => canvas;

    /// <summary>What the bottom line says.</summary>
    public string Status => status;

    /// <summary>The user has asked to leave.</summary>
    public bool Quits => quits;

    /// <summary>Runs until the user leaves or the terminal is gone.</summary>
    public void Run()
    {
        byte[] buffer = new byte[256];
        Draw();
        (int Width, int Height) size = (terminal.Width, terminal.Height);
        while (!quits)
        {
            bool any = false;
            while (typedAhead.TryDequeue(out KeyPress early))
            {
                Handle(early);
                any = true;
            }

            int count = terminal.Read(buffer, Patience);
            if (count < 0) return;
            foreach (KeyPress key in decoder.Decode(buffer.AsSpan(0, count), idle: count == 0))
            {
                Handle(key);
                any = true;
                if (quits) return;
            }

            if (!any && size == (terminal.Width, terminal.Height)) continue;
            size = (terminal.Width, terminal.Height);
            Draw();
        }
    }

    /// <summary>Draws everything.</summary>
    public void Draw()
    {
        canvas.Begin(terminal.Width, terminal.Height);
        if (canvas.Width < SmallestWidth || canvas.Height < SmallestHeight)
        {
            canvas.Put(0, 0, $"{canvas.Width}x{canvas.Height} is too small; {SmallestWidth}x{SmallestHeight} is needed", Tone.Bad, canvas.Width);
            terminal.Write(canvas.Finish());
            return;
        }

        Arrange();
        DrawTitle();
        if (showsHelp) DrawHelp();
        else if (answer.Count > 0) DrawAnswer();
        else DrawPanes();
        DrawBottom();
        terminal.Write(canvas.Finish());
        drawnAt = Stopwatch.GetTimestamp();
    }

    private Pane Data => data[shownData];

    private IEnumerable<Pane> Visible => ((Pane[])[code, registers, explanation, .. data]).Where(p => p.Area.Width > 0);

    private void Arrange()
    {
        foreach (Pane pane in (Pane[])[code, registers, explanation, .. data]) pane.Area = default;
        int width = canvas.Width, height = canvas.Height - 2 - StatusLines().Count;
        if (width >= 110 && height >= 30) ArrangeLarge(width, height);
        else ArrangeSmall(width, height);
    }

    /// <summary>Code and explanation on the left, registers and data on the right.</summary>
    private void ArrangeLarge(int width, int height)
    {
        int left = Math.Max(60, width * 52 / 100), top = height / 2;
        int registerRows = Math.Min(height - 8, 1 + RegisterLines(width - left).Count);
        code.Area = new Area(0, 1, left - 1, top);
        explanation.Area = new Area(0, 1 + top, left - 1, height - top);
        registers.Area = new Area(left, 1, width - left, registerRows);
        Data.Area = new Area(left, 1 + registerRows, width - left, height - registerRows);
    }

    /// <summary>Registers across the top, code and data side by side, the explanation below.</summary>
    private void ArrangeSmall(int width, int height)
    {
        registers.Area = new Area(0, 1, width, 0);
        int registerRows = Math.Min(1 + RegisterLines(width).Count, height / 3), middle = (height - registerRows) / 2, left = Math.Max(20, width * 55 / 100);
        registers.Area = new Area(0, 1, width, registerRows);
        code.Area = new Area(0, 1 + registerRows, left - 1, middle);
        Data.Area = new Area(left, 1 + registerRows, width - left, middle);
        explanation.Area = new Area(0, 1 + registerRows + middle, width, height - registerRows - middle);
    }

    private void DrawTitle()
    {
        string title = $" emu step  {session.Program.Name}";
        string place = $"instruction {session.Position:n0}   {session.Describe(session.Place)} ";
        canvas.Put(0, 0, (title + new string(' ', Math.Max(1, canvas.Width - title.Length - place.Length)) + place).PadRight(canvas.Width), Tone.Heading, canvas.Width, reverse: true);
    }

    private void DrawPanes()
    {
        code.Draw(canvas, focus == code, showsSource ? "source" : "code");
        registers.Draw(canvas, focus == registers);
        explanation.Draw(canvas, focus == explanation, session is { Final: not null, Last: null } ? "the end" : showsPreview || session.Last == null ? "about to happen" : "what happened");
        tabs = TabLine.Fit([.. data.Select((p, i) => (TabKey(i), p.Name))], shownData, Data.Area.Width - 4);
        Data.Draw(canvas, focus == Data, tabs.Text);
    }

    private static char TabKey(int index) => index < 9 ? (char)('1' + index) : index == 9 ? '0' : "-=+"[index - 10];

    private void DrawBottom()
    {
        int row = canvas.Height - 2;
        IReadOnlyList<StyledText> said = StatusLines();
        if (prompt != null)
        {
            canvas.Put(0, row, promptLabel, Tone.Label, canvas.Width);
            canvas.Put(promptLabel.Length, row, prompt, Tone.Normal, canvas.Width);
            canvas.Put(promptLabel.Length + prompt.Length, row, " ", Tone.Normal, canvas.Width, reverse: true);
        }
        else
        {
            for (int i = 0; i < said.Count; i++) canvas.Put(new Area(0, 0, canvas.Width, canvas.Height), row - said.Count + 1 + i, said[i]);
        }

        canvas.Put(0, row + 1, prompt != null ? "Enter run   Esc leave   Up/Down history" : Hints(canvas.Width), Tone.Dim, canvas.Width);
    }

    /// <summary>What was said last, in as many rows as it takes; what has gone wrong must not be cut off.</summary>
    private IReadOnlyList<StyledText> StatusLines() =>
        prompt != null ? [new StyledText()] : [.. WordWrap.Lines(new StyledText(status, statusIsBad ? Tone.Bad : Tone.Good), canvas.Width, 2).Take(MostStatusRows)];

    /// <summary>The keys worth knowing, as many as fit; help and the way out always do.</summary>
    private static string Hints(int width)
    {
        const string last = "? help  q quit";
        string all = "";
        foreach (string hint in KeyHints)
        {
            if (all.Length + hint.Length + 2 + last.Length > width) break;
            all += hint + "  ";
        }

        return all + last;
    }

    private void DrawHelp()
    {
        List<StyledText> lines = [new StyledText("Keys", Tone.Heading)];
        foreach (KeyBinding key in keys) lines.Add(new StyledText().Add($"  {key.Label,-12}", Tone.Label).Add(key.Help));
        lines.Add(new StyledText("  click       cursor or memory there; the wheel scrolls"));
        int rows = canvas.Height - 3, columns = canvas.Width >= 100 ? 2 : 1, half = columns == 1 ? lines.Count : (lines.Count + 1) / 2;
        for (int i = 0; i < lines.Count; i++)
        {
            int column = i / half, row = i % half;
            if (row < rows) canvas.Put(new Area(column * canvas.Width / columns, 1, canvas.Width / columns, rows), 1 + row, lines[i]);
        }
    }

    private void DrawAnswer()
    {
        Area area = new(0, 1, canvas.Width, canvas.Height - 3);
        for (int i = 0; i < Math.Min(answer.Count, area.Height); i++) canvas.Put(area, 1 + i, new StyledText(answer[i]));
        if (answer.Count > area.Height) canvas.Put(canvas.Width - 24, canvas.Height - 3, $" {answer.Count - area.Height} more lines ", Tone.Dim, canvas.Width);
    }

    private IReadOnlyList<StyledText> CodeLines(int rows, int width)
    {
        if (showsSource) return CodeView.Source(session, rows);
        ulong at = codeAt ?? session.Place;
        IReadOnlyList<CodeRow> found = CodeView.Around(session, at, codeAt == null ? rows / 3 : 0, rows);
        IReadOnlyList<StyledText> lines = CodeView.Lines(session, found, cursor, showBytes: width >= 62);
        int current = lines.ToList().FindIndex(l => l.Target == at && l.Pieces.Count > 1);
        // Labels take lines of their own; keep the middle where it is.
        return current >= rows ? [.. lines.Skip(current - rows + 2)] : lines;
    }

    private IReadOnlyList<StyledText> RegisterLines(int width)
    {
        IReadOnlyList<StyledText> all = width >= 80 && registers.Area.Height < 12 ? RegisterView.Compact(session) : RegisterView.General(session);
        return [.. all, RegisterView.Flags(session)];
    }

    private IReadOnlyList<StyledText> ExplanationLines(int width)
    {
        if (session is { Final: { } final, Last: null }) return [.. WordWrap.Lines(new StyledText(final.Message), width, 2)];
        Explanation told = showsPreview || session.Last == null ? session.Preview() : session.Last;
        List<StyledText> lines = [];
        lines.AddRange(WordWrap.Lines(new StyledText().Add($"{session.Describe(told.Address)}  ", Tone.Address).Add(told.Text, Tone.Current), width, 2));
        foreach (ExplanationLine line in told.Lines)
        {
            bool summary = line.Kind == ExplanationKind.Summary;
            StyledText text = summary ? new StyledText(line.Text, Tone.Heading) : new StyledText().Add($"{ExplanationText.Label(line.Kind),-8} ", Tone.Label).Add(line.Text, ToneOf(line.Kind));
            lines.AddRange(WordWrap.Lines(text, width, summary ? 0 : 9));
        }

        return lines;
    }

    private static Tone ToneOf(ExplanationKind kind) => kind switch
    {
        ExplanationKind.Result => Tone.Changed,
        ExplanationKind.Page or ExplanationKind.Segment => Tone.Dim,
        ExplanationKind.Exception => Tone.Bad,
        _ => Tone.Normal,
    };

    private IReadOnlyList<StyledText> PointLines()
    {
        List<StyledText> lines = [.. session.Points.Select(p => new StyledText { Target = p.Address }.Add($"{p.Number} ", Tone.Label).Add($"{p.Access} {session.Describe(p.Address)}{(p.Length > 0 ? $" +{p.Length}" : "")}{(p.Condition == null ? "" : $" if {p.Condition}")}").Add($"  {StepperCommands.Counted(p.Hits, "hit")}", Tone.Dim))];
        lines.AddRange(session.Bookmarks.Select(b => new StyledText().Add("bookmark ", Tone.Label).Add($"{b.Key} at instruction {b.Value}")));
        lines.AddRange(session.Notes.Select(n => new StyledText().Add("note ", Tone.Label).Add($"{n.Position}: {n.Text}")));
        return lines;
    }

    private IReadOnlyList<StyledText> LogLines() =>
        [.. session.Log.Entries.Reverse().Select(e => new StyledText().Add($"{e.Position,9} ", Tone.Address).Add($"{e.Kind,-9} ", Tone.Label).Add(e.Text))];

    private static int PerLine(int width) => width >= 76 ? 16 : 8;

    private ulong FirstMemory()
    {
        // Data is more interesting than code: the first label that is not in the code's page, or else the stack.
        foreach (KeyValuePair<string, ulong> symbol in session.Program.Symbols.All.OrderBy(s => s.Value))
        {
            if (symbol.Value >> 12 > session.InstructionPointer >> 12) return symbol.Value;
        }

        return session.Program.Extent?.First ?? session.InstructionPointer & ~0xFFul;
    }
}
