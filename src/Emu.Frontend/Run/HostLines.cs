using Emu.Devices.Serial;
using Emu.Display.Consoles;
using Emu.Frontend.CommandLine;

namespace Emu.Frontend.Run;

/// <summary>Opens the host ends of serial ports and monitors, and keeps the terminal in raw mode while one of them uses it.</summary>
internal sealed class HostLines(IReadOnlyDictionary<string, LineSpec> named) : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<Action> early = [];
    private readonly List<(LineSpec Spec, CharacterMultiplexer Shared)> multiplexers = [];
    private readonly List<(LineSpec Spec, SocketCharacterDevice Socket)> sockets = [];
    private readonly List<ICharacterDevice> owned = [];
    private readonly HashSet<string> taken = [];
    private readonly List<VirtualConsole> consoles = [];
    private Action<Action>? post;
    private LineSpec? terminalUser;
    private HostTerminal? terminal;

    /// <summary>Ctrl-A X.</summary>
    public event Action? QuitRequested;

    /// <summary>Lines that are screens of their own.</summary>
    public IReadOnlyList<VirtualConsole> Consoles => consoles;

    /// <summary>A line uses standard input.</summary>
    public bool UsesTerminal => terminalUser != null;

    /// <summary>Runs an action on the machine's thread; before there is a machine, keeps it.</summary>
    public void Post(Action action)
    {
        lock (gate)
        {
            if (post == null)
            {
                early.Add(action);
                return;
            }
        }

        post(action);
    }

    /// <summary>From now on input goes to a machine.</summary>
    public void Attach(Action<Action> machinePost)
    {
        lock (gate)
        {
            foreach (Action action in early) machinePost(action);
            early.Clear();
            post = machinePost;
        }
    }

    /// <summary>Whether a person is at the other end, on a terminal that wants lines edited for it.</summary>
    public bool IsInteractive(LineSpec spec) => Resolve(spec) switch
    {
        { Kind: LineKind.Stdio } => !Console.IsInputRedirected,
        { Kind: LineKind.Pty or LineKind.Console } or { Telnet: true } => true,
        _ => false,
    };

    /// <summary>Whether somebody is at the other end from the start, rather than connecting later.</summary>
    public bool IsOpenAtOnce(LineSpec spec) => Resolve(spec) is { Kind: not (LineKind.Tcp or LineKind.Unix) };

    /// <summary>Whether a line is shared, so that its user learns by a change of focus that it is wanted.</summary>
    public bool IsShared(LineSpec spec) => Resolve(spec).Shared;

    /// <summary>Opens a line. Users of a shared line get the input in the order in which they opened it.</summary>
    /// <param name="spec">The line.</param>
    /// <param name="title">What it is for, as a console shows it.</param>
    /// <param name="focusChanged">For a shared line: told when input begins (true) or ends to go to this user.</param>
    /// <exception cref="CharacterDeviceException">It cannot be opened.</exception>
    public ICharacterDevice Open(LineSpec spec, string title, Action<bool>? focusChanged = null)
    {
        LineSpec line = Resolve(spec);
        if (line.Shared)
        {
            CharacterMultiplexer? shared = multiplexers.Find(m => m.Spec == spec).Shared;
            if (shared == null)
            {
                shared = new CharacterMultiplexer(OpenDevice(line, title));
                shared.QuitRequested += () => QuitRequested?.Invoke();
                multiplexers.Add((spec, shared));
            }

            return shared.AddChannel(focusChanged);
        }

        if (spec.Kind == LineKind.Named && !taken.Add(spec.Path)) throw new CharacterDeviceException($"the line '{spec.Path}' has two users; add mux=on to its -chardev");
        return OpenDevice(line, title);
    }

    /// <summary>Waits for clients of servers that were not told "nowait".</summary>
    /// <param name="notify">Told what is being waited for.</param>
    /// <param name="cancelled">Becomes true when the user gives up.</param>
    /// <returns>False when cancelled.</returns>
    public bool WaitForClients(Action<string> notify, Func<bool> cancelled)
    {
        foreach ((LineSpec spec, SocketCharacterDevice socket) in sockets)
        {
            if (!spec.Wait || socket.IsConnected) continue;
            notify($"waiting for a connection on {(socket is TcpCharacterDevice tcp ? tcp.LocalEndPoint.ToString() : spec.Path)}");
            while (!socket.WaitForConnection(TimeSpan.FromMilliseconds(100)))
            {
                if (cancelled()) return false;
            }
        }

        return true;
    }

    /// <summary>Puts the terminal into raw mode if a line uses it.</summary>
    public void EnterTerminal()
    {
        if (terminalUser != null) terminal = HostTerminal.EnterRaw(terminalUser.KeepSignals);
    }

    /// <summary>Gives the terminal back to the shell's settings.</summary>
    public void LeaveTerminal()
    {
        terminal?.Dispose();
        terminal = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        LeaveTerminal();
        foreach ((_, CharacterMultiplexer shared) in multiplexers) shared.Dispose();
        foreach (ICharacterDevice device in owned) device.Dispose();
    }

    private LineSpec Resolve(LineSpec spec) => spec.Kind != LineKind.Named
        ? spec
        : named.TryGetValue(spec.Path, out LineSpec? line) ? line : throw new UsageException($"chardev:{spec.Path}: there is no -chardev with this id{Suggestion.Phrase(spec.Path, named.Keys)}");

    private ICharacterDevice OpenDevice(LineSpec line, string title)
    {
        ICharacterDevice device = line.Kind switch
        {
            LineKind.Stdio => OpenStandard(line),
            LineKind.File => OpenFile(line),
            LineKind.Pty => OpenPty(),
            LineKind.Console => OpenConsole(title),
            LineKind.Tcp => OpenSocket(line, line.Server ? TcpCharacterDevice.Listen(line.Address, Post) : TcpCharacterDevice.Connect(line.Address, Post)),
            LineKind.Unix => OpenSocket(line, line.Server ? UnixCharacterDevice.Listen(line.Path, Post) : UnixCharacterDevice.Connect(line.Path, Post)),
            _ => new NullCharacterDevice(),
        };
        owned.Add(device);
        return device;
    }

    private static FileCharacterDevice OpenFile(LineSpec line)
    {
        FileCharacterDevice file = new(line.Path, line.Append);
        file.Failed += message => Console.Error.WriteLine($"emu: {message}");
        return file;
    }

    private StreamCharacterDevice OpenStandard(LineSpec line)
    {
        if (terminalUser != null) throw new CharacterDeviceException("standard input and output can have one user; share them with mon:stdio, or use -chardev stdio,id=ID,mux=on");
        terminalUser = line;
        return StreamCharacterDevice.Standard(Post);
    }

    private VirtualConsole OpenConsole(string title)
    {
        VirtualConsole console = new(title, Post);
        consoles.Add(console);
        return console;
    }

    private ICharacterDevice OpenPty()
    {
        if (!OperatingSystem.IsLinux()) throw new CharacterDeviceException("pseudo-terminals are available on Linux only");
        PtyCharacterDevice pty = new(Post);
        Console.Error.WriteLine($"emu: line redirected to {pty.Name}");
        return pty;
    }

    private ICharacterDevice OpenSocket(LineSpec line, SocketCharacterDevice socket)
    {
        sockets.Add((line, socket));
        return line.Telnet ? new TelnetCharacterDevice(socket) : socket;
    }
}
