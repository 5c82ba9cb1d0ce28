using System.Runtime.InteropServices;
using static SDL2.SDL;

namespace Emu.Display.Sdl;

/// <summary>Chooses what draws in a window.</summary>
internal static unsafe class WindowRenderer
{
    private const uint GlRenderer = 0x1F01;

    /// <summary>What OpenGL drivers without a graphics card call themselves.</summary>
    private static readonly string[] WithoutCard = ["llvmpipe", "softpipe", "Software Rasterizer", "swrast", "SwiftShader", "GDI Generic", "Apple Software Renderer"];

    /// <summary>
    /// A graphics card where there is one; else SDL's own blitter. A driver that only pretends to be a card computes every dot as a triangle's, on all of the
    /// host's processors: 1920x1080 dots take it 15 ms of their time, and SDL's blitter 2 ms.
    /// </summary>
    /// <returns>The renderer, or 0 if there is none.</returns>
    public static nint Create(nint window)
    {
        nint renderer = SDL_CreateRenderer(window, -1, SDL_RendererFlags.SDL_RENDERER_ACCELERATED | SDL_RendererFlags.SDL_RENDERER_PRESENTVSYNC);
        if (renderer != 0 && !IsSlow()) return renderer;
        if (renderer != 0) SDL_DestroyRenderer(renderer);
        // Otherwise SDL brings the finished picture to the window by way of the same driver.
        SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
        return SDL_CreateRenderer(window, -1, SDL_RendererFlags.SDL_RENDERER_SOFTWARE);
    }

    /// <summary>Whether the present OpenGL context belongs to a driver without a graphics card. Who names a renderer in the environment gets it.</summary>
    private static bool IsSlow()
    {
        if (Environment.GetEnvironmentVariable("SDL_RENDER_DRIVER") is { Length: > 0 }) return false;
        nint getString = SDL_GL_GetProcAddress("glGetString");
        if (getString == 0 || SDL_GL_GetCurrentContext() == 0) return false;
        string name = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<uint, byte*>)getString)(GlRenderer)) ?? "";
        return Array.Exists(WithoutCard, slow => name.Contains(slow, StringComparison.OrdinalIgnoreCase));
    }
}
