using System.Net.Sockets;

namespace Emu.Devices.Serial;

/// <summary>A line on a Unix domain socket, as server (one client at a time) or as client.</summary>
public sealed class UnixCharacterDevice : SocketCharacterDevice
{
    /// <summary>Longest path the kernel takes (unix(7)), without the terminating zero.</summary>
    private const int MaxPath = 107;

    private readonly string? _created;

    private UnixCharacterDevice(Action<Action> post, Socket? listener, Socket? connection, string? created)
        : base(post, listener, connection)
    {
        _created = created;
        Start();
    }

    /// <summary>Listens at a path; a socket left there by a process that has gone is replaced.</summary>
    /// <exception cref="CharacterDeviceException">The path cannot be used.</exception>
    public static UnixCharacterDevice Listen(string path, Action<Action> post)
    {
        RequireFolder(path);
        RemoveStale(path);
        if (Path.Exists(path))
            throw new CharacterDeviceException($"Cannot listen on {path}: something else has that name");
        return new UnixCharacterDevice(post, OpenListener(EndPointOf(path), ProtocolType.Unspecified), null, path);
    }

    /// <summary>Connects to a server.</summary>
    /// <exception cref="CharacterDeviceException">Nobody listens there.</exception>
    public static UnixCharacterDevice Connect(string path, Action<Action> post)
    {
        if (!Path.Exists(path) && path.Length > 0)
            throw new CharacterDeviceException($"Cannot connect to {path}: there is no such socket");
        return new UnixCharacterDevice(post, null, OpenConnection(EndPointOf(path), ProtocolType.Unspecified), null);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (_created is null)
            return;
        try
        {
            File.Delete(_created);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Somebody else's directory by now; the name is of no use to anyone.
        }
    }

    private static UnixDomainSocketEndPoint EndPointOf(string path)
    {
        if (path.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(path) > MaxPath)
            throw new CharacterDeviceException($"A socket path has 1 to {MaxPath} bytes: '{path}'");
        return new UnixDomainSocketEndPoint(path);
    }

    private static void RequireFolder(string path)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
            throw new CharacterDeviceException($"Cannot listen on {path}: there is no folder {folder}");
    }

    private static void RemoveStale(string path)
    {
        // A socket has no contents; a file that has some is never touched.
        if (new FileInfo(path) is not { Exists: true, Length: 0 })
            return;
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(EndPointOf(path));
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            DeleteSocket(path);
            return;
        }
        catch (SocketException)
        {
            return;
        }

        throw new CharacterDeviceException($"Cannot listen on {path}: another process does");
    }

    private static void DeleteSocket(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CharacterDeviceException($"Cannot replace the socket {path}: {error.Message}", error);
        }
    }
}
