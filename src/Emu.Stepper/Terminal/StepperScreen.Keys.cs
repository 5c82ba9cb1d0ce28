using System.Diagnostics;
using Emu.Mmu;
using Emu.Stepper.Commands;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;
using Emu.Stepper.Views;

namespace Emu.Stepper.Terminal;

/// <summary>A key and what it does.</summary>
/// <param name="Presses">The keys that do it.</param>
/// <param name="Label">As help names them.</param>
/// <param name="Help">What it does.</param>
/// <param name="Action">Does it.</param>
public sealed record KeyBinding(IReadOnlyList<KeyPress> Presses, string Label, string Help, Action Action);

// Keys, mouse and prompt.
public sealed partial class StepperScreen
{
    private static readonly TimeSpan WhileRunning = TimeSpan.FromMilliseconds(300);

    private readonly List<KeyBinding> keys;
    private long drawnAt;

    /// <summary>Acts on a key or mouse event.</summary>
    public void Handle(KeyPress press)
    {
        try
        {
            if (prompt != null) HandlePrompt(press);
            else if (press.Key is Key.Click or Key.WheelUp or Key.WheelDown) HandleMouse(press);
            else if (showsHelp || answer.Count > 0) CloseOverlay(press);
            else if (keys.Find(k => k.Presses.Contains(press)) is { } binding) binding.Action();
        }
        catch (StepperException e)
        {
            Say(e.Message.ReplaceLineEndings(" "), bad: true);
        }
    }

    private void CloseOverlay(KeyPress press)
    {
        if (answer.Count > canvas.Height - 3 && press.Key is Key.PageDown or Key.Down) answer.RemoveRange(0, press.Key == Key.Down ? 1 : Math.Min(answer.Count - 1, canvas.Height - 4));
        else (showsHelp, _) = (false, 0);
        if (press.Key is not (Key.PageDown or Key.Down)) answer.Clear();
    }

    private List<KeyBinding> MakeKeys(string leaving)
    {
        List<KeyBinding> list = [];
        void Add(string label, string help, Action action, params IReadOnlyList<KeyPress> presses) => list.Add(new KeyBinding(presses, label, help, action));
        KeyPress C(char c) => new(Key.Character, c);
        Add("s F7 Enter", "step: run one instruction", () => Move(session.Step), C('s'), new(Key.F7), new(Key.Enter));
        Add("n F8", "step over calls and repeated instructions", () => Move(session.StepOver), C('n'), new(Key.F8));
        Add("o", "run until the procedure returns", () => Move(() => session.StepOut()), C('o'));
        Add("b F6", "step back", () => Move(session.StepBack), C('b'), new(Key.F6));
        Add("B", "back to the last breakpoint or watchpoint", () => Move(session.ReverseContinue), C('B'));
        Add("c F5", "continue until something stops the program", () => Move(() => session.Continue()), C('c'), new(Key.F5));
        Add("u F4", "run to the cursor", () => Move(() => session.RunTo(cursor)), C('u'), new(Key.F4));
        Add("Space F9", "set or delete a breakpoint at the cursor", ToggleBreakpoint, C(' '), new(Key.F9));
        Add("i", "breakpoint at the cursor with a condition", () => Ask("breakpoint here if: ", text => Say($"breakpoint {session.AddBreakpoint(cursor, text.Length == 0 ? null : text).Number} set")), C('i'));
        Add("W", "watch memory: stop behind writes", () => Ask("watch: ", text => RunCommand("watch " + text)), C('W'));
        Add(":", "type a command (help lists them)", () => Ask(":", RunCommand), C(':'));
        Add("w", "who wrote this register or memory last?", () => Ask("who wrote: ", text => Move(() => session.LastWriter(text))), C('w'));
        Add("e", "edit: rax = 5, zf = 1, byte [rsi] = 0x41", () => Ask("set ", text => RunCommand("set " + text)), C('e'));
        Add("g", "look at code elsewhere", () => Ask("code at: ", text => ShowCode(commands.Address(text, out _))), C('g'));
        Add("m", "look at memory elsewhere", () => Ask("memory at: ", text => ShowMemory(commands.Address(text, out _))), C('m'));
        Add("/", "search memory for \"text\" or bytes", () => Ask("find: ", Search), C('/'));
        Add(".", "back to the current instruction", () => ShowCode(null), C('.'));
        Add("v", "the source instead of the disassembly", () => showsSource = !showsSource, C('v'));
        Add("p", "what the next instruction is about to do", () => showsPreview = !showsPreview, C('p'));
        Add("t", "next lane type of the vector registers", () => lanes = (lanes + 1) % LaneTypes.Length, C('t'));
        Add("k", "set a bookmark", () => Ask("bookmark: ", text => RunCommand("bookmark " + text)), C('k'));
        Add("j", "go to a bookmark or instruction number", () => Ask("go to: ", text => Move(() => session.GoTo(text))), C('j'));
        Add("N", "write a note into the transcript", () => Ask("note: ", text => RunCommand("note " + text)), C('N'));
        Add("x", "export a transcript (.md or .html)", () => Ask("export to: ", text => RunCommand("export " + text)), C('x'));
        Add("h", "hold device interrupts off while stepping", () => Say((session.HoldsInterrupts = !session.HoldsInterrupts) ? "device interrupts are held off while stepping" : "device interrupts come as they like"), C('h'));
        Add("Tab", "next pane", () => Focus(1), new KeyPress(Key.Tab));
        Add("Shift-Tab", "previous pane", () => Focus(-1), new KeyPress(Key.BackTab));
        Add("Up", "cursor or scroll up", () => Scroll(-1), new KeyPress(Key.Up));
        Add("Down", "cursor or scroll down", () => Scroll(1), new KeyPress(Key.Down));
        Add("PgUp", "a page up", () => Scroll(-Math.Max(1, focus.Area.Height - 2)), new KeyPress(Key.PageUp));
        Add("PgDn", "a page down", () => Scroll(Math.Max(1, focus.Area.Height - 2)), new KeyPress(Key.PageDown));
        for (int i = 0; i < data.Count; i++)
        {
            int index = i;
            Add(TabKey(i).ToString(), $"show {data[i].Name}", () => ShowData(index), C(TabKey(i)));
        }

        Add("l Ctrl-L", "draw everything again", canvas.Invalidate, new KeyPress(Key.Control, 'l'), C('l'));
        Add("Ctrl-Z", "suspend, as in any program of the shell", terminal.Suspend, new KeyPress(Key.Control, 'z'));
        Add("? F1", "help", () => showsHelp = true, C('?'), new(Key.F1));
        Add("q Ctrl-C", leaving, () => quits = true, C('q'), new KeyPress(Key.Control, 'c'));
        return list;
    }

    private void Say(string text, bool bad = false) => (status, statusIsBad) = (text, bad);

    private void Move(Func<Stop> move)
    {
        Say("");
        drawnAt = Stopwatch.GetTimestamp();
        Stop stop = move();
        Say("");
        showsPreview = false;
        ShowCode(null);
        explanation.Scroll = 0;
        if (stop.Message.Length > 0) Say(stop.Message, bad: !stop.CanContinue || stop.Kind == StopKind.Limit);
    }

    private void ShowCode(ulong? address)
    {
        codeAt = address;
        cursor = address ?? session.Place;
    }

    private void ShowMemory(ulong address)
    {
        memoryAt = address;
        ShowData(data.FindIndex(p => p.Name == "memory"));
    }

    private void ShowData(int index)
    {
        bool focused = focus == Data;
        shownData = index;
        if (focused) focus = Data;
    }

    private void ToggleBreakpoint()
    {
        if (session.Points.FirstOrDefault(p => p.Length == 0 && p.Address == cursor) is { } point)
        {
            session.RemovePoint(point.Number);
            Say($"breakpoint {point.Number} deleted");
            return;
        }

        Say($"breakpoint {session.AddBreakpoint(cursor).Number} at {session.Describe(cursor)}");
    }

    private void Search(string text)
    {
        CommandResult result = commands.Run("find " + text + (text.Contains(" from ", StringComparison.Ordinal) ? "" : $" from {memoryAt + 1}"));
        Say(result.Lines[0]);
        if (commands.LastFound is { } found) ShowMemory(found);
    }

    private void Focus(int direction)
    {
        Pane[] order = [code, registers, Data, explanation];
        focus = order[(Array.IndexOf(order, focus) + direction + order.Length) % order.Length];
    }

    private void Scroll(int lines)
    {
        if (focus == code && !showsSource) MoveCursor(lines);
        else if (focus == Data && Data.Name == "memory") memoryAt += (ulong)(long)(lines * PerLine(Data.Area.Width));
        else focus.Scroll += lines;
    }

    private void MoveCursor(int lines)
    {
        List<ulong> rows = [.. code.Shown.Where(l => l.Target != null && l.Pieces.Count > 1).Select(l => l.Target ?? 0)];
        int at = rows.IndexOf(cursor);
        int wanted = (at < 0 ? 0 : at) + lines;
        if (wanted >= 0 && wanted < rows.Count)
        {
            cursor = rows[wanted];
            // Keep the picture still while the cursor moves in it.
            codeAt = rows[0];
            return;
        }

        ulong edge = lines < 0 ? rows.FirstOrDefault(cursor) : rows.LastOrDefault(cursor);
        IReadOnlyList<CodeRow> around = CodeView.Around(session, edge, Math.Abs(lines), Math.Abs(lines) + 2);
        int edgeAt = around.ToList().FindIndex(r => r.Linear == edge);
        int target = Math.Clamp(edgeAt + (lines < 0 ? lines : lines), 0, around.Count - 1);
        if (around.Count == 0) return;
        cursor = around[target].Linear;
        codeAt = lines < 0 ? cursor : rows.Count > 1 ? rows[Math.Min(rows.Count - 1, Math.Max(1, lines))] : cursor;
    }

    private void HandleMouse(KeyPress press)
    {
        Pane? pane = Visible.FirstOrDefault(p => p.Area.Contains(press.Column, press.Row));
        if (pane == null || showsHelp || answer.Count > 0) return;
        focus = pane;
        if (press.Key != Key.Click)
        {
            Scroll(press.Key == Key.WheelUp ? -3 : 3);
            return;
        }

        if (press.Row == pane.Area.Top && pane == Data)
        {
            ClickTab(press.Column - pane.Area.Left);
            return;
        }

        if (pane.LineAt(press.Row)?.Target is not { } target) return;
        if (pane == code)
        {
            bool margin = press.Column < 2;
            (cursor, codeAt) = (target, codeAt ?? code.Shown.FirstOrDefault(l => l.Target != null)?.Target);
            if (margin) ToggleBreakpoint();
        }
        else if (Data.Name is "stack" or "pages" or "points")
        {
            ShowMemory(target);
        }
    }

    /// <summary>The titles of the other data panes are in the title line.</summary>
    private void ClickTab(int column)
    {
        const int titleStart = 2;
        if (tabs.At(column - titleStart) is not (>= 0 and var index)) return;
        ShowData(index);
        focus = Data;
    }

    private void Ask(string label, Action<string> then)
    {
        (promptLabel, prompt, onPrompt, historyAt) = (label, "", then, history.Count);
        Say("");
    }

    private void HandlePrompt(KeyPress press)
    {
        string text = prompt ?? "";
        switch (press.Key)
        {
            case Key.Character:
                prompt = text + press.Character;
                break;
            case Key.Backspace:
                prompt = text.Length > 0 ? text[..^1] : null;
                break;
            case Key.Up when historyAt > 0:
                prompt = history[--historyAt];
                break;
            case Key.Down when historyAt < history.Count:
                prompt = ++historyAt < history.Count ? history[historyAt] : "";
                break;
            case Key.Escape or Key.Control:
                prompt = null;
                break;
            case Key.Enter:
                prompt = null;
                if (text.Length > 0) history.Add(text);
                onPrompt?.Invoke(text);
                break;
        }
    }

    private void RunCommand(string text)
    {
        if (text.Length == 0) return;
        drawnAt = Stopwatch.GetTimestamp();
        CommandResult result = commands.Run(text);
        Say("");
        quits |= result.Quits;
        if (result.Stop is { } stop)
        {
            ShowCode(null);
            Say(stop.Message, bad: !stop.CanContinue);
        }
        else if (result.Lines.Count == 1)
        {
            Say(result.Lines[0], bad: result.Passed == false);
        }
        else
        {
            answer.Clear();
            answer.AddRange(result.Lines);
        }
    }

    /// <summary>During a run: Escape or Ctrl-C ends it, other keys wait. A run that takes its time is shown on its way.</summary>
    private bool IsInterrupted()
    {
        if (Stopwatch.GetElapsedTime(drawnAt) > WhileRunning)
        {
            Say("running; Esc stops");
            ShowCode(null);
            Draw();
        }

        byte[] buffer = new byte[64];
        int count = terminal.Read(buffer, TimeSpan.Zero);
        if (count < 0) return true;
        foreach (KeyPress key in decoder.Decode(buffer.AsSpan(0, Math.Max(0, count)), idle: count == 0))
        {
            if (key is { Key: Key.Escape } or { Key: Key.Control, Character: 'c' }) return true;
            typedAhead.Enqueue(key);
        }

        return false;
    }

    private IReadOnlyList<StyledText> PageBrowser()
    {
        List<StyledText> lines = [];
        ulong address = codeAt ?? cursor;
        lines.Add(new StyledText($"walk for the cursor, {Numbers.Hex(address)}", Tone.Heading));
        foreach (string step in AddressAccount.PageWalk(session.Cpu, address, AccessKind.Read, AccessClass.SupervisorAllowUser)) lines.Add(new StyledText(step));
        lines.Add(new StyledText());
        lines.AddRange(PagingView.Mappings(session));
        return lines;
    }
}
