using System.CommandLine;
using Emu.Demo;
using Emu.Devices.Debugging;
using Emu.Devices.Display;
using Emu.Devices.Serial;
using Emu.Frontend.CommandLine;
using Emu.Frontend.Run;
using Emu.Machine;

namespace Emu.Frontend.Demo;

/// <summary><c>emu demo</c>: a guest that is part of the emulator and needs nothing from outside.</summary>
internal static class DemoCommand
{
    private const ulong DefaultMemory = 32ul << 20;
    private const ushort MarkPort = 0xE9;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<bool> tour = new("--tour") { Description = "Go through the screens without being asked, then switch off" };
        Option<DirectoryInfo?> screenshots = new("--screenshots") { Description = "As --tour, and save each screen as a PNG file in this directory", HelpName = "DIR" };
        Command command = new(
            "demo",
            "Show what the machine can do, without firmware or downloads: text, VGA and VBE graphics, timer, keyboard and serial port. Keys 1, 2 and 3 choose a screen, Esc or q switches off; " +
            "they work in the window and on the terminal. All machine options of emu (-m, -cpu, -display, -s, -S, -d, ...) work here too.")
        {
            tour, screenshots,
        };
        foreach (QemuOption option in QemuOptions.All.Except([QemuOptions.Kernel, QemuOptions.Initrd, QemuOptions.Append, QemuOptions.Bios])) command.Options.Add(option.Symbol);
        command.SetAction(result => Run(result, result.GetValue(tour), result.GetValue(screenshots)));
        return command;
    }

    private static int Run(ParseResult result, bool tour, DirectoryInfo? screenshots)
    {
        LaunchOptions options = LaunchParser.Parse(result, image: null, windowByDefault: !tour && screenshots == null);
        if (!options.Machine.Vga) throw new UsageException("emu demo: there must be a screen to show it on; leave -vga none and -nodefaults out");
        options = options with
        {
            Machine = options.Machine with
            {
                Memory = QemuOptions.Memory.IsGiven(result) ? options.Machine.Memory : DefaultMemory,
                Kernel = DemoGuest.Build(tour || screenshots != null),
                NoReboot = true,
            },
        };
        if (!QemuOptions.Serial.IsGiven(result)) options = options.WithTerminal();
        return MachineRun.Run(options, prepare: screenshots == null ? null : machine => SaveScreens(machine, screenshots));
    }

    private static void SaveScreens(Machine.Machine machine, DirectoryInfo directory)
    {
        directory.Create();
        MemoryCharacterDevice marks = new();
        marks.Written += () =>
        {
            char mark = marks.Text[^1];
            foreach ((char shown, string name) in DemoGuest.Screens)
            {
                if (shown != mark || machine.Board.Display is not { } display) continue;
                string path = Path.Combine(directory.FullName, $"demo-{name}.png");
                ScreenshotWriter.Save(display.Capture(), path);
                Console.Error.WriteLine($"emu: saved {path}");
            }
        };
        machine.Board.Ports.Map(MarkPort, 1, new DebugConsolePort(marks), "demo-marks");
    }
}
