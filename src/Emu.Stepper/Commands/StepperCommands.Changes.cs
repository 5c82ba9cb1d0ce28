using System.Globalization;
using System.Text;
using Emu.Debugging;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;

namespace Emu.Stepper.Commands;

// Changing the program's state; notes; expectations.
public sealed partial class StepperCommands
{
    private void AddChanges()
    {
        Add("set", "REGISTER|FLAG|[ADDRESS] = EXPRESSION", "Change a register, a flag, or memory (byte [x], word [x], dword [x], qword [x])", Set);
    }

    private CommandResult Set(string rest)
    {
        int at = rest.IndexOf('=');
        if (at <= 0) throw new StepperException("set needs '=': set rax = 5, set zf = 1, set byte [rsi] = 'a'");
        string target = rest[..at].Trim();
        ulong value = Session.Evaluate(rest[(at + 1)..].Trim());
        if (target.EndsWith(']'))
        {
            int open = target.IndexOf('[');
            string size = target[..open].Trim().ToLowerInvariant();
            int bytes = size switch { "byte" => 1, "word" => 2, "dword" => 4, "qword" => 8, "" => GuestView.CodeBits(Session.Cpu) / 8, _ => throw new StepperException($"'{size}' is no size; there are byte, word, dword and qword") };
            ulong address = Session.Evaluate(target[(open + 1)..^1]);
            if (!Session.WriteMemory(address, BitConverter.GetBytes(value).AsSpan(0, bytes))) throw new StepperException($"there is no memory at {Numbers.Hex(address)}");
            return Say($"{size} [{Numbers.Hex(address)}] = {Numbers.Value(value, bytes)}".TrimStart());
        }

        if (!Session.Write(target, value)) throw new StepperException($"'{target}' is no register or flag that can be changed");
        return Say($"{target} = {Numbers.Value(value, 8)}");
    }

    private void AddNotes()
    {
        Add("note", "TEXT", "Write a note into the transcript", rest =>
        {
            Session.Notes.Add(new Note(Session.Position, Session.InstructionPointer, rest));
            return Say($"note: {rest}");
        });
        Add("bookmark", "NAME", "Remember this place under a name", rest =>
        {
            if (rest.Length == 0) throw new StepperException("a bookmark needs a name");
            Session.Bookmarks[rest] = Session.Position;
            return Say($"bookmark {rest} at instruction {Session.Position}, {Session.Describe(Session.InstructionPointer)}");
        });
        Add("export", "FILE", "Write a transcript of the steps: Markdown, or HTML if the name ends in .html", rest =>
        {
            if (rest.Length == 0) throw new StepperException("export needs a file name, such as steps.md or steps.html");
            Transcript.Save(Session, rest);
            return Say($"{Session.Steps.Count} steps written to {rest}");
        });
        Add("bookmarks", "", "List the bookmarks", _ => Say([.. Session.Bookmarks.Select(b => $"{b.Key}: instruction {b.Value}")]));
    }

    private void AddExpectations()
    {
        Add("expect", "EXPRESSION | stop KIND | output \"TEXT\" | next \"TEXT\" | explains \"TEXT\"", "For scripts: check that something holds", rest =>
        {
            (bool holds, string found) = Check(rest);
            return new CommandResult([holds ? $"ok: {rest}" : $"FAILED: {rest}{found}"]) { Passed = holds };
        });
        Add("echo", "TEXT", "Say something", rest => Say(rest));
    }

    private (bool Holds, string Found) Check(string rest)
    {
        int space = rest.IndexOf(' ');
        string word = space < 0 ? rest : rest[..space];
        string argument = space < 0 ? "" : rest[(space + 1)..].Trim();
        string quoted = argument.Length > 1 && argument[0] == '"' && argument[^1] == '"' ? argument[1..^1].Replace("\\n", "\n", StringComparison.Ordinal) : argument;
        switch (word)
        {
            case "stop":
                if (!Enum.TryParse(argument, ignoreCase: true, out StopKind kind)) throw new StepperException($"'{argument}' is no kind of stop; there are {string.Join(", ", Enum.GetNames<StopKind>()).ToLowerInvariant()}");
                return (lastStop?.Kind == kind, $" (the stop was {lastStop?.Kind.ToString().ToLowerInvariant() ?? "none yet"}{(lastStop?.Message is { Length: > 0 } m ? ": " + m : "")})");
            case "output":
                return (Session.Output.Contains(quoted, StringComparison.Ordinal), $" (the output is \"{Session.Output.Replace("\n", "\\n", StringComparison.Ordinal)}\")");
            case "next":
                string next = Session.Text.Format(Session.Next);
                return (next.Contains(quoted, StringComparison.Ordinal), $" (it is \"{next}\")");
            case "explains":
                string text = string.Join("\n", ExplanationText.Lines(Session.Last ?? Session.Preview(), Session));
                return (text.Contains(quoted, StringComparison.Ordinal), $" (the explanation is:\n{text})");
            default:
                return (Session.Evaluate(rest) != 0, Sides(rest));
        }
    }

    /// <summary>Both sides of a comparison with their values.</summary>
    private string Sides(string expression)
    {
        foreach (string symbol in (string[])["==", "!=", "<=", ">=", "<", ">"])
        {
            int at = expression.IndexOf(symbol, StringComparison.Ordinal);
            if (at <= 0 || expression.Contains("&&", StringComparison.Ordinal) || expression.Contains("||", StringComparison.Ordinal)) continue;
            return $" (left is {Numbers.Value(Session.Evaluate(expression[..at]), 8)}, right is {Numbers.Value(Session.Evaluate(expression[(at + symbol.Length)..]), 8)})";
        }

        return "";
    }
}
