using Emu.Devices.Display;
using Emu.Devices.Pci;
using Emu.Mmu;

namespace Emu.Devices.Tests.Display;

/// <summary>A standard VGA on a small board: ports, the legacy window, and its BARs at 0xE0000000 and 0xE1000000.</summary>
internal sealed class VgaBench : IDisposable
{
    public const ulong FrameBuffer = 0xE0000000, Registers = 0xE1000000;
    private readonly GuestMemory _memory = new(1ul << 30);

    public VgaBench(byte[]? bios = null, ulong memorySize = 2 << 20)
    {
        Vga = new StandardVga(_memory, Clock, bios, memorySize);
        MemoryRegion root = MemoryRegion.CreateContainer("system");
        Space = new AddressSpace("memory", _memory, root);
        MemoryRegion pci = MemoryRegion.CreateContainer("pci");
        root.AddSubregion(0, pci);
        root.AddSubregion(StandardVga.LegacyWindowAddress, Vga.LegacyWindow, 2);
        Bus = new PciBus(pci, Ports, Space);
        Bus.Add(Vga, 2);
        Vga.MapPorts(Ports);
        Vga.WriteConfiguration(0x10, 4, (uint)FrameBuffer);
        Vga.WriteConfiguration(0x18, 4, (uint)Registers);
        Vga.WriteConfiguration(4, 2, 3);
    }

    public ManualClock Clock { get; } = new();

    public PortSpace Ports { get; } = new();

    public PciBus Bus { get; }

    public AddressSpace Space { get; }

    public StandardVga Vga { get; }

    public GuestRam VideoMemory => _memory.Blocks.First(b => b.Name == "vga.vram");

    public byte In(int port) => (byte)Ports.Read((ushort)port, 1);

    public void Out(int port, int value) => Ports.Write((ushort)port, 1, (byte)value);

    public void Indexed(int port, int index, int value) => Ports.Write((ushort)port, 2, (uint)(value << 8 | index));

    public void Vbe(int index, int value)
    {
        Ports.Write(0x1CE, 2, (uint)index);
        Ports.Write(0x1CF, 2, (uint)value);
    }

    public int Vbe(int index)
    {
        Ports.Write(0x1CE, 2, (uint)index);
        return (int)Ports.Read(0x1CF, 2);
    }

    public void VbeMode(int width, int height, int bits)
    {
        Vbe(4, 0);
        Vbe(1, width);
        Vbe(2, height);
        Vbe(3, bits);
        Vbe(4, 0x41);
        In(0x3DA);
        Out(0x3C0, 0x20);
    }

    public void Colour(int index, int red, int green, int blue)
    {
        Out(0x3C8, index);
        Out(0x3C9, red);
        Out(0x3C9, green);
        Out(0x3C9, blue);
    }

    public void Poke(ulong address, params byte[] bytes) => Space.Write(address, bytes);

    public byte Peek(ulong address)
    {
        Span<byte> one = stackalloc byte[1];
        Space.Read(address, one);
        return one[0];
    }

    public void Dispose()
    {
        Space.Dispose();
        _memory.Dispose();
    }
}
