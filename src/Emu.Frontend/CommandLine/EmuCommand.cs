using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Emu.Frontend.Demo;
using Emu.Frontend.Images;
using Emu.Frontend.Linux;
using Emu.Frontend.Run;
using Emu.Frontend.Step;
using Emu.Frontend.Testing;

namespace Emu.Frontend.CommandLine;

/// <summary>The whole command line: QEMU's options at the root, subcommands for what QEMU has no word for.</summary>
internal static class EmuCommand
{
    private static readonly Option<bool> Version = new("-version", "--version", "version") { Description = "Print the version", Arity = ArgumentArity.Zero };

    private static readonly ParserConfiguration Parsing = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Parses and carries out.</summary>
    /// <returns>Exit status of the process.</returns>
    public static int Invoke(string[] arguments)
    {
        RootCommand root = Create(out Argument<string[]> image);
        ParseResult result = root.Parse(arguments, Parsing);
        if (result.CommandResult.Command != root && result.Action is ParseErrorAction)
        {
            throw new UsageException(DescribeError(result));
        }

        if (result.CommandResult.Command != root) return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        if (result.Action is HelpAction or GroupedHelp) return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        CheckTokens(result, root, image);
        return Start(result, root, image);
    }

    /// <summary>The command tree; also what completion scripts are made of.</summary>
    public static RootCommand Create(out Argument<string[]> image)
    {
        image = new Argument<string[]>("IMAGE") { Description = "Disk image, as -hda", Arity = ArgumentArity.ZeroOrMore };
        RootCommand root = new("An x86-64 PC emulator in QEMU's dialect") { image };
        root.Options.Clear();
        foreach (QemuOption option in QemuOptions.All) root.Options.Add(option.Symbol);
        root.Options.Add(new HelpOption("--help", "-h", "-help", "-?") { Action = new GroupedHelp() });
        root.Options.Add(Version);
        root.Subcommands.Add(DemoCommand.Create());
        root.Subcommands.Add(LinuxCommand.Create());
        root.Subcommands.Add(ImageCommand.Create());
        root.Subcommands.Add(TestCommand.Create());
        root.Subcommands.Add(StepCommand.Create());
        root.Subcommands.Add(DapCommand.Create());
        root.Subcommands.Add(Explain.JitCommand.Create());
        root.Subcommands.Add(Completion.Create());
        root.SetAction(_ => 0);
        return root;
    }

    private static int Start(ParseResult result, RootCommand root, Argument<string[]> image)
    {
        if (result.GetValue(Version))
        {
            Console.WriteLine($"emu {Debugging.Monitor.HumanMonitor.Version}");
            return ExitStatus.Success;
        }

        if (Listings.TryPrint(result, Console.Out)) return ExitStatus.Success;
        string[] images = result.GetValue(image) ?? [];
        if (images.Length > 1) throw new UsageException($"one disk image can stand alone, not {images.Length} ('{images[0]}', '{images[1]}'); use -hda, -hdb, ...");
        if (images.Length == 1 && !File.Exists(images[0]) && !images[0].Contains('/'))
        {
            throw new UsageException($"'{images[0]}' is neither a command nor a file{Suggestion.Phrase(images[0], root.Subcommands.Select(c => c.Name))}");
        }

        return MachineRun.Run(LaunchParser.Parse(result, images.FirstOrDefault(), windowByDefault: true));
    }

    /// <summary>What is wrong with the arguments of a subcommand, in one line.</summary>
    private static string DescribeError(ParseResult result)
    {
        string? unknown = result.UnmatchedTokens.FirstOrDefault(t => t.Length > 1 && t[0] == '-');
        string command = result.CommandResult.Command.Name;
        if (unknown == null)
        {
            if (result.CommandResult.Command.Subcommands is not { Count: > 0 } commands) return Tidy(result.Errors[0].Message);
            string list = string.Join(", ", commands.Select(c => c.Name));
            return result.UnmatchedTokens is [string word, ..]
                ? $"there is no command 'emu {command} {word}'{Suggestion.Phrase(word, commands.Select(c => c.Name))}; there are {list}"
                : $"'emu {command}' needs a command: {list} ('emu {command} --help' explains them)";
        }

        string name = unknown.Split('=')[0];
        IEnumerable<string> names = result.CommandResult.Command.Options.SelectMany(o => o.Aliases.Prepend(o.Name));
        return $"there is no option '{name}'{Suggestion.Phrase(name, names)} ('emu {command} --help' lists all)";
    }

    /// <summary>The parser's own messages as one line that speaks to a user.</summary>
    private static string Tidy(string message)
    {
        string line = string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        int type = line.IndexOf(" as expected type ", StringComparison.Ordinal);
        return type < 0 ? line : line[..type] + ": not a number in range";
    }

    private static void CheckTokens(ParseResult result, RootCommand root, Argument<string[]> image)
    {
        // An unknown option shows itself as an argument of the root command.
        string? unknown = result.UnmatchedTokens.Concat(result.GetValue(image) ?? []).FirstOrDefault(t => t.Length > 1 && t[0] == '-');
        if (unknown != null)
        {
            string name = unknown.Split('=')[0];
            throw new UsageException(MissingOptions.ReasonFor(unknown) is { } reason
                ? $"{name} is not available: {reason}"
                : $"there is no option '{name}'{Suggestion.Phrase(name, QemuOptions.All.SelectMany(o => o.Names).Concat(MissingOptions.Names))} (--help lists all)");
        }

        if (result.Errors.Count == 0) return;
        string message = result.Errors[0].Message;
        QemuOption? incomplete = QemuOptions.All.FirstOrDefault(o => message.Contains($"'{o.Name}'", StringComparison.Ordinal));
        throw new UsageException(incomplete is { Argument: { } argument } ? $"{incomplete.Name} needs an argument: {incomplete.Name} {argument}" : message.TrimEnd('.'));
    }
}
