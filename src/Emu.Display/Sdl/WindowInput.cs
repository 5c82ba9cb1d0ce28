using Emu.Devices.Input;
using Emu.Display.Keyboard;
using Emu.Display.Screens;
using static SDL2.SDL;

namespace Emu.Display.Sdl;

/// <summary>Keyboard and mouse of the window: what belongs to the guest goes there, the rest are commands.</summary>
internal sealed class WindowInput
{
    private readonly nint window;
    private readonly KeyboardLayout layout;
    private readonly bool showCursor;
    private readonly HashSet<KeyCode> swallowed = [];
    private IInputSink sink;
    private PointerButtons buttons;
    private bool hidden;

    /// <summary>For a window.</summary>
    public WindowInput(nint window, KeyboardLayout layout, bool showCursor, IInputSink sink)
    {
        this.window = window;
        this.layout = layout;
        this.showCursor = showCursor;
        this.sink = sink;
    }

    /// <summary>Commands by their keys, with Ctrl and Alt.</summary>
    public Dictionary<KeyCode, WindowCommand> Commands { get; } = [];

    /// <summary>The mouse belongs to the guest.</summary>
    public bool IsGrabbed { get; private set; }

    /// <summary>Raised when the guest gets or loses the mouse.</summary>
    public event Action? GrabChanged;

    /// <summary>From now on input goes elsewhere.</summary>
    public void Use(IInputSink next)
    {
        sink.ReleaseAll();
        SetGrab(false);
        buttons = PointerButtons.None;
        sink = next;
        if (next.WantsText) SDL_StartTextInput();
        else SDL_StopTextInput();
    }

    /// <summary>Gives the mouse to the guest or takes it back.</summary>
    public void SetGrab(bool grab)
    {
        if (grab == IsGrabbed) return;
        IsGrabbed = grab;
        SDL_bool value = grab ? SDL_bool.SDL_TRUE : SDL_bool.SDL_FALSE;
        if (!sink.IsAbsolute || !grab) SDL_SetRelativeMouseMode(value);
        SDL_SetWindowGrab(window, value);
        SDL_SetWindowKeyboardGrab(window, value);
        GrabChanged?.Invoke();
    }

    /// <summary>The window has lost the keyboard.</summary>
    public void LoseFocus()
    {
        SetGrab(false);
        buttons = PointerButtons.None;
        swallowed.Clear();
        sink.ReleaseAll();
    }

    /// <summary>A key of the host.</summary>
    public void Key(in SDL_KeyboardEvent key)
    {
        bool pressed = key.state == SDL_PRESSED;
        KeyCode code = SdlScancodes.ToKey(key.keysym.scancode);
        if (code == KeyCode.None && layout.Find((uint)key.keysym.sym) is { } found) code = found.Key;
        if (code == KeyCode.None) return;
        bool command = (key.keysym.mod & SDL_Keymod.KMOD_CTRL) != 0 && (key.keysym.mod & SDL_Keymod.KMOD_ALT) != 0;
        if (pressed && command && Commands.TryGetValue(code, out WindowCommand? known))
        {
            // The guest has seen Ctrl and Alt go down and will see them go up; of the key itself it learns nothing.
            if (swallowed.Add(code)) known.Run();
            return;
        }

        if (swallowed.Contains(code))
        {
            if (!pressed) swallowed.Remove(code);
            return;
        }

        // Keyboards repeat by themselves; a console has none of its own.
        if (key.repeat == 0 || sink.WantsText) sink.SetKey(code, pressed);
    }

    /// <summary>Characters as the host's layout makes them.</summary>
    public unsafe void Text(in SDL_TextInputEvent input)
    {
        const SDL_Keymod both = SDL_Keymod.KMOD_CTRL;
        if ((SDL_GetModState() & both) != 0) return;
        fixed (byte* text = input.text) sink.Type(UTF8_ToManaged((nint)text));
    }

    /// <summary>The mouse has moved.</summary>
    /// <param name="motion">By how much.</param>
    /// <param name="place">Where in the picture it is now, 0 to 1 in both directions.</param>
    public void Motion(in SDL_MouseMotionEvent motion, (double X, double Y) place)
    {
        UpdateCursor();
        if (sink.IsAbsolute)
        {
            if (IsGrabbed && sink.IsAbsolute) SDL_SetRelativeMouseMode(SDL_bool.SDL_FALSE);
            sink.Place(place.X, place.Y);
        }
        else if (IsGrabbed)
        {
            sink.Move(motion.xrel, motion.yrel, 0);
        }
    }

    /// <summary>A mouse button.</summary>
    public void Button(in SDL_MouseButtonEvent button)
    {
        bool pressed = button.state == SDL_PRESSED;
        if (!sink.IsAbsolute && !IsGrabbed)
        {
            // The click that gives the guest the mouse is not for the guest.
            if (pressed && button.button == SDL_BUTTON_LEFT) SetGrab(true);
            return;
        }

        PointerButtons which = (uint)button.button switch
        {
            SDL_BUTTON_LEFT => PointerButtons.Left,
            SDL_BUTTON_MIDDLE => PointerButtons.Middle,
            SDL_BUTTON_RIGHT => PointerButtons.Right,
            SDL_BUTTON_X1 => PointerButtons.Side,
            SDL_BUTTON_X2 => PointerButtons.Extra,
            _ => PointerButtons.None,
        };
        buttons = pressed ? buttons | which : buttons & ~which;
        sink.SetButtons(buttons);
    }

    /// <summary>The wheel.</summary>
    public void Wheel(in SDL_MouseWheelEvent wheel)
    {
        if (!sink.IsAbsolute && !IsGrabbed) return;
        int towards = wheel.direction == SDL_MOUSEWHEEL_FLIPPED ? wheel.y : -wheel.y;
        if (towards != 0) sink.Move(0, 0, towards);
    }

    /// <summary>Hides the host's pointer where the guest draws one.</summary>
    public void UpdateCursor()
    {
        bool hide = !showCursor && !sink.WantsText && sink.IsAbsolute;
        if (hide == hidden) return;
        hidden = hide;
        _ = SDL_ShowCursor(hide ? 0 : 1);
    }
}
