using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Emu.Devices.Storage;

/// <summary>The few file calls of Linux that .NET does not offer: hole search, hole punching, open-file-description locks.</summary>
internal static partial class NativeFile
{
    private const int SeekEnd = 2, SeekData = 3, SeekHole = 4;
    private const int NoSuchDeviceOrAddress = 6; // ENXIO: no data (or no hole) from there to the end
    private const int FallocateKeepSize = 1, FallocatePunchHole = 2;
    private const int OfdGetLock = 36, OfdSetLock = 37;
    private const short ReadLock = 0, WriteLock = 1, Unlocked = 2;

    /// <summary>Whether these calls exist on this host.</summary>
    public static bool IsAvailable => OperatingSystem.IsLinux();

    /// <summary>Length of a file or block device; -1 if it cannot be had.</summary>
    public static long SeekToEnd(SafeFileHandle handle) => Seek(handle, 0, SeekEnd);

    /// <summary>First data byte at or after <paramref name="offset"/>; <paramref name="end"/> if only a hole follows; -1 if unknown.</summary>
    public static long NextData(SafeFileHandle handle, long offset, long end)
    {
        long found = Seek(handle, offset, SeekData);
        return found >= 0 ? found : Marshal.GetLastPInvokeError() == NoSuchDeviceOrAddress ? end : -1;
    }

    /// <summary>First hole at or after <paramref name="offset"/> (the end of the file counts as one); -1 if unknown.</summary>
    public static long NextHole(SafeFileHandle handle, long offset) => Seek(handle, offset, SeekHole);

    /// <summary>Deallocates a range without changing the file's length; false if the file system cannot.</summary>
    public static bool PunchHole(SafeFileHandle handle, long offset, long length) =>
        Fallocate(handle, FallocateKeepSize | FallocatePunchHole, offset, length) == 0;

    /// <summary>Takes a shared lock on one byte; false if the file system has no locks.</summary>
    public static bool LockByte(SafeFileHandle handle, long position)
    {
        var request = new FileLock { Type = ReadLock, Start = position, Length = 1 };
        return Fcntl(handle, OfdSetLock, ref request) == 0;
    }

    /// <summary>Gives up the locks on a byte range.</summary>
    public static void Unlock(SafeFileHandle handle, long position, long length)
    {
        var request = new FileLock { Type = Unlocked, Start = position, Length = length };
        Fcntl(handle, OfdSetLock, ref request);
    }

    /// <summary>Whether another open file description holds a lock on that byte.</summary>
    public static bool IsByteLockedElsewhere(SafeFileHandle handle, long position)
    {
        var request = new FileLock { Type = WriteLock, Start = position, Length = 1 };
        return Fcntl(handle, OfdGetLock, ref request) == 0 && request.Type != Unlocked;
    }

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle handle, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle handle, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeFileHandle handle, int command, ref FileLock request);

    /// <summary>struct flock of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process; // must be 0 for OFD locks
    }
}
