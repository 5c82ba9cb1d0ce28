using Emu.Machine;
using Xunit;

namespace Emu.Guests.Tests;

public sealed class InstallerTests
{
    private const string Files = "/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/";

    [GuestFact("debian-installer-12-netboot-amd64", Files + "linux", isLong: true)]
    public void The_Debian_installer_asks_for_a_language_on_the_text_screen()
    {
        using Guest guest = new(new MachineConfiguration
        {
            Memory = 512 << 20,
            Kernel = new KernelConfiguration { Path = Files + "linux", Initrd = Files + "initrd.gz", CommandLine = "vga=normal fb=false" },
        });
        string[] screen = guest.WaitForScreen("Select a language");
        Assert.Contains(screen, l => l.Contains("English", StringComparison.Ordinal));
        Assert.Contains(screen, l => l.Contains("<Go Back>", StringComparison.Ordinal));
        guest.Press("down");
        guest.Press("ret");
    }
}
