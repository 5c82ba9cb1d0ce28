using System.Globalization;
using Emu.Frontend.Linux;

namespace Emu.Compare;

/// <summary>What emulators boot.</summary>
/// <param name="Kernel">Linux kernel.</param>
/// <param name="InitialFiles">Its initramfs, which speaks the workloads' protocol over the second serial port.</param>
/// <param name="CommandLine">Its command line.</param>
/// <param name="Megabytes">Guest memory.</param>
/// <param name="Logs">Folder for what comes over the first serial port.</param>
internal sealed record GuestBoot(string Kernel, string InitialFiles, string CommandLine, int Megabytes, string Logs);

/// <summary>The emulators that are compared, each with the same machine.</summary>
internal static class Emulators
{
    /// <summary>QEMU, by its translator.</summary>
    public static Contender Qemu(GuestBoot boot) => Create(Report.Qemu, "qemu-system-x86_64", ["-accel", "tcg", "-cpu", "max", "-net", "none"], boot);

    /// <summary>This emulator.</summary>
    /// <param name="root">Folder of the sources.</param>
    /// <param name="accelerator">Its accelerator, or null for its own choice.</param>
    /// <param name="more">More options.</param>
    /// <param name="boot">The guest.</param>
    public static Contender Emu(string root, string? accelerator, IEnumerable<string> more, GuestBoot boot) =>
        Create(accelerator == null ? "emu" : $"emu {accelerator}", Path.Combine(root, "emu"), [.. accelerator == null ? Array.Empty<string>() : ["-accel", accelerator], .. more], boot);

    /// <summary>Builds this emulator, if need be, outside the measurement.</summary>
    public static void Prepare(string root) => HostProgram.Run(Path.Combine(root, "emu"), ["--version"]);

    private static Contender Create(string name, string program, string[] arguments, GuestBoot boot) => new(
        name,
        program,
        [
            .. arguments, "-m", boot.Megabytes.ToString(CultureInfo.InvariantCulture), "-display", "none", "-no-reboot", "-kernel", boot.Kernel, "-initrd", boot.InitialFiles, "-append", boot.CommandLine,
            "-serial", $"file:{Path.Combine(boot.Logs, name.Replace(' ', '-'))}.log", "-serial", "stdio",
        ],
        boot.Megabytes * 1048576L);
}
