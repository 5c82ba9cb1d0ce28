using System.Text.Json;
using Emu.Stepper.Session;

namespace Emu.Stepper.Commands;

/// <summary>
/// Runs a script of stepper commands without a screen: one command a line, # begins a comment. A failed expectation, or a command that cannot be done,
/// makes the script fail, but the rest still runs.
/// </summary>
public sealed class ScriptRunner(StepperCommands commands, TextWriter output, bool json)
{
    private static readonly JsonSerializerOptions Format = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private int line;

    /// <summary>Expectations that held.</summary>
    public int Passed { get; private set; }

    /// <summary>Expectations that did not hold, and commands that could not be done.</summary>
    public int Failed { get; private set; }

    /// <summary>Runs the script; true if nothing failed.</summary>
    public bool Run(IEnumerable<string> script)
    {
        foreach (string text in script)
        {
            line++;
            string command = StripComment(text).Trim();
            if (command.Length == 0) continue;
            if (!RunOne(command)) break;
        }

        Report();
        return Failed == 0;
    }

    private bool RunOne(string command)
    {
        CommandResult result;
        try
        {
            result = commands.Run(command);
        }
        catch (StepperException e)
        {
            Failed++;
            Write(command, [$"FAILED, line {line}: {e.Message}"], null, false);
            return true;
        }

        if (result.Passed == true) Passed++;
        if (result.Passed == false) Failed++;
        Write(command, result.Passed == false ? [$"{result.Lines[0]}, line {line}", .. result.Lines.Skip(1)] : result.Lines, result.Stop, result.Passed);
        return !result.Quits;
    }

    private void Write(string command, IReadOnlyList<string> lines, Stop? stop, bool? passed)
    {
        if (!json)
        {
            output.WriteLine($"> {command}");
            foreach (string text in lines) output.WriteLine(text);
            return;
        }

        output.WriteLine(JsonSerializer.Serialize(
            new
            {
                line,
                command,
                text = lines,
                stop = stop == null ? null : new { kind = stop.Kind.ToString().ToLowerInvariant(), message = stop.Message },
                passed,
                position = commands.Session.Position,
                address = $"0x{commands.Session.InstructionPointer:x}",
            },
            Format));
    }

    private void Report()
    {
        if (json) output.WriteLine(JsonSerializer.Serialize(new { passed = Passed, failed = Failed }, Format));
        else output.WriteLine($"{Passed} passed, {Failed} failed");
    }

    /// <summary>What stands before a # that is not in quotes.</summary>
    private static string StripComment(string text)
    {
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '"') quoted = !quoted;
            if (text[i] == '#' && !quoted) return text[..i];
        }

        return text;
    }
}
