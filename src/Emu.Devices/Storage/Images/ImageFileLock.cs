using Microsoft.Win32.SafeHandles;

namespace Emu.Devices.Storage;

/// <summary>
/// Keeps two programs from writing one image, or one from writing what another reads. On Linux it uses the byte-range protocol that
/// QEMU and qemu-img follow (QEMU's documentation of <c>file.locking</c>), so the three exclude each other.
/// </summary>
/// <remarks>
/// A byte 100+p, lock-shared, says "I use permission p"; a byte 200+p says "I do not allow others permission p".
/// p is 0 for consistent read, 1 for write, 3 for resize. The locks belong to the open file description: they vanish with it,
/// also when the process is killed.
/// </remarks>
internal static class ImageFileLock
{
    private const long UsedBase = 100, DeniedBase = 200;
    private const int ConsistentRead = 0, Write = 1, Resize = 3;

    /// <summary>How .NET should open the file: its own (whole-file) locking serves where the byte protocol does not exist.</summary>
    public static FileShare ShareMode(bool writable) =>
        NativeFile.IsAvailable ? FileShare.ReadWrite | FileShare.Delete : writable ? FileShare.None : FileShare.Read;

    /// <summary>Takes the locks, or throws <see cref="DiskImageError.Locked"/>.</summary>
    public static void Acquire(SafeFileHandle handle, string path, bool writable)
    {
        if (!NativeFile.IsAvailable) return;
        ReadOnlySpan<int> used = writable ? [ConsistentRead, Write, Resize] : [ConsistentRead];
        ReadOnlySpan<int> denied = [Write, Resize];

        // Announce first, look afterwards: of two that race, at least one sees the other.
        foreach (int permission in used)
            if (!NativeFile.LockByte(handle, UsedBase + permission)) return; // no locks on this file system: nothing to respect
        foreach (int permission in denied)
            NativeFile.LockByte(handle, DeniedBase + permission);

        foreach (int permission in used)
            if (NativeFile.IsByteLockedElsewhere(handle, DeniedBase + permission))
                throw InUse(path, writable);
        foreach (int permission in denied)
            if (NativeFile.IsByteLockedElsewhere(handle, UsedBase + permission))
                throw InUse(path, writable);
    }

    /// <summary>Gives the locks back. Closing alone would not do at once: a process just being started shares the description until it runs its program.</summary>
    public static void Release(SafeFileHandle handle)
    {
        if (NativeFile.IsAvailable) NativeFile.Unlock(handle, UsedBase, DeniedBase + Resize + 1 - UsedBase);
    }

    private static DiskImageException InUse(string path, bool writable) => new(
        DiskImageError.Locked,
        writable ? $"{path}: the image is in use by another process or drive" : $"{path}: another process has the image open for writing");
}
