using Emu.Cpu;

namespace Emu.Devices.Isa;

/// <summary>The wires of an ISA slot that a device is built with.</summary>
public interface IIsaBus
{
    /// <summary>
    /// A driver of its own on interrupt request <paramref name="irq"/> (0-15, not 2). Drivers of one request are OR-ed, so that
    /// two serial ports can share IRQ 4.
    /// </summary>
    IInterruptLine ConnectInterrupt(int irq);

    /// <summary>DMA channel 0-3 or 5-7.</summary>
    IDmaChannel GetDmaChannel(int channel);
}
