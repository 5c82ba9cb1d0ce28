using Emu.Mmu;

namespace Emu.Devices.Pci;

/// <summary>
/// What lies in front of a PCI bus: where its functions' base address registers become visible to the processors.
/// </summary>
public interface IPciAddressDecoder
{
    /// <summary>Makes <paramref name="device"/> appear at a physical address until the handle is disposed.</summary>
    IDisposable MapMemory(ulong address, ulong length, IMemoryDevice device);

    /// <summary>Makes <paramref name="device"/> appear in the I/O port space until the handle is disposed.</summary>
    IDisposable MapPorts(ushort first, int count, IPortDevice device);
}

/// <summary>Routes the four INTx# nets of the root bus to the board's interrupt controllers.</summary>
public interface IPciInterruptRouter
{
    /// <summary>The wired-OR of all functions on net <paramref name="pirq"/> (0-3 for PIRQA#-PIRQD#) changed.</summary>
    void SetPirq(int pirq, bool asserted);
}
