namespace Emu.Cpu;

/// <summary>How a local APIC takes an interrupt message (SDM Vol. 3A 11.5.1 and 11.6.1, "Delivery Mode").</summary>
public enum ApicDeliveryMode : byte
{
    Fixed = 0,
    LowestPriority = 1,
    Smi = 2,
    Nmi = 4,
    Init = 5,
    StartUp = 6,

    /// <summary>As from an external 8259A: the receiver runs an interrupt-acknowledge cycle for the vector.</summary>
    ExternalInterrupt = 7,
}

/// <summary>One interrupt message on the APIC bus: from an I/O APIC, an MSI write or another local APIC's ICR.</summary>
/// <param name="Destination">Physical APIC ID or logical destination: 8 bits in xAPIC messages, 32 in x2APIC ones.</param>
/// <param name="LogicalDestination">Destination mode: logical (true) or physical (false).</param>
/// <param name="DeliveryMode">Delivery mode.</param>
/// <param name="Vector">Vector; ignored for SMI, NMI, INIT and ExtINT.</param>
/// <param name="Level">Level bit: false only for INIT level de-assert.</param>
/// <param name="LevelTriggered">Trigger mode: the receiver sets its TMR bit and broadcasts the EOI.</param>
public readonly record struct ApicMessage(
    uint Destination,
    bool LogicalDestination,
    ApicDeliveryMode DeliveryMode,
    byte Vector,
    bool Level,
    bool LevelTriggered);

/// <summary>The bus (system bus or 3-wire APIC bus) between I/O APICs, MSI sources and the processors' local APICs.</summary>
public interface IApicBus
{
    /// <summary>Delivers a message to every local APIC it addresses (to one of them in lowest-priority mode).</summary>
    /// <returns>At least one local APIC accepted it. An I/O APIC sets Remote IRR only then (82093AA 3.2.4).</returns>
    bool Deliver(in ApicMessage message);

    /// <summary>Adds a receiver of the EOI messages that local APICs send for level-triggered vectors.</summary>
    void AddEoiListener(IApicEoiListener listener);
}

/// <summary>An I/O APIC as seen by the local APICs' EOI broadcast (SDM Vol. 3A 11.8.5).</summary>
public interface IApicEoiListener
{
    /// <summary>A local APIC ended the level-triggered interrupt with this vector.</summary>
    void EndOfInterrupt(byte vector);
}
