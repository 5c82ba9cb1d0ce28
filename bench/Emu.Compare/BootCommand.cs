using System.CommandLine;
using System.Globalization;
using Emu.Frontend.Linux;
using Spectre.Console;

namespace Emu.Compare;

/// <summary>The command line of <c>bench/boot</c>: from the start of the process to a shell of Debian's cloud kernel, next to QEMU.</summary>
internal static class BootCommand
{
    private const int GuestMegabytes = 512;
    private const double GoalRatio = 3;
    private const long GoalMegabytes = 300;

    // The second serial port, which carries the shell's output, keeps the machine there until it is ended.
    private const string ShellScript = "echo READY; exec sleep 86400";
    private const string CommandLine = "console=ttyS0 panic=-1 cryptomgr.notests";

    /// <summary>The command.</summary>
    public static RootCommand Create()
    {
        Option<string> root = new("--root") { Description = "Folder of the sources", Hidden = true, Required = true };
        Option<string[]> accelerators = CompareCommand.List("--accel", "Accelerators of emu to measure (default: interp)");
        Option<int> boots = CompareCommand.Count("--boots", "Boots of each, in turn; the median counts", 5), timeout = CompareCommand.Count("--timeout", "Seconds after which a boot counts as hung", 120);
        Option<string?> kernel = new("--kernel") { Description = "Kernel to boot instead of Debian's cloud kernel" }, busybox = new("--busybox") { Description = "Statically linked busybox" };
        RootCommand command = new(
            "Boots Debian's cloud kernel to a busybox shell under QEMU (TCG) and under emu, in turn, and prints times, ratios and memory. " +
            $"The exit status is 1 when emu takes more than {GoalRatio} times QEMU's time or more than {GoalMegabytes} MB beyond the guest's memory.")
        {
            root, accelerators, boots, timeout, kernel, busybox,
        };
        command.SetAction(result =>
        {
            string top = result.GetRequiredValue(root);
            (string image, string program) = GuestFiles.Find(KernelVariant.All[0], result.GetValue(kernel), result.GetValue(busybox), refresh: false);
            DirectoryInfo logs = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "boot"));
            string initialFiles = Path.Combine(logs.FullName, "initramfs.cpio");
            File.WriteAllBytes(initialFiles, Initramfs.Build(File.ReadAllBytes(program), ShellScript));
            GuestBoot boot = new(image, initialFiles, CommandLine, GuestMegabytes, logs.FullName);
            Emulators.Prepare(top);
            string[] choices = result.GetValue(accelerators) is { Length: > 0 } given ? given : ["interp"];
            return Measure([Emulators.Qemu(boot), .. choices.Select(a => Emulators.Emu(top, a, [], boot))], result.GetValue(boots), TimeSpan.FromSeconds(result.GetValue(timeout)));
        });
        return command;
    }

    private static int Measure(Contender[] contenders, int boots, TimeSpan limit)
    {
        Dictionary<string, List<(long Resident, long BeyondGuest)>> memory = contenders.ToDictionary(c => c.Name, _ => new List<(long, long)>());
        try
        {
            for (int boot = 1; boot <= boots; boot++)
            {
                foreach (Contender contender in contenders)
                {
                    CompareCommand.Progress($"{contender.Name}: boot {boot} of {boots}");
                    if (contender.Start(limit) is { } failure) throw new CompareException($"{contender.Name} does not get to a shell: {failure}");
                    memory[contender.Name].Add(contender.Memory());
                    // One at a time, so that nothing competes with the boot that is measured.
                    contender.Stop();
                }
            }
        }
        finally
        {
            foreach (Contender contender in contenders) contender.Dispose();
        }

        return Print(contenders, c => Statistics.Median(memory[c.Name].Select(m => m.Resident / 1048576.0)) ?? 0, c => Statistics.Median(memory[c.Name].Select(m => m.BeyondGuest / 1048576.0)) ?? 0);
    }

    private static int Print(Contender[] contenders, Func<Contender, double> resident, Func<Contender, double> beyond)
    {
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumn("boot to shell");
        foreach (string column in (string[])["s", "fastest", "slowest", "/ qemu", "processor s", "/ qemu", "MB resident", "MB beyond guest"]) table.AddColumn(new TableColumn(column).RightAligned());
        double Median(List<double> times) => Statistics.Median(times) ?? 0;
        bool well = true;
        foreach (Contender contender in contenders)
        {
            double ratio = Median(contender.Boots) / Median(contenders[0].Boots), processorRatio = Median(contender.BootProcessorTimes) / Median(contenders[0].BootProcessorTimes);
            table.AddRow(
            [
                contender.Name, .. ((double[])[Median(contender.Boots), contender.Boots.Min(), contender.Boots.Max(), ratio, Median(contender.BootProcessorTimes), processorRatio]).Select(v => Format(v, "0.00")),
                Format(resident(contender), "0"), Format(beyond(contender), "0"),
            ]);
            if (contender != contenders[0]) well &= ratio <= GoalRatio && beyond(contender) <= GoalMegabytes;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect });
        if (Console.IsOutputRedirected) console.Profile.Width = 160;
        console.Write(table);
        console.WriteLine($"Goal: at most {GoalRatio} times QEMU's time and {GoalMegabytes} MB beyond guest memory: {(well ? "met" : "missed")}.");
        return well ? 0 : 1;
    }

    private static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
