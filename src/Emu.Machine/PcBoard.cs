using Emu.Cpu;
using Emu.Devices;
using Emu.Devices.Chipset;
using Emu.Devices.Debugging;
using Emu.Devices.Display;
using Emu.Devices.Firmware;
using Emu.Devices.Firmware.Acpi;
using Emu.Devices.Firmware.Smbios;
using Emu.Devices.Input;
using Emu.Devices.Serial;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Floppy;
using Emu.Devices.Storage.Ide;
using Emu.Devices.Timers;
using Emu.Jit;
using Emu.Machine.Loaders;
using Emu.Mmu;

namespace Emu.Machine;

/// <summary>The PC of <c>-M pc</c>: processors, memory, chipset and cards, wired together.</summary>
public sealed class PcBoard : IDisposable
{
    private const uint LocalApicRegionSize = 0x1000;
    private const int LocalApicPriority = 2;

    private readonly MachineConfiguration configuration;
    private readonly Machine machine;
    private readonly GuestMemory guestMemory;
    private readonly CodeCache code;
    private readonly byte[]? bios;
    private readonly GuestRam? biosRam;
    private readonly KernelLoader? kernel;
    private readonly List<IResettable> resettables = [];
    private readonly List<ISnapshotable> snapshotables = [];
    private readonly List<IDisposable> disposables = [];
    private readonly List<RecordedLine> recordedLines = [];

    /// <summary>Builds the board; processors are reset but nothing is loaded (<see cref="PowerOn"/>).</summary>
    internal PcBoard(MachineConfiguration configuration, Machine machine)
    {
        this.configuration = configuration;
        this.machine = machine;
        kernel = configuration.Kernel is { } k ? new KernelLoader(k) : null;
        DirectBoot = configuration.Kernel?.Boot == KernelBoot.Direct;
        bios = DirectBoot || configuration.Bios == "" ? null : FirmwareFiles.ReadBios(configuration.Bios);

        Drives = new DriveBay(configuration, machine);
        Layout = PcMemoryLayout.For(configuration.Memory);
        guestMemory = new GuestMemory { KeepsTranslationsExact = machine.RecordsInputs };
        Ram = guestMemory.AllocateRam("pc.ram", configuration.Memory);
        biosRam = bios == null ? null : guestMemory.AllocateRam("pc.bios", (ulong)bios.Length);
        Memory = new I440FxMemory(guestMemory, Ram, Layout, biosRam);
        Ports = new PortSpace();
        code = new CodeCache(guestMemory);
        if (configuration.Accelerator != Accelerator.Interpreter) Translator = Translator.Attach(code, configuration.Translator);
        Apics = new ApicBus();
        Bus = new MachineBus(this, machine);
        Processors = CreateProcessors();
        Chipset = CreateChipset();
        Bus.Connect(Chipset, Processors[0]);
        MemoryRegion window = MemoryRegion.CreateDevice("lapic", LocalApicRegionSize, Apics);
        Memory.System.AddSubregion(AcpiBoard.LocalApicAddress, window, LocalApicPriority);
        // One window serves all processors; the bootstrap processor says where it is.
        Processors[0].Apic.BaseChanged += apic => window.Offset = apic.BaseAddressMsr & ~0xFFFUL;
        FwCfg = new FwCfg(Memory.Space);
        Ports.Map(FwCfg.FirstPort, FwCfg.PortCount, Add(FwCfg), "fw-cfg");
        Keyboard = new Ps2Keyboard(machine.Clock);
        Mouse = new Ps2Mouse(machine.Clock);
        if (machine.RecordsInputs) AskAboutInputs();
        Controller = Add(new I8042(
            Keyboard, Mouse, Chipset.Isa.ConnectInterrupt(1), Chipset.Isa.ConnectInterrupt(12), Chipset.A20, machine, machine.Clock));
        MapKeyboardController();
        if (configuration.VmPort)
        {
            VmMouse pointer = Add(new VmMouse(Mouse));
            Ports.Map(VmPort.Port, VmPort.PortCount, new VmPort(new PortCaller(() => machine.RunningProcessor ?? Processors[0]), pointer, configuration.Memory), "vmport");
            AbsolutePointer = pointer;
        }

        Disks = Chipset.Pci.Add(new Piix3Ide(Chipset.Isa), PcChipset.PiixDevice, PcChipset.PiixIdeFunction);
        Drives.AttachTo(Disks);
        Floppies = Add(new FloppyController(Chipset.Isa));
        Ports.Map(FloppyController.FirstPort, FloppyController.PortCount, Floppies.Registers, "fdc");
        Ports.Map(FloppyController.DirPort, 1, Floppies.InputRegister, "fdc-input");
        Drives.AttachTo(Floppies);
        Display = CreateDisplay();
        SerialPorts = CreateSerialPorts();
        ParallelPorts = CreateParallelPorts();
        CreateDebugDevices();
        Chipset.A20.Changed += SetA20;
        ConfigureFirmware();
    }

    /// <summary>What translates hot code; null when everything is interpreted.</summary>
    public Translator? Translator { get; }

    /// <summary>The kernel is entered without a BIOS.</summary>
    public bool DirectBoot { get; }

    /// <summary>How RAM is split.</summary>
    public PcMemoryLayout Layout { get; }

    /// <summary>Main memory.</summary>
    public GuestRam Ram { get; }

    /// <summary>The physical memory map.</summary>
    public I440FxMemory Memory { get; }

    /// <summary>The I/O port space.</summary>
    public PortSpace Ports { get; }

    /// <summary>The interrupt message bus.</summary>
    public ApicBus Apics { get; }

    /// <summary>The processors; the first is the bootstrap processor.</summary>
    public IReadOnlyList<Vcpu> Processors { get; }

    /// <summary>i440FX, PIIX3, PIIX4.</summary>
    public PcChipset Chipset { get; }

    /// <summary>Firmware configuration device.</summary>
    public FwCfg FwCfg { get; }

    /// <summary>PS/2 keyboard.</summary>
    public Ps2Keyboard Keyboard { get; }

    /// <summary>PS/2 mouse.</summary>
    public Ps2Mouse Mouse { get; }

    /// <summary>The pointing device that is placed rather than moved, or null.</summary>
    public IAbsolutePointer? AbsolutePointer { get; }

    /// <summary>Keyboard controller.</summary>
    public I8042 Controller { get; }

    /// <summary>Drives and their media.</summary>
    public DriveBay Drives { get; }

    /// <summary>IDE controller.</summary>
    public Piix3Ide Disks { get; }

    /// <summary>Floppy controller.</summary>
    public FloppyController Floppies { get; }

    /// <summary>Display adapter, or null.</summary>
    public StandardVga? Display { get; }

    /// <summary>Serial ports present.</summary>
    public IReadOnlyList<Uart16550> SerialPorts { get; }

    /// <summary>Parallel ports present.</summary>
    public IReadOnlyList<ParallelPort> ParallelPorts { get; }

    /// <summary>Predecoded code of all processors.</summary>
    public CodeCache Code => code;

    /// <summary>Lines of the serial and parallel ports, on a machine that records its inputs.</summary>
    internal IReadOnlyList<RecordedLine> RecordedLines => recordedLines;

    /// <summary>Told of every port access of a processor, on the machine's thread, for a log of device activity; null while nobody looks.</summary>
    public Action<PortAccess>? PortAccessed { get; set; }

    private MachineBus Bus { get; }

    private T Add<T>(T device)
    {
        if (device is IResettable resettable) resettables.Add(resettable);
        if (device is ISnapshotable snapshotable) snapshotables.Add(snapshotable);
        if (device is IDisposable disposable) disposables.Add(disposable);
        return device;
    }

    private List<Vcpu> CreateProcessors()
    {
        CpuModel model = CpuModel.Parse(configuration.Cpu);
        List<Vcpu> processors = [];
        for (uint i = 0; i < configuration.Processors; i++)
        {
            Vcpu cpu = new(model, Memory.Space, Bus, code, i) { Clock = machine.Clock, ManagementMemory = Memory.SystemManagementSpace };
            Apics.Attach(cpu);
            processors.Add(cpu);
        }

        return processors;
    }

    private PcChipset CreateChipset()
    {
        Vcpu bootstrap = Processors[0];
        PcProcessorWires wires = new(
            machine.Clock,
            machine.Clock,
            Apics,
            new Wire(bootstrap.SetInterruptLine),
            // SMI# reaches the bootstrap processor only, as SeaBIOS expects: it relocates no other processor's SMBASE.
            new Wire(level =>
            {
                if (level) bootstrap.RaiseSmi();
            }),
            machine);
        PcChipsetConfiguration chipset = new()
        {
            Cmos = new CmosConfiguration
            {
                LowMemory = Layout.LowSize,
                HighMemory = Layout.HighSize,
                ProcessorCount = configuration.Processors,
                Disks = Drives.DescribeDisks(),
                FloppyA = Drives.DescribeFloppy(0),
                FloppyB = Drives.DescribeFloppy(1),
                BootOrder = [.. configuration.BootOrder.Select(BootDeviceOf).Where(d => d != CmosBootDevice.None).Take(3)],
            },
            RtcStart = configuration.Clock.RtcBase,
            HasHpet = configuration.Hpet,
        };
        return Add(new PcChipset(chipset, Memory, Ports, wires));
    }

    private static CmosBootDevice BootDeviceOf(char letter) => letter switch
    {
        'a' or 'b' => CmosBootDevice.Floppy,
        'c' => CmosBootDevice.HardDisk,
        'd' => CmosBootDevice.CdRom,
        'n' => CmosBootDevice.Network,
        _ => CmosBootDevice.None,
    };

    private void AskAboutInputs()
    {
        Keyboard.Admission = (key, pressed) => machine.AdmitInput(new MachineInput.KeyInput(key, pressed));
        Mouse.MoveAdmission = (x, y, wheel) => machine.AdmitInput(new MachineInput.PointerMoveInput(x, y, wheel));
        Mouse.ButtonAdmission = buttons => machine.AdmitInput(new MachineInput.PointerButtonsInput(buttons));
    }

    private void MapKeyboardController()
    {
        // Beneath port 61h, which lies between the controller's two ports.
        Ports.Map(I8042.FirstPort, I8042.PortCount, Controller, "i8042", priority: -1);
    }

    private StandardVga? CreateDisplay()
    {
        if (!configuration.Vga) return null;
        byte[] rom = DirectBoot ? [] : FirmwareFiles.TryReadRom(StandardVga.BiosFileName) ?? [];
        StandardVga vga = Chipset.Pci.Add(new StandardVga(guestMemory, machine.Clock, rom));
        vga.MapPorts(Ports);
        Memory.Pci.AddSubregion(StandardVga.LegacyWindowAddress, vga.LegacyWindow, priority: 1);
        return vga;
    }

    private List<Uart16550> CreateSerialPorts()
    {
        List<Uart16550> ports = [];
        for (int i = 0; i < Math.Min(configuration.Serial.Count, Uart16550.StandardPorts.Count); i++)
        {
            if (configuration.Serial[i] is not { } open) continue;
            (ushort port, int irq) = Uart16550.StandardPorts[i];
            ICharacterDevice line = Add(Recorded(open(machine.Events.Post)));
            Uart16550 uart = Add(new Uart16550(Chipset.Isa.ConnectInterrupt(irq), machine.Clock, line));
            Ports.Map(port, Uart16550.PortCount, uart, $"serial{i}");
            ports.Add(uart);
        }

        return ports;
    }

    private List<ParallelPort> CreateParallelPorts()
    {
        List<ParallelPort> ports = [];
        for (int i = 0; i < Math.Min(configuration.Parallel.Count, ParallelPort.StandardPorts.Count); i++)
        {
            if (configuration.Parallel[i] is not { } open) continue;
            (ushort port, int irq) = ParallelPort.StandardPorts[i];
            ICharacterDevice line = Add(Recorded(open(machine.Events.Post)));
            ParallelPort parallel = Add(new ParallelPort(Chipset.Isa.ConnectInterrupt(irq), line));
            Ports.Map(port, ParallelPort.PortCount, parallel, $"parallel{i}");
            ports.Add(parallel);
        }

        return ports;
    }

    private ICharacterDevice Recorded(ICharacterDevice line)
    {
        if (!machine.RecordsInputs) return line;
        RecordedLine recorded = new(line, recordedLines.Count, machine);
        recordedLines.Add(recorded);
        return recorded;
    }

    private void CreateDebugDevices()
    {
        if (configuration.FirmwareLog is { } log) Ports.Map(DebugConsolePort.FirmwarePort, 1, new DebugConsolePort(log), "firmware-log");
        if (configuration.PortE9 is { } e9) Ports.Map(DebugConsolePort.BochsPort, 1, new DebugConsolePort(e9), "port-e9");
        if (configuration.DebugExit is (ushort port, int size))
        {
            Ports.Map(port, size, new IsaDebugExit(status => machine.Quit(StopReason.DebugExit, status & 0xFF)), "isa-debug-exit");
        }

        Ports.Map(BochsShutdownPort.Port, 1, Add(new BochsShutdownPort(() => machine.Quit(StopReason.PowerOff))), "bochs-shutdown");
        if (configuration.TestDevice)
        {
            PcTestDevice test = Add(new PcTestDevice(Chipset.Isa.ConnectGlobalInterrupt));
            Ports.Map(PcTestDevice.ScratchPort, PcTestDevice.ScratchPortCount, test.Scratch, "pc-testdev", priority: -1);
            Ports.Map(PcTestDevice.InterruptPort, PcTestDevice.InterruptCount, test.Interrupts, "pc-testdev-irq");
            Memory.System.AddSubregion(PcTestDevice.WindowAddress, MemoryRegion.CreateDevice("pc-testdev", PcTestDevice.WindowSize, test.Window));
        }

        if (kernel != null && !DirectBoot) Ports.Map(BootRom.Port, 1, new BootRomPort(this), "boot-rom");
    }

    private void ConfigureFirmware()
    {
        FirmwareConfiguration firmware = new()
        {
            LowRamSize = Layout.LowSize,
            HighRamSize = Layout.HighSize,
            CpuCount = configuration.Processors,
            MaxCpus = configuration.Processors,
            NoGraphic = !configuration.Vga || configuration.FirmwareOnSerial,
            BootMenu = configuration.BootMenu,
            SuspendToRam = false,
            SuspendToDisk = false,
            BootOrder = kernel != null ? [$"/rom@genroms/{BootRom.Name}", "HALT"] : [],
            Uuid = configuration.Uuid,
            Acpi = !configuration.Acpi ? null : new AcpiConfiguration
            {
                CpuCount = configuration.Processors,
                LowRamSize = Layout.LowSize,
                HighRamSize = Layout.HighSize,
                Hpet = configuration.Hpet,
                SerialPorts = [.. Uart16550.StandardPorts.Where((_, i) => i < configuration.Serial.Count && configuration.Serial[i] != null)],
                ParallelPorts = [.. ParallelPort.StandardPorts.Where((_, i) => i < configuration.Parallel.Count && configuration.Parallel[i] != null)],
                FloppyDrives = Drives.Drives.Count(d => d.Floppy != null),
            },
            Smbios = new SmbiosConfiguration
            {
                LowRamSize = Layout.LowSize,
                HighRamSize = Layout.HighSize,
                CpuCount = configuration.Processors,
                Uuid = configuration.Uuid,
            },
        };
        firmware.AddTo(FwCfg);
        if (kernel != null && !DirectBoot) FirmwareConfiguration.AddOptionRom(FwCfg, "genroms", BootRom.Name, BootRom.Build());
    }

    /// <summary>Loads firmware or kernel and puts every device and processor in its state after power-on.</summary>
    internal void PowerOn()
    {
        if (bios != null && biosRam != null) biosRam.Write(0, bios);
        foreach (Vcpu cpu in Processors) cpu.Reset();
        if (kernel != null && DirectBoot) new DirectFirmware(this).Boot(kernel);
    }

    /// <summary>RESET#: devices and processors; RAM keeps its contents, ROM shadows are restored.</summary>
    internal void Reset()
    {
        foreach (IResettable device in resettables) device.Reset();
        PowerOn();
    }

    /// <summary>The boot ROM asks for the kernel; runs after the instruction that asked.</summary>
    internal void EnterKernel()
    {
        if (kernel == null) return;
        kernel.Enter(Processors[0], Writer, ReadBiosMemoryMap(), rootPointer: 0, biosPresent: true);
    }

    /// <summary>Writes images into low RAM.</summary>
    internal GuestImageWriter Writer => new(Memory.Space, Layout.LowSize);

    private List<E820Entry> ReadBiosMemoryMap()
    {
        const ulong table = (ulong)BootRom.MapSegment << 4;
        int count = (int)Math.Min(Memory.Space.Read(table, 2), 128);
        List<E820Entry> map = [];
        for (int i = 0; i < count; i++)
        {
            ulong entry = table + 16 + (ulong)(i * BootRom.MapEntrySize);
            map.Add(new E820Entry(Memory.Space.Read(entry, 8), Memory.Space.Read(entry + 8, 8), (E820Kind)Memory.Space.Read(entry + 16, 4)));
        }

        return map;
    }

    /// <summary>The devices whose state a snapshot carries, each with what it contains.</summary>
    internal IReadOnlyList<ISnapshotable> Snapshotables => snapshotables;

    /// <summary>Guest memory: RAM, ROM, video memory.</summary>
    internal GuestMemory GuestMemory => guestMemory;

    /// <summary>Writes the state of all devices, not of processors and memory.</summary>
    internal void SaveState(BinaryWriter writer)
    {
        Apics.SaveState(writer);
        foreach (ISnapshotable device in snapshotables) device.SaveState(writer);
    }

    /// <summary>Reads what <see cref="SaveState"/> wrote.</summary>
    internal void LoadState(BinaryReader reader)
    {
        Apics.LoadState(reader);
        foreach (ISnapshotable device in snapshotables) device.LoadState(reader);
    }

    private void SetA20(bool enabled)
    {
        foreach (Vcpu cpu in Processors) cpu.Mmu.SetAddressMask(enabled ? ulong.MaxValue : ~(1ul << 20));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Drives.DrainFloppies();
        foreach (IDisposable disposable in disposables) disposable.Dispose();
        Drives.Dispose();
        // Last, for disk accesses that end meanwhile still raise interrupts.
        foreach (Vcpu cpu in Processors) cpu.Dispose();
        code.Dispose();
        guestMemory.Dispose();
    }

    private sealed class Wire(Action<bool> changed) : IInterruptLine
    {
        private bool level;

        public void Set(bool value)
        {
            if (level == value) return;
            level = value;
            changed(value);
        }
    }

    private sealed class BootRomPort(PcBoard board) : IPortDevice
    {
        public uint ReadPort(ushort offset, int size) => 0xFF;

        public void WritePort(ushort offset, int size, uint value)
        {
            // After the OUT has retired, so that the new register state is not overwritten by its completion.
            board.machine.Defer(board.EnterKernel);
        }
    }
}
