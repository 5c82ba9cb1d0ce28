namespace Emu.Frontend.CommandLine;

/// <summary>The command line cannot be understood or asks for the impossible; the message is one line for the user.</summary>
internal sealed class UsageException(string message) : Exception(message);
