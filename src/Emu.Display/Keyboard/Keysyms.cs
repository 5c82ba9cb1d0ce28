using Emu.Devices.Input;

namespace Emu.Display.Keyboard;

/// <summary>X keysyms (X11 protocol, appendix A) that stand for keys rather than characters, and the characters of others.</summary>
internal static class Keysyms
{
    private const uint UnicodeFlag = 0x01000000, LastUnicode = 0x0110FFFF;

    private static readonly Dictionary<uint, KeyCode> Keys = new()
    {
        [0xFF08] = KeyCode.Backspace, [0xFF09] = KeyCode.Tab, [0xFE20] = KeyCode.Tab, [0xFF0D] = KeyCode.Ret, [0xFF13] = KeyCode.Pause,
        [0xFF14] = KeyCode.ScrollLock, [0xFF15] = KeyCode.SysRq, [0xFF1B] = KeyCode.Esc, [0xFF50] = KeyCode.Home, [0xFF51] = KeyCode.Left,
        [0xFF52] = KeyCode.Up, [0xFF53] = KeyCode.Right, [0xFF54] = KeyCode.Down, [0xFF55] = KeyCode.PageUp, [0xFF56] = KeyCode.PageDown,
        [0xFF57] = KeyCode.End, [0xFF61] = KeyCode.Print, [0xFF63] = KeyCode.Insert, [0xFF67] = KeyCode.Compose, [0xFF6B] = KeyCode.Pause,
        [0xFF7F] = KeyCode.NumLock, [0xFF8D] = KeyCode.KpEnter, [0xFF95] = KeyCode.Kp7, [0xFF96] = KeyCode.Kp4, [0xFF97] = KeyCode.Kp8,
        [0xFF98] = KeyCode.Kp6, [0xFF99] = KeyCode.Kp2, [0xFF9A] = KeyCode.Kp9, [0xFF9B] = KeyCode.Kp3, [0xFF9C] = KeyCode.Kp1,
        [0xFF9D] = KeyCode.Kp5, [0xFF9E] = KeyCode.Kp0, [0xFF9F] = KeyCode.KpDecimal, [0xFFAA] = KeyCode.KpMultiply, [0xFFAB] = KeyCode.KpAdd,
        [0xFFAC] = KeyCode.KpComma, [0xFFAD] = KeyCode.KpSubtract, [0xFFAE] = KeyCode.KpDecimal, [0xFFAF] = KeyCode.KpDivide,
        [0xFFB0] = KeyCode.Kp0, [0xFFB1] = KeyCode.Kp1, [0xFFB2] = KeyCode.Kp2, [0xFFB3] = KeyCode.Kp3, [0xFFB4] = KeyCode.Kp4,
        [0xFFB5] = KeyCode.Kp5, [0xFFB6] = KeyCode.Kp6, [0xFFB7] = KeyCode.Kp7, [0xFFB8] = KeyCode.Kp8, [0xFFB9] = KeyCode.Kp9,
        [0xFFBD] = KeyCode.KpEquals, [0xFFBE] = KeyCode.F1, [0xFFBF] = KeyCode.F2, [0xFFC0] = KeyCode.F3, [0xFFC1] = KeyCode.F4,
        [0xFFC2] = KeyCode.F5, [0xFFC3] = KeyCode.F6, [0xFFC4] = KeyCode.F7, [0xFFC5] = KeyCode.F8, [0xFFC6] = KeyCode.F9,
        [0xFFC7] = KeyCode.F10, [0xFFC8] = KeyCode.F11, [0xFFC9] = KeyCode.F12, [0xFFE1] = KeyCode.Shift, [0xFFE2] = KeyCode.ShiftR,
        [0xFFE3] = KeyCode.Ctrl, [0xFFE4] = KeyCode.CtrlR, [0xFFE5] = KeyCode.CapsLock, [0xFFE7] = KeyCode.Alt, [0xFFE8] = KeyCode.AltR,
        [0xFFE9] = KeyCode.Alt, [0xFFEA] = KeyCode.AltR, [0xFE03] = KeyCode.AltR, [0xFF7E] = KeyCode.AltR, [0xFFEB] = KeyCode.MetaL,
        [0xFFEC] = KeyCode.MetaR, [0xFFFF] = KeyCode.Delete,
    };

    /// <summary>The key of a keysym that is no character, or <see cref="KeyCode.None"/>.</summary>
    public static KeyCode ToKey(uint keysym) => Keys.GetValueOrDefault(keysym);

    /// <summary>The character of a keysym: Latin-1 stands for itself, others for their code points; or null.</summary>
    public static string? ToText(uint keysym) => keysym switch
    {
        >= 0x20 and <= 0x7E or >= 0xA0 and <= 0xFF => ((char)keysym).ToString(),
        > UnicodeFlag and <= LastUnicode when keysym - UnicodeFlag is < 0xD800 or > 0xDFFF => char.ConvertFromUtf32((int)(keysym - UnicodeFlag)),
        _ => null,
    };

    /// <summary>The keysym of a character.</summary>
    public static uint FromCharacter(uint character) => character < 0x100 ? character : character | UnicodeFlag;
}
