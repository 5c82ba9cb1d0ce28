using Emu.Devices.Timers;
using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>IA-PC HPET specification 1.0a. One tick is 10 ns.</summary>
public sealed class HpetTests
{
    private const ulong Enable = 1;
    private const ulong Legacy = 2;
    private const ulong Level = 1 << 1;
    private const ulong InterruptOn = 1 << 2;
    private const ulong Periodic = 1 << 3;
    private const ulong ValueSet = 1 << 6;
    private const ulong Force32 = 1 << 8;
    private const ulong RouteTo2 = 2 << 9;

    private readonly ManualClock _clock = new();
    private readonly Wire _irq0 = new();
    private readonly Wire _irq8 = new();
    private readonly Wire _pin2 = new();
    private readonly Hpet _hpet;

    public HpetTests() => _hpet = new Hpet(_clock, _irq0, _irq8, _pin2);

    private void Write(ulong offset, ulong value) => _hpet.WriteMemory(offset, 8, value);

    private ulong Read(ulong offset) => _hpet.ReadMemory(offset, 8);

    [Fact]
    public void Capabilities_are_those_of_QEMU()
    {
        Assert.Equal(0x0098_9680_8086_A201ul, Read(0));
        Assert.Equal(0x0000_0004_0000_0030ul, Read(0x100));
        Assert.Equal(0x30u, (uint)_hpet.ReadMemory(0x120, 4));
        Assert.Equal(4u, (uint)_hpet.ReadMemory(0x104, 4));
        Assert.Equal(ulong.MaxValue, Read(0x108));
        Assert.Equal(0ul, Read(0x160));
    }

    [Fact]
    public void The_counter_runs_at_100_MHz_while_enabled_and_keeps_its_value_when_stopped()
    {
        _clock.Advance(1000);
        Assert.Equal(0ul, Read(0xF0));
        Write(0x10, Enable);
        _clock.Advance(12_345_670);
        Assert.Equal(1_234_567ul, Read(0xF0));
        Write(0x10, 0);
        _clock.Advance(1000);
        Assert.Equal(1_234_567ul, Read(0xF0));
        Write(0xF0, 0xFFFF_FFFF_FFFF_FFFF);
        Write(0x10, Enable);
        _clock.Advance(20);
        Assert.Equal(1ul, Read(0xF0));
    }

    [Fact]
    public void A_one_shot_comparator_fires_when_the_counter_equals_it()
    {
        Write(0x100, InterruptOn | RouteTo2);
        Write(0x108, 1000);
        Write(0x10, Enable);
        _clock.Advance(9_999);
        Assert.Equal(0, _pin2.RisingEdges);
        _clock.Advance(1);
        Assert.Equal(1, _pin2.RisingEdges);
        _clock.Advance(1_000_000_000);
        Assert.Equal(1, _pin2.RisingEdges);
    }

    [Fact]
    public void A_comparator_in_the_past_waits_for_the_32_bit_wrap()
    {
        Write(0x10, Enable);
        _clock.Advance(1_000_000);
        Write(0x100, InterruptOn | RouteTo2 | Force32);
        Write(0x108, 10);
        _clock.Advance(1_000_000);
        Assert.Equal(0, _pin2.RisingEdges);
        _clock.AdvanceTo(((1L << 32) + 10) * 10);
        Assert.Equal(1, _pin2.RisingEdges);
    }

    [Fact]
    public void A_periodic_timer_set_the_way_Linux_does_fires_each_period()
    {
        Write(0x10, Enable | Legacy);
        _clock.Advance(500);
        Write(0x100, InterruptOn | Periodic | ValueSet | Force32);
        _hpet.WriteMemory(0x108, 4, Read(0xF0) + 100_000);
        _hpet.WriteMemory(0x108, 4, 100_000);
        _clock.Advance(1_000_000 * 10);
        Assert.Equal(10, _irq0.RisingEdges);
        Assert.Equal(50ul + 11 * 100_000, Read(0x108));
    }

    [Fact]
    public void Periods_missed_by_a_late_host_collapse_and_the_phase_is_kept()
    {
        Write(0x100, InterruptOn | Periodic | ValueSet | RouteTo2);
        Write(0x108, 1000);
        Write(0x10, Enable);
        _clock.Stall(105_000);
        _clock.Advance(0);
        Assert.Equal(1, _pin2.RisingEdges);
        Assert.Equal(11_000ul, Read(0x108));
        _clock.Advance(5_000);
        Assert.Equal(2, _pin2.RisingEdges);
    }

    [Fact]
    public void A_level_interrupt_stays_until_its_status_bit_is_cleared()
    {
        Write(0x120, InterruptOn | Level | RouteTo2);
        Write(0x128, 10);
        Write(0x10, Enable);
        _clock.Advance(100);
        Assert.True(_pin2.Level);
        Assert.Equal(2ul, Read(0x20));
        Write(0x20, 1);
        Assert.True(_pin2.Level);
        Write(0x20, 2);
        Assert.False(_pin2.Level);
        Assert.Equal(0ul, Read(0x20));
    }

    [Fact]
    public void Legacy_replacement_cuts_off_PIT_and_RTC_and_puts_timers_0_and_1_in_their_place()
    {
        _hpet.PitInput.Set(true);
        _hpet.RtcInput.Set(true);
        Assert.True(_irq0.Level && _irq8.Level);
        Write(0x10, Enable | Legacy);
        Assert.False(_irq0.Level || _irq8.Level);
        Write(0x100, InterruptOn);
        Write(0x108, Read(0xF0) + 10);
        Write(0x120, InterruptOn);
        Write(0x128, Read(0xF0) + 20);
        _clock.Advance(100);
        Assert.True(_irq0.Level);
        _clock.Advance(100);
        Assert.True(_irq8.Level);
        Write(0x10, Enable);
        _hpet.PitInput.Set(false);
        Assert.False(_irq0.Level);
        Assert.True(_irq8.Level);
    }

    [Fact]
    public void A_route_that_is_not_wired_does_not_take()
    {
        Write(0x100, RouteTo2 | InterruptOn);
        Write(0x100, 5 << 9 | InterruptOn);
        Assert.Equal(RouteTo2, Read(0x100) & 0x3E00);
    }

    [Fact]
    public void Registers_can_be_written_in_halves()
    {
        _hpet.WriteMemory(0xF0, 4, 0x1111_1111);
        _hpet.WriteMemory(0xF4, 4, 0x2222_2222);
        Assert.Equal(0x2222_2222_1111_1111ul, Read(0xF0));
        _hpet.WriteMemory(0x148, 4, 0x3333_3333);
        _hpet.WriteMemory(0x14C, 4, 0x4444_4444);
        Assert.Equal(0x4444_4444_3333_3333ul, Read(0x148));
        Assert.Equal(0x44ul, _hpet.ReadMemory(0x14F, 1) & 0xFF);
    }

    [Fact]
    public void State_survives_a_snapshot()
    {
        Write(0x100, InterruptOn | Periodic | ValueSet | RouteTo2);
        Write(0x108, 1000);
        Write(0x10, Enable);
        _clock.Advance(15_000);
        var stream = new MemoryStream();
        _hpet.SaveState(new BinaryWriter(stream));
        stream.Position = 0;
        var pin2 = new Wire();
        var copy = new Hpet(_clock, new Wire(), new Wire(), pin2);
        copy.LoadState(new BinaryReader(stream));
        int before = pin2.RisingEdges;
        _clock.Advance(20_000);
        Assert.Equal(2, pin2.RisingEdges - before);
        Assert.Equal(Read(0xF0), copy.ReadMemory(0xF0, 8));
    }
}
