using Emu.Devices.Input;

namespace Emu.Display.Screens;

/// <summary>Takes what a person does at the host's keyboard and mouse. May be called from any thread.</summary>
public interface IInputSink
{
    /// <summary>The pointer is placed rather than moved: the guest has an absolute pointing device and uses it.</summary>
    bool IsAbsolute { get; }

    /// <summary>Characters are wanted (<see cref="Type"/>) rather than keys alone.</summary>
    bool WantsText { get; }

    /// <summary>A key goes down or up.</summary>
    void SetKey(KeyCode key, bool pressed);

    /// <summary>Characters as the host's layout makes them.</summary>
    void Type(string text);

    /// <summary>Releases all keys and buttons: the keyboard now belongs to somebody else.</summary>
    void ReleaseAll();

    /// <summary>Moves the pointer, right and down, and turns the wheel towards the user.</summary>
    void Move(int x, int y, int wheel);

    /// <summary>Places the pointer.</summary>
    /// <param name="x">0 (left edge) to 1.</param>
    /// <param name="y">0 (top) to 1.</param>
    void Place(double x, double y);

    /// <summary>Sets which mouse buttons are down.</summary>
    void SetButtons(PointerButtons buttons);
}

/// <summary>Something that can be looked at and typed into: the guest's screen, a monitor, a serial port.</summary>
public interface IScreen
{
    /// <summary>What it is, for the title of a window.</summary>
    string Title { get; }

    /// <summary>The picture.</summary>
    ScreenPicture Picture { get; }

    /// <summary>Where input goes.</summary>
    IInputSink Input { get; }
}
