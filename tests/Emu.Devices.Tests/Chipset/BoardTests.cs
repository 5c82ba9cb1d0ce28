using Emu.Cpu;
using Emu.Devices.Chipset;
using Emu.Mmu;
using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>82441FX (290549), PIIX3 (290550) and PIIX4 (290562) data sheets; reset values as QEMU 7.2's pc shows them.</summary>
public sealed class BoardTests : IDisposable
{
    private const int Pm = 0x600;

    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    private byte Peek(ulong address) => (byte)_board.Memory.Space.Read(address, 1);

    private byte PeekInSmm(ulong address) => (byte)_board.Memory.SystemManagementSpace.Read(address, 1);

    private void Poke(ulong address, byte value) => _board.Memory.Space.Write(address, 1, value);

    private byte Ram(ulong address)
    {
        Span<byte> one = stackalloc byte[1];
        _board.Memory.Ram.Read(address, one);
        return one[0];
    }

    private static byte Bios(ulong address) => TestBoard.BiosByte((int)(TestBoard.BiosSize - (0x100000 - address)));

    private void EnablePm()
    {
        _board.WritePci(1, 3, 0x40, Pm | 1);
        _board.WritePci(1, 3, 0x80, 1, 1);
    }

    [Theory]
    [InlineData(0, 0, 0x00, 0x1237_8086u)]
    [InlineData(0, 0, 0x08, 0x0600_0002u)]
    [InlineData(0, 0, 0x70, 0x0002_0000u)]
    [InlineData(1, 0, 0x00, 0x7000_8086u)]
    [InlineData(1, 0, 0x08, 0x0601_0000u)]
    [InlineData(1, 0, 0x0C, 0x0080_0000u)]
    [InlineData(1, 0, 0x4C, 0x0003_004Du)]
    [InlineData(1, 0, 0x60, 0x8080_8080u)]
    [InlineData(1, 0, 0x68, 0x0000_0200u)]
    [InlineData(1, 0, 0x70, 0x0000_0080u)]
    [InlineData(1, 0, 0x74, 0x0C0C_0000u)]
    [InlineData(1, 0, 0x78, 0x0000_0002u)]
    [InlineData(1, 0, 0xA0, 0x0000_0008u)]
    [InlineData(1, 0, 0xA8, 0x0000_000Fu)]
    [InlineData(1, 3, 0x00, 0x7113_8086u)]
    [InlineData(1, 3, 0x04, 0x0280_0000u)]
    [InlineData(1, 3, 0x08, 0x0680_0003u)]
    [InlineData(1, 3, 0x2C, 0x1100_1AF4u)]
    [InlineData(1, 3, 0x3C, 0x0000_0100u)]
    [InlineData(1, 3, 0x40, 0x0000_0001u)]
    [InlineData(1, 3, 0x5C, 0x1000_0000u)]
    [InlineData(1, 3, 0x60, 0x6000_0000u)]
    [InlineData(1, 3, 0x90, 0x0000_B101u)]
    [InlineData(1, 3, 0xD0, 0x0009_0000u)]
    public void Configuration_registers_reset_to_what_QEMU_shows(int device, int function, int offset, uint value) =>
        Assert.Equal(value, _board.ReadPci(device, function, offset));

    [Theory]
    [InlineData(0x1000_0000ul, 0x1000_0000ul, 0ul)]
    [InlineData(0xDFFF_F000ul, 0xDFFF_F000ul, 0ul)]
    [InlineData(0xE000_0000ul, 0xC000_0000ul, 0x2000_0000ul)]
    [InlineData(0x2_0000_0000ul, 0xC000_0000ul, 0x1_4000_0000ul)]
    public void RAM_is_split_around_the_PCI_hole_as_in_QEMU(ulong size, ulong low, ulong high) =>
        Assert.Equal(new PcMemoryLayout(low, high), PcMemoryLayout.For(size));

    [Fact]
    public void The_BIOS_shows_at_the_top_of_4_GiB_and_its_last_128_KiB_below_1_MiB()
    {
        Assert.Equal(TestBoard.BiosByte(0), Peek(0xFFFC_0000));
        Assert.Equal(TestBoard.BiosByte(0x3FFF0), Peek(0xFFFF_FFF0));
        Assert.Equal(Bios(0xE0000), Peek(0xE0000));
        Assert.Equal(Bios(0xFFFF0), Peek(0xFFFF0));
        Assert.Equal(0xFF, Peek(0xDFFFF));
        Poke(0xF0000, 0x12);
        Assert.Equal(Bios(0xF0000), Peek(0xF0000));
    }

    [Fact]
    public void Shadow_RAM_of_the_BIOS_segment_follows_PAM0()
    {
        // WE alone: reads from ROM, writes to RAM; then RE alone: the copy, protected; then both.
        _board.WritePci(0, 0, 0x59, 0x20, 1);
        Assert.Equal(Bios(0xF1234), Peek(0xF1234));
        Poke(0xF1234, 0x5A);
        Assert.Equal(Bios(0xF1234), Peek(0xF1234));
        Assert.Equal(0x5A, Ram(0xF1234));
        _board.WritePci(0, 0, 0x59, 0x10, 1);
        Assert.Equal(0x5A, Peek(0xF1234));
        Poke(0xF1234, 0xA5);
        Assert.Equal(0x5A, Peek(0xF1234));
        _board.WritePci(0, 0, 0x59, 0x30, 1);
        Poke(0xF1234, 0xA5);
        Assert.Equal(0xA5, Peek(0xF1234));
        _board.WritePci(0, 0, 0x59, 0x00, 1);
        Assert.Equal(Bios(0xF1234), Peek(0xF1234));
    }

    [Theory]
    [InlineData(0x5A, 0, 0xC0000ul)]
    [InlineData(0x5A, 4, 0xC4000ul)]
    [InlineData(0x5B, 0, 0xC8000ul)]
    [InlineData(0x5B, 4, 0xCC000ul)]
    [InlineData(0x5C, 0, 0xD0000ul)]
    [InlineData(0x5C, 4, 0xD4000ul)]
    [InlineData(0x5D, 0, 0xD8000ul)]
    [InlineData(0x5D, 4, 0xDC000ul)]
    [InlineData(0x5E, 0, 0xE0000ul)]
    [InlineData(0x5E, 4, 0xE4000ul)]
    [InlineData(0x5F, 0, 0xE8000ul)]
    [InlineData(0x5F, 4, 0xEC000ul)]
    public void Each_PAM_nibble_rules_its_own_16_KiB(int register, int shift, ulong address)
    {
        _board.WritePci(0, 0, register, 3u << shift, 1);
        for (ulong segment = 0xC0000; segment < 0xF0000; segment += 0x4000)
        {
            Poke(segment + 0x3FFF, 0x77);
            Assert.Equal(segment == address ? 0x77 : 0x00, Ram(segment + 0x3FFF));
        }
        _board.WritePci(0, 0, register, 2u << shift, 1);
        Poke(address, 0x44);
        Assert.Equal(0x44, Ram(address));
        Assert.Equal(address >= 0xE0000 ? Bios(address) : 0xFF, Peek(address));
    }

    [Fact]
    public void Reserved_PAM_bits_read_zero()
    {
        _board.WritePci(0, 0, 0x58, 0xFFFF_FFFF);
        _board.WritePci(0, 0, 0x5C, 0xFFFF_FFFF);
        Assert.Equal(0x3333_30FFu, _board.ReadPci(0, 0, 0x58));
        Assert.Equal(0x3333_3333u, _board.ReadPci(0, 0, 0x5C));
    }

    [Fact]
    public void SMRAM_opens_for_setup_and_is_seen_in_SMM_only_once_closed()
    {
        Poke(0xA8000, 0x11);
        Assert.Equal(0xFF, Peek(0xA8000));
        Assert.Equal(0xFF, PeekInSmm(0xA8000));
        _board.WritePci(0, 0, 0x72, 0x4A, 1);
        Poke(0xA8000, 0x22);
        Assert.Equal(0x22, Peek(0xA8000));
        _board.WritePci(0, 0, 0x72, 0x0A, 1);
        Assert.Equal(0xFF, Peek(0xA8000));
        Assert.Equal(0x22, PeekInSmm(0xA8000));
        Assert.Equal(Bios(0xF0000), PeekInSmm(0xF0000));
    }

    [Fact]
    public void Locked_SMRAM_cannot_be_opened_until_reset()
    {
        _board.WritePci(0, 0, 0x72, 0x5A, 1);
        Assert.Equal(0x1Au, _board.ReadPci(0, 0, 0x72, 1));
        _board.WritePci(0, 0, 0x72, 0x4A, 1);
        Assert.Equal(0x1Au, _board.ReadPci(0, 0, 0x72, 1));
        Assert.Equal(0xFF, Peek(0xA0000));
        _board.WritePci(0, 0, 0x72, 0x20, 1);
        Assert.Equal(0x3Au, _board.ReadPci(0, 0, 0x72, 1));
        _board.Chipset.Reset();
        _board.WritePci(0, 0, 0x72, 0x4A, 1);
        Assert.Equal(0x4Au, _board.ReadPci(0, 0, 0x72, 1));
    }

    [Fact]
    public void Video_memory_of_a_card_is_behind_closed_SMRAM()
    {
        _board.Memory.Pci.AddSubregion(0xA0000, MemoryRegion.CreateDevice("vga", 0x20000, _board.Chipset.IoApic), 1);
        Assert.Equal(0, Peek(0xA0004));
        _board.WritePci(0, 0, 0x72, 0x4A, 1);
        Poke(0xA0004, 0x99);
        Assert.Equal(0x99, Peek(0xA0004));
    }

    [Fact]
    public void ISA_IRQs_reach_PIC_and_I_O_APIC_and_IRQ_0_becomes_input_2()
    {
        IoApicEntry(2, 0x30);
        IoApicEntry(4, 0x34);
        IInterruptLine first = _board.Chipset.Isa.ConnectInterrupt(4);
        IInterruptLine second = _board.Chipset.Isa.ConnectInterrupt(4);
        first.Set(true);
        second.Set(true);
        first.Set(false);
        Assert.Equal(0x10, _board.Chipset.Pic.Master.RequestRegister & 0x10);
        second.Set(false);
        Assert.Equal(0x00, _board.Chipset.Pic.Master.RequestRegister & 0x10);
        Assert.Equal(0x34, Assert.Single(_board.Messages).Vector);
        _board.Messages.Clear();
        _board.Out(0x43, 0x34);
        _board.Out(0x40, 0xA9);
        _board.Out(0x40, 0x04);
        _board.Clock.Advance(2_100_000);
        Assert.Equal([0x30, 0x30], _board.Messages.Select(m => (int)m.Vector));
        Assert.Equal(0x01, _board.Chipset.Pic.Master.RequestRegister & 1);
    }

    private void IoApicEntry(int pin, uint low)
    {
        _board.Memory.Space.Write(0xFEC0_0000, 4, (ulong)(0x10 + 2 * pin));
        _board.Memory.Space.Write(0xFEC0_0010, 4, low);
    }

    [Fact]
    public void EOI_broadcasts_reach_the_I_O_APIC()
    {
        IoApicEntry(10, 0x8050);
        _board.Chipset.Isa.ConnectInterrupt(10).Set(true);
        Assert.Single(_board.Messages);
        _board.BroadcastEoi(0x50);
        Assert.Equal(2, _board.Messages.Count);
    }

    [Fact]
    public void Port_CF9_resets_on_the_rising_edge_of_its_reset_bit()
    {
        _board.Out(0xCF9, 0x02);
        Assert.Empty(_board.PowerRequests);
        Assert.Equal(0x02, _board.In(0xCF9));
        _board.Out(0xCF9, 0x06);
        Assert.Equal(["reset ResetControlRegister"], _board.PowerRequests);
    }

    [Fact]
    public void Port_92_gates_A20_and_resets()
    {
        _board.Out(0x92, 0x02);
        Assert.True(_board.Chipset.A20.IsEnabled);
        _board.Out(0x92, 0x00);
        Assert.False(_board.Chipset.A20.IsEnabled);
        _board.Chipset.A20.Set(true);
        Assert.True(_board.Chipset.A20.IsEnabled);
        _board.Out(0x92, 0x01);
        Assert.Equal(["reset Port92"], _board.PowerRequests);
    }

    [Fact]
    public void POST_codes_are_latched_and_reported()
    {
        var codes = new List<byte>();
        _board.Chipset.PostCode.Written += codes.Add;
        _board.Out(0x80, 0x12);
        _board.Out(0x190, 0x34);
        Assert.Equal([0x12, 0x34], codes);
        Assert.Equal(0x34, _board.In(0x80));
        _board.Out(0x84, 0x56);
        Assert.Equal(0x56, _board.In(0x84));
    }

    [Fact]
    public void A_coprocessor_error_raises_IRQ_13_until_port_F0_ignores_it()
    {
        bool? ignored = null;
        _board.Chipset.Coprocessor.IgnoreNumericErrorChanged += i => ignored = i;
        _board.Chipset.Coprocessor.SetError(true);
        Assert.Equal(0x20, _board.Chipset.Pic.Slave.RequestRegister);
        _board.Out(0xF0, 0);
        Assert.Equal(0x00, _board.Chipset.Pic.Slave.RequestRegister);
        Assert.True(ignored);
        _board.Chipset.Coprocessor.SetError(false);
        Assert.False(ignored);
    }

    [Fact]
    public void PM_registers_appear_where_the_firmware_puts_them()
    {
        Assert.Equal(0xFFFF_FFFFu, _board.Ports.Read(Pm + 8, 4));
        EnablePm();
        _board.Clock.Advance(1_000_000_000);
        Assert.Equal(3_579_545u, _board.Ports.Read(Pm + 8, 4));
        _board.Clock.Advance(4_000_000_000);
        Assert.Equal(5u * 3_579_545 & 0xFF_FFFF, _board.Ports.Read(Pm + 8, 4));
        _board.WritePci(1, 3, 0x40, 0xB000);
        Assert.Equal(0xFFFF_FFFFu, _board.Ports.Read(Pm + 8, 4));
        Assert.NotEqual(0xFFFF_FFFFu, _board.Ports.Read(0xB008, 4));
    }

    [Fact]
    public void ACPI_is_enabled_by_the_SMI_command_and_the_power_button_raises_SCI()
    {
        EnablePm();
        _board.Out(0xB2, 0xF1);
        Assert.Equal(1u, _board.Ports.Read(Pm + 4, 2));
        _board.Ports.Write(Pm + 2, 2, 0x0100);
        _board.Chipset.PowerManagement.PressPowerButton();
        Assert.Equal(0x0100u, _board.Ports.Read(Pm, 2) & 0x0100);
        Assert.Equal(0x02, _board.Chipset.Pic.Slave.RequestRegister);
        _board.Ports.Write(Pm, 2, 0x0100);
        Assert.Equal(0x00, _board.Chipset.Pic.Slave.RequestRegister);
        _board.Out(0xB2, 0xF0);
        Assert.Equal(0u, _board.Ports.Read(Pm + 4, 2));
    }

    [Fact]
    public void The_APM_command_port_raises_an_SMI_only_when_enabled()
    {
        _board.Out(0xB3, 0x99);
        _board.Out(0xB2, 0x01);
        Assert.Equal(0, _board.Smi.RisingEdges);
        _board.WritePci(1, 3, 0x58, 1 << 25);
        _board.Out(0xB2, 0x42);
        Assert.Equal(1, _board.Smi.RisingEdges);
        Assert.Equal(0x42, _board.In(0xB2));
        Assert.Equal(0x99, _board.In(0xB3));
    }

    [Fact]
    public void The_PM_timer_sets_its_status_each_time_bit_23_changes()
    {
        EnablePm();
        _board.Out(0xB2, 0xF1);
        _board.Ports.Write(Pm + 2, 2, 1);
        Assert.Equal(0u, _board.Ports.Read(Pm, 2));
        long half = (1L << 23) * 1_000_000_000 / 3_579_545;
        _board.Clock.AdvanceTo(half - 1000);
        Assert.Equal(0x00, _board.Chipset.Pic.Slave.RequestRegister);
        _board.Clock.Advance(2000);
        Assert.Equal(0x02, _board.Chipset.Pic.Slave.RequestRegister);
        Assert.Equal(1u, _board.Ports.Read(Pm, 2));
        _board.Ports.Write(Pm, 2, 1);
        Assert.Equal(0u, _board.Ports.Read(Pm, 2));
        _board.Clock.Advance(half);
        Assert.Equal(0x02, _board.Chipset.Pic.Slave.RequestRegister);
    }

    [Theory]
    [InlineData(0x2000u, "off")]
    [InlineData(0x2400u, "suspend")]
    [InlineData(0x2800u, "off")]
    public void Sleep_types_are_those_of_the_ACPI_tables(uint control, string request)
    {
        EnablePm();
        _board.Ports.Write(Pm + 4, 2, control & 0x1C00);
        Assert.Empty(_board.PowerRequests);
        _board.Ports.Write(Pm + 4, 2, control);
        Assert.Equal([request], _board.PowerRequests);
        Assert.Equal(control & 0x1C00, _board.Ports.Read(Pm + 4, 2));
    }

    [Fact]
    public void Waking_shows_in_PM1_status()
    {
        EnablePm();
        _board.Chipset.PowerManagement.Pm1.SetWakeStatus(Acpi.WakeReason.RealTimeClock);
        Assert.Equal(0x8400u, _board.Ports.Read(Pm, 2));
    }

    [Fact]
    public void General_purpose_events_raise_SCI_when_enabled()
    {
        _board.Out(0xB2, 0xF1);
        _board.Chipset.PowerManagement.Gpe.Raise(1);
        Assert.Equal(0x02, _board.In(0xAFE0));
        Assert.Equal(0x00, _board.Chipset.Pic.Slave.RequestRegister);
        _board.Out(0xAFE2, 0x02);
        Assert.Equal(0x02, _board.Chipset.Pic.Slave.RequestRegister);
        _board.Out(0xAFE0, 0x02);
        Assert.Equal(0x00, _board.Chipset.Pic.Slave.RequestRegister);
    }

    [Fact]
    public void The_SMBus_host_transfers_with_a_slave_and_reports_a_missing_one()
    {
        _board.WritePci(1, 3, 0x90, 0x701);
        _board.Chipset.PowerManagement.Smbus.Add(new Eeprom());
        _board.Out(0x704, 0x50 << 1 | 1);
        _board.Out(0x703, 0x12);
        _board.Out(0x702, 0x48);
        Assert.Equal(0x02, _board.In(0x700));
        Assert.Equal(0x12 ^ 0xFF, _board.In(0x705));
        _board.Out(0x700, 0xFF);
        Assert.Equal(0x00, _board.In(0x700));
        _board.Out(0x704, 0x2A << 1);
        _board.Out(0x702, 0x40);
        Assert.Equal(0x06, _board.In(0x700));
    }

    [Fact]
    public void Describe_names_what_a_monitor_user_looks_for()
    {
        var text = new StringWriter();
        _board.Chipset.Describe(text);
        Assert.Contains("pic0:", text.ToString());
        Assert.Contains("ioapic:", text.ToString());
        Assert.Contains("8086:1237", text.ToString());
        Assert.Contains("PIRQA: not routed", text.ToString());
    }

    /// <summary>A byte-addressed memory whose cells hold the complement of their address.</summary>
    private sealed class Eeprom : Acpi.ISmbusDevice
    {
        private byte _address;

        public byte Address => 0x50;

        public bool Write(ReadOnlySpan<byte> data)
        {
            if (data.Length > 0)
                _address = data[0];
            return true;
        }

        public bool Read(Span<byte> buffer)
        {
            for (int i = 0; i < buffer.Length; i++)
                buffer[i] = (byte)~_address++;
            return true;
        }
    }
}
