using Emu.Devices.Input;

namespace Emu.Display.Screens;

/// <summary>Keyboard and mouse of the guest: everything is done on the machine's thread, in order.</summary>
/// <param name="machine">The machine.</param>
/// <param name="used">Told of each input: the picture will probably change.</param>
public sealed class GuestInput(Machine.Machine machine, Action used) : IInputSink
{
    /// <inheritdoc/>
    public bool IsAbsolute => machine.Board.AbsolutePointer is { IsInUse: true };

    /// <inheritdoc/>
    public bool WantsText => false;

    /// <inheritdoc/>
    public void SetKey(KeyCode key, bool pressed) => Post(() => machine.Board.Keyboard.SetKey(key, pressed));

    /// <inheritdoc/>
    public void Type(string text)
    {
        // The guest's keyboard sends places, not characters.
    }

    /// <inheritdoc/>
    public void ReleaseAll() => Post(() =>
    {
        machine.Board.Keyboard.ReleaseAll();
        SetGuestButtons(PointerButtons.None);
    });

    /// <inheritdoc/>
    public void Move(int x, int y, int wheel) => Post(() =>
    {
        if (machine.Board.AbsolutePointer is { IsInUse: true } pointer) pointer.Turn(wheel);
        else machine.Board.Mouse.Move(x, y, wheel);
    });

    /// <inheritdoc/>
    public void Place(double x, double y) => Post(() => machine.Board.AbsolutePointer?.Place(x, y));

    /// <inheritdoc/>
    public void SetButtons(PointerButtons buttons) => Post(() => SetGuestButtons(buttons));

    private void SetGuestButtons(PointerButtons buttons)
    {
        if (machine.Board.AbsolutePointer is { IsInUse: true } pointer) pointer.SetButtons(buttons);
        else machine.Board.Mouse.SetButtons(buttons);
    }

    private void Post(Action action)
    {
        machine.Events.Post(action);
        used();
    }
}
