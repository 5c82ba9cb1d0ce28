namespace Emu.Frontend.Linux;

/// <summary>The files of a ready-made guest cannot be had; the message is one line for the user.</summary>
internal sealed class GuestFilesException(string message) : Exception(message);
