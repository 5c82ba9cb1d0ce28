using Emu.Devices.Input;

namespace Emu.Display.Keyboard;

/// <summary>A keyboard layout that cannot be had; the message says why.</summary>
public sealed class KeyboardLayoutException(string message) : Exception(message);

/// <summary>A key and the modifiers it is pressed with.</summary>
/// <param name="Key">The key.</param>
/// <param name="Shift">With Shift.</param>
/// <param name="AltGr">With AltGr.</param>
public readonly record struct KeyStroke(KeyCode Key, bool Shift, bool AltGr);

/// <summary>
/// Which key makes a character in a layout: for clients that send characters where the guest's keyboard sends places (<c>-k</c>).
/// </summary>
public sealed class KeyboardLayout
{
    /// <summary>The layout used unless told otherwise.</summary>
    public const string DefaultName = "en-us";

    private readonly Dictionary<uint, KeyStroke> strokes;

    private KeyboardLayout(Dictionary<uint, KeyStroke> strokes) => this.strokes = strokes;

    /// <summary>The US layout.</summary>
    public static KeyboardLayout UsEnglish { get; } = BuildUsEnglish();

    /// <summary>QEMU's names for layouts, where they are not XKB's.</summary>
    public static IReadOnlyDictionary<string, (string Layout, string? Variant)> Aliases { get; } = new Dictionary<string, (string, string?)>
    {
        ["en-us"] = ("us", null), ["en-gb"] = ("gb", null), ["de-ch"] = ("ch", "de"), ["fr-ch"] = ("ch", "fr"), ["fr-be"] = ("be", null),
        ["fr-ca"] = ("ca", null), ["pt-br"] = ("br", null), ["sv"] = ("se", null), ["da"] = ("dk", null), ["ja"] = ("jp", null),
        ["et"] = ("ee", null), ["sl"] = ("si", null), ["ar"] = ("ara", null), ["bepo"] = ("fr", "bepo"),
    };

    /// <summary>Finds a layout.</summary>
    /// <param name="name">QEMU's name (<c>de</c>, <c>en-gb</c>), or XKB's with a variant in brackets (<c>us(dvorak)</c>).</param>
    /// <exception cref="KeyboardLayoutException">There is none, or the host has no XKB data.</exception>
    public static KeyboardLayout Load(string name)
    {
        if (name is DefaultName or "us") return UsEnglish;
        int bracket = name.IndexOf('(');
        (string layout, string? variant) = Aliases.TryGetValue(name, out (string, string?) alias) ? alias
            : bracket > 0 && name.EndsWith(')') ? (name[..bracket], name[(bracket + 1)..^1])
            : (name, null);
        return new KeyboardLayout(XkbLayouts.Read(layout, variant, name));
    }

    /// <summary>The stroke that makes a keysym or a character of Latin-1, or null.</summary>
    public KeyStroke? Find(uint keysym) => strokes.TryGetValue(keysym, out KeyStroke stroke) ? stroke : null;

    private static KeyboardLayout BuildUsEnglish()
    {
        Dictionary<uint, KeyStroke> strokes = [];
        for (char character = ' '; character <= '~'; character++)
        {
            if (KeyTable.ForCharacter(character) is { } found) strokes[character] = new KeyStroke(found.Key, found.Shift, AltGr: false);
        }

        return new KeyboardLayout(strokes);
    }
}
