using System.CommandLine;
using System.Text;
using Emu.Devices.Serial;
using Emu.Frontend.CommandLine;
using Emu.Frontend.Run;
using Emu.Machine;

namespace Emu.Frontend.Linux;

/// <summary><c>emu linux</c>: an unmodified Debian kernel with a busybox shell on the terminal.</summary>
internal static class LinuxCommand
{
    private const ulong DefaultMemory = 512ul << 20;
    private const int LogTail = 30;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string> variant = new("--variant") { Description = "Kernel: cloud (small, default), generic, or 686 (32-bit)", DefaultValueFactory = _ => "cloud" };
        variant.AcceptOnlyFromAmong([.. KernelVariant.All.Select(v => v.Name)]);
        Option<string?> busybox = new("--busybox") { Description = "Statically linked busybox to use" };
        Option<string?> run = new("--run") { Description = "Run a shell command in the guest, print its output and end with its exit status" };
        Option<bool> refresh = new("--refresh") { Description = "Download kernel and busybox again" };
        Option<bool> bios = new("--with-bios") { Description = "Start through the BIOS instead of entering the kernel directly" };
        Command command = new(
            "linux",
            "Boot a Debian kernel to a shell on the terminal. Kernel and busybox come from Debian's packages and are kept in the cache directory. " +
            "--kernel FILE, --append TEXT, --memory SIZE and all machine options of emu (-smp, -cpu, -hda, -s, -S, -d, ...) work here too.")
        {
            variant, busybox, run, refresh, bios,
        };
        foreach (QemuOption option in QemuOptions.All.Except([QemuOptions.Initrd])) command.Options.Add(option.Symbol);
        command.SetAction(result =>
        {
            KernelVariant chosen = KernelVariant.All.First(v => v.Name == result.GetValue(variant));
            (string kernel, string userland) = GuestFiles.Find(chosen, QemuOptions.Kernel.Last(result), result.GetValue(busybox), result.GetValue(refresh));
            LaunchOptions options = LaunchParser.Parse(result, image: null, bringsKernel: true);
            return Boot(result, options, kernel, userland, result.GetValue(run), result.GetValue(bios));
        });
        return command;
    }

    private static int Boot(ParseResult result, LaunchOptions options, string kernel, string busybox, string? run, bool throughBios)
    {
        string initrd = Path.Combine(Path.GetTempPath(), $"emu-initramfs-{Environment.ProcessId}-{Guid.NewGuid():n}.cpio");
        try
        {
            File.WriteAllBytes(initrd, Initramfs.Build(FirmwareFiles.Read(busybox), run));
            MachineConfiguration machine = options.Machine;
            options = options with
            {
                Machine = machine with
                {
                    Memory = QemuOptions.Memory.IsGiven(result) ? machine.Memory : DefaultMemory,
                    NoReboot = true,
                    Kernel = new KernelConfiguration
                    {
                        Path = kernel,
                        Initrd = initrd,
                        CommandLine = CommandLine(QemuOptions.Append.Last(result), interactive: run == null),
                        Boot = throughBios ? KernelBoot.ThroughBios : KernelBoot.Direct,
                    },
                },
            };
            return run == null ? Interactive(result, options) : RunCommand(options);
        }
        finally
        {
            File.Delete(initrd);
        }
    }

    private static string CommandLine(string? append, bool interactive)
    {
        // Names with "=" that the kernel does not know become the environment of init.
        StringBuilder text = new("console=ttyS0 panic=-1 cryptomgr.notests");
        if (interactive && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } terminal) text.Append($" TERM={terminal}");
        if (interactive && !Console.IsOutputRedirected && Console.WindowHeight > 0) text.Append($" ROWS={Console.WindowHeight} COLUMNS={Console.WindowWidth}");
        if (!string.IsNullOrEmpty(append)) text.Append(' ').Append(append);
        return text.ToString();
    }

    private static int Interactive(ParseResult result, LaunchOptions options)
    {
        return MachineRun.Run(QemuOptions.Serial.IsGiven(result) ? options : options.WithTerminal());
    }

    private static int RunCommand(LaunchOptions options)
    {
        MemoryCharacterDevice log = new();
        using Stream output = Console.OpenStandardOutput();
        CommandOutput lines = new(output);
        int status = MachineRun.Run(options with { Serial = [] }, [_ => log, _ => lines]);
        if (lines.Status is { } finished) return finished;
        lines.Release();
        Console.Error.WriteLine("emu: the guest ended before the command did; its last messages:");
        foreach (string line in log.Text.Split('\n').TakeLast(LogTail)) Console.Error.WriteLine(line.TrimEnd('\r'));
        return status != ExitStatus.Success ? status : ExitStatus.TripleFault;
    }
}
