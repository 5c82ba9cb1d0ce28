using Emu.Cpu;
using Emu.Devices.Acpi;
using Emu.Devices.Interrupts;
using Emu.Devices.Isa;
using Emu.Devices.Pci;
using Emu.Devices.Timers;
using Emu.Mmu;

namespace Emu.Devices.Chipset;

/// <summary>Choices for <see cref="PcChipset"/>.</summary>
public sealed record PcChipsetConfiguration
{
    /// <summary>What the battery-backed memory holds.</summary>
    public required CmosConfiguration Cmos { get; init; }

    /// <summary>What the real-time clock shows at power-on.</summary>
    public DateTime RtcStart { get; init; } = DateTime.UtcNow;

    /// <summary>"-no-hpet" clears it.</summary>
    public bool HasHpet { get; init; } = true;
}

/// <summary>The processors' side of the board: wires the chipset drives.</summary>
/// <param name="Clock">The machine's clock.</param>
/// <param name="RtcClock">Clock of the RTC; the same one unless "-rtc clock=" says otherwise.</param>
/// <param name="Apics">The local APICs.</param>
/// <param name="Intr">INTR of the 8259A pair, to LINT0 of the bootstrap processor.</param>
/// <param name="Smi">SMI#; a rising edge requests an SMI.</param>
/// <param name="Power">Reset and power requests.</param>
public sealed record PcProcessorWires(
    IClock Clock, IClock RtcClock, IApicBus Apics, IInterruptLine Intr, IInterruptLine Smi, IPowerControl Power);

/// <summary>
/// The board of "-M pc": i440FX, PIIX3 and the PIIX4's power management, wired as in QEMU. Cards are added to <see cref="Pci"/> and
/// <see cref="Isa"/>.
/// </summary>
/// <remarks>
/// PCI addresses: 00.0 host bridge, 01.0 ISA bridge, 01.1 IDE (added by its own component), 01.3 power management; cards from 02 on.
/// </remarks>
public sealed class PcChipset : ISnapshotable, IResettable, IDescribable
{
    public const int HostBridgeDevice = 0;
    public const int PiixDevice = 1;
    public const int PiixIdeFunction = 1;
    public const int PiixPowerFunction = 3;

    private const int TimerIrq = 0;
    private const int CoprocessorIrq = 13;

    /// <summary>A POST card snoops the page register's port 80h.</summary>
    private const int SnoopPriority = 1;

    public PcChipset(PcChipsetConfiguration configuration, I440FxMemory memory, PortSpace ports, PcProcessorWires wires)
    {
        Memory = memory;
        Ports = ports;
        Pic = new PicPair(wires.Intr);
        IoApic = new IoApic(wires.Apics);
        Dma = new DmaPair(memory.Space);
        Isa = new IsaBus(Pic, IoApic, Dma.GetChannel);

        IInterruptLine timer = Isa.ConnectInterrupt(TimerIrq);
        IInterruptLine rtc = Isa.ConnectInterrupt(Rtc146818.Irq);
        if (configuration.HasHpet)
        {
            Hpet = new Hpet(wires.Clock, timer, rtc, Isa.ConnectGlobalInterrupt(IsaBus.GlobalInterruptOf(TimerIrq)));
            timer = Hpet.PitInput;
            rtc = Hpet.RtcInput;
        }
        Pit = new Pit8254(wires.Clock, timer);
        SystemControlB = new SystemControlPortB(wires.Clock, Pit);
        Rtc = new Rtc146818(wires.RtcClock, rtc, configuration.Cmos, configuration.RtcStart);
        A20 = new A20Gate();
        Port92 = new Port92(A20, wires.Power);
        PostCode = new PostCodePort();
        Coprocessor = new CoprocessorError(Isa.ConnectInterrupt(CoprocessorIrq));

        Pci = new PciBus(memory.Pci, ports, memory.Space)
        {
            MessageInterrupts = new ApicMessageTarget(wires.Apics),
        };
        HostBridge = Pci.Add(new I440Fx(memory), HostBridgeDevice);
        IsaBridge = Pci.Add(new Piix3IsaBridge(Isa), PiixDevice);
        PowerManagement = Pci.Add(
            new Piix4PowerManagement(
                wires.Clock, Isa.ConnectInterrupt(Piix4PowerManagement.SciIrq), Isa.ConnectInterrupt(Piix4PowerManagement.SciIrq),
                wires.Smi, wires.Power),
            PiixDevice, PiixPowerFunction);
        Pci.InterruptRouter = IsaBridge;
        ResetControl = new ResetControl(wires.Power);
        PciConfiguration = new PciConfigurationPorts(Pci, ResetControl);

        MapPorts();
        MapMemory();
    }

    public I440FxMemory Memory { get; }

    public PortSpace Ports { get; }

    public PicPair Pic { get; }

    public IoApic IoApic { get; }

    public DmaPair Dma { get; }

    public IsaBus Isa { get; }

    public Hpet? Hpet { get; }

    public Pit8254 Pit { get; }

    public SystemControlPortB SystemControlB { get; }

    public Rtc146818 Rtc { get; }

    public A20Gate A20 { get; }

    public Port92 Port92 { get; }

    public PostCodePort PostCode { get; }

    public CoprocessorError Coprocessor { get; }

    public PciBus Pci { get; }

    public I440Fx HostBridge { get; }

    public Piix3IsaBridge IsaBridge { get; }

    public Piix4PowerManagement PowerManagement { get; }

    public ResetControl ResetControl { get; }

    public PciConfigurationPorts PciConfiguration { get; }

    private void MapPorts()
    {
        Ports.Map(DmaPair.ByteControllerPort, DmaPair.ByteControllerPortCount, Dma.ByteController, "dma0");
        Ports.Map(DmaPair.WordControllerPort, DmaPair.WordControllerPortCount, Dma.WordController, "dma1");
        Ports.Map(DmaPair.PagePort, DmaPair.PagePortCount, Dma.Pages, "dma-page");
        Ports.Map(PicPair.MasterPort, 2, Pic.Master, "pic0");
        Ports.Map(PicPair.SlavePort, 2, Pic.Slave, "pic1");
        Ports.Map(PicPair.EdgeLevelPort, 2, Pic.EdgeLevelControl, "elcr");
        Ports.Map(Pit8254.FirstPort, Pit8254.PortCount, Pit, "pit");
        Ports.Map(SystemControlPortB.Port, 1, SystemControlB, "port61");
        Ports.Map(Rtc146818.FirstPort, Rtc146818.PortCount, Rtc, "rtc");
        Ports.Map(PostCodePort.Port, 1, PostCode, "post", SnoopPriority);
        Ports.Map(PostCodePort.AlternatePort, 1, PostCode, "post-190");
        Ports.Map(Port92.Port, 1, Port92, "port92");
        Ports.Map(Piix4PowerManagement.ApmPort, Piix4PowerManagement.ApmPortCount, PowerManagement.Apm, "apm");
        Ports.Map(CoprocessorError.Port, 1, Coprocessor, "coprocessor");
        Ports.Map(PciConfigurationPorts.FirstPort, PciConfigurationPorts.PortCount, PciConfiguration, "pci-conf");
        Ports.Map(Piix4PowerManagement.GpePort, Piix4PowerManagement.GpePortCount, PowerManagement.Gpe, "acpi-gpe0");
    }

    private void MapMemory()
    {
        Memory.System.AddSubregion(IoApic.DefaultAddress, MemoryRegion.CreateDevice("ioapic", IoApic.RegionSize, IoApic));
        if (Hpet is not null)
            Memory.System.AddSubregion(Hpet.DefaultAddress, MemoryRegion.CreateDevice("hpet", Hpet.RegionSize, Hpet));
    }

    /// <summary>The interrupt controllers last: sources lower their wires first.</summary>
    public void Reset()
    {
        Pci.Reset();
        PciConfiguration.Reset();
        ResetControl.Reset();
        Hpet?.Reset();
        Pit.Reset();
        SystemControlB.Reset();
        Rtc.Reset();
        Dma.Reset();
        Port92.Reset();
        A20.Reset();
        PostCode.Reset();
        Coprocessor.Reset();
        IoApic.Reset();
        Pic.Reset();
    }

    private IEnumerable<ISnapshotable> Devices()
    {
        foreach (PciDevice function in Pci.Functions)
            yield return function;
        yield return PciConfiguration;
        yield return ResetControl;
        if (Hpet is not null)
            yield return Hpet;
        yield return Pit;
        yield return SystemControlB;
        yield return Rtc;
        yield return Dma;
        yield return Port92;
        yield return A20;
        yield return PostCode;
        yield return Coprocessor;
        yield return IoApic;
        yield return Pic;
    }

    /// <summary>Saves the chipset and every PCI function, in order of their addresses.</summary>
    public void SaveState(BinaryWriter writer)
    {
        foreach (ISnapshotable device in Devices())
            device.SaveState(writer);
    }

    public void LoadState(BinaryReader reader)
    {
        foreach (ISnapshotable device in Devices())
            device.LoadState(reader);
    }

    public void Describe(TextWriter writer)
    {
        Pic.Describe(writer);
        IoApic.Describe(writer);
        Pit.Describe(writer);
        Hpet?.Describe(writer);
        Rtc.Describe(writer);
        Pci.Describe(writer);
    }
}
