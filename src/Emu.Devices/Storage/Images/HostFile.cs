using Microsoft.Win32.SafeHandles;

namespace Emu.Devices.Storage;

/// <summary>An image file in the host's file system, locked against other users while open.</summary>
public sealed class HostFile : IImageFile
{
    private readonly SafeFileHandle _handle;
    private long _length;

    private HostFile(SafeFileHandle handle, string name, bool isReadOnly, long length)
    {
        _handle = handle;
        Name = name;
        IsReadOnly = isReadOnly;
        _length = length;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <inheritdoc/>
    public long Length => _length;

    /// <summary>Opens an existing file or block device.</summary>
    public static HostFile Open(string path, bool writable) => Open(path, FileMode.Open, writable, FileOptions.None, locked: true);

    /// <summary>Opens an existing file without asking who else uses it (to show what is known of an image in use).</summary>
    public static HostFile OpenUnlocked(string path) => Open(path, FileMode.Open, writable: false, FileOptions.None, locked: false);

    /// <summary>Creates a file, or empties an existing one once it is known that nobody uses it.</summary>
    public static HostFile Create(string path)
    {
        HostFile file = Open(path, FileMode.OpenOrCreate, writable: true, FileOptions.None, locked: true);
        if (file.Length != 0) file.SetLength(0);
        return file;
    }

    /// <summary>Makes a file in the host's temporary directory that no longer exists once closed.</summary>
    public static HostFile CreateTemporary() =>
        Open(Path.Combine(Path.GetTempPath(), "emu-overlay-" + Guid.NewGuid().ToString("N")), FileMode.CreateNew, writable: true, FileOptions.DeleteOnClose, locked: false);

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> buffer)
    {
        try
        {
            while (buffer.Length > 0)
            {
                int count = RandomAccess.Read(_handle, buffer, offset);
                if (count == 0) break;
                buffer = buffer[count..];
                offset += count;
            }
        }
        catch (Exception e) when (DiskImageException.IsHostFailure(e))
        {
            throw DiskImageException.FromHost(e, Name);
        }
        buffer.Clear();
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        try
        {
            RandomAccess.Write(_handle, data, offset);
        }
        catch (Exception e) when (DiskImageException.IsHostFailure(e))
        {
            _length = Math.Max(_length, RandomAccess.GetLength(_handle)); // part of it may have been stored
            throw DiskImageException.FromHost(e, Name);
        }
        _length = Math.Max(_length, offset + data.Length);
    }

    /// <inheritdoc/>
    public void SetLength(long length)
    {
        try
        {
            RandomAccess.SetLength(_handle, length);
        }
        catch (Exception e) when (DiskImageException.IsHostFailure(e))
        {
            throw DiskImageException.FromHost(e, Name);
        }
        _length = length;
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (IsReadOnly) return;
        try
        {
            RandomAccess.FlushToDisk(_handle);
        }
        catch (Exception e) when (DiskImageException.IsHostFailure(e))
        {
            throw DiskImageException.FromHost(e, Name);
        }
    }

    /// <inheritdoc/>
    public bool TryPunchHole(long offset, long length) => NativeFile.IsAvailable && NativeFile.PunchHole(_handle, offset, length);

    /// <inheritdoc/>
    public (bool IsHole, long Length) QueryRun(long offset)
    {
        if (!NativeFile.IsAvailable) return (false, _length - offset);
        long data = NativeFile.NextData(_handle, offset, _length);
        if (data > offset) return (true, Math.Min(data, _length) - offset);
        long hole = data < 0 ? -1 : NativeFile.NextHole(_handle, offset);
        return (false, (hole > offset ? Math.Min(hole, _length) : _length) - offset);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_handle.IsClosed) ImageFileLock.Release(_handle);
        _handle.Dispose();
    }

    private static HostFile Open(string path, FileMode mode, bool writable, FileOptions options, bool locked)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, mode, writable ? FileAccess.ReadWrite : FileAccess.Read,
                locked ? ImageFileLock.ShareMode(writable) : FileShare.ReadWrite | FileShare.Delete, options);
            if (locked) ImageFileLock.Acquire(handle, path, writable);
            long length = NativeFile.IsAvailable ? NativeFile.SeekToEnd(handle) : RandomAccess.GetLength(handle);
            if (length < 0) throw new DiskImageException(DiskImageError.Unsupported, $"{path}: not a regular file or block device");
            var file = new HostFile(handle, path, !writable, length);
            handle = null;
            return file;
        }
        catch (Exception e) when (DiskImageException.IsHostFailure(e) || e is ArgumentException)
        {
            throw DiskImageException.FromHost(e, path);
        }
        finally
        {
            handle?.Dispose();
        }
    }
}
