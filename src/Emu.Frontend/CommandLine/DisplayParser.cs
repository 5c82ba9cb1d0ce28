using System.CommandLine;
using System.Globalization;
using System.Net;
using Emu.Display.Keyboard;
using Emu.Display.Sdl;
using Emu.Display.Vnc;

namespace Emu.Frontend.CommandLine;

/// <summary>What to do with the guest's screen.</summary>
internal enum DisplayKind
{
    /// <summary>Nothing; it can be saved with <c>screendump</c>.</summary>
    None,

    /// <summary>A window.</summary>
    Window,
}

/// <summary>Where the guest's screen is shown.</summary>
internal sealed record DisplaySpec
{
    /// <summary>On this host.</summary>
    public DisplayKind Kind { get; init; }

    /// <summary>Nobody asked for it: if it cannot be had, the machine runs without.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Choices for a window.</summary>
    public WindowOptions Window { get; init; } = new();

    /// <summary>The VNC server, or null.</summary>
    public VncOptions? Vnc { get; init; }

    /// <summary>Layout of the host's keyboard, for what sends characters rather than places of keys.</summary>
    public KeyboardLayout Layout { get; init; } = KeyboardLayout.UsEnglish;

    /// <summary>There is something that consoles can be shown on.</summary>
    public bool HasScreens => Kind == DisplayKind.Window || Vnc != null;
}

/// <summary>Reads <c>-display</c>, <c>-vnc</c>, <c>-full-screen</c> and <c>-k</c>.</summary>
internal static class DisplayParser
{
    private const int LargestDisplay = 65535 - VncOptions.FirstPort;
    private const string Kinds = "none, sdl and vnc=HOST:N";

    /// <summary>Reads them.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="windowByDefault">Open a window where the host has a display and nothing else is asked for.</param>
    /// <exception cref="UsageException">Something is wrong.</exception>
    public static DisplaySpec Parse(ParseResult result, bool windowByDefault)
    {
        string? display = QemuOptions.Display.Last(result);
        bool nographic = QemuOptions.NoGraphic.IsGiven(result);
        if (nographic && display is not (null or "none")) throw new UsageException("-nographic and -display exclude each other");
        DisplaySpec spec = new() { Layout = Layout(QemuOptions.Keyboard.Last(result)) };
        if (QemuOptions.Vnc.Last(result) is { } vnc and not "none") spec = spec with { Vnc = ParseVnc("-vnc", vnc) };
        if (display == null)
        {
            // Where SDL is missing, a window that nobody asked for is not missed.
            bool window = windowByDefault && !nographic && spec.Vnc == null && SdlLibrary.HostHasDisplay && SdlLibrary.IsAvailable;
            spec = window ? spec with { Kind = DisplayKind.Window, IsDefault = true } : spec;
        }
        else
        {
            spec = Named(display, spec);
        }

        if (!QemuOptions.FullScreen.IsGiven(result)) return spec;
        if (spec.Kind != DisplayKind.Window) throw new UsageException("-full-screen needs a window; add -display sdl");
        return spec with { Window = spec.Window with { FullScreen = true } };
    }

    /// <summary>Reads <c>HOST:N</c> or <c>unix:PATH</c>, with properties.</summary>
    public static VncOptions ParseVnc(string option, string text)
    {
        PropertyList list = PropertyList.Parse(option, text, "vnc");
        string place = list.Head ?? throw new UsageException($"{option} {text}: where is missing, such as 127.0.0.1:0");
        string? password = list.Text("password");
        if (password is "on" or "off") throw new UsageException($"{option}: password={password} is not available; write the password itself, or password-file=FILE");
        if (list.Text("password-file") is { } file) password = ReadPassword(option, file);
        foreach (string key in (string[])["sasl", "tls-creds", "websocket", "reverse"]) list.Refuse(key, "only plain connections are offered; carry them through ssh");
        list.Choice("share", "allow-exclusive", "ignore", "force-shared");
        list.Finish();
        VncOptions options = new() { Password = password };
        if (place.StartsWith("unix:", StringComparison.Ordinal))
        {
            return place.Length > 5 ? options with { Path = place[5..] } : throw new UsageException($"{option} {text}: a path is missing");
        }

        int colon = place.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(place.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > LargestDisplay)
        {
            throw new UsageException($"{option}: '{place}' is not HOST:N, such as 127.0.0.1:0 for port {VncOptions.FirstPort}, or unix:PATH");
        }

        return options with { Address = new IPEndPoint(Host(option, place[..colon]), VncOptions.FirstPort + number) };
    }

    private static DisplaySpec Named(string display, DisplaySpec spec)
    {
        if (display.StartsWith("vnc=", StringComparison.Ordinal)) return spec with { Vnc = ParseVnc("-display vnc", display[4..]) };
        PropertyList list = PropertyList.Parse("-display", display, "type");
        switch (list.Head)
        {
            case "none":
                list.Finish();
                return spec;
            case "sdl":
                WindowOptions window = Window(list);
                if (!SdlLibrary.IsAvailable) throw new UsageException($"-display sdl: {SdlLibrary.Hint}");
                return spec with { Kind = DisplayKind.Window, Window = window };
            case "vnc":
                throw new UsageException("-display vnc: where is missing; write -display vnc=127.0.0.1:0 or -display vnc=unix:PATH");
            case "gtk" or "cocoa" or "dbus" or "egl-headless" or "spice-app":
                throw new UsageException($"-display {list.Head}: this kind is not available; there are {Kinds}");
            case "curses":
                throw new UsageException("-display curses is not available yet; -nographic puts the first serial port on the terminal");
            default:
                throw new UsageException($"-display {display}: there are {Kinds}");
        }
    }

    private static WindowOptions Window(PropertyList list)
    {
        WindowOptions window = new()
        {
            FullScreen = list.Flag("full-screen") ?? false,
            Scaling = list.Choice("scale", "integer", "smooth") == "smooth" ? PictureScaling.Smooth : PictureScaling.Integer,
            Zoom = (int)(list.Number("zoom", 1, 8) ?? 1),
            ShowCursor = list.Flag("show-cursor") ?? false,
            CanClose = list.Flag("window-close") ?? true,
        };
        if (list.Text("gl") is { } gl && gl != "off") throw new UsageException($"-display sdl: gl={gl} is not available: there is no 3D adapter; leave it out");
        list.Refuse("grab-mod", "the keys are Ctrl-Alt with a letter");
        list.Finish();
        return window;
    }

    private static KeyboardLayout Layout(string? name)
    {
        try
        {
            return name == null ? KeyboardLayout.UsEnglish : KeyboardLayout.Load(name);
        }
        catch (KeyboardLayoutException e)
        {
            throw new UsageException($"-k {e.Message}");
        }
    }

    private static string ReadPassword(string option, string file)
    {
        try
        {
            return File.ReadAllText(file).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option}: password-file={file}: {e.Message}");
        }
    }

    private static IPAddress Host(string option, string host)
    {
        if (host is "" or "localhost") return IPAddress.Loopback;
        return IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address)
            ? address
            : throw new UsageException($"{option}: '{host}' is not an address; 127.0.0.1 is this host alone, 0.0.0.0 everybody who can reach it");
    }
}
