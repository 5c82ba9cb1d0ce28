namespace Emu.Machine.Loaders;

/// <summary>A kernel, initrd or firmware image cannot be loaded; the message is one line for the user.</summary>
public sealed class LoaderException(string message) : Exception(message);
