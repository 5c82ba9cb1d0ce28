using System.Globalization;
using System.Text;

namespace Emu.Stepper.Terminal;

/// <summary>Keys that are no characters.</summary>
public enum Key
{
    /// <summary>A character, in <see cref="KeyPress.Character"/>.</summary>
    Character,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Insert,
    Delete,
    Enter,
    Tab,
    BackTab,
    Backspace,
    Escape,
    F1,
    F2,
    F3,
    F4,
    F5,
    F6,
    F7,
    F8,
    F9,
    F10,
    F11,
    F12,

    /// <summary>Control and the letter in <see cref="KeyPress.Character"/>.</summary>
    Control,

    /// <summary>A mouse button went down at <see cref="KeyPress.Column"/>, <see cref="KeyPress.Row"/>.</summary>
    Click,

    /// <summary>The wheel, away from the user.</summary>
    WheelUp,

    /// <summary>The wheel, towards the user.</summary>
    WheelDown,
}

/// <summary>A key or mouse event.</summary>
/// <param name="Key">Which.</param>
/// <param name="Character">Character or control letter.</param>
/// <param name="Column">Column of the mouse, from 0.</param>
/// <param name="Row">Row of the mouse, from 0.</param>
public readonly record struct KeyPress(Key Key, char Character = '\0', int Column = 0, int Row = 0);

/// <summary>Makes keys of what a terminal sends (ECMA-48, xterm's function keys and SGR mouse reports).</summary>
public sealed class InputDecoder
{
    private static readonly Dictionary<string, Key> Sequences = new()
    {
        ["A"] = Key.Up,
        ["B"] = Key.Down,
        ["C"] = Key.Right,
        ["D"] = Key.Left,
        ["H"] = Key.Home,
        ["F"] = Key.End,
        ["Z"] = Key.BackTab,
        ["P"] = Key.F1,
        ["Q"] = Key.F2,
        ["R"] = Key.F3,
        ["S"] = Key.F4,
        ["1~"] = Key.Home,
        ["7~"] = Key.Home,
        ["2~"] = Key.Insert,
        ["3~"] = Key.Delete,
        ["4~"] = Key.End,
        ["8~"] = Key.End,
        ["5~"] = Key.PageUp,
        ["6~"] = Key.PageDown,
        ["11~"] = Key.F1,
        ["12~"] = Key.F2,
        ["13~"] = Key.F3,
        ["14~"] = Key.F4,
        ["15~"] = Key.F5,
        ["17~"] = Key.F6,
        ["18~"] = Key.F7,
        ["19~"] = Key.F8,
        ["20~"] = Key.F9,
        ["21~"] = Key.F10,
        ["23~"] = Key.F11,
        ["24~"] = Key.F12,
    };

    private readonly List<byte> pending = [];

    /// <summary>Adds bytes and returns the keys that are complete.</summary>
    /// <param name="bytes">What arrived.</param>
    /// <param name="idle">Nothing else came for a while: a lone escape byte is the Escape key.</param>
    public IReadOnlyList<KeyPress> Decode(ReadOnlySpan<byte> bytes, bool idle)
    {
        pending.AddRange(bytes);
        List<KeyPress> keys = [];
        while (pending.Count > 0)
        {
            int used = DecodeOne(keys, idle);
            if (used == 0) break;
            pending.RemoveRange(0, used);
        }

        return keys;
    }

    private int DecodeOne(List<KeyPress> keys, bool idle)
    {
        byte first = pending[0];
        switch (first)
        {
            case 0x1B:
                return DecodeEscape(keys, idle);
            case 0x0D or 0x0A:
                keys.Add(new KeyPress(Key.Enter));
                return 1;
            case 0x09:
                keys.Add(new KeyPress(Key.Tab));
                return 1;
            case 0x7F or 0x08:
                keys.Add(new KeyPress(Key.Backspace));
                return 1;
            case < 0x20:
                keys.Add(new KeyPress(Key.Control, (char)('a' + first - 1)));
                return 1;
        }

        int length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
        if (pending.Count < length) return idle ? pending.Count : 0;
        string text = Encoding.UTF8.GetString([.. pending.Take(length)]);
        if (text.Length == 1) keys.Add(new KeyPress(Key.Character, text[0]));
        return length;
    }

    private int DecodeEscape(List<KeyPress> keys, bool idle)
    {
        if (pending.Count == 1)
        {
            if (idle) keys.Add(new KeyPress(Key.Escape));
            return idle ? 1 : 0;
        }

        if (pending[1] is not ((byte)'[' or (byte)'O'))
        {
            keys.Add(new KeyPress(Key.Escape));
            return 1;
        }

        int end = 2;
        while (end < pending.Count && pending[end] is < 0x40 or > 0x7E) end++;
        if (end >= pending.Count) return idle ? pending.Count : 0;
        string sequence = Encoding.ASCII.GetString([.. pending.Skip(2).Take(end - 1)]);
        if (sequence.StartsWith('<')) DecodeMouse(sequence, keys);
        else if (Sequences.TryGetValue(WithoutModifiers(sequence), out Key key)) keys.Add(new KeyPress(key));
        return end + 1;
    }

    /// <summary>"1;5A" is Up with Control; which modifier it was does not matter here.</summary>
    private static string WithoutModifiers(string sequence)
    {
        int semicolon = sequence.IndexOf(';');
        if (semicolon < 0) return sequence;
        return sequence[^1] == '~' ? sequence[..semicolon] + "~" : sequence[^1..];
    }

    private static void DecodeMouse(string sequence, List<KeyPress> keys)
    {
        const int wheel = 64, motion = 32;
        string[] parts = sequence[1..^1].Split(';');
        if (parts.Length != 3 || sequence[^1] != 'M') return;
        int[] numbers = [.. parts.Select(p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0)];
        int button = numbers[0], column = Math.Max(0, numbers[1] - 1), row = Math.Max(0, numbers[2] - 1);
        if ((button & wheel) != 0) keys.Add(new KeyPress((button & 1) == 0 ? Key.WheelUp : Key.WheelDown, '\0', column, row));
        else if ((button & motion) == 0 && (button & 3) == 0) keys.Add(new KeyPress(Key.Click, '\0', column, row));
    }
}
