using Emu.Cpu;
using Emu.Devices.Chipset;
using Emu.Devices.Pci;
using Emu.Mmu;

namespace Emu.Devices.Acpi;

/// <summary>
/// Power-management function of the PIIX4 (function 3, 8086:7113; data sheet 290562, chapter 7): ACPI registers and SMBus at bases the firmware
/// programs, the APM ports B2h/B3h with their SMI, and QEMU's general-purpose event block at AFE0h.
/// </summary>
public sealed class Piix4PowerManagement : PciDevice
{
    /// <summary>Where QEMU's pc has its general-purpose event block 0 (FADT GPE0_BLK).</summary>
    public const ushort GpePort = 0xAFE0;

    public const int GpePortCount = 4;

    /// <summary>APM control (command) and status ports (PIIX4 7.1.3).</summary>
    public const ushort ApmPort = 0xB2;

    public const int ApmPortCount = 2;

    /// <summary>IRQ of the SCI.</summary>
    public const int SciIrq = 9;

    private const int PmBase = 0x40;
    private const int DeviceActivityA = 0x54;
    private const int DeviceActivityB = 0x58;
    private const int PmMiscellaneous = 0x80;
    private const int SmbusBase = 0x90;
    private const int SmbusConfiguration = 0xD2;

    private const uint BaseMask = 0xFFC0;
    private const uint SmbusBaseMask = 0xFFF0;
    private const byte IoSpaceEnable = 1;
    private const uint ApmcSmiEnable = 1u << 25;
    private const byte AcpiEnableCommand = 0xF1;
    private const byte AcpiDisableCommand = 0xF0;

    private const byte SuspendTypeS3 = 1;
    private const byte SuspendTypeS4 = 2;
    private const byte SuspendTypeS5 = 0;

    private const int PmPortCount = 64;

    private readonly IInterruptLine _sci;
    private readonly IInterruptLine _smi;
    private readonly Piix4PmPorts _ports;
    private PortMapping? _pmMapping;
    private PortMapping? _smbusMapping;
    private byte _apmControl;
    private byte _apmStatus;

    /// <param name="clock">The machine's clock.</param>
    /// <param name="sci">ISA IRQ 9.</param>
    /// <param name="smbusInterrupt">IRQ 9 for the SMBus.</param>
    /// <param name="smi">SMI# of the processors: pulsed, the rising edge counts.</param>
    /// <param name="power">Receiver of sleep requests.</param>
    public Piix4PowerManagement(IClock clock, IInterruptLine sci, IInterruptLine smbusInterrupt, IInterruptLine smi, IPowerControl power)
        : base("piix4-pm", new PciIdentity(0x8086, 0x7113, 0x068000, 0x03, InterruptPin: 1))
    {
        _sci = sci;
        _smi = smi;
        Pm1 = new AcpiPm1(clock, power, UpdateSci, SuspendTypeS3, SuspendTypeS5, SuspendTypeS4);
        Gpe = new AcpiGpeBlock(GpePortCount, UpdateSci);
        Smbus = new SmbusHost(smbusInterrupt);
        _ports = new Piix4PmPorts(Pm1);
        Apm = new ApmPorts(this);

        DefineRegister(PciRegister.Status, 2, (uint)(PciStatus.FastBackToBack | PciStatus.DevselMedium), 0, (uint)PciStatus.WriteOneToClear);
        DefineRegister(PmBase, 4, 1, BaseMask);
        DefineRegister(0x44, 4, 0, uint.MaxValue);
        DefineRegister(0x48, 4, 0, uint.MaxValue);
        DefineRegister(0x4C, 4, 0, uint.MaxValue);
        DefineRegister(0x50, 4, 0, uint.MaxValue);
        DefineRegister(DeviceActivityA, 4, 0, uint.MaxValue);
        DefineRegister(DeviceActivityB, 4, 0, uint.MaxValue);
        // Device resources: the values QEMU leaves here, keyboard controller and floppy decoding on.
        DefineRegister(0x5C, 4, 0x1000_0000, uint.MaxValue);
        DefineRegister(0x60, 4, 0x6000_0000, uint.MaxValue);
        for (int offset = 0x64; offset <= 0x7C; offset += 4)
            DefineRegister(offset, 4, 0, uint.MaxValue);
        DefineRegister(PmMiscellaneous, 1, 0, IoSpaceEnable);
        DefineRegister(SmbusBase, 4, 0xB101, SmbusBaseMask);
        DefineRegister(SmbusConfiguration, 1, 0x09, 0x0F);
        DefineRegister(SmbusConfiguration + 1, 2, 0, 0xFFFF);
        DefineRegister(SmbusConfiguration + 3, 1, 0, 0xFF);
    }

    public AcpiPm1 Pm1 { get; }

    /// <summary>Ports AFE0h-AFE3h.</summary>
    public AcpiGpeBlock Gpe { get; }

    public SmbusHost Smbus { get; }

    /// <summary>Ports B2h and B3h.</summary>
    public IPortDevice Apm { get; }

    /// <summary>The user pressed the power button.</summary>
    public void PressPowerButton() => Pm1.PressPowerButton();

    /// <summary>
    /// SCI while the operating system owns the hardware. (QEMU drives it even while SCI_EN is 0, where the data sheet sends an SMI.)
    /// </summary>
    private void UpdateSci() => _sci.Set(Pm1.SciEnabled && (Pm1.EventPending || Gpe.EventPending));

    private void RaiseSmi()
    {
        _smi.Set(true);
        _smi.Set(false);
    }

    protected override void ConfigurationWritten(int offset, int size)
    {
        if (Overlaps(offset, size, PmBase, 4) || Overlaps(offset, size, PmMiscellaneous, 1)
            || Overlaps(offset, size, SmbusBase, 4) || Overlaps(offset, size, SmbusConfiguration, 1))
            UpdatePorts();
    }

    protected override void Attached() => UpdatePorts();

    private void UpdatePorts()
    {
        if (Bus is null)
            return;
        Place(ref _pmMapping, (ReadByte(PmMiscellaneous) & IoSpaceEnable) != 0 ? ReadDword(PmBase) & BaseMask : 0, PmPortCount, _ports, "piix4-pm");
        Place(ref _smbusMapping, (ReadByte(SmbusConfiguration) & IoSpaceEnable) != 0 ? ReadDword(SmbusBase) & SmbusBaseMask : 0,
            SmbusHost.PortCount, Smbus, "piix4-smbus");
    }

    private void Place(ref PortMapping? mapping, uint address, int count, IPortDevice device, string name)
    {
        if (mapping?.First == address)
            return;
        mapping?.Dispose();
        mapping = address == 0 ? null : Bus?.Ports.Map((ushort)address, count, device, name);
    }

    private void WriteApmControl(byte command)
    {
        _apmControl = command;
        // Firmware's handler would set SCI_EN; QEMU's board does it itself, and SeaBIOS relies on that.
        if (command == AcpiEnableCommand)
            Pm1.SciEnabled = true;
        else if (command == AcpiDisableCommand)
            Pm1.SciEnabled = false;
        if ((ReadDword(DeviceActivityB) & ApmcSmiEnable) == 0)
            return;
        _ports.NoteApmSmi();
        RaiseSmi();
    }

    public override void Reset()
    {
        base.Reset();
        _apmControl = 0;
        _apmStatus = 0;
        _ports.Reset();
        Pm1.Reset();
        Gpe.Reset();
        Smbus.Reset();
        UpdatePorts();
    }

    public override void SaveState(BinaryWriter writer)
    {
        base.SaveState(writer);
        writer.Write(_apmControl);
        writer.Write(_apmStatus);
        _ports.SaveState(writer);
        Pm1.SaveState(writer);
        Gpe.SaveState(writer);
        Smbus.SaveState(writer);
    }

    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        _apmControl = reader.ReadByte();
        _apmStatus = reader.ReadByte();
        _ports.LoadState(reader);
        Pm1.LoadState(reader);
        Gpe.LoadState(reader);
        Smbus.LoadState(reader);
        UpdatePorts();
    }

    public override void Describe(TextWriter writer)
    {
        base.Describe(writer);
        Pm1.Describe(writer);
    }

    private sealed class ApmPorts(Piix4PowerManagement owner) : IPortDevice
    {
        public uint ReadPort(ushort offset, int size) => offset == 0 ? owner._apmControl : owner._apmStatus;

        public void WritePort(ushort offset, int size, uint value)
        {
            if (offset == 0)
                owner.WriteApmControl((byte)value);
            else
                owner._apmStatus = (byte)value;
        }
    }
}
