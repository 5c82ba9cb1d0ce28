using System.Text;

namespace Emu.Frontend.Linux;

/// <summary>
/// Writes the archives Linux unpacks as its first root file system: the "new ASCII" cpio format (Documentation/driver-api/early-userspace/buffer-format.rst).
/// Everything belongs to root.
/// </summary>
internal sealed class CpioWriter(Stream output)
{
    private const int Alignment = 4;
    private const uint DirectoryType = 0x4000, FileType = 0x8000, LinkType = 0xA000, DeviceType = 0x2000;
    private const string Magic = "070701", Trailer = "TRAILER!!!";

    private uint inode = 1;
    private long written;

    /// <summary>Adds a directory.</summary>
    public void Directory(string path, uint permissions = 0x1ED) => Entry(path, DirectoryType | permissions, []);

    /// <summary>Adds a file.</summary>
    public void File(string path, ReadOnlySpan<byte> contents, uint permissions = 0x1A4) => Entry(path, FileType | permissions, contents);

    /// <summary>Adds a symbolic link.</summary>
    public void Link(string path, string target) => Entry(path, LinkType | 0x1FF, Encoding.UTF8.GetBytes(target));

    /// <summary>Adds a character device.</summary>
    public void CharacterDevice(string path, uint major, uint minor, uint permissions = 0x180) => Entry(path, DeviceType | permissions, [], major, minor);

    /// <summary>Ends the archive.</summary>
    public void Finish() => Entry(Trailer, 0, []);

    private void Entry(string path, uint mode, ReadOnlySpan<byte> contents, uint major = 0, uint minor = 0)
    {
        byte[] name = Encoding.UTF8.GetBytes(path.TrimStart('/') + "\0");
        uint links = (mode & 0xF000) == DirectoryType ? 2u : 1u;
        uint[] fields = [inode++, mode, 0, 0, links, 0, (uint)contents.Length, 0, 0, major, minor, (uint)name.Length, 0];
        Write(Encoding.ASCII.GetBytes(Magic + string.Concat(fields.Select(f => f.ToString("x8")))));
        Write(name);
        Pad();
        Write(contents);
        Pad();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        written += bytes.Length;
    }

    private void Pad() => Write(new byte[(int)(-written & (Alignment - 1))]);
}
