using System.Runtime.InteropServices;

namespace Emu.Display.Tests.Support;

/// <summary>The one thing that xdotool of some years cannot do: ask a window to close (ICCCM 4.2.8.1).</summary>
internal static partial class XClient
{
    private const int ClientMessage = 33, Format32 = 32;

    public static void SendDelete(string display, nint window)
    {
        nint connection = XOpenDisplay(display);
        ClientMessageEvent message = new()
        {
            Type = ClientMessage,
            Window = window,
            MessageType = XInternAtom(connection, "WM_PROTOCOLS", 0),
            Format = Format32,
            Data = XInternAtom(connection, "WM_DELETE_WINDOW", 0),
        };
        _ = XSendEvent(connection, window, 0, 0, ref message);
        _ = XFlush(connection);
        _ = XCloseDisplay(connection);
    }

    [StructLayout(LayoutKind.Sequential, Size = 192)]
    private struct ClientMessageEvent
    {
        public int Type;
        public nuint Serial;
        public int SendEvent;
        public nint Display;
        public nint Window;
        public nint MessageType;
        public int Format;
        public nint Data;
    }

    [LibraryImport("libX11.so.6", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint XOpenDisplay(string name);

    [LibraryImport("libX11.so.6")]
    private static partial int XCloseDisplay(nint display);

    [LibraryImport("libX11.so.6", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint XInternAtom(nint display, string name, int onlyIfExists);

    [LibraryImport("libX11.so.6")]
    private static partial int XSendEvent(nint display, nint window, int propagate, nint mask, ref ClientMessageEvent message);

    [LibraryImport("libX11.so.6")]
    private static partial int XFlush(nint display);
}
