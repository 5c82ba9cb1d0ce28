using System.Globalization;
using System.Text;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;

namespace Emu.Stepper.Commands;

/// <summary>What a command did.</summary>
/// <param name="Lines">What to show.</param>
/// <param name="Stop">Where the program stands, if it moved.</param>
public sealed record CommandResult(IReadOnlyList<string> Lines, Stop? Stop = null)
{
    /// <summary>For expectations: whether it held; null for all other commands.</summary>
    public bool? Passed { get; init; }

    /// <summary>The command ends the session.</summary>
    public bool Quits { get; init; }
}

/// <summary>The stepper's commands, for its prompt and for scripts.</summary>
public sealed partial class StepperCommands
{
    private readonly List<(string[] Names, string Usage, string Help, Func<string, CommandResult> Run)> commands = [];
    private Stop? lastStop;

    /// <summary>Commands for a session.</summary>
    public StepperCommands(StepperSession session)
    {
        Session = session;
        AddMoves();
        AddViews();
        AddChanges();
        AddNotes();
        AddExpectations();
    }

    /// <summary>The session.</summary>
    public StepperSession Session { get; }

    /// <summary>Every command: names, usage, help.</summary>
    public IEnumerable<(IReadOnlyList<string> Names, string Usage, string Help)> All => commands.Select(c => ((IReadOnlyList<string>)c.Names, c.Usage, c.Help));

    /// <summary>Runs a command line.</summary>
    /// <exception cref="StepperException">It is not understood, or cannot be done.</exception>
    public CommandResult Run(string line)
    {
        line = line.Trim();
        int space = line.IndexOf(' ');
        string name = space < 0 ? line : line[..space];
        string rest = space < 0 ? "" : line[(space + 1)..].Trim();
        foreach ((string[] names, _, _, Func<string, CommandResult> run) in commands)
        {
            if (!names.Contains(name)) continue;
            CommandResult result = run(rest);
            if (result.Stop != null) lastStop = result.Stop;
            return result;
        }

        throw new StepperException($"there is no command '{name}' ('help' lists them)");
    }

    private void Add(string names, string usage, string help, Func<string, CommandResult> run) => commands.Add((names.Split(' '), usage, help, run));

    private static CommandResult Say(params IReadOnlyList<string> lines) => new(lines);

    private CommandResult Moved(Stop stop)
    {
        List<string> lines = [];
        if (Session.Last is { } last) lines.AddRange(ExplanationText.Lines(last, Session));
        if (stop.Message.Length > 0) lines.Add(stop.Message);
        if (stop.CanContinue) lines.Add("next: " + NextLine());
        return new CommandResult(lines, stop);
    }

    /// <summary>The next instruction with its place.</summary>
    public string NextLine()
    {
        string where = Session.Describe(Session.InstructionPointer);
        return $"{where}: {Session.Text.Format(Session.Next)}";
    }

    private void AddMoves()
    {
        Add("step s", "[N]", "Run one instruction, or N", rest => Moved(rest.Length == 0 ? Session.Step() : Session.RunCount(Count(rest))));
        Add("over n next", "", "Step, but run a call to its return", _ => Moved(Session.StepOver()));
        Add("out finish", "", "Run until the current procedure returns", _ => Moved(Session.StepOut()));
        Add("continue c run", "[N]", "Run until something stops the program, at most N instructions", rest => Moved(Session.Continue(rest.Length == 0 ? StepperSession.DefaultLimit : Count(rest))));
        Add("until u", "ADDRESS | if EXPRESSION", "Run to an address, a label or 'line N', or until an expression holds", rest =>
            Moved(rest.StartsWith("if ", StringComparison.Ordinal) ? Session.RunUntil(rest[3..].Trim()) : Session.RunTo(Address(rest, out _))));
        Add("back", "[N]", "Go back one step, or N instructions", rest => Moved(Session.StepBack(rest.Length == 0 ? 1 : Count(rest))));
        Add("reverse rc", "", "Run back to the last breakpoint or watchpoint", _ => Moved(Session.ReverseContinue()));
        Add("who", "REGISTER | [ADDRESS]", "Go to the instruction that wrote a register or memory last", rest => Moved(Session.LastWriter(rest)));
        Add("goto", "BOOKMARK | N", "Go to a bookmark, or to when N instructions have run, back or forward", rest => Moved(Session.GoTo(rest)));
        Add("break b", "ADDRESS [if EXPRESSION]", "Stop before the instruction at an address, a label or 'line N'", rest =>
        {
            (string place, string? condition) = SplitCondition(rest);
            ulong address = Address(place, out int line);
            StopPoint point = Session.AddBreakpoint(address, condition, line);
            return Say($"breakpoint {point.Number} at {Session.Describe(address)}{(condition == null ? "" : $" if {condition}")}");
        });
        Add("watch", "ADDRESS [LENGTH] [read|write|access] [if EXPRESSION]", "Stop behind an access to memory (writes, if nothing is said)", Watch);
        Add("delete", "N", "Take breakpoint or watchpoint N away", rest => Session.RemovePoint((int)Number(rest)) ? Say($"{rest} deleted") : throw new StepperException($"there is no breakpoint or watchpoint {rest}"));
        Add("points breaks", "", "List breakpoints and watchpoints", _ => Say([.. Session.Points.Select(p => $"{p.Number}: {p.Access} {Session.Describe(p.Address)}{(p.Length > 0 ? $", {Counted(p.Length, "byte")}" : "")}{(p.Condition == null ? "" : $" if {p.Condition}")}, {Counted(p.Hits, "hit")}")]));
        Add("quit q", "", "End", _ => new CommandResult([]) { Quits = true });
        Add("help ?", "", "List the commands", _ => Say([.. commands.Select(c => $"{string.Join(", ", c.Names),-18} {c.Usage,-48} {c.Help}".TrimEnd())]));
    }

    private CommandResult Watch(string rest)
    {
        (string place, string? condition) = SplitCondition(rest);
        List<string> words = [.. place.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        Cpu.WatchKind kind = Cpu.WatchKind.Write;
        if (words.Count > 1 && words[^1] is "read" or "write" or "access")
        {
            kind = words[^1] switch { "read" => Cpu.WatchKind.Read, "write" => Cpu.WatchKind.Write, _ => Cpu.WatchKind.ReadWrite };
            words.RemoveAt(words.Count - 1);
        }

        if (words.Count == 0) throw new StepperException("watch needs an address: watch ADDRESS [LENGTH] [read|write|access] [if EXPRESSION]");
        int length = words.Count > 1 ? (int)Math.Min(int.MaxValue, Session.Evaluate(words[^1])) : 1;
        if (words.Count > 1) words.RemoveAt(words.Count - 1);
        StopPoint point = Session.AddWatchpoint(Session.Evaluate(string.Join(' ', words)), length, kind, condition);
        return Say($"watchpoint {point.Number}: {point.Access} of {Counted(length, "byte")} at {Session.Describe(point.Address)}");
    }

    /// <summary>An address from an expression, a label, or "line N".</summary>
    public ulong Address(string text, out int line)
    {
        line = 0;
        if (text.Length == 0) throw new StepperException("an address is missing: a number, a label, an expression, or line N");
        if (!text.StartsWith("line ", StringComparison.Ordinal)) return Session.Evaluate(text);
        if (Session.Program.Source is not { } source) throw new StepperException("there is no source here, so there are no lines");
        if (!int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int wanted) || source.Find(wanted) is not { } found) throw new StepperException($"no code comes from {text} or below it");
        line = found.Line;
        return found.Address;
    }

    private static (string Place, string? Condition) SplitCondition(string text)
    {
        int at = (" " + text).IndexOf(" if ", StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..Math.Max(0, at - 1)].Trim(), text[(at + 3)..].Trim());
    }

    /// <summary>A number of things.</summary>
    internal static string Counted(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private ulong Number(string text) => Session.Evaluate(text);

    private ulong Count(string text)
    {
        ulong count = Number(text);
        return count <= long.MaxValue ? count : throw new StepperException($"{text}: a number of instructions, 0 or more");
    }
}
