namespace Emu.Devices.Pci;

/// <summary>Where message-signalled interrupts go: the write lands in the local APICs' window (SDM Vol. 3A 11.11).</summary>
public interface IMessageInterruptTarget
{
    /// <summary>A 4-byte write of <paramref name="data"/> to <paramref name="address"/> (0xFEExxxxx).</summary>
    void Send(ulong address, uint data);
}
