using System.Runtime.InteropServices;

namespace Emu.Conformance.Native;

/// <summary>The C library functions of Linux the runner needs and .NET does not wrap.</summary>
internal static unsafe partial class LibC
{
    public const int ProtRead = 1, ProtWrite = 2, ProtExecute = 4, MapShared = 1, MapPrivate = 2, MapAnonymous = 0x20, AtHwcap2 = 26;

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(int fd, long length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial void* Map(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int fd, byte* data, nuint length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "getauxval")]
    public static partial nuint AuxiliaryValue(nuint type);
}
