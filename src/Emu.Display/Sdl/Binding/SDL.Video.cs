using System.Runtime.InteropServices;

namespace SDL2;

/// <content>Windows, renderers and textures.</content>
public static partial class SDL
{
    public const int SDL_WINDOWPOS_UNDEFINED = 0x1FFF0000;

    [Flags]
    public enum SDL_WindowFlags : uint
    {
        SDL_WINDOW_SHOWN = 0x00000004,
        SDL_WINDOW_HIDDEN = 0x00000008,
        SDL_WINDOW_RESIZABLE = 0x00000020,
        SDL_WINDOW_MINIMIZED = 0x00000040,
        SDL_WINDOW_MAXIMIZED = 0x00000080,
        SDL_WINDOW_INPUT_FOCUS = 0x00000200,
        SDL_WINDOW_FULLSCREEN_DESKTOP = 0x00001001,
        SDL_WINDOW_ALLOW_HIGHDPI = 0x00002000,
    }

    [Flags]
    public enum SDL_RendererFlags : uint
    {
        SDL_RENDERER_SOFTWARE = 1,
        SDL_RENDERER_ACCELERATED = 2,
        SDL_RENDERER_PRESENTVSYNC = 4,
    }

    public enum SDL_TextureAccess
    {
        SDL_TEXTUREACCESS_STATIC = 0,
        SDL_TEXTUREACCESS_STREAMING = 1,
    }

    public enum SDL_ScaleMode
    {
        SDL_ScaleModeNearest,
        SDL_ScaleModeLinear,
    }

    public enum SDL_BlendMode
    {
        SDL_BLENDMODE_NONE = 0,
        SDL_BLENDMODE_BLEND = 1,
    }

    public const uint SDL_PIXELFORMAT_ARGB8888 = 0x16362004;
    public const uint SDL_PIXELFORMAT_RGB888 = 0x16161804;

    public static string SDL_GetCurrentVideoDriver() => UTF8_ToManaged(NativeGetCurrentVideoDriver());

    [LibraryImport(Library, EntryPoint = "SDL_GetCurrentVideoDriver")]
    private static partial nint NativeGetCurrentVideoDriver();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint SDL_CreateWindow(string title, int x, int y, int w, int h, SDL_WindowFlags flags);

    [LibraryImport(Library)]
    public static partial void SDL_DestroyWindow(nint window);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void SDL_SetWindowTitle(nint window, string title);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowSize(nint window, int w, int h);

    [LibraryImport(Library)]
    public static partial void SDL_GetWindowSize(nint window, out int w, out int h);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowPosition(nint window, int x, int y);

    [LibraryImport(Library)]
    public static partial void SDL_GetWindowPosition(nint window, out int x, out int y);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowMinimumSize(nint window, int min_w, int min_h);

    [LibraryImport(Library)]
    public static partial uint SDL_GetWindowFlags(nint window);

    [LibraryImport(Library)]
    public static partial int SDL_GetWindowDisplayIndex(nint window);

    [LibraryImport(Library)]
    public static partial int SDL_GetDisplayUsableBounds(int displayIndex, out SDL_Rect rect);

    [LibraryImport(Library)]
    public static partial int SDL_SetWindowFullscreen(nint window, uint flags);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowGrab(nint window, SDL_bool grabbed);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowKeyboardGrab(nint window, SDL_bool grabbed);

    [LibraryImport(Library)]
    public static partial void SDL_RestoreWindow(nint window);

    [LibraryImport(Library)]
    public static partial void SDL_EnableScreenSaver();

    [LibraryImport(Library)]
    public static partial nint SDL_CreateRenderer(nint window, int index, SDL_RendererFlags flags);

    [LibraryImport(Library)]
    public static partial void SDL_DestroyRenderer(nint renderer);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint SDL_GL_GetProcAddress(string proc);

    [LibraryImport(Library)]
    public static partial nint SDL_GL_GetCurrentContext();

    [LibraryImport(Library)]
    public static partial int SDL_GetRendererOutputSize(nint renderer, out int w, out int h);

    [LibraryImport(Library)]
    public static partial nint SDL_CreateTexture(nint renderer, uint format, int access, int w, int h);

    [LibraryImport(Library)]
    public static partial void SDL_DestroyTexture(nint texture);

    [LibraryImport(Library)]
    public static partial int SDL_UpdateTexture(nint texture, ref SDL_Rect rect, nint pixels, int pitch);

    [LibraryImport(Library)]
    public static partial int SDL_SetTextureScaleMode(nint texture, SDL_ScaleMode scaleMode);

    [LibraryImport(Library)]
    public static partial int SDL_SetTextureBlendMode(nint texture, SDL_BlendMode blendMode);

    [LibraryImport(Library)]
    public static partial int SDL_SetRenderDrawColor(nint renderer, byte r, byte g, byte b, byte a);

    [LibraryImport(Library)]
    public static partial int SDL_RenderClear(nint renderer);

    [LibraryImport(Library)]
    public static partial int SDL_RenderCopy(nint renderer, nint texture, nint srcrect, ref SDL_Rect dstrect);

    [LibraryImport(Library)]
    public static partial void SDL_RenderPresent(nint renderer);

    [LibraryImport(Library)]
    public static partial int SDL_ShowCursor(int toggle);

    [LibraryImport(Library)]
    public static partial int SDL_SetRelativeMouseMode(SDL_bool enabled);
}
