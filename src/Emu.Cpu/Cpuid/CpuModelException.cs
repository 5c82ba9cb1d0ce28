namespace Emu.Cpu;

/// <summary>A processor model or feature that does not exist was asked for. The message is one line for the user.</summary>
public sealed class CpuModelException(string message) : Exception(message);
