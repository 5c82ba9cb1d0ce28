namespace Emu.Display.Sdl;

/// <summary>The window cannot be opened; the message says why.</summary>
public sealed class SdlException(string message) : Exception(message);
