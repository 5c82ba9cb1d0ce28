using Emu.Cpu;
using Emu.Devices.Interrupts;
using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>82093AA data sheet, order 290566.</summary>
public sealed class IoApicTests : IApicBus
{
    private readonly List<ApicMessage> _messages = [];
    private readonly IoApic _ioApic;
    private bool _accept = true;

    public IoApicTests() => _ioApic = new IoApic(this);

    bool IApicBus.Deliver(in ApicMessage message)
    {
        _messages.Add(message);
        return _accept;
    }

    void IApicBus.AddEoiListener(IApicEoiListener listener)
    {
    }

    private uint Read(byte register)
    {
        _ioApic.WriteMemory(0, 4, register);
        return (uint)_ioApic.ReadMemory(0x10, 4);
    }

    private void Write(byte register, uint value)
    {
        _ioApic.WriteMemory(0, 4, register);
        _ioApic.WriteMemory(0x10, 4, value);
    }

    private void Program(int pin, uint low, uint high = 0)
    {
        Write((byte)(0x11 + 2 * pin), high);
        Write((byte)(0x10 + 2 * pin), low);
    }

    [Fact]
    public void Version_names_24_entries_and_the_EOI_register()
    {
        Assert.Equal(0x0017_0020u, Read(1));
        Assert.Equal(0x0001_0000u, Read(0x10));
        Write(0, 0xFFFF_FFFF);
        Assert.Equal(0x0F00_0000u, Read(0));
        Assert.Equal(0x0F00_0000u, Read(2));
    }

    [Fact]
    public void Read_only_bits_of_an_entry_stay_zero()
    {
        Program(3, 0xFFFE_FFFF, 0xFFFF_FFFF);
        Assert.Equal(0x0000_AFFFu, Read(0x16));
        Assert.Equal(0xFF00_0000u, Read(0x17));
    }

    [Fact]
    public void An_edge_sends_one_message_as_programmed()
    {
        Program(4, 0x0931, 0x0300_0000);
        _ioApic.Input(4).Set(true);
        _ioApic.Input(4).Set(true);
        Assert.Equal([new ApicMessage(3, true, ApicDeliveryMode.LowestPriority, 0x31, true, false)], _messages);
        _ioApic.Input(4).Set(false);
        _ioApic.Input(4).Set(true);
        Assert.Equal(2, _messages.Count);
    }

    [Fact]
    public void An_edge_on_a_masked_input_is_lost()
    {
        Program(4, 0x1_0031);
        _ioApic.Input(4).Set(true);
        Program(4, 0x0031);
        Assert.Empty(_messages);
    }

    [Fact]
    public void A_level_is_sent_again_only_after_EOI_while_it_stays_high()
    {
        Program(10, 0x8042);
        _ioApic.Input(10).Set(true);
        Assert.Single(_messages);
        Assert.True(_messages[0].LevelTriggered);
        Assert.Equal(0xC042u, Read(0x24));
        _ioApic.EndOfInterrupt(0x41);
        Assert.Single(_messages);
        _ioApic.EndOfInterrupt(0x42);
        Assert.Equal(2, _messages.Count);
        _ioApic.Input(10).Set(false);
        _ioApic.EndOfInterrupt(0x42);
        Assert.Equal(2, _messages.Count);
        Assert.Equal(0x8042u, Read(0x24));
    }

    [Fact]
    public void A_level_on_a_masked_input_is_sent_when_unmasked()
    {
        Program(10, 0x1_8042);
        _ioApic.Input(10).Set(true);
        Assert.Empty(_messages);
        Program(10, 0x8042);
        Assert.Single(_messages);
    }

    [Fact]
    public void The_EOI_register_ends_every_entry_with_the_vector()
    {
        Program(10, 0x8042);
        Program(11, 0x8042);
        _ioApic.Input(10).Set(true);
        _ioApic.Input(11).Set(true);
        _ioApic.Input(10).Set(false);
        _ioApic.WriteMemory(0x40, 4, 0x42);
        Assert.Equal(3, _messages.Count);
        Assert.Equal(0x8042u, Read(0x24));
        Assert.Equal(0xC042u, Read(0x26));
    }

    [Fact]
    public void A_trip_through_edge_mode_clears_remote_IRR()
    {
        Program(10, 0x8042);
        _ioApic.Input(10).Set(true);
        _ioApic.Input(10).Set(false);
        Program(10, 0x1_0042);
        Program(10, 0x8042);
        Assert.Equal(0x8042u, Read(0x24));
    }

    [Fact]
    public void A_level_no_local_APIC_accepts_is_not_marked_pending()
    {
        _accept = false;
        Program(10, 0x8042, 0x7700_0000);
        _ioApic.Input(10).Set(true);
        Assert.Equal(0x8042u, Read(0x24));
    }

    [Theory]
    [InlineData(0x0400u, ApicDeliveryMode.Nmi)]
    [InlineData(0x0700u, ApicDeliveryMode.ExternalInterrupt)]
    [InlineData(0x0200u, ApicDeliveryMode.Smi)]
    public void Other_delivery_modes_pass_through(uint low, ApicDeliveryMode mode)
    {
        Program(2, low);
        _ioApic.Input(2).Set(true);
        Assert.Equal(mode, Assert.Single(_messages).DeliveryMode);
    }

    [Fact]
    public void MSI_writes_become_messages_with_the_fields_of_address_and_data()
    {
        var target = new ApicMessageTarget(this);
        target.Send(0xFEE0_500C, 0x4151);
        target.Send(0x0000_1000, 0x0041);
        Assert.Equal([new ApicMessage(5, true, ApicDeliveryMode.LowestPriority, 0x51, true, false)], _messages);
    }

    [Fact]
    public void State_survives_a_snapshot()
    {
        Program(10, 0x8042, 0x0100_0000);
        _ioApic.Input(10).Set(true);
        var stream = new MemoryStream();
        _ioApic.SaveState(new BinaryWriter(stream));
        stream.Position = 0;
        var copy = new IoApic(this);
        copy.LoadState(new BinaryReader(stream));
        _messages.Clear();
        copy.EndOfInterrupt(0x42);
        Assert.Equal(1u, Assert.Single(_messages).Destination);
    }
}
