using Emu.Devices.Interrupts;
using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>8259A data sheet, order 231468; PIIX3 data sheet 2.5.4.</summary>
public sealed class PicTests
{
    private readonly Wire _intr = new();
    private readonly PicPair _pic;

    public PicTests()
    {
        _pic = new PicPair(_intr);
        Initialize(0x01);
    }

    private void Initialize(byte icw4)
    {
        Out(0x20, 0x11);
        Out(0x21, 0x08);
        Out(0x21, 0x04);
        Out(0x21, icw4);
        Out(0xA0, 0x11);
        Out(0xA1, 0x70);
        Out(0xA1, 0x02);
        Out(0xA1, (byte)(icw4 & ~0x10));
    }

    private void Out(int port, byte value) => (port < 0xA0 ? _pic.Master : _pic.Slave).WritePort((ushort)(port & 1), 1, value);

    private byte In(int port) => (byte)(port < 0xA0 ? _pic.Master : _pic.Slave).ReadPort((ushort)(port & 1), 1);

    private void Pulse(int irq)
    {
        _pic.Input(irq).Set(false);
        _pic.Input(irq).Set(true);
    }

    private void SpecificEoi(int irq)
    {
        if (irq >= 8)
            Out(0xA0, (byte)(0x60 | irq - 8));
        Out(0x20, (byte)(0x60 | (irq >= 8 ? 2 : irq)));
    }

    [Theory]
    [InlineData(0, 0x08)]
    [InlineData(7, 0x0F)]
    [InlineData(8, 0x70)]
    [InlineData(15, 0x77)]
    public void A_request_is_acknowledged_with_the_programmed_vector(int irq, byte vector)
    {
        Pulse(irq);
        Assert.True(_intr.Level);
        Assert.Equal(vector, _pic.AcknowledgeInterrupt());
        Assert.False(_intr.Level);
        Assert.Equal(1, _pic.AcknowledgeCount(irq));
    }

    [Fact]
    public void A_lower_priority_request_waits_for_the_end_of_interrupt()
    {
        Pulse(3);
        _pic.AcknowledgeInterrupt();
        Pulse(5);
        Assert.False(_intr.Level);
        Pulse(1);
        Assert.True(_intr.Level);
        Assert.Equal(0x09, _pic.AcknowledgeInterrupt());
        Out(0x20, 0x20);
        Assert.False(_intr.Level);
        Out(0x20, 0x20);
        Assert.True(_intr.Level);
        Assert.Equal(0x0D, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void A_masked_edge_is_kept_until_it_is_unmasked()
    {
        Out(0x21, 0x10);
        Pulse(4);
        Assert.False(_intr.Level);
        Assert.Equal(0x10, In(0x20));
        Out(0x21, 0x00);
        Assert.True(_intr.Level);
        Assert.Equal(0x0C, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void An_edge_input_held_high_requests_once()
    {
        Pulse(4);
        _pic.AcknowledgeInterrupt();
        SpecificEoi(4);
        Assert.False(_intr.Level);
        Pulse(4);
        Assert.True(_intr.Level);
    }

    [Fact]
    public void A_level_input_held_high_requests_again_after_EOI()
    {
        _pic.EdgeLevelControl.WritePort(1, 1, 0x08);
        _pic.Input(11).Set(true);
        Assert.Equal(0x73, _pic.AcknowledgeInterrupt());
        SpecificEoi(11);
        Assert.True(_intr.Level);
        _pic.Input(11).Set(false);
        Assert.False(_intr.Level);
    }

    [Fact]
    public void The_ELCR_bits_of_system_interrupts_read_zero()
    {
        _pic.EdgeLevelControl.WritePort(0, 1, 0xFF);
        _pic.EdgeLevelControl.WritePort(1, 1, 0xFF);
        Assert.Equal(0xF8u, _pic.EdgeLevelControl.ReadPort(0, 1));
        Assert.Equal(0xDEu, _pic.EdgeLevelControl.ReadPort(1, 1));
    }

    [Fact]
    public void A_request_that_vanished_gives_IR7_without_in_service_bit()
    {
        Pulse(4);
        _pic.Input(4).Set(false);
        Assert.Equal(0x0F, _pic.AcknowledgeInterrupt());
        Out(0x20, 0x0B);
        Assert.Equal(0, In(0x20));
        Assert.Equal(1, _pic.Master.SpuriousCount);
    }

    [Fact]
    public void A_spurious_slave_request_gives_IRQ15_and_leaves_the_cascade_in_service()
    {
        // The slave's INT falls only after the master was asked: reproduce it with the slave masked between the two.
        Pulse(12);
        Assert.True(_intr.Level);
        Assert.Equal(2, _pic.Master.Acknowledge());
        _pic.Input(12).Set(false);
        Assert.Equal(-1, _pic.Slave.Acknowledge());
        Assert.Equal(0x77, _pic.Slave.VectorOf(-1));
        Out(0x20, 0x0B);
        Assert.Equal(0x04, In(0x20));
        Out(0xA0, 0x0B);
        Assert.Equal(0x00, In(0xA0));
    }

    [Fact]
    public void Automatic_EOI_leaves_nothing_in_service()
    {
        Initialize(0x03);
        Pulse(6);
        Assert.Equal(0x0E, _pic.AcknowledgeInterrupt());
        Out(0x20, 0x0B);
        Assert.Equal(0, In(0x20));
        Pulse(7);
        Assert.True(_intr.Level);
    }

    [Fact]
    public void Rotation_on_automatic_EOI_serves_equal_devices_in_turn()
    {
        Initialize(0x03);
        Out(0x20, 0x80);
        Pulse(0);
        Pulse(1);
        Assert.Equal(0x08, _pic.AcknowledgeInterrupt());
        Pulse(0);
        Assert.Equal(0x09, _pic.AcknowledgeInterrupt());
        Assert.Equal(0x08, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Set_priority_makes_a_level_the_lowest()
    {
        Out(0x20, 0xC0 | 4);
        Pulse(4);
        Pulse(5);
        Assert.Equal(0x0D, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Rotate_on_specific_EOI_ends_the_level_and_makes_it_lowest()
    {
        Pulse(3);
        _pic.AcknowledgeInterrupt();
        Out(0x20, 0xE0 | 3);
        Pulse(3);
        Pulse(6);
        Assert.Equal(0x0E, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Rotate_on_nonspecific_EOI_ends_the_highest_in_service()
    {
        Pulse(3);
        _pic.AcknowledgeInterrupt();
        Out(0x20, 0xA0);
        Pulse(3);
        Pulse(4);
        Assert.Equal(0x0C, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Special_mask_mode_lets_lower_levels_through_a_masked_service()
    {
        Pulse(2 + 1);
        _pic.AcknowledgeInterrupt();
        Pulse(6);
        Assert.False(_intr.Level);
        Out(0x21, 0x08);
        Out(0x20, 0x68);
        Assert.True(_intr.Level);
        Assert.Equal(0x0E, _pic.AcknowledgeInterrupt());
        // A masked in-service bit survives a non-specific EOI in this mode.
        Out(0x20, 0x20);
        Out(0x20, 0x0B);
        Assert.Equal(0x08, In(0x20));
        Out(0x20, 0x48);
        Out(0x20, 0x20);
        Assert.Equal(0x00, In(0x20));
    }

    [Fact]
    public void Special_fully_nested_mode_lets_a_slave_interrupt_itself_but_not_lower_master_levels()
    {
        Initialize(0x11);
        Pulse(12);
        Assert.Equal(0x74, _pic.AcknowledgeInterrupt());
        Pulse(5);
        Assert.False(_intr.Level);
        Pulse(8);
        Assert.True(_intr.Level);
        Assert.Equal(0x70, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Without_special_fully_nested_mode_a_slave_in_service_blocks_itself()
    {
        Pulse(12);
        _pic.AcknowledgeInterrupt();
        Pulse(8);
        Assert.False(_intr.Level);
    }

    [Fact]
    public void Poll_acknowledges_on_the_next_read_and_names_the_level()
    {
        Pulse(5);
        Out(0x20, 0x0C);
        Assert.Equal(0x85, In(0x20));
        Assert.False(_intr.Level);
        Out(0x20, 0x0B);
        Assert.Equal(0x20, In(0x20));
        Out(0x20, 0x0C);
        Assert.Equal(0x00, In(0x20));
    }

    [Fact]
    public void ICW1_clears_mask_and_service_and_forgets_edges()
    {
        Out(0x21, 0xFF);
        Pulse(4);
        Out(0x20, 0x11);
        Out(0x21, 0x20);
        Out(0x21, 0x04);
        Out(0x21, 0x01);
        Assert.Equal(0x00, In(0x21));
        Assert.False(_intr.Level);
        Pulse(4);
        Assert.Equal(0x24, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Without_ICW4_the_sequence_ends_after_ICW3()
    {
        Out(0x20, 0x10);
        Out(0x21, 0x40);
        Out(0x21, 0x04);
        Out(0x21, 0xFE);
        Assert.Equal(0xFE, In(0x21));
    }

    [Fact]
    public void State_survives_a_snapshot()
    {
        Out(0x21, 0x02);
        Pulse(3);
        _pic.AcknowledgeInterrupt();
        Pulse(12);
        Out(0x20, 0xC5);
        var stream = new MemoryStream();
        _pic.SaveState(new BinaryWriter(stream));
        stream.Position = 0;
        var intr = new Wire();
        var copy = new PicPair(intr);
        copy.LoadState(new BinaryReader(stream));
        Assert.Equal(_intr.Level, intr.Level);
        var before = new StringWriter();
        var after = new StringWriter();
        _pic.Describe(before);
        copy.Describe(after);
        Assert.Equal(before.ToString(), after.ToString());
        Assert.Contains("imr=02 isr=08 hprio=6 irq_base=08", after.ToString());
    }
}
