using System.Net;

namespace Emu.Frontend.CommandLine;

/// <summary>Kinds of host-side line ends.</summary>
internal enum LineKind
{
    /// <summary>The port is left out.</summary>
    None,

    /// <summary>Nobody listens.</summary>
    Null,

    /// <summary>The terminal, or whatever standard input and output are.</summary>
    Stdio,

    /// <summary>Output to a file.</summary>
    File,

    /// <summary>A new pseudo-terminal.</summary>
    Pty,

    /// <summary>TCP on the loopback interface.</summary>
    Tcp,

    /// <summary>A Unix domain socket.</summary>
    Unix,

    /// <summary>A console in the window.</summary>
    Console,

    /// <summary>A line made by <c>-chardev</c>.</summary>
    Named,
}

/// <summary>Where a serial port, a monitor or a debug server is connected to, as the command line says it.</summary>
internal sealed record LineSpec(LineKind Kind)
{
    private const string Forms = "stdio, mon:stdio, null, none, vc, pty, file:PATH, tcp:HOST:PORT[,server][,nowait], telnet:HOST:PORT[,server], unix:PATH[,server][,nowait], chardev:ID";

    /// <summary>File or socket path, or the name of a <see cref="LineKind.Named"/> line.</summary>
    public string Path { get; init; } = "";

    /// <summary>Address of a <see cref="LineKind.Tcp"/> line.</summary>
    public IPEndPoint Address { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Listen rather than connect.</summary>
    public bool Server { get; init; }

    /// <summary>As a server: start the machine only when somebody has connected.</summary>
    public bool Wait { get; init; }

    /// <summary>Speak the Telnet protocol.</summary>
    public bool Telnet { get; init; }

    /// <summary>Share the line; Ctrl-A C goes from one user to the next.</summary>
    public bool Shared { get; init; }

    /// <summary>Append to the file rather than replace it.</summary>
    public bool Append { get; init; }

    /// <summary>Ctrl-C ends the emulator rather than being input.</summary>
    public bool KeepSignals { get; init; } = true;

    /// <summary>The terminal, shared with the monitor.</summary>
    public static LineSpec SharedTerminal { get; } = new(LineKind.Stdio) { Shared = true, KeepSignals = false };

    /// <summary>Parses the short form that <c>-serial</c> and its kin take.</summary>
    /// <param name="option">The option, for messages.</param>
    /// <param name="text">Its argument.</param>
    /// <param name="serverByDefault">Listen unless told otherwise (<c>-gdb</c>).</param>
    public static LineSpec Parse(string option, string text, bool serverByDefault = false)
    {
        if (text.StartsWith("mon:", StringComparison.Ordinal)) return Parse(option, text[4..], serverByDefault) with { Shared = true, KeepSignals = false };
        int colon = text.IndexOf(':');
        string kind = colon < 0 ? text : text[..colon], rest = colon < 0 ? "" : text[(colon + 1)..];
        switch (kind)
        {
            case "vc":
                return new LineSpec(LineKind.Console);
            case "none" or "null" or "stdio" or "pty" when colon < 0:
                return new LineSpec(kind switch { "none" => LineKind.None, "null" => LineKind.Null, "stdio" => LineKind.Stdio, _ => LineKind.Pty });
            case "file" when rest.Length > 0:
                return new LineSpec(LineKind.File) { Path = rest };
            case "chardev" when rest.Length > 0:
                return new LineSpec(LineKind.Named) { Path = rest };
            case "tcp" or "telnet":
                return Socket(option, rest, serverByDefault, isTcp: true) with { Telnet = kind == "telnet" };
            case "unix":
                return Socket(option, rest, serverByDefault, isTcp: false);
            case "file" or "chardev" when colon >= 0:
                throw new UsageException($"{option} {text}: {(kind == "file" ? "a path" : "the id of a -chardev")} is missing");
            case "pipe" or "udp" or "con" or "serial" or "parallel" or "msmouse" or "braille" or "spicevmc" or "/dev/parport0":
                throw new UsageException($"{option} {text}: '{kind}' lines are not available; there are {Forms}");
            default:
                throw new UsageException($"{option} {text}: not a line{Suggestion.Phrase(kind, ["stdio", "null", "none", "vc", "pty", "file", "tcp", "telnet", "unix", "chardev"])}; there are {Forms}");
        }
    }

    /// <summary>Parses <c>-chardev KIND,id=ID,...</c>.</summary>
    public static (string Id, LineSpec Line) ParseNamed(string text)
    {
        PropertyList list = PropertyList.Parse("-chardev", text, "backend");
        string id = list.Text("id") ?? throw new UsageException($"-chardev {text}: an id=NAME is needed");
        bool shared = list.Flag("mux") ?? false;
        list.Refuse("logfile", "use file: on a port of its own");
        LineSpec line;
        switch (list.Head)
        {
            case "stdio":
                line = new LineSpec(LineKind.Stdio) { KeepSignals = list.Flag("signal") ?? true };
                break;
            case "null":
                line = new LineSpec(LineKind.Null);
                break;
            case "pty":
                line = new LineSpec(LineKind.Pty);
                break;
            case "vc":
                line = new LineSpec(LineKind.Console);
                break;
            case "file":
                line = new LineSpec(LineKind.File) { Path = list.Text("path") ?? throw new UsageException("-chardev file: a path=FILE is needed"), Append = list.Flag("append") ?? false };
                break;
            case "socket":
                line = NamedSocket(list);
                break;
            default:
                throw new UsageException($"-chardev {text}: the kinds are stdio, null, vc, pty, file and socket, not '{list.Head}'");
        }

        list.Finish();
        return (id, line with { Shared = shared });
    }

    private static LineSpec NamedSocket(PropertyList list)
    {
        bool server = list.Flag("server") ?? false;
        bool wait = list.Flag("wait") ?? server;
        if (list.Text("path") is { } path) return new LineSpec(LineKind.Unix) { Path = path, Server = server, Wait = wait };
        string host = list.Text("host") ?? "127.0.0.1";
        int port = (int)(list.Number("port", 0, 65535) ?? throw new UsageException("-chardev socket: a path=PATH or a port=N is needed"));
        list.Flag("nodelay");
        return new LineSpec(LineKind.Tcp) { Address = AddressOf("-chardev socket", host, port), Server = server, Wait = wait, Telnet = list.Flag("telnet") ?? false };
    }

    private static LineSpec Socket(string option, string text, bool serverByDefault, bool isTcp)
    {
        PropertyList list = PropertyList.Parse(option, text, "path");
        string place = list.Head ?? "";
        bool server = list.Flag("server") ?? serverByDefault;
        bool wait = list.Flag("wait") ?? (server && !serverByDefault);
        if (isTcp) list.Flag("nodelay");
        list.Finish();
        LineSpec line = new(isTcp ? LineKind.Tcp : LineKind.Unix) { Server = server, Wait = wait };
        if (!isTcp) return place.Length > 0 ? line with { Path = place } : throw new UsageException($"{option} unix:{text}: a path is missing");
        int colon = place.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(place.AsSpan(colon + 1), out int port) || port is < 0 or > 65535)
        {
            throw new UsageException($"{option}: '{place}' is not HOST:PORT, such as 127.0.0.1:4444");
        }

        return line with { Address = AddressOf(option, place[..colon], port) };
    }

    private static IPEndPoint AddressOf(string option, string host, int port)
    {
        if (host is "" or "localhost") return new IPEndPoint(IPAddress.Loopback, port);
        return IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address)
            ? new IPEndPoint(address, port)
            : throw new UsageException($"{option}: '{host}' is not an address; lines are offered on 127.0.0.1 only");
    }
}
