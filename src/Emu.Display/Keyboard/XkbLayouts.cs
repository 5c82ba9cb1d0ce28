using System.Runtime.InteropServices;
using Emu.Devices.Input;

namespace Emu.Display.Keyboard;

/// <summary>Layouts from the host's XKB data, read by libxkbcommon, which every Linux desktop (and SDL) brings along.</summary>
internal static unsafe partial class XkbLayouts
{
    private const string Library = "libxkbcommon.so.0";
    private const int LogCritical = 10;
    private const uint EvdevOffset = 8, ShiftLevel = 1, AltGrLevel = 2, Levels = 4;

    /// <summary>Reads a layout.</summary>
    /// <param name="layout">XKB's name of the layout.</param>
    /// <param name="variant">Variant, or null.</param>
    /// <param name="name">As the user called it.</param>
    /// <exception cref="KeyboardLayoutException">There is none.</exception>
    public static Dictionary<uint, KeyStroke> Read(string layout, string? variant, string name)
    {
        if (!NativeLibrary.TryLoad(Library, out _)) throw new KeyboardLayoutException($"{name}: layouts other than {KeyboardLayout.DefaultName} need libxkbcommon (Debian: libxkbcommon0)");
        nint context = xkb_context_new(0);
        nint layoutText = Marshal.StringToCoTaskMemUTF8(layout), variantText = Marshal.StringToCoTaskMemUTF8(variant);
        try
        {
            xkb_context_set_log_level(context, LogCritical);
            RuleNames names = new() { Layout = layoutText, Variant = variantText };
            nint keymap = context == 0 ? 0 : xkb_keymap_new_from_names(context, ref names, 0);
            if (keymap == 0) throw new KeyboardLayoutException($"{name}: there is no such keyboard layout; de, en-gb, fr, es or pt-br are some that there are");
            Dictionary<uint, KeyStroke> strokes = Read(keymap);
            xkb_keymap_unref(keymap);
            return strokes;
        }
        finally
        {
            Marshal.FreeCoTaskMem(layoutText);
            Marshal.FreeCoTaskMem(variantText);
            if (context != 0) xkb_context_unref(context);
        }
    }

    private static Dictionary<uint, KeyStroke> Read(nint keymap)
    {
        Dictionary<uint, KeyStroke> strokes = [];
        // The plainest way to make a character wins.
        for (uint level = 0; level < Levels; level++)
        {
            for (uint code = xkb_keymap_min_keycode(keymap); code <= xkb_keymap_max_keycode(keymap); code++)
            {
                KeyCode key = ToKey(code - EvdevOffset);
                if (key == KeyCode.None || level >= xkb_keymap_num_levels_for_key(keymap, code, 0)) continue;
                int count = xkb_keymap_key_get_syms_by_level(keymap, code, 0, level, out uint* symbols);
                if (count != 1) continue;
                KeyStroke stroke = new(key, (level & ShiftLevel) != 0, (level & AltGrLevel) != 0);
                strokes.TryAdd(symbols[0], stroke);
                uint character = xkb_keysym_to_utf32(symbols[0]);
                if (character >= ' ') strokes.TryAdd(Keysyms.FromCharacter(character), stroke);
            }
        }

        return strokes;
    }

    /// <summary>Linux's numbers of the character keys are those of scan code set 1, but for two Japanese ones.</summary>
    private static KeyCode ToKey(uint evdev)
    {
        const uint ro = 89, yen = 124, lastPlain = 88, keypadAsterisk = 55, functionFirst = 59, keypadLast = 83;
        return evdev switch
        {
            ro => KeyCode.Ro,
            yen => KeyCode.Yen,
            keypadAsterisk or (>= functionFirst and <= keypadLast) => KeyCode.None,
            <= lastPlain => XtKeys.ToKey(evdev),
            _ => KeyCode.None,
        };
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct RuleNames
    {
        public nint Rules;
        public nint Model;
        public nint Layout;
        public nint Variant;
        public nint Options;
    }

    [LibraryImport(Library)]
    private static partial nint xkb_context_new(int flags);

    [LibraryImport(Library)]
    private static partial void xkb_context_unref(nint context);

    [LibraryImport(Library)]
    private static partial void xkb_context_set_log_level(nint context, int level);

    [LibraryImport(Library)]
    private static partial nint xkb_keymap_new_from_names(nint context, ref RuleNames names, int flags);

    [LibraryImport(Library)]
    private static partial void xkb_keymap_unref(nint keymap);

    [LibraryImport(Library)]
    private static partial uint xkb_keymap_min_keycode(nint keymap);

    [LibraryImport(Library)]
    private static partial uint xkb_keymap_max_keycode(nint keymap);

    [LibraryImport(Library)]
    private static partial uint xkb_keymap_num_levels_for_key(nint keymap, uint key, uint layout);

    [LibraryImport(Library)]
    private static partial int xkb_keymap_key_get_syms_by_level(nint keymap, uint key, uint layout, uint level, out uint* symbols);

    [LibraryImport(Library)]
    private static partial uint xkb_keysym_to_utf32(uint keysym);
}
