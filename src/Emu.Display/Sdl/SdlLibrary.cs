using System.Reflection;
using System.Runtime.InteropServices;

namespace Emu.Display.Sdl;

/// <summary>Finds SDL 2 under the names it has on each system.</summary>
public static class SdlLibrary
{
    private const string BindingName = "SDL2";

    /// <summary>What to install where it is missing.</summary>
    public const string Hint = "the library SDL 2 is missing (Debian: libsdl2-2.0-0)";

    private static readonly Lazy<nint> Handle = new(Load);

    static SdlLibrary() => NativeLibrary.SetDllImportResolver(typeof(SDL2.SDL).Assembly, Resolve);

    /// <summary>SDL can be used.</summary>
    public static bool IsAvailable => Handle.Value != 0;

    /// <summary>The host has a display that a window could be shown on.</summary>
    public static bool HostHasDisplay => OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()
        ? Environment.UserInteractive
        : Environment.GetEnvironmentVariable("DISPLAY") is { Length: > 0 } || Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is { Length: > 0 };

    private static string[] Names => OperatingSystem.IsWindows() ? ["SDL2.dll"]
        : OperatingSystem.IsMacOS() ? ["libSDL2-2.0.0.dylib", "libSDL2.dylib", "/opt/homebrew/lib/libSDL2.dylib", "/usr/local/lib/libSDL2.dylib", "/Library/Frameworks/SDL2.framework/SDL2"]
        : ["libSDL2-2.0.so.0", "libSDL2.so"];

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == BindingName ? Handle.Value : 0;

    private static nint Load()
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint handle)) return handle;
        }

        return 0;
    }
}
