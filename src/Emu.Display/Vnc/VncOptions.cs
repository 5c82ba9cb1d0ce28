using System.Net;

namespace Emu.Display.Vnc;

/// <summary>A VNC server that cannot be offered; the message says why.</summary>
public sealed class VncException(string message) : Exception(message);

/// <summary>Where and to whom the screen is offered.</summary>
public sealed record VncOptions
{
    /// <summary>TCP port of display 0.</summary>
    public const int FirstPort = 5900;

    /// <summary>Address to listen on, or null for a Unix socket.</summary>
    public IPEndPoint? Address { get; init; }

    /// <summary>Unix socket to listen on.</summary>
    public string? Path { get; init; }

    /// <summary>Password, of which the protocol uses the first eight bytes; null for none.</summary>
    public string? Password { get; init; }
}
