using Emu.Machine.Loaders;

namespace Emu.Machine;

/// <summary>Finds firmware images where distributions install them.</summary>
public static class FirmwareFiles
{
    private const string DefaultBios = "bios-256k.bin";

    /// <summary>Most bytes taken from what is not a regular file.</summary>
    private const long MaxStream = 256 << 20;

    private static readonly string[] Directories =
        ["/usr/share/seabios", "/usr/share/qemu", "/usr/local/share/qemu", "/usr/share/vgabios", "/usr/lib/ipxe/qemu"];

    /// <summary>The BIOS: <paramref name="requested"/> as a path or a name in the usual places.</summary>
    /// <exception cref="LoaderException">It is nowhere, or has an impossible size.</exception>
    public static byte[] ReadBios(string? requested)
    {
        string path = Find(requested ?? DefaultBios)
            ?? throw new LoaderException(requested == null
                ? "no BIOS found: install the package seabios, or give an image with -bios FILE"
                : $"-bios {requested}: no such file");
        byte[] image = Read(path);
        if (image.Length == 0 || image.Length % 0x10000 != 0 || image.Length > 16 << 20)
        {
            throw new LoaderException($"{path}: a BIOS image is a multiple of 64 KiB up to 16 MiB, this file has {image.Length} bytes");
        }

        return image;
    }

    /// <summary>Whether a BIOS is installed in the usual places.</summary>
    public static bool HasBios => Find(DefaultBios) is not null;

    /// <summary>An option ROM by name, or null where no package has installed it.</summary>
    public static byte[]? TryReadRom(string name) => Find(name) is string path ? Read(path) : null;

    /// <summary>Reads a file, with errors as a user sees them.</summary>
    public static byte[] Read(string path)
    {
        if (path.Length == 0) throw new LoaderException("a file name is missing");
        if (Directory.Exists(path)) throw new LoaderException($"{path}: is a directory");
        try
        {
            using FileStream file = File.OpenRead(path);
            return file.CanSeek && file.Length > 0 ? File.ReadAllBytes(path) : ReadEndless(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoaderException(e is FileNotFoundException or DirectoryNotFoundException ? $"{path}: no such file" : $"{path}: {e.Message}");
        }
    }

    /// <summary>Reads a pipe or a device, which may never end.</summary>
    private static byte[] ReadEndless(FileStream file)
    {
        using MemoryStream bytes = new();
        byte[] piece = new byte[1 << 20];
        for (int count; (count = file.Read(piece)) > 0;)
        {
            if (bytes.Length + count > MaxStream) throw new LoaderException($"{file.Name}: more than {MaxStream >> 20} MiB and no end; a kernel, a ramdisk or a BIOS is a file");
            bytes.Write(piece, 0, count);
        }

        return bytes.ToArray();
    }

    private static string? Find(string name) =>
        File.Exists(name) ? name : Directories.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
}
