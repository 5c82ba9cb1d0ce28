using System.Text.RegularExpressions;
using Xunit;

namespace Emu.Guests.Tests;

public sealed partial class KernelTests
{
    /// <summary>What these kernels complain of on QEMU's "pc" as well: the PIT is calibrated against later, and the i440FX has no MMCONFIG.</summary>
    private static readonly string[] Expected =
    [
        "tsc: Unable to calibrate against PIT",
        "acpi PNP0A03:00: fail to add MMCONFIG information, can't access extended PCI configuration space under this bridge.",
        "acpi resource window ([0x100000000-0x17fffffff] ignored, not CPU addressable)",
    ];

    [KernelFact("cloud")]
    public void The_cloud_kernel_boots_without_a_warning_of_its_own() => BootQuietly("cloud", "x86_64", "1");

    [KernelFact("cloud", isLong: true)]
    public void The_cloud_kernel_brings_up_four_processors() => BootQuietly("cloud", "x86_64", "4", "-smp", "4");

    [KernelFact("cloud", isLong: true)]
    public void The_cloud_kernel_boots_through_the_BIOS() => BootQuietly("cloud", "x86_64", "1", "--with-bios");

    [KernelFact("generic", isLong: true)]
    public void The_generic_kernel_boots_without_a_warning_of_its_own() => BootQuietly("generic", "x86_64", "1");

    [KernelFact("686", isLong: true)]
    public void The_32_bit_kernel_boots_without_a_warning_of_its_own() => BootQuietly("686", "i686", "1");

    [KernelFact("cloud")]
    public void The_exit_status_of_a_command_in_the_guest_is_that_of_emu()
    {
        (int status, string output) = EmuProcess.Run("linux", "--run", "echo from the guest; exit 42");
        Assert.Equal(42, status);
        Assert.Equal("from the guest\n", output);
    }

    private static void BootQuietly(string variant, string machine, string processors, params string[] options)
    {
        // Time is counted in instructions, so a busy host makes no difference to what the kernel sees.
        (int status, string output) = EmuProcess.Run(["linux", "--variant", variant, "-icount", "shift=1,sleep=off", "--run", "uname -m; nproc; dmesg -r", .. options]);
        Assert.True(status == 0, output);
        string[] lines = output.Split('\n');
        Assert.Equal([machine, processors], lines[..2]);
        Assert.Contains(lines, l => l.Contains("Linux version", StringComparison.Ordinal));
        string[] warnings = [.. lines.Select(l => Warning().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value)];
        // "#1 #2 #3", the processors as they come up, is one line in pieces; a piece that another message comes before counts as one of its own.
        Assert.DoesNotContain(warnings.Except(Expected), w => !w.StartsWith(" #", StringComparison.Ordinal));
    }

    /// <summary>A message of level warning or worse, as <c>dmesg -r</c> prints it.</summary>
    [GeneratedRegex(@"^<[0-4]>\[ *[0-9.]+\] (.*?)\r?$")]
    private static partial Regex Warning();
}
