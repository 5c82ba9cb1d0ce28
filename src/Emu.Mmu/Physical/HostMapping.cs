using System.Runtime.InteropServices;

namespace Emu.Mmu;

/// <summary>The host could not provide the memory a machine needs; the message is one line fit for the user.</summary>
public sealed class HostMemoryException(string message) : Exception(message);

/// <summary>Page-aligned host memory outside the GC heap: reserved first, committed by the host on first touch, zero-filled.</summary>
internal static unsafe partial class HostMapping
{
    private const int ProtectNone = 0;
    private const int ProtectReadWrite = 3;
    private const int MapPrivate = 0x02;
    private const int MapFixed = 0x10;
    private const int AdviseHugePage = 14;

    private static readonly int MapAnonymous = OperatingSystem.IsLinux() ? 0x20 : 0x1000;
    private static readonly int MapNoReserve = OperatingSystem.IsLinux() ? 0x4000 : 0x40;

    private const uint MemCommit = 0x1000, MemReserve = 0x2000, MemDecommit = 0x4000, MemRelease = 0x8000;
    private const uint PageNoAccess = 1, PageReadWrite = 4;

    /// <summary>Reserves address space that faults when touched; returns null when the host refuses.</summary>
    public static byte* TryReserve(ulong size)
    {
        if (OperatingSystem.IsWindows())
        {
            return (byte*)VirtualAlloc(null, (nuint)size, MemReserve, PageNoAccess);
        }

        nint address = (nint)Map(null, (nuint)size, ProtectNone, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        return address == -1 ? null : (byte*)address;
    }

    /// <summary>Makes part of a reservation usable, filled with zeros. Pages cost host memory once they are touched.</summary>
    public static void Commit(byte* address, ulong size, bool hugePages)
    {
        if (OperatingSystem.IsWindows())
        {
            if (VirtualAlloc(address, (nuint)size, MemCommit, PageReadWrite) == null)
            {
                throw new HostMemoryException($"the host refused {size >> 20} MiB of memory");
            }

            return;
        }

        MapOver(address, size, ProtectReadWrite);
        if (hugePages && OperatingSystem.IsLinux())
        {
            // Advice only: a host without transparent huge pages refuses it, and nothing but speed depends on it.
            _ = Advise(address, (nuint)size, AdviseHugePage);
        }
    }

    /// <summary>Gives the pages back to the host and makes them inaccessible.</summary>
    public static void Decommit(byte* address, ulong size)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = VirtualFree(address, (nuint)size, MemDecommit);
            return;
        }

        MapOver(address, size, ProtectNone);
    }

    /// <summary>Ends a reservation.</summary>
    public static void Release(byte* address, ulong size)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = VirtualFree(address, 0, MemRelease);
            return;
        }

        _ = Unmap(address, (nuint)size);
    }

    private static void MapOver(byte* address, ulong size, int protection)
    {
        void* result = Map(address, (nuint)size, protection, MapPrivate | MapAnonymous | MapNoReserve | MapFixed, -1, 0);
        if (result != address)
        {
            throw new HostMemoryException($"the host refused {size >> 20} MiB of memory");
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial void* VirtualAlloc(void* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial int VirtualFree(void* address, nuint size, uint type);
}
