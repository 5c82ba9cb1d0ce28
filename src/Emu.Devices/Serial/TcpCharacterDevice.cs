using System.Net;
using System.Net.Sockets;

namespace Emu.Devices.Serial;

/// <summary>A line on a TCP connection over the loopback interface, as server (one client at a time) or as client.</summary>
public sealed class TcpCharacterDevice : CharacterDevice
{
    private readonly Socket? _listener;
    private readonly OutputQueue _output;
    private volatile Socket? _connection;

    private TcpCharacterDevice(Action<Action> post, Socket? listener, Socket? connection)
        : base(post)
    {
        _listener = listener;
        _connection = connection;
        LocalEndPoint = ((listener ?? connection)?.LocalEndPoint as IPEndPoint) ?? new IPEndPoint(IPAddress.Loopback, 0);
        _output = new OutputQueue(Send);
        new Thread(ConnectionLoop) { IsBackground = true, Name = "tcp character input" }.Start();
    }

    /// <summary>Address and port on this side (the port the system chose, when 0 was asked for).</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>True while somebody is at the other end.</summary>
    public bool IsConnected => _connection is not null;

    /// <summary>Listens for clients, one at a time.</summary>
    /// <exception cref="CharacterDeviceException">Not a loopback address, or the port is taken.</exception>
    public static TcpCharacterDevice Listen(IPEndPoint address, Action<Action> post)
    {
        RequireLoopback(address);
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            socket.Listen(1);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new CharacterDeviceException($"Cannot listen on {address}: {error.Message}", error);
        }
        return new TcpCharacterDevice(post, socket, null);
    }

    /// <summary>Connects to a server.</summary>
    /// <exception cref="CharacterDeviceException">Not a loopback address, or nobody listens there.</exception>
    public static TcpCharacterDevice Connect(IPEndPoint address, Action<Action> post)
    {
        RequireLoopback(address);
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(address);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new CharacterDeviceException($"Cannot connect to {address}: {error.Message}", error);
        }
        return new TcpCharacterDevice(post, null, socket);
    }

    /// <summary>Queues bytes for the other end; a client that does not read loses the oldest ones rather than stopping the guest.</summary>
    public override void Write(ReadOnlySpan<byte> data)
    {
        if (IsConnected && !IsDisposed)
            _output.Write(data);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _output.Dispose();
        _listener?.Dispose();
        _connection?.Dispose();
    }

    private static void RequireLoopback(IPEndPoint address)
    {
        if (!IPAddress.IsLoopback(address.Address))
            throw new CharacterDeviceException($"A serial line is offered on the loopback interface only, not on {address.Address}; use 127.0.0.1.");
    }

    private void ConnectionLoop()
    {
        do
        {
            Socket? socket = _connection ?? Accept();
            if (socket is null)
                return;
            _connection = socket;
            Enqueue(CharacterEvent.Opened);
            Receive(socket);
            _connection = null;
            socket.Dispose();
            if (!IsDisposed)
                Enqueue(CharacterEvent.Closed);
        }
        while (_listener is not null && !IsDisposed);
    }

    private Socket? Accept()
    {
        try
        {
            Socket? socket = _listener?.Accept();
            if (socket is not null)
                socket.NoDelay = true;
            return socket;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private void Receive(Socket socket)
    {
        byte[] buffer = new byte[4096];
        try
        {
            for (int count; (count = socket.Receive(buffer)) > 0;)
                Enqueue(buffer.AsSpan(0, count));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The connection broke; the loop above takes the next one.
        }
    }

    private void Send(byte[] data)
    {
        try
        {
            _connection?.Send(data);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The receiving side notices the broken connection.
        }
    }
}
