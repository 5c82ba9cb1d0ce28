using Emu.Devices.Timers;
using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>8254 data sheet, order 231164.</summary>
public sealed class PitTests
{
    private readonly ManualClock _clock = new();
    private readonly Wire _out0 = new();
    private readonly Pit8254 _pit;

    public PitTests() => _pit = new Pit8254(_clock, _out0);

    private void ToTick(long tick) => _clock.AdvanceTo(TickRate.Pit.TimeOf(tick));

    private long Tick => TickRate.Pit.TicksAt(_clock.Nanoseconds);

    private void Program(int counter, int mode, int count, bool bcd = false)
    {
        _pit.WritePort(3, 1, (uint)(counter << 6 | 0x30 | mode << 1 | (bcd ? 1 : 0)));
        _pit.WritePort((ushort)counter, 1, (uint)count & 0xFF);
        _pit.WritePort((ushort)counter, 1, (uint)count >> 8);
    }

    private int Latch(int counter)
    {
        _pit.WritePort(3, 1, (uint)counter << 6);
        int low = (int)_pit.ReadPort((ushort)counter, 1);
        return low | (int)_pit.ReadPort((ushort)counter, 1) << 8;
    }

    private byte Status(int counter)
    {
        _pit.WritePort(3, 1, (uint)(0xE0 | 2 << counter));
        return (byte)_pit.ReadPort((ushort)counter, 1);
    }

    /// <summary>OUT of counter 2 over a number of pulses, as a string of 0 and 1.</summary>
    private string Trace(int pulses, int counter = 2)
    {
        string trace = "";
        for (int i = 0; i < pulses; i++)
        {
            ToTick(Tick + 1);
            trace += _pit.Output(counter) ? '1' : '0';
        }
        return trace;
    }

    [Fact]
    public void Tick_conversion_is_exact_in_both_directions()
    {
        for (long tick = 0; tick < 5_000_000; tick += 997)
        {
            long time = TickRate.Pit.TimeOf(tick);
            Assert.Equal(tick, TickRate.Pit.TicksAt(time));
            Assert.True(tick == 0 || TickRate.Pit.TicksAt(time - 1) == tick - 1);
        }
    }

    [Fact]
    public void Mode_0_raises_OUT_count_plus_one_pulses_after_the_write()
    {
        _pit.SetGate(2, true);
        Program(2, 0, 4);
        Assert.False(_pit.Output(2));
        Assert.Equal("00001111", Trace(8));
    }

    [Fact]
    public void Mode_0_goes_on_counting_below_zero()
    {
        _pit.SetGate(2, true);
        Program(2, 0, 2);
        ToTick(Tick + 5);
        Assert.Equal(0xFFFE, Latch(2));
    }

    [Fact]
    public void Mode_0_is_paused_by_the_gate()
    {
        _pit.SetGate(2, true);
        Program(2, 0, 10);
        ToTick(Tick + 4);
        _pit.SetGate(2, false);
        int held = Latch(2);
        Assert.Equal(7, held);
        ToTick(Tick + 100);
        Assert.Equal(held, Latch(2));
        _pit.SetGate(2, true);
        Assert.Equal("00000011", Trace(8));
    }

    [Fact]
    public void Mode_0_first_byte_of_a_new_count_stops_counting_and_drops_OUT()
    {
        _pit.SetGate(2, true);
        Program(2, 0, 2);
        Assert.Equal("0011", Trace(4));
        _pit.WritePort(2, 1, 3);
        Assert.False(_pit.Output(2));
        ToTick(Tick + 50);
        Assert.False(_pit.Output(2));
        _pit.WritePort(2, 1, 0);
        Assert.Equal("000111", Trace(6));
    }

    [Fact]
    public void Mode_1_gives_one_pulse_of_count_length_per_trigger()
    {
        Program(2, 1, 3);
        Assert.Equal("1111", Trace(4));
        _pit.SetGate(2, true);
        Assert.Equal("000111", Trace(6));
        _pit.SetGate(2, false);
        _pit.SetGate(2, true);
        Assert.Equal("00", Trace(2));
        // Retriggered in the middle: OUT stays low for a whole count more.
        _pit.SetGate(2, false);
        _pit.SetGate(2, true);
        Assert.Equal("000111", Trace(6));
    }

    [Fact]
    public void Mode_2_is_low_for_the_last_pulse_of_each_period()
    {
        _pit.SetGate(2, true);
        Program(2, 2, 3);
        Assert.Equal("110110110", Trace(9));
    }

    [Fact]
    public void Mode_2_takes_a_new_count_at_the_end_of_the_period()
    {
        _pit.SetGate(2, true);
        Program(2, 2, 4);
        Assert.Equal("11", Trace(2));
        _pit.WritePort(2, 1, 2);
        _pit.WritePort(2, 1, 0);
        Assert.Equal(0x40, Status(2) & 0x40);
        Assert.Equal("101010", Trace(6));
        Assert.Equal(0, Status(2) & 0x40);
    }

    [Fact]
    public void Mode_2_gate_forces_OUT_high_and_restarts_the_period()
    {
        _pit.SetGate(2, true);
        Program(2, 2, 3);
        Assert.Equal("110", Trace(3));
        _pit.SetGate(2, false);
        Assert.True(_pit.Output(2));
        Assert.Equal("1111", Trace(4));
        _pit.SetGate(2, true);
        Assert.Equal("110110", Trace(6));
    }

    [Theory]
    [InlineData(4, "110011001100")]
    [InlineData(5, "111001110011")]
    public void Mode_3_is_high_for_the_longer_half(int count, string expected)
    {
        _pit.SetGate(2, true);
        Program(2, 3, count);
        Assert.Equal(expected, Trace(12));
    }

    [Fact]
    public void Mode_3_counts_by_two()
    {
        _pit.SetGate(2, true);
        Program(2, 3, 8);
        ToTick(Tick + 1);
        int[] counts = new int[8];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = Latch(2);
            ToTick(Tick + 1);
        }
        Assert.Equal([8, 6, 4, 2, 8, 6, 4, 2], counts);
    }

    [Fact]
    public void Mode_3_takes_a_new_count_at_the_end_of_the_half_period()
    {
        _pit.SetGate(2, true);
        Program(2, 3, 8);
        Assert.Equal("11", Trace(2));
        _pit.WritePort(2, 1, 4);
        _pit.WritePort(2, 1, 0);
        Assert.Equal("1100110011", Trace(10));
    }

    [Fact]
    public void Mode_4_strobes_low_for_one_pulse()
    {
        _pit.SetGate(2, true);
        Program(2, 4, 3);
        Assert.Equal("1110111", Trace(7));
    }

    [Fact]
    public void Mode_5_strobes_after_each_trigger()
    {
        Program(2, 5, 2);
        Assert.Equal("111", Trace(3));
        _pit.SetGate(2, true);
        Assert.Equal("11011", Trace(5));
    }

    [Fact]
    public void BCD_counts_in_decimal_digits()
    {
        _pit.SetGate(2, true);
        Program(2, 2, 0x1000, bcd: true);
        ToTick(Tick + 1);
        Assert.Equal(0x1000, Latch(2));
        ToTick(Tick + 1);
        Assert.Equal(0x0999, Latch(2));
        Assert.Equal(1000, _pit.Reload(2));
        Program(2, 2, 0, bcd: true);
        Assert.Equal(10000, _pit.Reload(2));
    }

    [Fact]
    public void A_latched_count_is_kept_until_read_and_latched_only_once()
    {
        _pit.SetGate(2, true);
        Program(2, 2, 1000);
        ToTick(Tick + 11);
        _pit.WritePort(3, 1, 0x80);
        ToTick(Tick + 100);
        _pit.WritePort(3, 1, 0x80);
        Assert.Equal(990, (int)_pit.ReadPort(2, 1) | (int)_pit.ReadPort(2, 1) << 8);
        Assert.Equal(890, Latch(2));
    }

    [Fact]
    public void Read_back_latches_status_before_count()
    {
        _pit.SetGate(2, true);
        Program(2, 2, 500);
        ToTick(Tick + 1);
        _pit.WritePort(3, 1, 0xC8);
        Assert.Equal(0xB4u, _pit.ReadPort(2, 1));
        Assert.Equal(500u & 0xFF, _pit.ReadPort(2, 1));
        Assert.Equal(500u >> 8, _pit.ReadPort(2, 1));
    }

    [Fact]
    public void Status_returns_the_control_word_as_written_even_for_the_aliased_modes()
    {
        Program(2, 7, 100);
        Assert.Equal(0x3E, Status(2) & 0x3F);
        Assert.Equal(3, _pit.Mode(2));
    }

    [Fact]
    public void Null_count_is_set_until_the_next_pulse_loads_the_counter()
    {
        _pit.SetGate(2, true);
        _pit.WritePort(3, 1, 0xB4);
        Assert.Equal(0x40, Status(2) & 0x40);
        Program(2, 2, 100);
        Assert.Equal(0x40, Status(2) & 0x40);
        ToTick(Tick + 1);
        Assert.Equal(0x00, Status(2) & 0x40);
    }

    [Fact]
    public void Single_byte_access_modes_set_the_other_byte_to_zero()
    {
        _pit.SetGate(2, true);
        _pit.WritePort(3, 1, 0x94);
        _pit.WritePort(2, 1, 0x12);
        Assert.Equal(0x12, _pit.Reload(2));
        _pit.WritePort(3, 1, 0xA4);
        _pit.WritePort(2, 1, 0x12);
        ToTick(Tick + 1);
        Assert.Equal(0x1200, _pit.Reload(2));
        Assert.Equal(0x12u, _pit.ReadPort(2, 1));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_periodic_counter_0_interrupts_once_a_period_without_drift(int mode)
    {
        Program(0, mode, 1193);
        int before = _out0.RisingEdges;
        long start = Tick;
        ToTick(start + 1 + 1000 * 1193);
        Assert.Equal(1000, _out0.RisingEdges - before);
    }

    [Fact]
    public void A_one_shot_interrupts_exactly_once()
    {
        Program(0, 0, 100);
        int before = _out0.RisingEdges;
        Assert.False(_out0.Level);
        ToTick(Tick + 100);
        Assert.Equal(before, _out0.RisingEdges);
        ToTick(Tick + 1);
        Assert.Equal(before + 1, _out0.RisingEdges);
        ToTick(Tick + 1_000_000);
        Assert.Equal(before + 1, _out0.RisingEdges);
    }

    [Fact]
    public void Ticks_missed_by_a_late_host_collapse_into_one()
    {
        Program(0, 2, 1193);
        int before = _out0.RisingEdges;
        _clock.Stall(50_000_000);
        _clock.Advance(0);
        Assert.Equal(before + 1, _out0.RisingEdges);
        _clock.Advance(1_000_000);
        Assert.Equal(before + 2, _out0.RisingEdges);
    }

    [Fact]
    public void An_edge_that_is_due_is_not_lost_to_reprogramming()
    {
        Program(0, 2, 1193);
        int before = _out0.RisingEdges;
        _clock.Stall(1_500_000);
        Program(0, 2, 5000);
        Assert.Equal(before + 1, _out0.RisingEdges);
    }

    [Fact]
    public void Port_61_shows_OUT2_and_a_refresh_toggle_that_follow_the_clock()
    {
        var port = new SystemControlPortB(_clock, _pit);
        port.WritePort(0, 1, 0x01);
        Program(2, 0, 1000);
        Assert.Equal(0, (int)port.ReadPort(0, 1) & 0x20);
        ToTick(Tick + 1001);
        Assert.Equal(0x21, (int)port.ReadPort(0, 1) & 0x2F);
        int toggles = 0;
        uint last = port.ReadPort(0, 1) & 0x10;
        long start = Tick;
        while (Tick < start + 1800)
        {
            ToTick(Tick + 1);
            uint now = port.ReadPort(0, 1) & 0x10;
            toggles += now != last ? 1 : 0;
            last = now;
        }
        Assert.Equal(100, toggles);
    }

    [Fact]
    public void The_speaker_is_told_frequency_and_gate()
    {
        var port = new SystemControlPortB(_clock, _pit);
        SpeakerState state = default;
        port.SpeakerChanged += s => state = s;
        Program(2, 3, 1193);
        port.WritePort(0, 1, 0x03);
        Assert.True(state is { DataEnabled: true, GateEnabled: true, Mode: 3 });
        Assert.Equal(1000.15, state.FrequencyHz, 0.01);
        port.WritePort(0, 1, 0x01);
        Assert.False(state.DataEnabled);
    }

    [Fact]
    public void State_survives_a_snapshot()
    {
        Program(0, 2, 1193);
        _pit.SetGate(2, true);
        Program(2, 3, 777);
        _clock.Advance(333_333);
        _pit.WritePort(2, 1, 0x10);
        var stream = new MemoryStream();
        _pit.SaveState(new BinaryWriter(stream));
        stream.Position = 0;
        var out0 = new Wire();
        var copy = new Pit8254(_clock, out0);
        copy.LoadState(new BinaryReader(stream));
        copy.WritePort(2, 1, 0x02);
        _pit.WritePort(2, 1, 0x02);
        int mine = _out0.RisingEdges;
        int theirs = out0.RisingEdges;
        _clock.Advance(10_000_000);
        Assert.Equal(_out0.RisingEdges - mine, out0.RisingEdges - theirs);
        var one = new StringWriter();
        var two = new StringWriter();
        _pit.Describe(one);
        copy.Describe(two);
        Assert.Equal(one.ToString(), two.ToString());
    }
}
