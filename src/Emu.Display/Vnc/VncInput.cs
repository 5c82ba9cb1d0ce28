using Emu.Devices.Input;
using Emu.Display.Keyboard;
using Emu.Display.Screens;

namespace Emu.Display.Vnc;

/// <summary>Turns a client's events into keys and movements.</summary>
/// <param name="layout">For clients that send characters rather than places.</param>
/// <param name="first">Where input goes at first.</param>
/// <param name="choose">Shows another screen: Ctrl-Alt with a digit.</param>
internal sealed class VncInput(KeyboardLayout layout, IInputSink first, Action<int> choose)
{
    private const int RelativeZero = 0x7FFF;

    private readonly HashSet<KeyCode> held = [];
    private readonly Dictionary<uint, KeyCode> pressedAs = [];
    private IInputSink sink = first;
    private byte lastMask;
    private (int X, int Y)? last;

    /// <summary>The client sends movements when told that the pointer is not placed.</summary>
    public bool SendsMovements { get; set; }

    /// <summary>The pointer of the screen on show is placed rather than moved.</summary>
    public bool IsAbsolute => sink.IsAbsolute;

    /// <summary>From now on input goes elsewhere.</summary>
    public void Use(IInputSink next)
    {
        sink.ReleaseAll();
        held.Clear();
        pressedAs.Clear();
        last = null;
        sink = next;
    }

    /// <summary>A key with its place (QEMU's extension) and what it means to the client.</summary>
    public void Key(uint keysym, uint code, bool pressed)
    {
        KeyCode key = XtKeys.ToKey(code);
        if (key == KeyCode.None) Key(keysym, pressed);
        else Press(key, keysym, pressed);
    }

    /// <summary>A key by what it means.</summary>
    public void Key(uint keysym, bool pressed)
    {
        KeyCode key = Keysyms.ToKey(keysym);
        if (key != KeyCode.None)
        {
            Press(key, keysym, pressed);
            return;
        }

        // What went down as one key comes up as that key, even if Shift has changed its meaning meanwhile.
        if (!pressed)
        {
            if (pressedAs.Remove(keysym, out KeyCode down)) Press(down, keysym, false);
            return;
        }

        if (layout.Find(keysym) is not { } stroke)
        {
            if (Keysyms.ToText(keysym) is { } text && sink.WantsText) sink.Type(text);
            return;
        }

        pressedAs[keysym] = stroke.Key;
        PressWithModifiers(stroke, keysym);
    }

    /// <summary>The pointer: where it is, or how far it has moved for clients that send that, and which buttons are down.</summary>
    public void Pointer(byte mask, int x, int y, int width, int height)
    {
        int wheel = Notches(mask, 16) - Notches(mask, 8);
        PointerButtons buttons = ((mask & 1) != 0 ? PointerButtons.Left : 0) | ((mask & 2) != 0 ? PointerButtons.Middle : 0) | ((mask & 4) != 0 ? PointerButtons.Right : 0);
        if (sink.IsAbsolute)
        {
            sink.Place(width > 1 ? (double)x / (width - 1) : 0, height > 1 ? (double)y / (height - 1) : 0);
            if (wheel != 0) sink.Move(0, 0, wheel);
        }
        else
        {
            (int X, int Y) from = SendsMovements ? (RelativeZero, RelativeZero) : last ?? (x, y);
            if (x != from.X || y != from.Y || wheel != 0) sink.Move(x - from.X, y - from.Y, wheel);
        }

        if ((mask & 7) != (lastMask & 7)) sink.SetButtons(buttons);
        last = (x, y);
        lastMask = mask;
    }

    /// <summary>The client has gone.</summary>
    public void Release() => sink.ReleaseAll();

    private int Notches(byte mask, int button) => (mask & ~lastMask & button) != 0 ? 1 : 0;

    private void PressWithModifiers(KeyStroke stroke, uint keysym)
    {
        // Clients with another layout hold other modifiers than this one needs; letters follow Caps Lock and are left alone.
        bool shift = held.Contains(KeyCode.Shift) || held.Contains(KeyCode.ShiftR), altGr = held.Contains(KeyCode.AltR);
        bool commanding = held.Contains(KeyCode.Ctrl) || held.Contains(KeyCode.CtrlR) || held.Contains(KeyCode.Alt);
        bool addShift = stroke.Shift && !shift && !commanding, addAltGr = stroke.AltGr && !altGr && !commanding;
        bool dropShift = !stroke.Shift && shift && !commanding && !char.IsAsciiLetter((char)Math.Min(keysym, 0x7F));
        KeyCode dropped = held.Contains(KeyCode.Shift) ? KeyCode.Shift : KeyCode.ShiftR;
        if (addShift) sink.SetKey(KeyCode.Shift, true);
        if (addAltGr) sink.SetKey(KeyCode.AltR, true);
        if (dropShift) sink.SetKey(dropped, false);
        Press(stroke.Key, keysym, true);
        if (dropShift) sink.SetKey(dropped, true);
        if (addAltGr) sink.SetKey(KeyCode.AltR, false);
        if (addShift) sink.SetKey(KeyCode.Shift, false);
    }

    private void Press(KeyCode key, uint keysym, bool pressed)
    {
        bool changed = pressed ? held.Add(key) : held.Remove(key);
        bool control = held.Contains(KeyCode.Ctrl) || held.Contains(KeyCode.CtrlR), alt = held.Contains(KeyCode.Alt) || held.Contains(KeyCode.AltR);
        if (control && alt && key is >= KeyCode.Digit1 and <= KeyCode.Digit9)
        {
            if (pressed && changed) choose(key - KeyCode.Digit1);
            return;
        }

        sink.SetKey(key, pressed);
        if (pressed && sink.WantsText && !control && !alt && Keysyms.ToText(keysym) is { } text) sink.Type(text);
    }
}
