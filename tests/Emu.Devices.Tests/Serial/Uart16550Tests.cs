using Emu.Devices.Serial;
using Xunit;

namespace Emu.Devices.Tests.Serial;

public class Uart16550Tests
{
    private const ushort Data = 0, Ier = 1, Iir = 2, Fcr = 2, Lcr = 3, Mcr = 4, Lsr = 5, Msr = 6, Scr = 7;
    /// <summary>Nanoseconds, more than a character takes at 9600 bit/s.</summary>
    private const long CharacterTime = 2_000_000;

    private readonly ManualClock _clock = new();
    private readonly RecordingLine _irq = new();
    private readonly MemoryCharacterDevice _line = new();
    private readonly Uart16550 _uart;

    public Uart16550Tests() => _uart = new Uart16550(_irq, _clock, _line);

    [Fact]
    public void Characters_written_reach_the_line_and_the_transmitter_is_empty_again()
    {
        Write(Lcr, 0x03);
        foreach (char c in "Hello")
        {
            Write(Data, (byte)c);
            Assert.Equal(0x60, Read(Lsr));
        }
        Assert.Equal("Hello", _line.Text);
    }

    [Fact]
    public void Short_words_lose_their_high_bits()
    {
        Write(Lcr, 0x02);
        Write(Data, 0xC1);
        Assert.Equal([0x41], _line.ToArray());
    }

    [Fact]
    public void Divisor_latch_hides_data_and_interrupt_enable()
    {
        Write(Ier, 0x05);
        Write(Lcr, 0x83);
        Write(Data, 0x01);
        Write(Ier, 0x00);
        Assert.Equal(115_200, _uart.BaudRate);
        Assert.Equal(0x01, Read(Data));
        Write(Lcr, 0x03);
        Assert.Equal(0x05, Read(Ier));
        Assert.Equal("", _line.Text);
    }

    [Fact]
    public void Scratch_register_holds_any_byte_and_unused_bits_of_ier_and_mcr_read_zero()
    {
        Write(Scr, 0xA5);
        Write(Ier, 0xF0);
        Write(Mcr, 0xE0);
        Assert.Equal(0xA5, Read(Scr));
        Assert.Equal(0, Read(Ier));
        Assert.Equal(0, Read(Mcr));
    }

    [Fact]
    public void Received_character_interrupts_only_with_out2_set()
    {
        Write(Ier, 0x01);
        _line.Inject("x");
        Assert.False(_irq.Level);
        Write(Mcr, 0x08);
        Assert.True(_irq.Level);
        Assert.Equal(0x04, Read(Iir));
        Assert.Equal((byte)'x', Read(Data));
        Assert.False(_irq.Level);
        Assert.Equal(0x01, Read(Iir));
    }

    [Fact]
    public void Without_fifo_the_line_waits_until_the_character_is_read()
    {
        _line.Inject("ab");
        Assert.Equal(0x61, Read(Lsr));
        Assert.Equal((byte)'a', Read(Data));
        Assert.Equal(0x60, Read(Lsr));
        _clock.Advance(CharacterTime);
        Assert.Equal(0x61, Read(Lsr));
        Assert.Equal((byte)'b', Read(Data));
        _clock.Advance(CharacterTime);
        Assert.Equal(0x60, Read(Lsr));
    }

    [Fact]
    public void Transmitter_interrupt_comes_on_enabling_and_goes_with_reading_iir()
    {
        Write(Mcr, 0x08);
        Write(Ier, 0x02);
        Assert.True(_irq.Level);
        Assert.Equal(0x02, Read(Iir));
        Assert.False(_irq.Level);
        Write(Data, 0x41);
        Assert.True(_irq.Level);
        Assert.Equal(2, _irq.Edges);
    }

    [Fact]
    public void Fifo_interrupts_at_its_trigger_level_and_below_it_after_four_character_times()
    {
        Write(Mcr, 0x08);
        Write(Fcr, 0x81);
        Write(Ier, 0x01);
        Write(Lcr, 0x83);
        Write(Data, 1);
        Write(Ier, 0);
        Write(Lcr, 0x03);
        _line.Inject("abc");
        Assert.False(_irq.Level);
        Assert.Equal(0xC1, Read(Iir));
        _clock.Advance(4 * 10 * 1_000_000_000L / 115_200 - 1000);
        Assert.False(_irq.Level);
        _clock.Advance(2000);
        Assert.True(_irq.Level);
        Assert.Equal(0xCC, Read(Iir));
        Assert.Equal((byte)'a', Read(Data));
        Assert.False(_irq.Level);
        _line.Inject("defghi");
        _clock.Advance(100_000);
        Assert.Equal(0xC4, Read(Iir));
    }

    [Fact]
    public void Fifo_takes_up_to_sixteen_characters_and_loses_none()
    {
        Write(Fcr, 0xC1);
        _line.Inject("0123456789abcdefghij");
        string text = "";
        while ((Read(Lsr) & 1) != 0)
            text += (char)Read(Data);
        Assert.Equal("0123456789abcdef", text);
        _clock.Advance(CharacterTime);
        while ((Read(Lsr) & 1) != 0)
            text += (char)Read(Data);
        Assert.Equal("0123456789abcdefghij", text);
    }

    [Fact]
    public void Input_without_end_leaves_the_guest_a_pause_and_interrupts_again_after_it()
    {
        Write(Fcr, 0x81);
        Write(Ier, 0x01);
        Write(Mcr, 0x08);
        _line.Inject(new string('x', 1000));
        for (int burst = 1; burst <= 3; burst++)
        {
            Assert.True(_irq.Level);
            Assert.Equal(0xC4, Read(Iir));
            for (int i = 0; i < 16; i++)
                Read(Data);
            Assert.Equal(0x60, Read(Lsr));
            Assert.False(_irq.Level);
            _clock.Advance(CharacterTime);
        }
    }

    [Fact]
    public void Characters_that_arrive_while_others_wait_join_them()
    {
        Write(Fcr, 0x81);
        _line.Inject("a");
        _line.Inject("b");
        Assert.Equal((byte)'a', Read(Data));
        Assert.Equal((byte)'b', Read(Data));
    }

    [Fact]
    public void Clearing_the_receive_fifo_drops_what_it_holds()
    {
        Write(Fcr, 0x01);
        _line.Inject("a");
        Write(Fcr, 0x03);
        Assert.Equal(0x60, Read(Lsr));
    }

    [Fact]
    public void Loopback_returns_characters_and_ties_modem_outputs_to_inputs()
    {
        Write(Lcr, 0x03);
        Read(Msr);
        Write(Mcr, 0x1F);
        Assert.Equal(0xF0, Read(Msr) & 0xF0);
        Write(Mcr, 0x1A);
        Assert.Equal(0x90 | 0x06, Read(Msr));
        Write(Data, 0x5A);
        Assert.Equal(0x5A, Read(Data));
        Assert.Equal("", _line.Text);
    }

    [Fact]
    public void Overrun_is_reported_once()
    {
        Write(Lcr, 0x03);
        Write(Mcr, 0x10);
        Write(Data, 1);
        Write(Data, 2);
        Assert.Equal(0x63, Read(Lsr));
        Assert.Equal(0x61, Read(Lsr));
        Assert.Equal(2, Read(Data));
    }

    [Fact]
    public void Modem_input_changes_set_delta_bits_and_interrupt()
    {
        Read(Msr);
        Write(Mcr, 0x08);
        Write(Ier, 0x08);
        _uart.SetModemInputs(false, true, true, true);
        Assert.True(_irq.Level);
        Assert.Equal(0x00, Read(Iir));
        Assert.Equal(0xE1, Read(Msr));
        Assert.False(_irq.Level);
        _uart.SetModemInputs(false, true, false, true);
        Assert.Equal(0xA4, Read(Msr));
    }

    [Fact]
    public void Break_is_received_as_a_zero_with_its_flag_and_sent_to_the_line()
    {
        _line.Inject(CharacterEvent.Break);
        Assert.Equal(0x71, Read(Lsr));
        Assert.Equal(0, Read(Data));
        Write(Lcr, 0x43);
        Assert.True(_line.Break);
        Write(Lcr, 0x03);
        Assert.False(_line.Break);
    }

    [Fact]
    public void Bit_7_of_the_line_status_tells_of_errors_in_the_fifo_until_they_have_been_shown()
    {
        Write(Fcr, 0xC1);
        Write(Ier, 0x04);
        Write(Mcr, 0x08);
        _line.Inject("a");
        _line.Inject(CharacterEvent.Break);
        Assert.False(_irq.Level);
        Assert.Equal(0xE1, Read(Lsr));
        Assert.Equal((byte)'a', Read(Data));
        Assert.True(_irq.Level);
        Assert.Equal(0xC6, Read(Iir));
        Assert.Equal(0xF1, Read(Lsr));
        Assert.False(_irq.Level);
        Assert.Equal(0x61, Read(Lsr));
        Assert.Equal(0, Read(Data));
        Assert.Equal(0x60, Read(Lsr));
    }

    [Fact]
    public void A_break_on_the_line_does_not_get_past_loopback()
    {
        Write(Mcr, 0x10);
        _line.Inject(CharacterEvent.Break);
        Assert.Equal(0x60, Read(Lsr));
    }

    [Fact]
    public void Snapshot_carries_fifo_and_timeout()
    {
        Write(Mcr, 0x08);
        Write(Ier, 0x01);
        Write(Fcr, 0x81);
        _line.Inject("ab");
        using MemoryStream stream = new();
        _uart.SaveState(new BinaryWriter(stream));
        RecordingLine irq = new();
        Uart16550 other = new(irq, _clock, new MemoryCharacterDevice());
        stream.Position = 0;
        other.LoadState(new BinaryReader(stream));
        _clock.Advance(1_000_000_000);
        Assert.True(irq.Level);
        Assert.Equal((uint)'a', other.ReadPort(Data, 1));
        Assert.Equal((uint)'b', other.ReadPort(Data, 1));
    }

    [Fact]
    public void Random_accesses_never_throw()
    {
        _line.Inject(new string('z', 1000));
        PortFuzz.Run(_uart, Uart16550.PortCount, 200_000);
        _clock.Advance(1_000_000_000);
    }

    private byte Read(ushort register) => (byte)_uart.ReadPort(register, 1);

    private void Write(ushort register, int value) => _uart.WritePort(register, 1, (uint)value);
}
