using Emu.Devices.Input;

namespace Emu.Display.Keyboard;

/// <summary>Keys by their codes in scan code set 1, the numbering of QEMU's extended key events and, for the main block, of Linux.</summary>
internal static class XtKeys
{
    private const byte Extended = 0x80;
    private const byte PauseCode = 0xC6;

    private static readonly KeyCode[] Keys = Build();

    /// <summary>The key of a code; bit 7 stands for the prefix E0h.</summary>
    public static KeyCode ToKey(uint code) => code < Keys.Length ? Keys[code] : KeyCode.None;

    private static KeyCode[] Build()
    {
        KeyCode[] keys = new KeyCode[256];
        foreach (KeyDefinition definition in KeyTable.All)
        {
            int prefix = definition.Set2 >> 8;
            int code = ScanCodeSet.Translate((byte)definition.Set2) | (prefix == 0xE0 ? Extended : 0);
            // Where two names share a code, they are one key; Pause has a sequence instead of a code.
            if (code < keys.Length && prefix is 0 or 0xE0 && keys[code] == KeyCode.None) keys[code] = definition.Key;
        }

        keys[PauseCode] = KeyCode.Pause;
        return keys;
    }
}
