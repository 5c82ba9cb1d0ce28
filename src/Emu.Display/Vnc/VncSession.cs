using System.Net.Sockets;
using Emu.Devices.Display;
using Emu.Display.Keyboard;
using Emu.Display.Screens;

namespace Emu.Display.Vnc;

/// <summary>One viewer: a thread reads what it says, another one sends pictures when it asks for them.</summary>
internal sealed partial class VncSession : IDisposable
{
    private const int HandshakeMilliseconds = 30_000, SendMilliseconds = 60_000;
    private const int LargestText = 1 << 20, MostEncodings = 4096;
    private static readonly TimeSpan RefusalDelay = TimeSpan.FromMilliseconds(500);

    private readonly VncServer server;
    private readonly Socket socket;
    private readonly VncStream stream;
    private readonly string? password;
    private readonly IReadOnlyList<IScreen> screens;
    private readonly string name;
    private readonly VncInput input;
    private int disposed;

    public VncSession(VncServer server, Socket socket, string? password, IReadOnlyList<IScreen> screens, string name, KeyboardLayout layout)
    {
        this.server = server;
        this.socket = socket;
        this.password = password;
        this.screens = screens;
        this.name = name;
        screen = screens[0];
        input = new VncInput(layout, screen.Input, Show);
        encoder = new RawEncoder();
        stream = new VncStream(new NetworkStream(socket, ownsSocket: true));
    }

    private enum ClientMessage : byte
    {
        SetPixelFormat = 0,
        SetEncodings = 2,
        UpdateRequest = 3,
        Key = 4,
        Pointer = 5,
        CutText = 6,
        Qemu = 255,
    }

    /// <summary>The client has been let in.</summary>
    public bool IsShowing { get; private set; }

    /// <summary>Begins.</summary>
    public void Start() => new Thread(Receive) { IsBackground = true, Name = "vnc client" }.Start();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        server.Forget(this);
        if (IsShowing)
        {
            screen.Picture.Detach(this);
            input.Release();
        }

        // A thread that reads or writes is woken by this, and one that waits for something to send by that.
        stream.Dispose();
        wanted.Set();
    }

    private void Receive()
    {
        try
        {
            socket.ReceiveTimeout = HandshakeMilliseconds;
            socket.SendTimeout = SendMilliseconds;
            if (socket.ProtocolType == ProtocolType.Tcp) socket.NoDelay = true;
            if (VncHandshake.Perform(stream, password) is not { } shared)
            {
                // Guessing passwords is not to be fast.
                Thread.Sleep(RefusalDelay);
                return;
            }

            if (!shared) server.CloseOthers(this);
            socket.ReceiveTimeout = 0;
            Begin();
            new Thread(Send) { IsBackground = true, Name = "vnc pictures" }.Start();
            while (Handle((ClientMessage)stream.ReadByte()))
            {
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            // The viewer has gone.
        }
        finally
        {
            Dispose();
        }
    }

    private void Begin()
    {
        screen.Picture.Read(frame => (width, height) = (frame.Width, frame.Height));
        // Before the first picture is painted there is nothing to take a size from.
        if (width == 0 || height == 0) (width, height) = (720, 400);
        VncHandshake.SendScreen(stream, width, height, name);
        IsShowing = true;
        screen.Picture.Attach(this);
    }

    /// <summary>Carries out one message; false for one that makes no sense.</summary>
    private bool Handle(ClientMessage type)
    {
        switch (type)
        {
            case ClientMessage.SetPixelFormat:
                stream.Skip(3);
                return SetFormat(VncPixelFormat.Read(stream.Read(VncPixelFormat.Length)));
            case ClientMessage.SetEncodings:
                return ReadEncodings();
            case ClientMessage.UpdateRequest:
                bool incremental = stream.ReadByte() != 0;
                int x = stream.ReadUInt16(), y = stream.ReadUInt16();
                Request(incremental, new DisplayRectangle(x, y, stream.ReadUInt16(), stream.ReadUInt16()));
                return true;
            case ClientMessage.Key:
                bool down = stream.ReadByte() != 0;
                stream.Skip(2);
                input.Key(stream.ReadUInt32(), down);
                return true;
            case ClientMessage.Pointer:
                byte mask = stream.ReadByte();
                int column = stream.ReadUInt16();
                input.Pointer(mask, column, stream.ReadUInt16(), width, height);
                return true;
            case ClientMessage.CutText:
                stream.Skip(3);
                uint length = stream.ReadUInt32();
                if (length > LargestText) return false;
                stream.Skip(length);
                return true;
            case ClientMessage.Qemu:
                return ReadExtendedKey();
            default:
                return false;
        }
    }

    private bool ReadExtendedKey()
    {
        const byte extendedKey = 0;
        if (stream.ReadByte() != extendedKey) return false;
        bool pressed = stream.ReadUInt16() != 0;
        uint keysym = stream.ReadUInt32();
        input.Key(keysym, stream.ReadUInt32(), pressed);
        return true;
    }

    private bool ReadEncodings()
    {
        stream.Skip(1);
        int count = stream.ReadUInt16();
        if (count > MostEncodings) return false;
        HashSet<VncEncoding> offered = [];
        VncEncoding? best = null;
        for (int i = 0; i < count; i++)
        {
            VncEncoding encoding = (VncEncoding)(int)stream.ReadUInt32();
            offered.Add(encoding);
            // The client names first what it likes best.
            if (best == null && encoding is VncEncoding.Raw or VncEncoding.Hextile or VncEncoding.Zrle) best ??= encoding;
        }

        SetEncodings(best ?? VncEncoding.Raw, offered);
        return true;
    }
}
