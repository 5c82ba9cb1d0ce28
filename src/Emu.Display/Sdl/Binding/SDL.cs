using System.Runtime.InteropServices;

namespace SDL2;

#pragma warning disable CA1707, CA1711, CA1720, SA1300, IDE1006 // The names are SDL's own.

/// <summary>
/// The part of SDL 2 that the window uses, under the names of the SDL2-CS binding, so that the package can take this file's place
/// (see docs/display.md).
/// </summary>
public static partial class SDL
{
    private const string Library = "SDL2";

    public const uint SDL_INIT_VIDEO = 0x20;

    public const string SDL_HINT_FRAMEBUFFER_ACCELERATION = "SDL_FRAMEBUFFER_ACCELERATION";
    public const string SDL_HINT_NO_SIGNAL_HANDLERS = "SDL_NO_SIGNAL_HANDLERS";
    public const string SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR = "SDL_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR";
    public const string SDL_HINT_GRAB_KEYBOARD = "SDL_GRAB_KEYBOARD";
    public const string SDL_HINT_WINDOWS_DPI_SCALING = "SDL_WINDOWS_DPI_SCALING";

    public enum SDL_bool
    {
        SDL_FALSE = 0,
        SDL_TRUE = 1,
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_version
    {
        public byte major;
        public byte minor;
        public byte patch;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_Rect
    {
        public int x;
        public int y;
        public int w;
        public int h;
    }

    [LibraryImport(Library)]
    public static partial void SDL_GetVersion(out SDL_version ver);

    [LibraryImport(Library)]
    public static partial int SDL_Init(uint flags);

    [LibraryImport(Library)]
    public static partial void SDL_Quit();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SDL_bool SDL_SetHint(string name, string value);

    /// <summary>The last error of this thread, as UTF-8.</summary>
    public static string SDL_GetError() => Marshal.PtrToStringUTF8(NativeGetError()) ?? "";

    [LibraryImport(Library, EntryPoint = "SDL_GetError")]
    private static partial nint NativeGetError();

    [LibraryImport(Library)]
    public static partial void SDL_free(nint memblock);
}
