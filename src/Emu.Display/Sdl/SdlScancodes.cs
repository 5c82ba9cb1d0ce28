using Emu.Devices.Input;
using static SDL2.SDL;

namespace Emu.Display.Sdl;

/// <summary>Keys of SDL (places on the keyboard, after the USB HID usage tables, page 7) as keys of the guest's keyboard.</summary>
internal static class SdlScancodes
{
    private const int Count = 512;

    private static readonly KeyCode[] Keys = Build();

    /// <summary>The key, or <see cref="KeyCode.None"/> where SDL does not know the place or a PC keyboard has no such key.</summary>
    public static KeyCode ToKey(SDL_Scancode scancode) => (uint)scancode < Count ? Keys[(int)scancode] : KeyCode.None;

    private static KeyCode[] Build()
    {
        KeyCode[] keys = new KeyCode[Count];
        for (int i = 0; i < 26; i++)
        {
            // Letters follow one another in HID; key codes are found by name.
            if (KeyTable.TryParse(((char)('a' + i)).ToString(), out KeyCode letter)) keys[(int)SDL_Scancode.SDL_SCANCODE_A + i] = letter;
        }

        for (int i = 0; i < 10; i++)
        {
            keys[(int)SDL_Scancode.SDL_SCANCODE_1 + i] = (KeyCode)((int)KeyCode.Digit1 + i);
            keys[(int)SDL_Scancode.SDL_SCANCODE_KP_1 + i] = i == 9 ? KeyCode.Kp0 : (KeyCode)((int)KeyCode.Kp1 + i);
        }

        for (int i = 0; i < 12; i++)
        {
            keys[(int)SDL_Scancode.SDL_SCANCODE_F1 + i] = i < 10 ? (KeyCode)((int)KeyCode.F1 + i) : (KeyCode)((int)KeyCode.F11 + i - 10);
            keys[(int)SDL_Scancode.SDL_SCANCODE_F13 + i] = (KeyCode)((int)KeyCode.F13 + i);
        }

        foreach ((SDL_Scancode scancode, KeyCode key) in Others) keys[(int)scancode] = key;
        return keys;
    }

    private static ReadOnlySpan<(SDL_Scancode Scancode, KeyCode Key)> Others => new (SDL_Scancode, KeyCode)[]
    {
        (SDL_Scancode.SDL_SCANCODE_RETURN, KeyCode.Ret),
        (SDL_Scancode.SDL_SCANCODE_ESCAPE, KeyCode.Esc),
        (SDL_Scancode.SDL_SCANCODE_BACKSPACE, KeyCode.Backspace),
        (SDL_Scancode.SDL_SCANCODE_TAB, KeyCode.Tab),
        (SDL_Scancode.SDL_SCANCODE_SPACE, KeyCode.Space),
        (SDL_Scancode.SDL_SCANCODE_MINUS, KeyCode.Minus),
        (SDL_Scancode.SDL_SCANCODE_EQUALS, KeyCode.Equal),
        (SDL_Scancode.SDL_SCANCODE_LEFTBRACKET, KeyCode.BracketLeft),
        (SDL_Scancode.SDL_SCANCODE_RIGHTBRACKET, KeyCode.BracketRight),
        (SDL_Scancode.SDL_SCANCODE_BACKSLASH, KeyCode.Backslash),
        (SDL_Scancode.SDL_SCANCODE_NONUSHASH, KeyCode.Backslash),
        (SDL_Scancode.SDL_SCANCODE_SEMICOLON, KeyCode.Semicolon),
        (SDL_Scancode.SDL_SCANCODE_APOSTROPHE, KeyCode.Apostrophe),
        (SDL_Scancode.SDL_SCANCODE_GRAVE, KeyCode.GraveAccent),
        (SDL_Scancode.SDL_SCANCODE_COMMA, KeyCode.Comma),
        (SDL_Scancode.SDL_SCANCODE_PERIOD, KeyCode.Dot),
        (SDL_Scancode.SDL_SCANCODE_SLASH, KeyCode.Slash),
        (SDL_Scancode.SDL_SCANCODE_CAPSLOCK, KeyCode.CapsLock),
        (SDL_Scancode.SDL_SCANCODE_PRINTSCREEN, KeyCode.Print),
        (SDL_Scancode.SDL_SCANCODE_SCROLLLOCK, KeyCode.ScrollLock),
        (SDL_Scancode.SDL_SCANCODE_PAUSE, KeyCode.Pause),
        (SDL_Scancode.SDL_SCANCODE_INSERT, KeyCode.Insert),
        (SDL_Scancode.SDL_SCANCODE_HOME, KeyCode.Home),
        (SDL_Scancode.SDL_SCANCODE_PAGEUP, KeyCode.PageUp),
        (SDL_Scancode.SDL_SCANCODE_DELETE, KeyCode.Delete),
        (SDL_Scancode.SDL_SCANCODE_END, KeyCode.End),
        (SDL_Scancode.SDL_SCANCODE_PAGEDOWN, KeyCode.PageDown),
        (SDL_Scancode.SDL_SCANCODE_RIGHT, KeyCode.Right),
        (SDL_Scancode.SDL_SCANCODE_LEFT, KeyCode.Left),
        (SDL_Scancode.SDL_SCANCODE_DOWN, KeyCode.Down),
        (SDL_Scancode.SDL_SCANCODE_UP, KeyCode.Up),
        (SDL_Scancode.SDL_SCANCODE_NUMLOCKCLEAR, KeyCode.NumLock),
        (SDL_Scancode.SDL_SCANCODE_KP_DIVIDE, KeyCode.KpDivide),
        (SDL_Scancode.SDL_SCANCODE_KP_MULTIPLY, KeyCode.KpMultiply),
        (SDL_Scancode.SDL_SCANCODE_KP_MINUS, KeyCode.KpSubtract),
        (SDL_Scancode.SDL_SCANCODE_KP_PLUS, KeyCode.KpAdd),
        (SDL_Scancode.SDL_SCANCODE_KP_ENTER, KeyCode.KpEnter),
        (SDL_Scancode.SDL_SCANCODE_KP_PERIOD, KeyCode.KpDecimal),
        (SDL_Scancode.SDL_SCANCODE_NONUSBACKSLASH, KeyCode.Less),
        (SDL_Scancode.SDL_SCANCODE_APPLICATION, KeyCode.Compose),
        (SDL_Scancode.SDL_SCANCODE_POWER, KeyCode.Power),
        (SDL_Scancode.SDL_SCANCODE_KP_EQUALS, KeyCode.KpEquals),
        (SDL_Scancode.SDL_SCANCODE_MENU, KeyCode.Menu),
        (SDL_Scancode.SDL_SCANCODE_MUTE, KeyCode.AudioMute),
        (SDL_Scancode.SDL_SCANCODE_VOLUMEUP, KeyCode.VolumeUp),
        (SDL_Scancode.SDL_SCANCODE_VOLUMEDOWN, KeyCode.VolumeDown),
        (SDL_Scancode.SDL_SCANCODE_KP_COMMA, KeyCode.KpComma),
        (SDL_Scancode.SDL_SCANCODE_INTERNATIONAL1, KeyCode.Ro),
        (SDL_Scancode.SDL_SCANCODE_INTERNATIONAL2, KeyCode.KatakanaHiragana),
        (SDL_Scancode.SDL_SCANCODE_INTERNATIONAL3, KeyCode.Yen),
        (SDL_Scancode.SDL_SCANCODE_INTERNATIONAL4, KeyCode.Henkan),
        (SDL_Scancode.SDL_SCANCODE_INTERNATIONAL5, KeyCode.Muhenkan),
        (SDL_Scancode.SDL_SCANCODE_LANG1, KeyCode.Lang1),
        (SDL_Scancode.SDL_SCANCODE_LANG2, KeyCode.Lang2),
        (SDL_Scancode.SDL_SCANCODE_SYSREQ, KeyCode.SysRq),
        (SDL_Scancode.SDL_SCANCODE_LCTRL, KeyCode.Ctrl),
        (SDL_Scancode.SDL_SCANCODE_LSHIFT, KeyCode.Shift),
        (SDL_Scancode.SDL_SCANCODE_LALT, KeyCode.Alt),
        (SDL_Scancode.SDL_SCANCODE_LGUI, KeyCode.MetaL),
        (SDL_Scancode.SDL_SCANCODE_RCTRL, KeyCode.CtrlR),
        (SDL_Scancode.SDL_SCANCODE_RSHIFT, KeyCode.ShiftR),
        (SDL_Scancode.SDL_SCANCODE_RALT, KeyCode.AltR),
        (SDL_Scancode.SDL_SCANCODE_RGUI, KeyCode.MetaR),
        (SDL_Scancode.SDL_SCANCODE_AUDIONEXT, KeyCode.AudioNext),
        (SDL_Scancode.SDL_SCANCODE_AUDIOPREV, KeyCode.AudioPrevious),
        (SDL_Scancode.SDL_SCANCODE_AUDIOSTOP, KeyCode.AudioStop),
        (SDL_Scancode.SDL_SCANCODE_AUDIOPLAY, KeyCode.AudioPlay),
        (SDL_Scancode.SDL_SCANCODE_AUDIOMUTE, KeyCode.AudioMute),
        (SDL_Scancode.SDL_SCANCODE_MEDIASELECT, KeyCode.MediaSelect),
        (SDL_Scancode.SDL_SCANCODE_WWW, KeyCode.BrowserHome),
        (SDL_Scancode.SDL_SCANCODE_MAIL, KeyCode.Mail),
        (SDL_Scancode.SDL_SCANCODE_CALCULATOR, KeyCode.Calculator),
        (SDL_Scancode.SDL_SCANCODE_COMPUTER, KeyCode.Computer),
        (SDL_Scancode.SDL_SCANCODE_AC_SEARCH, KeyCode.BrowserSearch),
        (SDL_Scancode.SDL_SCANCODE_AC_HOME, KeyCode.BrowserHome),
        (SDL_Scancode.SDL_SCANCODE_AC_BACK, KeyCode.BrowserBack),
        (SDL_Scancode.SDL_SCANCODE_AC_FORWARD, KeyCode.BrowserForward),
        (SDL_Scancode.SDL_SCANCODE_AC_STOP, KeyCode.BrowserStop),
        (SDL_Scancode.SDL_SCANCODE_AC_REFRESH, KeyCode.BrowserRefresh),
        (SDL_Scancode.SDL_SCANCODE_AC_BOOKMARKS, KeyCode.BrowserBookmarks),
        (SDL_Scancode.SDL_SCANCODE_SLEEP, KeyCode.Sleep),
    };
}
