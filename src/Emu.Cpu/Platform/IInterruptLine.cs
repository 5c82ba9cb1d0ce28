namespace Emu.Cpu;

/// <summary>A level-carrying wire from a device to an interrupt controller (or the gate between them).</summary>
public interface IInterruptLine
{
    /// <summary>Drives the wire. Setting the level it already has is a no-op.</summary>
    void Set(bool level);
}
