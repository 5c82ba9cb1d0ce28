using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Emu.Frontend.CommandLine;

/// <summary>The help of <c>emu</c> itself, grouped by purpose; subcommands have the usual one.</summary>
internal sealed class GroupedHelp : SynchronousCommandLineAction
{
    private const int Column = 34;
    private const int MinWidth = 60;

    private static readonly (OptionGroup Group, string Title)[] Titles =
    [
        (OptionGroup.Machine, "Machine"),
        (OptionGroup.Boot, "What it boots"),
        (OptionGroup.Drives, "Drives"),
        (OptionGroup.Lines, "Serial ports and monitors"),
        (OptionGroup.Display, "Display and keyboard"),
        (OptionGroup.Debug, "Debugging"),
        (OptionGroup.Run, "How it ends"),
    ];

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is not RootCommand root) return new HelpAction().Invoke(parseResult);
        Write(root, Console.Out, Console.IsOutputRedirected ? 100 : Math.Max(MinWidth, Console.WindowWidth));
        return 0;
    }

    /// <summary>Writes the help.</summary>
    public static void Write(RootCommand root, TextWriter output, int width)
    {
        output.WriteLine("Usage: emu [OPTION...] [IMAGE]");
        output.WriteLine("       emu COMMAND ...");
        output.WriteLine();
        output.WriteLine("An x86-64 PC emulator. The options are QEMU's; one dash or two.");
        output.WriteLine();
        output.WriteLine("Commands:");
        foreach (Command command in root.Subcommands.Where(c => !c.Hidden)) Entry(output, width, "emu " + command.Name, command.Description ?? "");
        foreach ((OptionGroup group, string title) in Titles)
        {
            output.WriteLine();
            output.WriteLine($"{title}:");
            foreach (QemuOption option in QemuOptions.All.Where(o => o.Group == group)) Entry(output, width, $"{string.Join(", ", option.Names)} {option.Argument}".TrimEnd(), option.Description);
        }

        output.WriteLine();
        output.WriteLine("Lines (LINE above):");
        Entry(output, width, "stdio", "The terminal");
        Entry(output, width, "vc", "A console in the window or over VNC");
        Entry(output, width, "mon:stdio", "The terminal, shared with the monitor: Ctrl-A C switches, Ctrl-A X quits");
        Entry(output, width, "tcp:HOST:PORT[,server][,nowait]", "TCP on the loopback interface; telnet: likewise, for telnet clients");
        Entry(output, width, "unix:PATH[,server][,nowait]", "Unix domain socket");
        Entry(output, width, "file:PATH, pty, null, none", "A file, a new pseudo-terminal, nobody, no port at all");
        Entry(output, width, "chardev:ID", "A line named by -chardev");
        output.WriteLine();
        output.WriteLine("Examples:");
        output.WriteLine("  emu linux                              an unmodified Debian kernel with a shell");
        output.WriteLine("  emu -m 1G -hda disk.qcow2 -nographic   boot a disk, console on this terminal");
        output.WriteLine("  emu -kernel bzImage -append console=ttyS0 -initrd initrd.gz -nographic");
        output.WriteLine("  emu -s -S -kernel vmlinuz              then, in gdb: target remote :1234");
    }

    private static void Entry(TextWriter output, int width, string name, string description)
    {
        string line = "  " + name;
        if (line.Length >= Column)
        {
            output.WriteLine(line);
            line = "";
        }

        int room = Math.Max(20, width - Column - 1);
        foreach (string part in Wrap(description, room))
        {
            output.WriteLine(line.PadRight(Column) + part);
            line = "";
        }
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return line;
    }
}
