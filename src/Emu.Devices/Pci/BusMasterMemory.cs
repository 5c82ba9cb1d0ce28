using Emu.Mmu;

namespace Emu.Devices.Pci;

/// <summary>
/// Memory as one function sees it when it masters the bus: while COMMAND.BusMaster is 0 nothing is transferred (PCI 3.0,
/// 6.2.2; reads give all ones as after a master abort).
/// </summary>
internal sealed class BusMasterMemory(PciDevice device) : IBusMemory
{
    public void Read(ulong physical, Span<byte> destination)
    {
        if (Target is { } memory)
            memory.Read(physical, destination);
        else
            destination.Fill(0xFF);
    }

    public void Write(ulong physical, ReadOnlySpan<byte> source) => Target?.Write(physical, source);

    private IBusMemory? Target => (device.Command & PciCommand.BusMaster) != 0 ? device.Bus?.MemoryOf(device) : null;
}
