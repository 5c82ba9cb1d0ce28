namespace Emu.Devices.Input;

/// <summary>Turns key presses into the bytes of the three scan code sets, and set 2 into set 1 as the 8042 does.</summary>
public static class ScanCodeSet
{
    private const byte Release = 0xF0;
    private const byte Extended = 0xE0;
    private const byte ReleaseBit = 0x80;

    /// <summary>The 8042's translation of set 2 codes to set 1 (IBM PS/2 technical reference, keyboard controller).</summary>
    public static ReadOnlySpan<byte> Set2ToSet1 =>
    [
        0xFF, 0x43, 0x41, 0x3F, 0x3D, 0x3B, 0x3C, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3E, 0x0F, 0x29, 0x59,
        0x65, 0x38, 0x2A, 0x70, 0x1D, 0x10, 0x02, 0x5A, 0x66, 0x71, 0x2C, 0x1F, 0x1E, 0x11, 0x03, 0x5B,
        0x67, 0x2E, 0x2D, 0x20, 0x12, 0x05, 0x04, 0x5C, 0x68, 0x39, 0x2F, 0x21, 0x14, 0x13, 0x06, 0x5D,
        0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5E, 0x6A, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5F,
        0x6B, 0x33, 0x25, 0x17, 0x18, 0x0B, 0x0A, 0x60, 0x6C, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0C, 0x61,
        0x6D, 0x73, 0x28, 0x74, 0x1A, 0x0D, 0x62, 0x6E, 0x3A, 0x36, 0x1C, 0x1B, 0x75, 0x2B, 0x63, 0x76,
        0x55, 0x56, 0x77, 0x78, 0x79, 0x7A, 0x0E, 0x7B, 0x7C, 0x4F, 0x7D, 0x4B, 0x47, 0x7E, 0x7F, 0x6F,
        0x52, 0x53, 0x50, 0x4C, 0x4D, 0x48, 0x01, 0x45, 0x57, 0x4E, 0x51, 0x4A, 0x37, 0x49, 0x46, 0x54,
        0x80, 0x81, 0x82, 0x41, 0x54,
    ];

    /// <summary>Translates one byte of set 2 (responses pass unchanged from 0x85 on).</summary>
    public static byte Translate(byte code) => code < Set2ToSet1.Length ? Set2ToSet1[code] : code;

    /// <summary>Bytes for a key press or release.</summary>
    /// <param name="set">1, 2 or 3.</param>
    /// <param name="key">The key.</param>
    /// <param name="pressed">True for make, false for break.</param>
    /// <param name="held">Whether a key is held, for the two keys whose codes depend on Ctrl, Alt and Shift.</param>
    /// <returns>The bytes; empty where the key sends nothing (Pause has no break code, set 3 lacks some keys).</returns>
    public static byte[] Encode(int set, KeyCode key, bool pressed, Func<KeyCode, bool> held)
    {
        if (KeyTable.Find(key) is not { } definition)
            return [];
        if (set == 3)
            return definition.Set3 == 0 ? [] : pressed ? [definition.Set3] : [Release, definition.Set3];
        byte[] codes = key switch
        {
            KeyCode.Pause => Pause(pressed, held(KeyCode.Ctrl) || held(KeyCode.CtrlR)),
            KeyCode.Print => Print(pressed, held),
            _ => Plain(definition.Set2, pressed),
        };
        return set == 1 ? TranslateSequence(codes) : codes;
    }

    /// <summary>Translates a whole set 2 sequence: a release prefix becomes bit 7 of the code that follows.</summary>
    public static byte[] TranslateSequence(ReadOnlySpan<byte> codes)
    {
        List<byte> result = [];
        byte release = 0;
        foreach (byte code in codes)
        {
            if (code == Release)
            {
                release = ReleaseBit;
                continue;
            }
            result.Add((byte)(Translate(code) | release));
            release = 0;
        }
        return [.. result];
    }

    private static byte[] Plain(ushort code, bool pressed)
    {
        byte low = (byte)code;
        return code > 0xFF
            ? pressed ? [Extended, low] : [Extended, Release, low]
            : pressed ? [low] : [Release, low];
    }

    /// <summary>Pause sends make and break at once, and nothing on release; with Ctrl it is Break.</summary>
    private static byte[] Pause(bool pressed, bool control)
    {
        if (!pressed)
            return [];
        return control
            ? [Extended, 0x7E, Extended, Release, 0x7E]
            : [0xE1, 0x14, 0x77, 0xE1, Release, 0x14, Release, 0x77];
    }

    /// <summary>Print Screen brings a shift along unless one (or Ctrl) is held; with Alt it is SysRq.</summary>
    private static byte[] Print(bool pressed, Func<KeyCode, bool> held)
    {
        if (held(KeyCode.Alt) || held(KeyCode.AltR))
            return Plain(0x84, pressed);
        if (held(KeyCode.Ctrl) || held(KeyCode.CtrlR) || held(KeyCode.Shift) || held(KeyCode.ShiftR))
            return Plain(0xE07C, pressed);
        return pressed
            ? [Extended, 0x12, Extended, 0x7C]
            : [Extended, Release, 0x7C, Extended, Release, 0x12];
    }
}
