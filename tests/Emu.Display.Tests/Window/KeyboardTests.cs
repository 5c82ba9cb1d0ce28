using System.Runtime.InteropServices;
using Emu.Devices.Input;
using Emu.Display.Keyboard;
using Emu.Display.Sdl;
using static SDL2.SDL;

namespace Emu.Display.Tests.Window;

/// <summary>A fact that needs libxkbcommon and the data of its layouts.</summary>
public sealed class XkbFactAttribute : FactAttribute
{
    public XkbFactAttribute()
    {
        if (!NativeLibrary.TryLoad("libxkbcommon.so.0", out _) || !Directory.Exists("/usr/share/X11/xkb")) Skip = "needs keyboard layouts: install the packages libxkbcommon0 and xkb-data";
    }
}

public sealed class KeyboardTests
{
    [Fact]
    public void Every_key_of_the_guest_that_a_host_keyboard_has_is_some_scan_code_of_SDL()
    {
        HashSet<KeyCode> reached = [];
        for (int scancode = 0; scancode < 512; scancode++) reached.Add(SdlScancodes.ToKey((SDL_Scancode)scancode));
        // Menu and Asterisk are other names of Compose and KpMultiply; Wake is on no keyboard that SDL knows.
        KeyCode[] without = [KeyCode.Asterisk, KeyCode.Wake];
        List<KeyCode> missing = [];
        foreach (KeyDefinition key in KeyTable.All)
        {
            if (!reached.Contains(key.Key) && !without.Contains(key.Key)) missing.Add(key.Key);
        }

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData(0x1E, KeyCode.A)]
    [InlineData(0x56, KeyCode.Less)]
    [InlineData(0x9D, KeyCode.CtrlR)]
    [InlineData(0xB8, KeyCode.AltR)]
    [InlineData(0xC8, KeyCode.Up)]
    [InlineData(0xB7, KeyCode.Print)]
    [InlineData(0xC6, KeyCode.Pause)]
    [InlineData(0x45, KeyCode.NumLock)]
    [InlineData(0x00, KeyCode.None)]
    [InlineData(0x1234, KeyCode.None)]
    public void Codes_of_set_1_name_keys(uint code, KeyCode key) => Assert.Equal(key, XtKeys.ToKey(code));

    [Fact]
    public void The_us_layout_has_every_printable_character_of_ascii()
    {
        for (char character = ' '; character <= '~'; character++) Assert.NotNull(KeyboardLayout.UsEnglish.Find(character));
        Assert.Null(KeyboardLayout.UsEnglish.Find('ß'));
    }

    [XkbFact]
    public void The_german_layout_has_z_and_y_exchanged_and_its_own_letters()
    {
        KeyboardLayout german = KeyboardLayout.Load("de");
        Assert.Equal(new KeyStroke(KeyCode.Y, false, false), german.Find('z'));
        Assert.Equal(new KeyStroke(KeyCode.Z, true, false), german.Find('Y'));
        Assert.Equal(new KeyStroke(KeyCode.Minus, false, false), german.Find('ß'));
        Assert.Equal(new KeyStroke(KeyCode.Q, false, true), german.Find('@'));
        Assert.Equal(new KeyStroke(KeyCode.Less, false, false), german.Find('<'));
        Assert.Equal(new KeyStroke(KeyCode.Digit7, true, false), german.Find('/'));
    }

    [XkbFact]
    public void Names_of_QEMU_and_variants_of_XKB_are_understood()
    {
        Assert.Equal(KeyCode.Digit3, KeyboardLayout.Load("en-gb").Find('£')?.Key);
        Assert.Equal(KeyCode.S, KeyboardLayout.Load("us(dvorak)").Find('o')?.Key);
        foreach (string name in KeyboardLayout.Aliases.Keys) Assert.NotNull(KeyboardLayout.Load(name).Find('1'));
    }

    [XkbFact]
    public void A_layout_that_does_not_exist_is_refused_by_name() =>
        Assert.Contains("klingon", Assert.Throws<KeyboardLayoutException>(() => KeyboardLayout.Load("klingon")).Message, StringComparison.Ordinal);
}
