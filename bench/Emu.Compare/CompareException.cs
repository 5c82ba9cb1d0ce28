namespace Emu.Compare;

/// <summary>The comparison cannot be made; the message is one line for the user.</summary>
internal sealed class CompareException(string message) : Exception(message);
