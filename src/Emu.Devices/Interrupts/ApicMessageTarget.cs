using Emu.Cpu;
using Emu.Devices.Pci;

namespace Emu.Devices.Interrupts;

/// <summary>Turns MSI writes into APIC messages (SDM Vol. 3A 11.11.1 and 11.11.2).</summary>
public sealed class ApicMessageTarget(IApicBus bus) : IMessageInterruptTarget
{
    private const ulong WindowMask = 0xFFFF_FFFF_FFF0_0000;
    private const ulong Window = 0xFEE0_0000;
    private const int DestinationShift = 12;
    private const ulong LogicalDestination = 1 << 2;
    private const int DeliveryModeShift = 8;
    private const uint LevelAssert = 1 << 14;
    private const uint LevelTrigger = 1 << 15;

    public void Send(ulong address, uint data)
    {
        if ((address & WindowMask) != Window)
            return;
        bool level = (data & LevelTrigger) != 0;
        bus.Deliver(new ApicMessage(
            (uint)(address >> DestinationShift) & 0xFF,
            (address & LogicalDestination) != 0,
            (ApicDeliveryMode)((data >> DeliveryModeShift) & 7),
            (byte)data,
            !level || (data & LevelAssert) != 0,
            level));
    }
}
