using System.Text;

namespace Emu.Frontend.Linux;

/// <summary>Builds the root file system of the ready-made guest: a static busybox and an init script.</summary>
internal static class Initramfs
{
    private const uint Executable = 0x1ED;

    private static readonly string[] Directories =
        ["bin", "sbin", "usr", "usr/bin", "usr/sbin", "etc", "proc", "sys", "dev", "run", "tmp", "root", "mnt"];

    /// <summary>Makes the archive.</summary>
    /// <param name="busybox">A statically linked busybox.</param>
    /// <param name="command">Shell script to run instead of an interactive shell, or null.</param>
    public static byte[] Build(byte[] busybox, string? command)
    {
        MemoryStream stream = new();
        CpioWriter archive = new(stream);
        foreach (string directory in Directories) archive.Directory(directory);
        // The kernel opens these before the init script can mount anything.
        archive.CharacterDevice("dev/console", 5, 1);
        archive.CharacterDevice("dev/null", 1, 3, 0x1B6);
        archive.File("bin/busybox", busybox, Executable);
        archive.Link("bin/sh", "busybox");
        archive.File("init", InitScript(), Executable);
        archive.File("etc/passwd", "root::0:0:root:/root:/bin/sh\n"u8);
        archive.File("etc/group", "root:x:0:\n"u8);
        if (command != null) archive.File("command", Encoding.UTF8.GetBytes(command + "\n"), Executable);
        archive.Finish();
        return stream.ToArray();
    }

    private static byte[] InitScript()
    {
        using Stream stream = typeof(Initramfs).Assembly.GetManifestResourceStream("init.sh")
            ?? throw new InvalidOperationException("The assembly lacks the init script.");
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
