using System.Runtime.InteropServices;

namespace SDL2;

/// <content>Events.</content>
public static partial class SDL
{
    public const byte SDL_PRESSED = 1;
    public const byte SDL_RELEASED = 0;

    public const uint SDL_BUTTON_LEFT = 1;
    public const uint SDL_BUTTON_MIDDLE = 2;
    public const uint SDL_BUTTON_RIGHT = 3;
    public const uint SDL_BUTTON_X1 = 4;
    public const uint SDL_BUTTON_X2 = 5;

    public const uint SDL_MOUSEWHEEL_FLIPPED = 1;

    public enum SDL_EventType : uint
    {
        SDL_QUIT = 0x100,
        SDL_WINDOWEVENT = 0x200,
        SDL_KEYDOWN = 0x300,
        SDL_KEYUP = 0x301,
        SDL_TEXTINPUT = 0x303,
        SDL_MOUSEMOTION = 0x400,
        SDL_MOUSEBUTTONDOWN = 0x401,
        SDL_MOUSEBUTTONUP = 0x402,
        SDL_MOUSEWHEEL = 0x403,
        SDL_DROPFILE = 0x1000,
        SDL_RENDER_TARGETS_RESET = 0x2000,
        SDL_RENDER_DEVICE_RESET = 0x2001,
        SDL_USEREVENT = 0x8000,
    }

    public enum SDL_WindowEventID : byte
    {
        SDL_WINDOWEVENT_NONE,
        SDL_WINDOWEVENT_SHOWN,
        SDL_WINDOWEVENT_HIDDEN,
        SDL_WINDOWEVENT_EXPOSED,
        SDL_WINDOWEVENT_MOVED,
        SDL_WINDOWEVENT_RESIZED,
        SDL_WINDOWEVENT_SIZE_CHANGED,
        SDL_WINDOWEVENT_MINIMIZED,
        SDL_WINDOWEVENT_MAXIMIZED,
        SDL_WINDOWEVENT_RESTORED,
        SDL_WINDOWEVENT_ENTER,
        SDL_WINDOWEVENT_LEAVE,
        SDL_WINDOWEVENT_FOCUS_GAINED,
        SDL_WINDOWEVENT_FOCUS_LOST,
        SDL_WINDOWEVENT_CLOSE,
    }

    [Flags]
    public enum SDL_Keymod : ushort
    {
        KMOD_NONE = 0,
        KMOD_LSHIFT = 0x0001,
        KMOD_RSHIFT = 0x0002,
        KMOD_LCTRL = 0x0040,
        KMOD_RCTRL = 0x0080,
        KMOD_LALT = 0x0100,
        KMOD_RALT = 0x0200,
        KMOD_CTRL = KMOD_LCTRL | KMOD_RCTRL,
        KMOD_SHIFT = KMOD_LSHIFT | KMOD_RSHIFT,
        KMOD_ALT = KMOD_LALT | KMOD_RALT,
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_Keysym
    {
        public SDL_Scancode scancode;
        public int sym;
        public SDL_Keymod mod;
        public uint unicode;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_WindowEvent
    {
        public SDL_EventType type;
        public uint timestamp;
        public uint windowID;
        public SDL_WindowEventID windowEvent;
        private readonly byte padding1;
        private readonly byte padding2;
        private readonly byte padding3;
        public int data1;
        public int data2;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_KeyboardEvent
    {
        public SDL_EventType type;
        public uint timestamp;
        public uint windowID;
        public byte state;
        public byte repeat;
        private readonly byte padding2;
        private readonly byte padding3;
        public SDL_Keysym keysym;
    }

    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct SDL_TextInputEvent
    {
        public SDL_EventType type;
        public uint timestamp;
        public uint windowID;
        public fixed byte text[32];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_MouseMotionEvent
    {
        public SDL_EventType type;
        public uint timestamp;
        public uint windowID;
        public uint which;
        public uint state;
        public int x;
        public int y;
        public int xrel;
        public int yrel;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_MouseButtonEvent
    {
        public SDL_EventType type;
        public uint timestamp;
        public uint windowID;
        public uint which;
        public byte button;
        public byte state;
        public byte clicks;
        private readonly byte padding1;
        public int x;
        public int y;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_MouseWheelEvent
    {
        public SDL_EventType type;
        public uint timestamp;
        public uint windowID;
        public uint which;
        public int x;
        public int y;
        public uint direction;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_DropEvent
    {
        public SDL_EventType type;
        public uint timestamp;
        public nint file;
        public uint windowID;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_UserEvent
    {
        public SDL_EventType type;
        public uint timestamp;
        public uint windowID;
        public int code;
        public nint data1;
        public nint data2;
    }

    /// <summary>A union of all events, 56 bytes with room for those of later versions.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    public struct SDL_Event
    {
        [FieldOffset(0)]
        public SDL_EventType type;
        [FieldOffset(0)]
        public SDL_WindowEvent window;
        [FieldOffset(0)]
        public SDL_KeyboardEvent key;
        [FieldOffset(0)]
        public SDL_TextInputEvent text;
        [FieldOffset(0)]
        public SDL_MouseMotionEvent motion;
        [FieldOffset(0)]
        public SDL_MouseButtonEvent button;
        [FieldOffset(0)]
        public SDL_MouseWheelEvent wheel;
        [FieldOffset(0)]
        public SDL_DropEvent drop;
        [FieldOffset(0)]
        public SDL_UserEvent user;
    }

    [LibraryImport(Library)]
    public static partial int SDL_WaitEventTimeout(out SDL_Event _event, int timeout);

    [LibraryImport(Library)]
    public static partial int SDL_PollEvent(out SDL_Event _event);

    [LibraryImport(Library)]
    public static partial int SDL_PushEvent(ref SDL_Event _event);

    [LibraryImport(Library)]
    public static partial uint SDL_RegisterEvents(int numevents);

    [LibraryImport(Library)]
    public static partial SDL_Keymod SDL_GetModState();

    [LibraryImport(Library)]
    public static partial void SDL_StartTextInput();

    [LibraryImport(Library)]
    public static partial void SDL_StopTextInput();

    /// <summary>A string that SDL owns or that <see cref="SDL_free"/> must release.</summary>
    public static string UTF8_ToManaged(nint s, bool freePtr = false)
    {
        string text = Marshal.PtrToStringUTF8(s) ?? "";
        if (freePtr) SDL_free(s);
        return text;
    }
}
