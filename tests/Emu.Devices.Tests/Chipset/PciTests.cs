using Emu.Cpu;
using Emu.Devices.Pci;
using Emu.Mmu;
using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>PCI Local Bus specification 3.0, chapter 6, through configuration mechanism 1.</summary>
public sealed class PciTests : IDisposable
{
    private const int Slot = 4;

    private readonly TestBoard _board = new();
    private readonly Card _card;

    public PciTests() => _card = _board.Chipset.Pci.Add(new Card(), Slot);

    public void Dispose() => _board.Dispose();

    private uint Read(int offset, int size = 4) => _board.ReadPci(Slot, 0, offset, size);

    private void Write(int offset, uint value, int size = 4) => _board.WritePci(Slot, 0, offset, value, size);

    [Fact]
    public void Identification_is_readable_in_every_size_and_read_only()
    {
        Write(0x00, 0xFFFF_FFFF);
        Write(0x08, 0xFFFF_FFFF);
        Assert.Equal(0x5678_1234u, Read(0));
        Assert.Equal(0x5678u, Read(2, 2));
        Assert.Equal(0x56u, Read(3, 1));
        Assert.Equal(0x0102_0309u, Read(8));
        Assert.Equal(0x1100_1AF4u, Read(0x2C));
        Assert.Equal(0x01u, Read(0x3D, 1));
    }

    [Fact]
    public void An_empty_slot_and_another_bus_read_all_ones()
    {
        Assert.Equal(0xFFFF_FFFFu, _board.ReadPci(20, 0, 0));
        Assert.Equal(0xFFFFu, _board.ReadPci(Slot, 3, 0, 2));
        _board.Ports.Write(0xCF8, 4, 0x8001_0000 | Slot << 11);
        Assert.Equal(0xFFFF_FFFFu, _board.Ports.Read(0xCFC, 4));
    }

    [Fact]
    public void CONFADD_takes_dwords_only_and_disables_CONFDATA_without_its_enable_bit()
    {
        _board.Ports.Write(0xCF8, 4, 0xFFFF_FFFF);
        Assert.Equal(0x80FF_FFFCu, _board.Ports.Read(0xCF8, 4));
        _board.Ports.Write(0xCF8, 4, Slot << 11);
        _board.Ports.Write(0xCF8, 1, 0x55);
        _board.Ports.Write(0xCFA, 2, 0x8000);
        Assert.Equal((uint)Slot << 11, _board.Ports.Read(0xCF8, 4));
        Assert.Equal(0xFFFF_FFFFu, _board.Ports.Read(0xCFC, 4));
        Assert.Equal(0xFFu, _board.Ports.Read(0xCF8, 1));
    }

    [Fact]
    public void BARs_size_as_the_specification_says()
    {
        foreach (int bar in new[] { 0x10, 0x14, 0x18, 0x1C, 0x30 })
            Write(bar, 0xFFFF_FFFF);
        Assert.Equal(0xFFFF_F000u, Read(0x10));
        Assert.Equal(0xFFFF_FFE1u, Read(0x14));
        Assert.Equal(0xFFFF_000Cu, Read(0x18));
        Assert.Equal(0xFFFF_FFFFu, Read(0x1C));
        Assert.Equal(0xFFFF_F001u, Read(0x30));
        Assert.Equal(0u, Read(0x20));
        Assert.All(_card.Bars, bar => Assert.Null(bar.MappedAddress));
    }

    [Fact]
    public void A_memory_BAR_appears_when_programmed_and_enabled_and_moves_with_the_register()
    {
        Write(0x10, 0xE000_0000);
        Assert.Equal(0xFFul, _board.Memory.Space.Read(0xE000_0010, 1));
        Write(0x04, 0x0002, 2);
        Assert.Equal(0x10ul, _board.Memory.Space.Read(0xE000_0010, 1));
        Write(0x10, 0xE100_0000);
        Assert.Equal(0xFFul, _board.Memory.Space.Read(0xE000_0010, 1));
        _board.Memory.Space.Write(0xE100_0020, 4, 0xDEAD_BEEF);
        Assert.Equal((0x20ul, 0xDEAD_BEEFul), _card.LastWrite);
        Write(0x04, 0x0000, 2);
        Assert.Equal(0xFFul, _board.Memory.Space.Read(0xE100_0010, 1));
    }

    [Fact]
    public void A_64_bit_BAR_can_lie_above_4_GiB()
    {
        Write(0x18, 0x0001_0000);
        Write(0x1C, 0x0000_0040);
        Write(0x04, 0x0002, 2);
        Assert.Equal(0x40_0001_0000ul, _card.Bars[2].MappedAddress);
        Assert.Equal(0x34ul, _board.Memory.Space.Read(0x40_0001_0034, 1));
    }

    [Fact]
    public void A_port_BAR_appears_in_the_port_space()
    {
        Write(0x14, 0xC000);
        Write(0x04, 0x0001, 2);
        _board.Out(0xC005, 0x77);
        Assert.Equal((5ul, 0x77ul), _card.LastWrite);
        Assert.Equal(0x06, _board.In(0xC006));
        Write(0x14, 0xC100);
        Assert.Equal(0xFF, _board.In(0xC006));
        Assert.Equal(0x06, _board.In(0xC106));
    }

    [Fact]
    public void The_expansion_ROM_needs_its_own_enable_bit()
    {
        Write(0x30, 0xE200_0000);
        Write(0x04, 0x0002, 2);
        Assert.Equal(0xFFFFul, _board.Memory.Space.Read(0xE200_0000, 2));
        Write(0x30, 0xE200_0001);
        Assert.Equal(0xAA55ul, _board.Memory.Space.Read(0xE200_0000, 2));
        Assert.Equal(0xFFul, _board.Memory.Space.Read(0xE200_0FFF, 1));
    }

    [Fact]
    public void RAM_hides_a_BAR_placed_over_it()
    {
        Write(0x10, 0x0010_0000);
        Write(0x04, 0x0002, 2);
        Assert.Equal(0ul, _board.Memory.Space.Read(0x0010_0010, 1));
    }

    [Fact]
    public void Bus_mastering_follows_the_command_register()
    {
        byte[] data = [1, 2, 3, 4];
        byte[] back = new byte[4];
        _card.BusMemory.Write(0x2000, data);
        _card.BusMemory.Read(0x2000, back);
        Assert.Equal([0xFF, 0xFF, 0xFF, 0xFF], back);
        Write(0x04, 0x0004, 2);
        _card.BusMemory.Read(0x2000, back);
        Assert.Equal([0, 0, 0, 0], back);
        _card.BusMemory.Write(0x2000, data);
        Assert.Equal(0x0403_0201ul, _board.Memory.Space.Read(0x2000, 4));
    }

    [Fact]
    public void An_interrupt_reaches_the_IRQ_its_PIRQ_is_routed_to_as_a_level()
    {
        // Slot 4 pin A is PIRQD: route to IRQ 11, level-triggered in both controllers.
        _board.WritePci(1, 0, 0x63, 11, 1);
        _board.Out(0x4D1, 0x08);
        _card.Interrupt.Set(true);
        Assert.Equal(0x08, _board.Chipset.Pic.Slave.RequestRegister);
        Assert.Equal(0x0008u, Read(0x06, 2) & 8);
        Write(0x04, 0x0400, 2);
        Assert.Equal(0x00, _board.Chipset.Pic.Slave.RequestRegister);
        Write(0x04, 0x0000, 2);
        Assert.Equal(0x08, _board.Chipset.Pic.Slave.RequestRegister);
        _board.WritePci(1, 0, 0x63, 0x80, 1);
        Assert.Equal(0x00, _board.Chipset.Pic.Slave.RequestRegister);
        _board.WritePci(1, 0, 0x63, 5, 1);
        Assert.Equal(0x20, _board.Chipset.Pic.Master.RequestRegister);
        _card.Interrupt.Set(false);
        Assert.Equal(0x00, _board.Chipset.Pic.Master.RequestRegister);
    }

    [Fact]
    public void Two_functions_share_a_net_until_both_release_it()
    {
        Card other = _board.Chipset.Pci.Add(new Card(), Slot + 4);
        _board.WritePci(1, 0, 0x63, 10, 1);
        _board.Out(0x4D1, 0x04);
        _card.Interrupt.Set(true);
        other.Interrupt.Set(true);
        _card.Interrupt.Set(false);
        Assert.Equal(0x04, _board.Chipset.Pic.Slave.RequestRegister);
        other.Interrupt.Set(false);
        Assert.Equal(0x00, _board.Chipset.Pic.Slave.RequestRegister);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(13)]
    public void System_IRQs_cannot_be_PCI_interrupts(int irq)
    {
        _board.WritePci(1, 0, 0x63, (uint)irq, 1);
        Assert.Null(_board.Chipset.IsaBridge.RouteOf(3));
    }

    [Fact]
    public void Status_error_bits_are_cleared_by_writing_one()
    {
        _card.SignalError();
        Assert.Equal(0x2000u, Read(6, 2) & 0xF900);
        Write(6, 0x0000, 2);
        Assert.Equal(0x2000u, Read(6, 2) & 0xF900);
        Write(6, 0x2000, 2);
        Assert.Equal(0u, Read(6, 2) & 0xF900);
    }

    [Fact]
    public void The_capability_list_links_MSI_and_the_vendor_capability()
    {
        Assert.Equal(0x10u, Read(6, 2) & 0x10);
        Assert.Equal(0x50u, Read(0x34, 1));
        Assert.Equal(0x70_05u, Read(0x50, 2));
        Assert.Equal(0x00_09u, Read(0x70, 2));
        Assert.Equal(0x0184u, Read(0x52, 2));
    }

    [Fact]
    public void MSI_sends_address_and_data_with_the_vector_and_respects_masks()
    {
        Write(0x54, 0xFEE0_1000);
        Write(0x5C, 0x0040, 2);
        _card.Msi.Send(1);
        Assert.Empty(_board.Messages);
        Write(0x52, 0x0021, 2);
        _card.Msi.Send(3);
        Assert.Equal(new ApicMessage(1, false, ApicDeliveryMode.Fixed, 0x43, true, false), Assert.Single(_board.Messages));
        Write(0x60, 0x2);
        _card.Msi.Send(1);
        Assert.Single(_board.Messages);
        Assert.Equal(2u, Read(0x64));
        Write(0x60, 0);
        Assert.Equal(0x41, _board.Messages[1].Vector);
        Assert.Equal(0u, Read(0x64));
    }

    [Fact]
    public void Reset_unmaps_and_restores_the_reset_values()
    {
        Write(0x10, 0xE000_0000);
        Write(0x04, 0x0007, 2);
        Write(0x3C, 11, 1);
        _card.Interrupt.Set(true);
        _board.Chipset.Reset();
        Assert.Null(_card.Bars[0].MappedAddress);
        Assert.Equal(0u, Read(0x10));
        Assert.Equal(0u, Read(0x04, 2));
        Assert.Equal(0u, Read(0x3C, 1));
        Assert.Equal(0u, Read(0x06, 2) & 8);
    }

    [Fact]
    public void A_snapshot_restores_mappings_and_interrupt()
    {
        Write(0x10, 0xE000_0000);
        Write(0x04, 0x0002, 2);
        _board.WritePci(1, 0, 0x63, 11, 1);
        _board.Out(0x4D1, 0x08);
        _card.Interrupt.Set(true);
        var stream = new MemoryStream();
        _board.Chipset.SaveState(new BinaryWriter(stream));
        using var other = new TestBoard();
        Card card = other.Chipset.Pci.Add(new Card(), Slot);
        stream.Position = 0;
        other.Chipset.LoadState(new BinaryReader(stream));
        Assert.Equal(stream.Length, stream.Position);
        Assert.Equal(0xE000_0000ul, card.Bars[0].MappedAddress);
        Assert.Equal(0x08, other.Chipset.Pic.Slave.RequestRegister);
        card.Interrupt.Set(false);
        Assert.Equal(0x00, other.Chipset.Pic.Slave.RequestRegister);
    }

    [Fact]
    public void A_taken_slot_is_refused_with_the_name_of_its_card()
    {
        var error = Assert.Throws<InvalidOperationException>(() => _board.Chipset.Pci.Add(new Card(), Slot));
        Assert.Contains("04.0", error.Message);
        Assert.Contains("card", error.Message);
        Assert.Equal(2, _board.Chipset.Pci.Add(new Card()).DeviceNumber);
    }

    [Fact]
    public void A_second_function_makes_the_device_multifunction()
    {
        Assert.Equal(0u, Read(0x0E, 1));
        _board.Chipset.Pci.Add(new Card(), Slot, 1);
        Assert.Equal(0x80u, Read(0x0E, 1));
    }

    /// <summary>A card with every kind of BAR.</summary>
    private sealed class Card : PciDevice, IMemoryDevice, IPortDevice
    {
        public Card()
            : base("card", new PciIdentity(0x1234, 0x5678, 0x010203, 0x09, InterruptPin: 1))
        {
            AddMemoryBar(0, 0x1000, this);
            AddPortBar(1, 0x20, this);
            AddMemoryBar(2, 0x1_0000, this, prefetchable: true, is64Bit: true);
            byte[] rom = new byte[2500];
            rom[0] = 0x55;
            rom[1] = 0xAA;
            AddExpansionRom(rom);
            Msi = AddMsiCapability(0x50, 4, perVectorMasking: true);
            AddCapability(PciCapabilityId.VendorSpecific, 0x70, 8);
        }

        public MsiCapability Msi { get; }

        public (ulong Offset, ulong Value) LastWrite { get; private set; }

        public void SignalError() => Configuration[7] |= 0x20;

        protected override void ConfigurationWritten(int offset, int size) => Msi.ConfigurationWritten();

        public ulong ReadMemory(ulong offset, int size) => offset;

        public void WriteMemory(ulong offset, int size, ulong value) => LastWrite = (offset, value);

        public uint ReadPort(ushort offset, int size) => offset;

        public void WritePort(ushort offset, int size, uint value) => LastWrite = (offset, value);
    }
}
