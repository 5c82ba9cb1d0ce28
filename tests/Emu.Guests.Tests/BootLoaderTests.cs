using Emu.Machine;
using Xunit;

namespace Emu.Guests.Tests;

public sealed class BootLoaderTests
{
    private const string Floppy = "/usr/lib/grub-rescue/grub-rescue-floppy.img";
    private const string Disc = "/usr/lib/grub-rescue/grub-rescue-cdrom.iso";
    private const string MemoryTest = "/usr/lib/memtest86+/memtest86+x64.iso";

    [GuestFact("grub-rescue-pc", Floppy)]
    public void GRUB_started_from_a_floppy_takes_commands()
    {
        using Guest guest = new(With(DriveKind.Floppy, Floppy));
        UseCommandLine(guest);
    }

    [GuestFact("grub-rescue-pc", Disc)]
    public void GRUB_started_from_a_CD_takes_commands_and_reads_the_disc()
    {
        using Guest guest = new(With(DriveKind.CdRom, Disc));
        UseCommandLine(guest);
        guest.TypeLine("ls (cd)/boot/grub");
        guest.WaitForScreen("i386-pc/");
    }

    [GuestFact("memtest86+", MemoryTest, isLong: true)]
    public void Memtest86_finds_no_error_in_a_full_pass_over_64_MiB()
    {
        using Guest guest = new(With(DriveKind.CdRom, MemoryTest));
        string[] screen = guest.WaitForScreen(l => ValueOf(l, "Pass:") is > 0 || ValueOf(l, "Errors:") is > 0);
        Assert.Equal(1, screen.Select(l => ValueOf(l, "Pass:")).Max());
        Assert.Equal(0, screen.Select(l => ValueOf(l, "Errors:")).Max());
    }

    private static MachineConfiguration With(DriveKind kind, string image) => new()
    {
        Memory = 64 << 20,
        Drives = [new DriveConfiguration { Kind = kind, File = image, ReadOnly = true }],
    };

    private static void UseCommandLine(Guest guest)
    {
        guest.WaitForScreen("Press enter to boot the selected OS");
        guest.Press("c");
        guest.WaitForScreen("grub>");
        guest.TypeLine("set a=out; echo ${a}put");
        guest.WaitForScreen(l => l.TrimEnd() == "output");
    }

    /// <summary>The number after a label, or null.</summary>
    private static int? ValueOf(string line, string label)
    {
        int at = line.IndexOf(label, StringComparison.Ordinal);
        if (at < 0) return null;
        string digits = new([.. line[(at + label.Length)..].TrimStart().TakeWhile(char.IsAsciiDigit)]);
        return digits.Length == 0 ? null : int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
    }
}
