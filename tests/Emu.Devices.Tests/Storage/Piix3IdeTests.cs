using Emu.Devices.Pci;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Ide;
using Emu.Mmu;
using Xunit;

namespace Emu.Devices.Tests.Storage;

public sealed class Piix3IdeTests
{
    private readonly MemoryImage _image = new(MemoryImage.Pattern(1000 * 512));
    private readonly ManualClock _clock = new();
    private readonly FlatMemory _memory = new(1 << 20);
    private readonly PortSpace _ports = new();
    private readonly PciBus _bus;
    private readonly TestIsaBus _isa;
    private readonly Piix3Ide _ide;

    public Piix3IdeTests()
    {
        _isa = new TestIsaBus(_memory);
        _bus = new PciBus(MemoryRegion.CreateContainer("pci", 1UL << 32), _ports, _memory);
        _ide = _bus.Add(new Piix3Ide(_isa), 1, 1);
        _ide.Attach(0, new AtaDisk(new DeterministicBlockBackend(_image, _clock)));
        _ide.Attach(2, new AtapiCdRom());
    }

    [Fact]
    public void It_identifies_as_the_piix3_function()
    {
        Assert.Equal(0x70108086u, _ide.ReadConfiguration(0, 4));
        Assert.Equal(0x01018000u, _ide.ReadConfiguration(8, 4));
        _ide.WriteConfiguration(0x20, 4, 0xFFFFFFFF);
        Assert.Equal(0xFFFFFFF1u, _ide.ReadConfiguration(0x20, 4));
    }

    [Fact]
    public void Ports_answer_only_while_io_space_and_the_channel_are_enabled()
    {
        Assert.Equal(0xFFu, _ports.Read(0x1F7, 1));
        _ide.WriteConfiguration(4, 2, 1);
        Assert.Equal(0xFFu, _ports.Read(0x1F7, 1));
        _ide.WriteConfiguration(0x40, 2, 0x8000);
        Assert.Equal(0x50u, _ports.Read(0x1F7, 1));
        Assert.Equal(0x50u, _ports.Read(0x3F6, 1));
        Assert.Equal(0xFFu, _ports.Read(0x177, 1));
        _ide.EnableDecoding();
        Assert.Equal(0x00u, _ports.Read(0x177, 1));
        Assert.Equal(0x14u, _ports.Read(0x174, 1));
        _bus.Reset();
        Assert.Equal(0xFFu, _ports.Read(0x1F7, 1));
    }

    [Fact]
    public void The_bus_master_behind_bar_4_moves_data_and_interrupt_14_tells()
    {
        _ide.EnableDecoding();
        _ide.WriteConfiguration(0x20, 4, 0xC001);
        _ide.WriteConfiguration(4, 2, 5);
        new byte[] { 0, 0x80, 0, 0, 0, 4, 0, 0x80 }.CopyTo(_memory.Bytes, 0x500);
        _ports.Write(0xC004, 4, 0x500);
        _ports.Write(0xC000, 1, 8);
        foreach ((ushort port, uint value) in new (ushort, uint)[] { (0x1F6, 0xE0), (0x1F2, 2), (0x1F3, 9), (0x1F4, 0), (0x1F5, 0), (0x1F7, 0xC8) }) _ports.Write(port, 1, value);
        _ports.Write(0xC000, 1, 9);
        Assert.Equal(0x01u, _ports.Read(0xC002, 1) & 7);
        _clock.Settle();
        Assert.Equal(0x04u, _ports.Read(0xC002, 1) & 7);
        Assert.True(_isa.Lines[14].Level);
        Assert.True(_image.Data.AsSpan(9 * 512, 1024).SequenceEqual(_memory.Bytes.AsSpan(0x8000, 1024)));
        Assert.Equal(0x50u, _ports.Read(0x1F7, 1));
        Assert.False(_isa.Lines[14].Level);
    }

    [Fact]
    public void State_survives_saving_and_loading()
    {
        _ide.EnableDecoding();
        _ports.Write(0x1F2, 1, 0x5A);
        var stream = new MemoryStream();
        _ide.SaveState(new BinaryWriter(stream));
        _ide.Reset();
        Assert.Equal(0xFFu, _ports.Read(0x1F2, 1));
        stream.Position = 0;
        _ide.LoadState(new BinaryReader(stream));
        Assert.Equal(0x5Au, _ports.Read(0x1F2, 1));
    }
}
