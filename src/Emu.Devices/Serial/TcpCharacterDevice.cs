using System.Net;
using System.Net.Sockets;

namespace Emu.Devices.Serial;

/// <summary>A line on a TCP connection over the loopback interface, as server (one client at a time) or as client.</summary>
public sealed class TcpCharacterDevice : SocketCharacterDevice
{
    private TcpCharacterDevice(Action<Action> post, Socket? listener, Socket? connection)
        : base(post, listener, connection)
    {
        LocalEndPoint = ((listener ?? connection)?.LocalEndPoint as IPEndPoint) ?? new IPEndPoint(IPAddress.Loopback, 0);
        Start();
    }

    /// <summary>Address and port on this side (the port the system chose, when 0 was asked for).</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Listens for clients, one at a time.</summary>
    /// <exception cref="CharacterDeviceException">Not a loopback address, or the port is taken.</exception>
    public static TcpCharacterDevice Listen(IPEndPoint address, Action<Action> post)
    {
        RequireLoopback(address);
        return new TcpCharacterDevice(post, OpenListener(address, ProtocolType.Tcp), null);
    }

    /// <summary>Connects to a server.</summary>
    /// <exception cref="CharacterDeviceException">Not a loopback address, or nobody listens there.</exception>
    public static TcpCharacterDevice Connect(IPEndPoint address, Action<Action> post)
    {
        RequireLoopback(address);
        Socket socket = OpenConnection(address, ProtocolType.Tcp);
        socket.NoDelay = true;
        return new TcpCharacterDevice(post, null, socket);
    }

    /// <inheritdoc/>
    protected override void Configure(Socket connection) => connection.NoDelay = true;

    private static void RequireLoopback(IPEndPoint address)
    {
        if (!IPAddress.IsLoopback(address.Address))
            throw new CharacterDeviceException($"A line is offered on the loopback interface only, not on {address.Address}; use 127.0.0.1.");
    }
}
