namespace Emu.Devices.Storage;

/// <summary>Why a disk image could not be opened, read or written.</summary>
public enum DiskImageError
{
    /// <summary>The file, or a directory on the way to it, does not exist.</summary>
    NotFound,

    /// <summary>The host's permissions forbid it.</summary>
    AccessDenied,

    /// <summary>Another process (or another drive of this one) holds the image.</summary>
    Locked,

    /// <summary>The file is not what its format says: bad header, truncated tables.</summary>
    InvalidFormat,

    /// <summary>A valid image that uses a feature this implementation does not have.</summary>
    Unsupported,

    /// <summary>Tables inside the image contradict each other.</summary>
    Corrupt,

    /// <summary>The host file system (or quota) is full, or the file may not grow further.</summary>
    NoSpace,

    /// <summary>A write to an image opened read-only.</summary>
    ReadOnly,

    /// <summary>The chain of backing files refers back to itself.</summary>
    BackingLoop,

    /// <summary>A parameter given by the user is out of its range.</summary>
    BadParameter,

    /// <summary>The host reported some other input/output error.</summary>
    Io,
}

/// <summary>A disk-image failure whose message is one line fit for a user.</summary>
public sealed class DiskImageException : Exception
{
    /// <summary>Makes an exception of the given kind.</summary>
    public DiskImageException(DiskImageError error, string message, Exception? inner = null)
        : base(message, inner) => Error = error;

    /// <summary>The kind of failure.</summary>
    public DiskImageError Error { get; }

    /// <summary>Whether <paramref name="exception"/> is one that host file access may raise.</summary>
    public static bool IsHostFailure(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or System.Security.SecurityException or NotSupportedException;

    /// <summary>Translates a host file-access exception into the typed one, naming the file.</summary>
    public static DiskImageException FromHost(Exception exception, string path)
    {
        const int noSpaceErrno = 28, fileTooBigErrno = 27, quotaErrno = 122;
        const int windowsDiskFull = unchecked((int)0x80070070), windowsHandleDiskFull = unchecked((int)0x80070027);
        return exception switch
        {
            FileNotFoundException => new(DiskImageError.NotFound, $"{path}: no such file", exception),
            DirectoryNotFoundException => new(DiskImageError.NotFound, $"{path}: no such folder", exception),
            UnauthorizedAccessException or System.Security.SecurityException =>
                new(DiskImageError.AccessDenied, Directory.Exists(path) ? $"{path}: is a directory" : $"{path}: permission denied", exception),
            IOException { HResult: noSpaceErrno or quotaErrno or windowsDiskFull or windowsHandleDiskFull } =>
                new(DiskImageError.NoSpace, $"{path}: no space left on the host's file system", exception),
            IOException { HResult: fileTooBigErrno } =>
                new(DiskImageError.NoSpace, $"{path}: the host does not allow a file that large", exception),
            _ => new(DiskImageError.Io, $"{path}: {exception.Message.ReplaceLineEndings(" ")}", exception),
        };
    }
}
