using Emu.Devices.Storage;
using Emu.Frontend.Linux;
using Emu.Machine;
using Xunit;

namespace Emu.Guests.Tests;

/// <summary>A fact about the Debian installation that <c>root-image.sh</c> makes.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootDiskFactAttribute : FactAttribute
{
    /// <summary>Where the installation is kept.</summary>
    public static readonly string Directory = Path.Combine(GuestFiles.CacheDirectory(), "guests");

    /// <summary>Marks a fact.</summary>
    public RootDiskFactAttribute()
    {
        if (Environment.GetEnvironmentVariable(GuestFactAttribute.LongRunVariable) is null or "") Skip = "takes minutes: run ./test --guests";
        else if (!File.Exists(Path.Combine(Directory, "root.img"))) Skip = "needs an installed Debian: run ./test --guests as root, with debootstrap and a network";
    }
}

public sealed class RootDiskTests : IDisposable
{
    /// <summary>SHA-256 of the file the guest writes.</summary>
    private const string Checksum = "862713fede133140ae38c9f2773cdf52221e5e9879b3b29c52af0486e3eedd25";

    private readonly string directory = Directory.CreateTempSubdirectory("emu-guests-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [RootDiskFact]
    public void Debian_on_a_raw_disk_keeps_what_was_written_until_it_was_switched_off()
    {
        string disk = Path.Combine(directory, "disk.img");
        File.Copy(Path.Combine(RootDiskFactAttribute.Directory, "root.img"), disk);
        WriteAndReadAgain(disk);
    }

    [RootDiskFact]
    public void Debian_on_a_qcow2_disk_keeps_what_was_written_until_it_was_switched_off()
    {
        string disk = Path.Combine(directory, "disk.qcow2");
        Qcow2CreateOptions backed = new() { BackingFile = Path.Combine(RootDiskFactAttribute.Directory, "root.img"), BackingFormat = "raw" };
        ImageTool.Create(disk, new ImageCreateOptions { Format = "qcow2", Qcow2 = backed });
        WriteAndReadAgain(disk);
        ImageCheckResult check = ImageTool.Check(disk, "qcow2", Qcow2Repair.None);
        Assert.Equal((0, 0), (check.Corruptions, check.Leaks));
    }

    private static void WriteAndReadAgain(string disk)
    {
        using (Guest guest = LogIn(disk))
        {
            guest.SendLine("yes 0123456789abcde | head -c 16777216 >/root/file && sync && sha256sum /root/file | cut -c1-64 | sed s/^/SUM=/");
            guest.WaitForSerial("SUM=");
            guest.SendLine("poweroff");
            Assert.Equal(StopReason.PowerOff, guest.WaitForEnd());
        }

        using (Guest guest = LogIn(disk))
        {
            guest.SendLine("sha256sum /root/file | cut -c1-64 | sed s/^/SUM=/");
            guest.WaitForSerial("SUM=" + Checksum);
            guest.SendLine("dmesg -l err,warn | grep -E 'ata|sda|EXT4' | wc -l | sed s/^/COMPLAINTS=/");
            guest.WaitForSerial("COMPLAINTS=0");
            guest.SendLine("poweroff");
            Assert.Equal(StopReason.PowerOff, guest.WaitForEnd());
        }
    }

    private static Guest LogIn(string disk)
    {
        Guest guest = new(new MachineConfiguration
        {
            Memory = 512 << 20,
            Vga = false,
            Drives = [new DriveConfiguration { Kind = DriveKind.Disk, File = disk }],
            Kernel = new KernelConfiguration
            {
                Path = Path.Combine(RootDiskFactAttribute.Directory, "vmlinuz"),
                Initrd = Path.Combine(RootDiskFactAttribute.Directory, "initrd.img"),
                CommandLine = "console=ttyS0 root=/dev/sda rw quiet",
                Boot = KernelBoot.Direct,
            },
        });
        guest.WaitForSerial("login: ");
        guest.SendLine("root");
        guest.WaitForSerial("Password: ");
        guest.SendLine("emu");
        guest.WaitForSerial("root@emu:~# ");
        return guest;
    }
}
