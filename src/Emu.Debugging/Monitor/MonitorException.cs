namespace Emu.Debugging.Monitor;

/// <summary>A monitor command cannot be carried out; the message is one line for the user.</summary>
public sealed class MonitorException(string message) : Exception(message);
