using System.Net;
using System.Net.Sockets;

namespace Emu.Devices.Serial;

/// <summary>A line on a stream socket, as server (one client at a time) or as client.</summary>
public abstract class SocketCharacterDevice : CharacterDevice
{
    private static readonly TimeSpan InputEnd = TimeSpan.FromMilliseconds(500);

    private readonly Socket? _listener;
    private readonly OutputQueue _output;
    private readonly ManualResetEventSlim _connected = new();
    private readonly Thread _input;
    // Held while a connection is shut down or closed: closing it while another thread is still inside its Shutdown would reset it (.NET unblocks the call that
    // way), and what the peer has not read yet would be lost.
    private readonly Lock _ending = new();
    private volatile Socket? _connection;

    /// <param name="post">Runs an action on the machine's thread.</param>
    /// <param name="listener">A listening socket, or null for a client.</param>
    /// <param name="connection">A connected socket, or null for a server.</param>
    protected SocketCharacterDevice(Action<Action> post, Socket? listener, Socket? connection)
        : base(post)
    {
        _listener = listener;
        _connection = connection;
        _output = new OutputQueue(Send);
        _input = new Thread(ConnectionLoop) { IsBackground = true, Name = "socket character input" };
    }

    /// <summary>True while somebody is at the other end.</summary>
    public bool IsConnected => _connection is not null;

    /// <summary>Waits until a client is there; false when the time is up first.</summary>
    public bool WaitForConnection(TimeSpan atMost) => IsConnected || _connected.Wait(atMost);

    /// <summary>Queues bytes for the other end; a client that does not read for long loses the oldest ones rather than stopping the guest.</summary>
    public override void Write(ReadOnlySpan<byte> data)
    {
        if (IsConnected && !IsDisposed)
            _output.Write(data);
    }

    /// <summary>Opens a listening socket.</summary>
    /// <exception cref="CharacterDeviceException">The address is taken or not usable.</exception>
    protected static Socket OpenListener(EndPoint address, ProtocolType protocol)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, protocol);
        try
        {
            socket.Bind(address);
            socket.Listen(1);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new CharacterDeviceException($"Cannot listen on {address}: {error.Message}", error);
        }
    }

    /// <summary>Connects to a server.</summary>
    /// <exception cref="CharacterDeviceException">Nobody listens there.</exception>
    protected static Socket OpenConnection(EndPoint address, ProtocolType protocol)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, protocol);
        try
        {
            socket.Connect(address);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new CharacterDeviceException($"Cannot connect to {address}: {(error.SocketErrorCode == SocketError.ConnectionRefused ? "nobody listens there" : error.Message)}", error);
        }
    }

    /// <summary>Settings of a connection that has just been made.</summary>
    protected virtual void Configure(Socket connection)
    {
    }

    /// <summary>Starts to take clients, or input; called once, at the end of the constructor.</summary>
    protected void Start() => _input.Start();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _output.Dispose();
        _listener?.Dispose();
        if (_connection is { } connection)
        {
            HangUp(connection);
            // The input thread closes it. Closing it under a thread that waits for input would reset the connection, and what the peer has not read yet
            // would be lost.
            _input.Join(InputEnd);
            connection.Dispose();
        }
    }

    private void HangUp(Socket connection)
    {
        try
        {
            lock (_ending)
                connection.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The peer was faster.
        }
    }

    private void ConnectionLoop()
    {
        do
        {
            Socket? socket = _connection ?? Accept();
            if (socket is null)
                return;
            _connection = socket;
            _connected.Set();
            Enqueue(CharacterEvent.Opened);
            Receive(socket);
            _connection = null;
            _connected.Reset();
            _output.Clear();
            lock (_ending)
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
                Configure(socket);
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

    private void Send(ReadOnlySpan<byte> data)
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
