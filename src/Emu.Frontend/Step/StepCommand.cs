using System.CommandLine;
using System.Globalization;
using Emu.Frontend.CommandLine;
using Emu.Frontend.Run;
using Emu.Machine;
using Emu.Stepper;
using Emu.Stepper.Commands;
using Emu.Stepper.Lessons;
using Emu.Stepper.Session;
using Emu.Stepper.Terminal;

namespace Emu.Frontend.Step;

/// <summary><c>emu step</c>: walks through a program instruction by instruction and tells what happens.</summary>
internal static class StepCommand
{
    private static readonly ParserConfiguration MachineParsing = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Argument<string[]> target = new("FILE") { Description = "Assembly source (.asm, .s), static Linux program or flat binary, with arguments for it; or -- and a machine's options", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> script = new("--script") { Description = "Run stepper commands from a file (- for standard input) instead of showing the screen; exit status 1 if an expectation fails" };
        Option<bool> json = new("--json") { Description = "Answers of a script as JSON, one object a line" };
        Option<string?> bits = new("--bits") { Description = "A flat binary is 16-, 32- or 64-bit code", HelpName = "16|32|64" };
        Option<string?> origin = new("--org") { Description = "Address of a flat binary's first byte (0x7c00 if nothing is said)" };
        Option<string?> input = new("--input") { Description = "File that a Linux program reads as its standard input" };
        Option<string?> lesson = new("--lesson") { Description = "Take a built-in lesson; without a name, list them", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("step", "Walk through a program instruction by instruction: what each one does with its values, and why. -- -kernel ... steps through a whole PC")
        {
            target, script, json, bits, origin, input, lesson,
        };
        command.SetAction(result =>
        {
            string[] words = result.GetValue(target) ?? [];
            if (result.GetResult(lesson) != null) return TakeLesson(result.GetValue(lesson), result.GetValue(script), result.GetValue(json));
            if (words.Length == 0) throw new UsageException("emu step needs something to step through: a file, or -- and a machine's options (emu step --help)");
            ProgramOptions options = new()
            {
                Bits = result.GetValue(bits) is { } size ? ParseBits(size) : null,
                Origin = result.GetValue(origin) is { } text ? ParseAddress(text) : null,
                Arguments = words[1..],
                Input = result.GetValue(input) is { } path ? Machine.FirmwareFiles.Read(path) : [],
            };
            using StepperSession session = new(words[0].StartsWith('-') ? MachineOf(words) : GuestProgram.FromFile(words[0], options));
            return result.GetValue(script) is { } file ? RunScript(session, file, result.GetValue(json)) : Interactive(session);
        });
        return command;
    }

    private static int TakeLesson(string? name, string? script, bool json)
    {
        if (name == null)
        {
            for (int i = 0; i < Lesson.All.Count; i++) Console.WriteLine($"{i + 1,3}  {Lesson.All[i].Name,-12} {Lesson.All[i].Title}");
            Console.WriteLine("emu step --lesson NAME takes one");
            return ExitStatus.Success;
        }

        Lesson lesson = Lesson.Find(name) ?? throw new UsageException($"there is no lesson '{name}'{Suggestion.Phrase(name, Lesson.All.Select(l => l.Name))}; emu step --lesson lists them");
        using StepperSession session = new(lesson.Load());
        return script != null ? RunScript(session, script, json) : Interactive(session, lesson);
    }

    private static int Interactive(StepperSession session, Lesson? lesson = null)
    {
        using HostConsole terminal = HostConsole.Open() ?? throw new UsageException("the screen needs a terminal; --script FILE runs commands without one");
        new StepperScreen(terminal, session, lesson).Run();
        return ExitStatus.Success;
    }

    private static int RunScript(StepperSession session, string file, bool json)
    {
        using TextReader reader = file == "-" ? Console.In : Open(file);
        ScriptRunner runner = new(new StepperCommands(session), Console.Out, json);
        return runner.Run(Lines(reader)) ? ExitStatus.Success : 1;
    }

    private static StreamReader Open(string file) => File.Exists(file) ? new StreamReader(file) : throw new UsageException($"--script {file}: no such file");

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } line) yield return line;
    }

    private static int ParseBits(string text) => text is "16" or "32" or "64" ? int.Parse(text, CultureInfo.InvariantCulture) : throw new UsageException($"--bits {text}: code has 16, 32 or 64 bits");

    private static ulong ParseAddress(string text)
    {
        bool hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(hexadecimal ? text.AsSpan(2) : text, hexadecimal ? NumberStyles.HexNumber : NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new UsageException($"--org {text}: not an address such as 0x7c00");
    }

    /// <summary>The machine that the options behind -- describe; what it says on its serial port is kept for the screen.</summary>
    private static GuestProgram MachineOf(string[] words) => GuestProgram.FromMachine(ParseMachine(words), string.Join(' ', words));

    /// <summary>A machine from QEMU's options.</summary>
    public static MachineConfiguration ParseMachine(IReadOnlyList<string> words)
    {
        Argument<string[]> image = new("IMAGE") { Arity = ArgumentArity.ZeroOrMore };
        RootCommand root = new() { image };
        root.Options.Clear();
        foreach (QemuOption option in QemuOptions.All) root.Options.Add(option.Symbol);
        ParseResult parsed = root.Parse(words, MachineParsing);
        if (parsed.Errors.Count > 0) throw new UsageException(parsed.Errors[0].Message.TrimEnd('.'));
        string[] images = parsed.GetValue(image) ?? [];
        string? unknown = parsed.UnmatchedTokens.Concat(images).FirstOrDefault(t => t.Length > 1 && t[0] == '-');
        if (unknown != null) throw new UsageException($"there is no machine option '{unknown}' (emu --help lists them; options of the stepper itself, such as --script, come before --)");
        if (images.Length > 1) throw new UsageException($"one disk image can stand alone, not {images.Length} ('{images[0]}', '{images[1]}'); use -hda, -hdb, ...");
        return LaunchParser.Parse(parsed, images.FirstOrDefault()).Machine;
    }
}
