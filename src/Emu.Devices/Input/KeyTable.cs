namespace Emu.Devices.Input;

/// <summary>What the keyboard sends for a key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Name">Its name in <c>sendkey</c>.</param>
/// <param name="Set2">Scan code in set 2; bits 15:8 a prefix (0xE0, 0xE1) or 0.</param>
/// <param name="Set3">Scan code in set 3, or 0 where the set has none.</param>
public readonly record struct KeyDefinition(KeyCode Key, string Name, ushort Set2, byte Set3);

/// <summary>All keys with names and scan codes (IBM PS/2 keyboard reference; Microsoft keyboard scan code specification 1.3a).</summary>
public static class KeyTable
{
    private static readonly KeyDefinition[] Definitions =
    [
        new(KeyCode.Shift, "shift", 0x0012, 0x12),
        new(KeyCode.ShiftR, "shift_r", 0x0059, 0x59),
        new(KeyCode.Alt, "alt", 0x0011, 0x19),
        new(KeyCode.AltR, "alt_r", 0xE011, 0x39),
        new(KeyCode.Ctrl, "ctrl", 0x0014, 0x11),
        new(KeyCode.CtrlR, "ctrl_r", 0xE014, 0x58),
        new(KeyCode.Menu, "menu", 0xE02F, 0x8D),
        new(KeyCode.Esc, "esc", 0x0076, 0x08),
        new(KeyCode.Digit1, "1", 0x0016, 0x16),
        new(KeyCode.Digit2, "2", 0x001E, 0x1E),
        new(KeyCode.Digit3, "3", 0x0026, 0x26),
        new(KeyCode.Digit4, "4", 0x0025, 0x25),
        new(KeyCode.Digit5, "5", 0x002E, 0x2E),
        new(KeyCode.Digit6, "6", 0x0036, 0x36),
        new(KeyCode.Digit7, "7", 0x003D, 0x3D),
        new(KeyCode.Digit8, "8", 0x003E, 0x3E),
        new(KeyCode.Digit9, "9", 0x0046, 0x46),
        new(KeyCode.Digit0, "0", 0x0045, 0x45),
        new(KeyCode.Minus, "minus", 0x004E, 0x4E),
        new(KeyCode.Equal, "equal", 0x0055, 0x55),
        new(KeyCode.Backspace, "backspace", 0x0066, 0x66),
        new(KeyCode.Tab, "tab", 0x000D, 0x0D),
        new(KeyCode.Q, "q", 0x0015, 0x15),
        new(KeyCode.W, "w", 0x001D, 0x1D),
        new(KeyCode.E, "e", 0x0024, 0x24),
        new(KeyCode.R, "r", 0x002D, 0x2D),
        new(KeyCode.T, "t", 0x002C, 0x2C),
        new(KeyCode.Y, "y", 0x0035, 0x35),
        new(KeyCode.U, "u", 0x003C, 0x3C),
        new(KeyCode.I, "i", 0x0043, 0x43),
        new(KeyCode.O, "o", 0x0044, 0x44),
        new(KeyCode.P, "p", 0x004D, 0x4D),
        new(KeyCode.BracketLeft, "bracket_left", 0x0054, 0x54),
        new(KeyCode.BracketRight, "bracket_right", 0x005B, 0x5B),
        new(KeyCode.Ret, "ret", 0x005A, 0x5A),
        new(KeyCode.A, "a", 0x001C, 0x1C),
        new(KeyCode.S, "s", 0x001B, 0x1B),
        new(KeyCode.D, "d", 0x0023, 0x23),
        new(KeyCode.F, "f", 0x002B, 0x2B),
        new(KeyCode.G, "g", 0x0034, 0x34),
        new(KeyCode.H, "h", 0x0033, 0x33),
        new(KeyCode.J, "j", 0x003B, 0x3B),
        new(KeyCode.K, "k", 0x0042, 0x42),
        new(KeyCode.L, "l", 0x004B, 0x4B),
        new(KeyCode.Semicolon, "semicolon", 0x004C, 0x4C),
        new(KeyCode.Apostrophe, "apostrophe", 0x0052, 0x52),
        new(KeyCode.GraveAccent, "grave_accent", 0x000E, 0x0E),
        new(KeyCode.Backslash, "backslash", 0x005D, 0x5C),
        new(KeyCode.Z, "z", 0x001A, 0x1A),
        new(KeyCode.X, "x", 0x0022, 0x22),
        new(KeyCode.C, "c", 0x0021, 0x21),
        new(KeyCode.V, "v", 0x002A, 0x2A),
        new(KeyCode.B, "b", 0x0032, 0x32),
        new(KeyCode.N, "n", 0x0031, 0x31),
        new(KeyCode.M, "m", 0x003A, 0x3A),
        new(KeyCode.Comma, "comma", 0x0041, 0x41),
        new(KeyCode.Dot, "dot", 0x0049, 0x49),
        new(KeyCode.Slash, "slash", 0x004A, 0x4A),
        new(KeyCode.Asterisk, "asterisk", 0x007C, 0x7E),
        new(KeyCode.Space, "spc", 0x0029, 0x29),
        new(KeyCode.CapsLock, "caps_lock", 0x0058, 0x14),
        new(KeyCode.F1, "f1", 0x0005, 0x07),
        new(KeyCode.F2, "f2", 0x0006, 0x0F),
        new(KeyCode.F3, "f3", 0x0004, 0x17),
        new(KeyCode.F4, "f4", 0x000C, 0x1F),
        new(KeyCode.F5, "f5", 0x0003, 0x27),
        new(KeyCode.F6, "f6", 0x000B, 0x2F),
        new(KeyCode.F7, "f7", 0x0083, 0x37),
        new(KeyCode.F8, "f8", 0x000A, 0x3F),
        new(KeyCode.F9, "f9", 0x0001, 0x47),
        new(KeyCode.F10, "f10", 0x0009, 0x4F),
        new(KeyCode.F11, "f11", 0x0078, 0x56),
        new(KeyCode.F12, "f12", 0x0007, 0x5E),
        new(KeyCode.NumLock, "num_lock", 0x0077, 0x76),
        new(KeyCode.ScrollLock, "scroll_lock", 0x007E, 0x5F),
        new(KeyCode.KpDivide, "kp_divide", 0xE04A, 0x77),
        new(KeyCode.KpMultiply, "kp_multiply", 0x007C, 0x7E),
        new(KeyCode.KpSubtract, "kp_subtract", 0x007B, 0x84),
        new(KeyCode.KpAdd, "kp_add", 0x0079, 0x7C),
        new(KeyCode.KpEnter, "kp_enter", 0xE05A, 0x79),
        new(KeyCode.KpDecimal, "kp_decimal", 0x0071, 0x71),
        new(KeyCode.Kp0, "kp_0", 0x0070, 0x70),
        new(KeyCode.Kp1, "kp_1", 0x0069, 0x69),
        new(KeyCode.Kp2, "kp_2", 0x0072, 0x72),
        new(KeyCode.Kp3, "kp_3", 0x007A, 0x7A),
        new(KeyCode.Kp4, "kp_4", 0x006B, 0x6B),
        new(KeyCode.Kp5, "kp_5", 0x0073, 0x73),
        new(KeyCode.Kp6, "kp_6", 0x0074, 0x74),
        new(KeyCode.Kp7, "kp_7", 0x006C, 0x6C),
        new(KeyCode.Kp8, "kp_8", 0x0075, 0x75),
        new(KeyCode.Kp9, "kp_9", 0x007D, 0x7D),
        new(KeyCode.Less, "less", 0x0061, 0x13),
        new(KeyCode.SysRq, "sysrq", 0x0084, 0x57),
        new(KeyCode.Print, "print", 0xE07C, 0x57),
        new(KeyCode.Pause, "pause", 0xE177, 0x62),
        new(KeyCode.Home, "home", 0xE06C, 0x6E),
        new(KeyCode.PageUp, "pgup", 0xE07D, 0x6F),
        new(KeyCode.PageDown, "pgdn", 0xE07A, 0x6D),
        new(KeyCode.End, "end", 0xE069, 0x65),
        new(KeyCode.Left, "left", 0xE06B, 0x61),
        new(KeyCode.Up, "up", 0xE075, 0x63),
        new(KeyCode.Down, "down", 0xE072, 0x60),
        new(KeyCode.Right, "right", 0xE074, 0x6A),
        new(KeyCode.Insert, "insert", 0xE070, 0x67),
        new(KeyCode.Delete, "delete", 0xE071, 0x64),
        new(KeyCode.MetaL, "meta_l", 0xE01F, 0x8B),
        new(KeyCode.MetaR, "meta_r", 0xE027, 0x8C),
        new(KeyCode.Compose, "compose", 0xE02F, 0x8D),
        new(KeyCode.KpComma, "kp_comma", 0x006D, 0x00),
        new(KeyCode.KpEquals, "kp_equals", 0x000F, 0x00),
        new(KeyCode.Ro, "ro", 0x0051, 0x00),
        new(KeyCode.KatakanaHiragana, "katakanahiragana", 0x0013, 0x00),
        new(KeyCode.Yen, "yen", 0x006A, 0x00),
        new(KeyCode.Henkan, "henkan", 0x0064, 0x00),
        new(KeyCode.Muhenkan, "muhenkan", 0x0067, 0x00),
        new(KeyCode.Lang1, "lang1", 0x00F2, 0x00),
        new(KeyCode.Lang2, "lang2", 0x00F1, 0x00),
        new(KeyCode.F13, "f13", 0x0008, 0x00),
        new(KeyCode.F14, "f14", 0x0010, 0x00),
        new(KeyCode.F15, "f15", 0x0018, 0x00),
        new(KeyCode.F16, "f16", 0x0020, 0x00),
        new(KeyCode.F17, "f17", 0x0028, 0x00),
        new(KeyCode.F18, "f18", 0x0030, 0x00),
        new(KeyCode.F19, "f19", 0x0038, 0x00),
        new(KeyCode.F20, "f20", 0x0040, 0x00),
        new(KeyCode.F21, "f21", 0x0048, 0x00),
        new(KeyCode.F22, "f22", 0x0050, 0x00),
        new(KeyCode.F23, "f23", 0x0057, 0x00),
        new(KeyCode.F24, "f24", 0x005F, 0x00),
        new(KeyCode.Power, "power", 0xE037, 0x00),
        new(KeyCode.Sleep, "sleep", 0xE03F, 0x00),
        new(KeyCode.Wake, "wake", 0xE05E, 0x00),
        new(KeyCode.AudioNext, "audionext", 0xE04D, 0x93),
        new(KeyCode.AudioPrevious, "audioprev", 0xE015, 0x94),
        new(KeyCode.AudioStop, "audiostop", 0xE03B, 0x98),
        new(KeyCode.AudioPlay, "audioplay", 0xE034, 0x00),
        new(KeyCode.AudioMute, "audiomute", 0xE023, 0x9C),
        new(KeyCode.VolumeUp, "volumeup", 0xE032, 0x95),
        new(KeyCode.VolumeDown, "volumedown", 0xE021, 0x9D),
        new(KeyCode.MediaSelect, "mediaselect", 0xE050, 0x00),
        new(KeyCode.Mail, "mail", 0xE048, 0x00),
        new(KeyCode.Calculator, "calculator", 0xE02B, 0x00),
        new(KeyCode.Computer, "computer", 0xE040, 0x00),
        new(KeyCode.BrowserSearch, "ac_search", 0xE010, 0x00),
        new(KeyCode.BrowserHome, "ac_home", 0xE03A, 0x00),
        new(KeyCode.BrowserBack, "ac_back", 0xE038, 0x00),
        new(KeyCode.BrowserForward, "ac_forward", 0xE030, 0x00),
        new(KeyCode.BrowserStop, "ac_stop", 0xE028, 0x00),
        new(KeyCode.BrowserRefresh, "ac_refresh", 0xE020, 0x00),
        new(KeyCode.BrowserBookmarks, "ac_bookmarks", 0xE018, 0x00),
    ];

    private static readonly Dictionary<string, KeyCode> ByName = BuildNames();

    /// <summary>Every key, in the order of <see cref="KeyCode"/>.</summary>
    public static ReadOnlySpan<KeyDefinition> All => Definitions;

    /// <summary>The definition of a key; <see cref="KeyCode.None"/> and unknown values give null.</summary>
    public static KeyDefinition? Find(KeyCode key)
        => key == KeyCode.None || (int)key > Definitions.Length ? null : Definitions[(int)key - 1];

    /// <summary>The key of a name such as <c>ret</c>, <c>kp_7</c> or <c>meta_l</c>; case does not matter.</summary>
    public static bool TryParse(string name, out KeyCode key) => ByName.TryGetValue(name, out key);

    /// <summary>
    /// The key, and whether Shift is held, that types an ASCII character on a US keyboard; null for characters it does not have.
    /// </summary>
    public static (KeyCode Key, bool Shift)? ForCharacter(char character)
    {
        const string plain = "`1234567890-=[]\\;',./ \n\t\b\u001B";
        const string shifted = "~!@#$%^&*()_+{}|:\"<>?";
        ReadOnlySpan<KeyCode> keys =
        [
            KeyCode.GraveAccent, KeyCode.Digit1, KeyCode.Digit2, KeyCode.Digit3, KeyCode.Digit4, KeyCode.Digit5, KeyCode.Digit6,
            KeyCode.Digit7, KeyCode.Digit8, KeyCode.Digit9, KeyCode.Digit0, KeyCode.Minus, KeyCode.Equal, KeyCode.BracketLeft,
            KeyCode.BracketRight, KeyCode.Backslash, KeyCode.Semicolon, KeyCode.Apostrophe, KeyCode.Comma, KeyCode.Dot, KeyCode.Slash,
            KeyCode.Space, KeyCode.Ret, KeyCode.Tab, KeyCode.Backspace, KeyCode.Esc,
        ];
        if (char.IsAsciiLetter(character) && TryParse(char.ToLowerInvariant(character).ToString(), out KeyCode letter))
            return (letter, char.IsAsciiLetterUpper(character));
        int index = plain.IndexOf(character);
        if (index >= 0)
            return (keys[index], false);
        index = shifted.IndexOf(character);
        return index >= 0 ? (keys[index], true) : null;
    }

    private static Dictionary<string, KeyCode> BuildNames()
    {
        Dictionary<string, KeyCode> names = new(StringComparer.OrdinalIgnoreCase)
        {
            ["enter"] = KeyCode.Ret,
            ["space"] = KeyCode.Space,
            ["print_screen"] = KeyCode.Print,
        };
        foreach (KeyDefinition definition in Definitions)
            names.Add(definition.Name, definition.Key);
        return names;
    }
}
