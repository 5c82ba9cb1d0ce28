using System.Net;
using System.Net.Sockets;
using Emu.Display.Keyboard;
using Emu.Display.Screens;

namespace Emu.Display.Vnc;

/// <summary>Offers the screens to VNC viewers (RFB 3.3, 3.7 and 3.8; RFC 6143).</summary>
public sealed class VncServer : IDisposable
{
    private const int MaxClients = 16;

    private readonly Lock gate = new();
    private readonly List<VncSession> sessions = [];
    private readonly Socket listener;
    private readonly VncOptions options;
    private readonly IReadOnlyList<IScreen> screens;
    private readonly GuestCommands commands;
    private readonly KeyboardLayout layout;
    private bool disposed;

    /// <summary>Starts listening.</summary>
    /// <param name="options">Where and to whom.</param>
    /// <param name="screens">What can be shown; the first one is, Ctrl-Alt with a digit shows others.</param>
    /// <param name="commands">For the name of the machine.</param>
    /// <param name="layout">For clients that send characters rather than places of keys.</param>
    /// <exception cref="VncException">The address is taken, or the password cannot be used.</exception>
    public VncServer(VncOptions options, IReadOnlyList<IScreen> screens, GuestCommands commands, KeyboardLayout layout)
    {
        this.options = options;
        this.screens = screens;
        this.commands = commands;
        this.layout = layout;
        if (options.Password is { } password && !VncChallenge.IsUsable(password)) throw new VncException("this VNC password cannot be used (it is empty, or a weak key); choose another one");
        listener = Listen(options);
        new Thread(Accept) { IsBackground = true, Name = "vnc" }.Start();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint? EndPoint => listener.LocalEndPoint;

    /// <summary>Viewers that are connected and let in.</summary>
    public int Clients
    {
        get
        {
            lock (gate) return sessions.Count(s => s.IsShowing);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        VncSession[] open;
        lock (gate)
        {
            disposed = true;
            open = [.. sessions];
        }

        listener.Dispose();
        foreach (VncSession session in open) session.Dispose();
        if (options.Path is { } path) File.Delete(path);
    }

    /// <summary>A client wants the screen for itself.</summary>
    internal void CloseOthers(VncSession than)
    {
        VncSession[] others;
        lock (gate) others = [.. sessions.Where(s => s != than && s.IsShowing)];
        foreach (VncSession other in others) other.Dispose();
    }

    internal void Forget(VncSession session)
    {
        lock (gate) sessions.Remove(session);
    }

    private static Socket Listen(VncOptions options)
    {
        EndPoint place = options.Address is { } address ? address : new UnixDomainSocketEndPoint(options.Path ?? throw new VncException("a VNC server needs an address or a path"));
        Socket socket = new(place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            // A socket file that nobody listens on is left over from a process that was killed.
            if (options.Path is { } path && File.Exists(path) && !IsAlive(place)) File.Delete(path);
            socket.Bind(place);
            socket.Listen();
            return socket;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new VncException($"VNC cannot be offered on {place}: {e.Message}");
        }
    }

    private static bool IsAlive(EndPoint place)
    {
        using Socket probe = new(place.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(place);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Accept()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = listener.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (Volatile.Read(ref disposed)) return;
                continue;
            }

            lock (gate)
            {
                if (disposed || sessions.Count >= MaxClients)
                {
                    client.Dispose();
                    continue;
                }

                VncSession session = new(this, client, options.Password, screens, commands.Name, layout);
                sessions.Add(session);
                session.Start();
            }
        }
    }
}
