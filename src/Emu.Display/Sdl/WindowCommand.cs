using Emu.Devices.Input;

namespace Emu.Display.Sdl;

/// <summary>A key that means something to the window when pressed with Ctrl and Alt.</summary>
/// <param name="Key">The key.</param>
/// <param name="Name">As the list of keys shows it.</param>
/// <param name="Help">What it does.</param>
/// <param name="Run">Does it.</param>
internal sealed record WindowCommand(KeyCode Key, string Name, string Help, Action Run);
