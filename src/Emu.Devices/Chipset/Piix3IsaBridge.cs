using Emu.Cpu;
using Emu.Devices.Isa;
using Emu.Devices.Pci;

namespace Emu.Devices.Chipset;

/// <summary>
/// PCI-to-ISA bridge of the PIIX3 (function 0, 8086:7000; data sheet 290550, 2.2): the registers BIOSes and kernels program, and the routing of
/// PIRQA#-PIRQD# to ISA interrupt requests.
/// </summary>
public sealed class Piix3IsaBridge : PciDevice, IPciInterruptRouter
{
    private const int IoRecoveryTimer = 0x4C;
    private const int XBusChipSelect = 0x4E;
    private const int PirqRouteControl = 0x60;
    private const int TopOfMemory = 0x69;
    private const int MiscellaneousStatus = 0x6A;
    private const int MotherboardIrqRoute = 0x70;
    private const int MotherboardDmaControl = 0x76;
    private const int ProgrammableChipSelect = 0x78;
    private const int ApicBaseRelocation = 0x80;
    private const int DeterministicLatency = 0x82;
    private const int SmiControl = 0xA0;
    private const int SmiEnable = 0xA2;
    private const int SystemEventEnable = 0xA4;
    private const int FastOffTimer = 0xA8;
    private const int SmiRequest = 0xAA;
    private const int ClockThrottleLow = 0xAC;
    private const int ClockThrottleHigh = 0xAE;

    private const byte RoutingDisabled = 1 << 7;
    private const byte RoutingMask = 0x0F;

    /// <summary>IRQ 0, 1, 2, 8 and 13 cannot be PCI interrupts (2.2.7).</summary>
    private const int RoutableIrqs = 0b1101_1110_1111_1000;

    private readonly IInterruptLine?[] _irqs = new IInterruptLine?[IsaBus.InterruptCount];
    private readonly bool[] _pirqs = new bool[PciBus.PirqCount];

    public Piix3IsaBridge(IIsaBus isa)
        : base("piix3", new PciIdentity(0x8086, 0x7000, 0x060100))
    {
        for (int irq = 0; irq < IsaBus.InterruptCount; irq++)
        {
            if ((RoutableIrqs & 1 << irq) != 0)
                _irqs[irq] = isa.ConnectInterrupt(irq);
        }
        DefineRegister(PciRegister.Command, 2, (uint)(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster),
            (uint)(PciCommand.SpecialCycles | PciCommand.SerrEnable));
        DefineRegister(PciRegister.Status, 2, (uint)PciStatus.DevselMedium, 0, (uint)PciStatus.WriteOneToClear);
        MarkMultifunction();

        DefineRegister(IoRecoveryTimer, 1, 0x4D, 0xFF);
        DefineRegister(XBusChipSelect, 2, 0x0003, 0x01FF);
        for (int i = 0; i < PciBus.PirqCount; i++)
            DefineRegister(PirqRouteControl + i, 1, RoutingDisabled, RoutingDisabled | RoutingMask);
        DefineRegister(TopOfMemory, 1, 0x02, 0xFE);
        DefineRegister(MiscellaneousStatus, 2, 0, 0x8004);
        DefineRegister(MotherboardIrqRoute, 1, 0x80, 0xEF);
        DefineRegister(MotherboardDmaControl, 2, 0x0C0C, 0x8F8F);
        DefineRegister(ProgrammableChipSelect, 2, 0x0002, 0xFFFF);
        DefineRegister(ApicBaseRelocation, 1, 0, 0x7F);
        DefineRegister(DeterministicLatency, 1, 0, 0x0F);
        DefineRegister(SmiControl, 1, 0x08, 0x1F);
        DefineRegister(SmiEnable, 2, 0, 0x01FF);
        DefineRegister(SystemEventEnable, 4, 0, 0xF000_FFFB);
        DefineRegister(FastOffTimer, 1, 0x0F, 0xFF);
        DefineRegister(SmiRequest, 2, 0, 0x01FF);
        DefineRegister(ClockThrottleLow, 1, 0, 0xFF);
        DefineRegister(ClockThrottleHigh, 1, 0, 0xFF);
    }

    /// <inheritdoc/>
    public void SetPirq(int pirq, bool asserted)
    {
        _pirqs[pirq] = asserted;
        DriveIrqs();
    }

    /// <summary>ISA interrupt request a PIRQ is routed to, or null.</summary>
    public int? RouteOf(int pirq)
    {
        byte route = ReadByte(PirqRouteControl + pirq);
        int irq = route & RoutingMask;
        return (route & RoutingDisabled) == 0 && (RoutableIrqs & 1 << irq) != 0 ? irq : null;
    }

    private void DriveIrqs()
    {
        int levels = 0;
        for (int i = 0; i < PciBus.PirqCount; i++)
        {
            if (_pirqs[i] && RouteOf(i) is { } irq)
                levels |= 1 << irq;
        }
        for (int irq = 0; irq < _irqs.Length; irq++)
            _irqs[irq]?.Set((levels & 1 << irq) != 0);
    }

    protected override void ConfigurationWritten(int offset, int size)
    {
        if (Overlaps(offset, size, PirqRouteControl, PciBus.PirqCount))
            DriveIrqs();
    }

    public override void Reset()
    {
        base.Reset();
        DriveIrqs();
    }

    public override void SaveState(BinaryWriter writer)
    {
        base.SaveState(writer);
        foreach (bool level in _pirqs)
            writer.Write(level);
    }

    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        for (int i = 0; i < _pirqs.Length; i++)
            _pirqs[i] = reader.ReadBoolean();
        DriveIrqs();
    }

    public override void Describe(TextWriter writer)
    {
        base.Describe(writer);
        for (int i = 0; i < PciBus.PirqCount; i++)
            writer.WriteLine($"      PIRQ{(char)('A' + i)}: {(RouteOf(i) is { } irq ? $"IRQ {irq}" : "not routed")}{(_pirqs[i] ? ", asserted" : "")}");
    }
}
