using Emu.Cpu;
using Emu.Devices.Chipset;
using Emu.Devices.Timers;
using Emu.Mmu;

namespace Emu.Devices.Tests.Chipset;

/// <summary>A whole chipset with a manual clock, recorded APIC messages and recorded power requests.</summary>
internal sealed class TestBoard : IDisposable, IApicBus, IPowerControl
{
    public const int BiosSize = 0x40000;

    private readonly List<IApicEoiListener> _eoiListeners = [];

    public TestBoard(ulong ramSize = 16 << 20)
    {
        Guest = new GuestMemory();
        GuestRam ram = Guest.AllocateRam("ram", ramSize);
        GuestRam bios = Guest.AllocateRam("bios", BiosSize);
        for (int i = 0; i < BiosSize; i++)
            bios.Bytes[i] = BiosByte(i);
        Memory = new I440FxMemory(Guest, ram, PcMemoryLayout.For(ramSize), bios);
        var configuration = new PcChipsetConfiguration
        {
            Cmos = new CmosConfiguration { LowMemory = ramSize },
            RtcStart = new DateTime(2024, 2, 28, 23, 59, 58, DateTimeKind.Utc),
        };
        Chipset = new PcChipset(configuration, Memory, Ports, new PcProcessorWires(Clock, Clock, this, Intr, Smi, this));
        Chipset.Reset();
    }

    public GuestMemory Guest { get; }

    public I440FxMemory Memory { get; }

    public PortSpace Ports { get; } = new();

    public ManualClock Clock { get; } = new();

    public Wire Intr { get; } = new();

    public Wire Smi { get; } = new();

    public PcChipset Chipset { get; }

    public List<ApicMessage> Messages { get; } = [];

    public List<string> PowerRequests { get; } = [];

    public static byte BiosByte(int offset) => (byte)(offset * 7 + (offset >> 8));

    public bool Deliver(in ApicMessage message)
    {
        Messages.Add(message);
        return true;
    }

    public void AddEoiListener(IApicEoiListener listener) => _eoiListeners.Add(listener);

    public void BroadcastEoi(byte vector) => _eoiListeners.ForEach(l => l.EndOfInterrupt(vector));

    public void RequestReset(ResetSource source, bool processorOnly = false) => PowerRequests.Add($"reset {source}");

    public void RequestPowerOff() => PowerRequests.Add("off");

    public void RequestSuspend() => PowerRequests.Add("suspend");

    public byte In(ushort port) => (byte)Ports.Read(port, 1);

    public void Out(ushort port, byte value) => Ports.Write(port, 1, value);

    public uint ReadPci(int device, int function, int offset, int size = 4)
    {
        Ports.Write(0xCF8, 4, ConfigurationAddress(device, function, offset));
        return Ports.Read((ushort)(0xCFC + (offset & 3)), size);
    }

    public void WritePci(int device, int function, int offset, uint value, int size = 4)
    {
        Ports.Write(0xCF8, 4, ConfigurationAddress(device, function, offset));
        Ports.Write((ushort)(0xCFC + (offset & 3)), size, value);
    }

    private static uint ConfigurationAddress(int device, int function, int offset) =>
        0x8000_0000u | (uint)device << 11 | (uint)function << 8 | (uint)offset & 0xFC;

    public void Dispose()
    {
        Memory.Space.Dispose();
        Memory.SystemManagementSpace.Dispose();
        Memory.PciSpace.Dispose();
        Guest.Dispose();
    }
}
