using Emu.Devices.Chipset;
using Emu.Devices.Input;
using Xunit;

namespace Emu.Devices.Tests.Input;

public class I8042Tests
{
    private readonly ManualClock _clock = new();
    private readonly RecordingLine _irq1 = new();
    private readonly RecordingLine _irq12 = new();
    private readonly A20Gate _a20 = new();
    private readonly PowerRecorder _power = new();
    private readonly I8042 _controller;

    public I8042Tests() => _controller = Create();

    private sealed class PowerRecorder : IPowerControl
    {
        public int Resets { get; private set; }

        public void RequestReset(ResetSource source, bool processorOnly = false)
        {
            Assert.Equal(ResetSource.KeyboardController, source);
            Resets++;
        }

        public void RequestPowerOff() => Assert.Fail("the keyboard controller has no power switch");

        public void RequestSuspend() => Assert.Fail("the keyboard controller has no sleep switch");
    }

    [Fact]
    public void Self_test_answers_55_and_sets_the_system_flag()
    {
        Command(0xAA);
        Assert.Equal([0x55], ReadAll());
        Assert.Equal(0x04, Status & 0x05);
    }

    [Fact]
    public void Command_byte_can_be_written_and_read()
    {
        Command(0x60);
        Data(0x65);
        Command(0x20);
        Assert.Equal([0x65], ReadAll());
    }

    [Fact]
    public void Keyboard_reset_acknowledges_and_reports_its_self_test()
    {
        Data(0xFF);
        Assert.Equal([0xFA, 0xAA], ReadAll());
    }

    [Fact]
    public void Identity_is_AB_83_and_the_translation_turns_it_into_AB_41()
    {
        Data(0xF2);
        Assert.Equal([0xFA, 0xAB, 0x83], ReadAll());
        Translate();
        Data(0xF2);
        Assert.Equal([0xFA, 0xAB, 0x41], ReadAll());
    }

    [Theory]
    [InlineData(KeyCode.A, new byte[] { 0x1E }, new byte[] { 0x9E })]
    [InlineData(KeyCode.F7, new byte[] { 0x41 }, new byte[] { 0xC1 })]
    [InlineData(KeyCode.F11, new byte[] { 0x57 }, new byte[] { 0xD7 })]
    [InlineData(KeyCode.Up, new byte[] { 0xE0, 0x48 }, new byte[] { 0xE0, 0xC8 })]
    [InlineData(KeyCode.KpEnter, new byte[] { 0xE0, 0x1C }, new byte[] { 0xE0, 0x9C })]
    [InlineData(KeyCode.Print, new byte[] { 0xE0, 0x2A, 0xE0, 0x37 }, new byte[] { 0xE0, 0xB7, 0xE0, 0xAA })]
    [InlineData(KeyCode.Pause, new byte[] { 0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5 }, new byte[0])]
    [InlineData(KeyCode.MetaL, new byte[] { 0xE0, 0x5B }, new byte[] { 0xE0, 0xDB })]
    [InlineData(KeyCode.Less, new byte[] { 0x56 }, new byte[] { 0xD6 })]
    public void Keys_arrive_in_set_1_through_the_translation(KeyCode key, byte[] make, byte[] release)
    {
        Translate();
        _controller.Keyboard.SetKey(key, true);
        Assert.Equal(make, ReadAll());
        _controller.Keyboard.SetKey(key, false);
        Assert.Equal(release, ReadAll());
    }

    [Fact]
    public void Without_translation_the_keyboard_speaks_set_2_and_on_request_1_or_3()
    {
        _controller.Keyboard.SetKey(KeyCode.Delete, true);
        _controller.Keyboard.SetKey(KeyCode.Delete, false);
        Assert.Equal([0xE0, 0x71, 0xE0, 0xF0, 0x71], ReadAll());
        SelectSet(1);
        _controller.Keyboard.SetKey(KeyCode.Delete, true);
        _controller.Keyboard.SetKey(KeyCode.Delete, false);
        Assert.Equal([0xE0, 0x53, 0xE0, 0xD3], ReadAll());
        SelectSet(3);
        _controller.Keyboard.SetKey(KeyCode.Delete, true);
        _controller.Keyboard.SetKey(KeyCode.Delete, false);
        Assert.Equal([0x64, 0xF0, 0x64], ReadAll());
        Data(0xF0);
        Data(0x00);
        Assert.Equal([0xFA, 0xFA, 0x03], ReadAll());
    }

    [Fact]
    public void Every_key_has_a_distinct_name_and_distinct_codes()
    {
        KeyDefinition[] all = KeyTable.All.ToArray();
        Assert.Equal(Enum.GetValues<KeyCode>().Length - 1, all.Length);
        Assert.Equal(all.Length, all.Select(k => k.Name).Distinct().Count());
        for (int i = 0; i < all.Length; i++)
            Assert.Equal((KeyCode)(i + 1), all[i].Key);
        // Menu and Compose are one key, and an asterisk of its own does not exist on a PC keyboard.
        IEnumerable<ushort> shared = all.GroupBy(k => k.Set2).Where(g => g.Count() > 1).Select(g => g.Key);
        Assert.Equal([0xE02F, 0x007C], shared.Select(c => (int)c));
    }

    [Fact]
    public void Print_screen_depends_on_alt_and_ctrl()
    {
        _controller.Keyboard.SetKey(KeyCode.Alt, true);
        ReadAll();
        _controller.Keyboard.SetKey(KeyCode.Print, true);
        Assert.Equal([0x84], ReadAll());
        _controller.Keyboard.ReleaseAll();
        ReadAll();
        _controller.Keyboard.SetKey(KeyCode.Ctrl, true);
        ReadAll();
        _controller.Keyboard.SetKey(KeyCode.Print, true);
        Assert.Equal([0xE0, 0x7C], ReadAll());
        _controller.Keyboard.SetKey(KeyCode.Pause, true);
        Assert.Equal([0xE0, 0x7E, 0xE0, 0xF0, 0x7E], ReadAll());
    }

    [Fact]
    public void A_held_key_repeats_after_the_delay_at_the_programmed_rate()
    {
        Data(0xF3);
        Data(0x00);
        ReadAll();
        Assert.Equal(250, _controller.Keyboard.RepeatDelay);
        Assert.Equal(30, 1_000_000_000 / _controller.Keyboard.RepeatInterval);
        _controller.Keyboard.SetKey(KeyCode.A, true);
        int count = 0;
        long end = _clock.Nanoseconds + 1_250_000_000;
        while (_clock.Nanoseconds < end)
        {
            _clock.Advance(1_000_000);
            count += ReadAll().Length;
        }
        Assert.InRange(count, 30, 32);
        _controller.Keyboard.SetKey(KeyCode.A, false);
        Assert.Equal([0xF0, 0x1C], ReadAll());
        _clock.Advance(2_000_000_000);
        Assert.Empty(ReadAll());
    }

    [Fact]
    public void A_key_code_raises_irq_1_and_reading_lowers_it_until_the_next_byte_arrives()
    {
        Translate();
        _controller.Keyboard.SetKey(KeyCode.Up, true);
        Assert.True(_irq1.Level);
        Assert.Equal(0xE0, Read());
        Assert.False(_irq1.Level);
        Assert.Equal(0, Status & 1);
        _clock.Advance(I8042.StreamByteNanoseconds);
        Assert.True(_irq1.Level);
        Assert.Equal(0x48, Read());
        Assert.Equal(2, _irq1.Edges);
    }

    [Fact]
    public void Disabled_keyboard_port_holds_codes_back()
    {
        Command(0xAD);
        _controller.Keyboard.SetKey(KeyCode.A, true);
        Assert.Empty(ReadAll());
        Command(0xAE);
        Assert.Equal([0x1C], ReadAll());
    }

    [Fact]
    public void Leds_follow_the_command_and_tell_the_host()
    {
        KeyboardLeds seen = KeyboardLeds.None;
        _controller.Keyboard.LedsChanged += leds => seen = leds;
        Data(0xED);
        Data(0x06);
        Assert.Equal([0xFA, 0xFA], ReadAll());
        Assert.Equal(KeyboardLeds.NumLock | KeyboardLeds.CapsLock, seen);
    }

    [Fact]
    public void Echo_resend_and_unknown_commands_are_answered()
    {
        Data(0xEE);
        Assert.Equal([0xEE], ReadAll());
        Data(0xFE);
        Assert.Equal([0xEE], ReadAll());
        Data(0x00);
        Assert.Equal([0xFE], ReadAll());
    }

    [Fact]
    public void Full_keyboard_buffer_notes_the_overrun_and_recovers()
    {
        Command(0xAD);
        for (int i = 0; i < 10; i++)
        {
            _controller.Keyboard.SetKey(KeyCode.Up, true);
            _controller.Keyboard.SetKey(KeyCode.Up, false);
        }
        Command(0xAE);
        byte[] codes = ReadAll();
        Assert.InRange(codes.Length, 1, 16);
        _controller.Keyboard.SetKey(KeyCode.B, true);
        Assert.Equal([0x32], ReadAll());
    }

    [Fact]
    public void A20_follows_the_output_port_and_reads_back()
    {
        Command(0xD1);
        Data(0xDD);
        Assert.False(_a20.IsEnabled);
        Command(0xD0);
        Assert.Equal(0x01, ReadAll()[0] & 0x03);
        Command(0xDF);
        Assert.True(_a20.IsEnabled);
        Command(0xDD);
        Assert.False(_a20.IsEnabled);
    }

    [Fact]
    public void Pulse_of_the_reset_line_resets()
    {
        Command(0xFE);
        Assert.Equal(1, _power.Resets);
        Command(0xFF);
        Assert.Equal(1, _power.Resets);
        Command(0xD1);
        Data(0x02);
        Assert.Equal(2, _power.Resets);
    }

    [Fact]
    public void Auxiliary_loop_echoes_with_irq_12_and_the_auxiliary_status_bit()
    {
        Command(0xD3);
        Data(0x5A);
        Assert.True(_irq12.Level);
        Assert.Equal(0x21, Status & 0x21);
        Assert.Equal(0x5A, Read());
        Assert.False(_irq12.Level);
        Assert.Equal(0, _irq1.Edges);
    }

    [Fact]
    public void Mouse_reset_and_knocks_give_the_three_identities()
    {
        Assert.Equal([0xFA, 0xAA, 0x00], Mouse(0xFF));
        Assert.Equal([0xFA, 0x00], Mouse(0xF2));
        Knock(200, 100, 80);
        Assert.Equal([0xFA, 0x03], Mouse(0xF2));
        Knock(200, 200, 80);
        Assert.Equal([0xFA, 0x04], Mouse(0xF2));
        Assert.Equal([0xFA, 0x00, 0x02, 80], Mouse(0xE9));
    }

    [Fact]
    public void Mouse_movement_becomes_packets_with_signs_and_buttons()
    {
        Mouse(0xF4);
        _controller.Mouse.Move(5, 3, 0);
        Assert.Equal([0x28, 5, 0xFD], ReadAll());
        _clock.Advance(20_000_000);
        _controller.Mouse.SetButtons(PointerButtons.Left | PointerButtons.Middle);
        Assert.Equal([0x0D, 0, 0], ReadAll());
        Knock(200, 200, 80);
        _clock.Advance(20_000_000);
        _controller.Mouse.SetButtons(PointerButtons.Extra);
        Assert.Equal([0x08, 0, 0, 0x20], ReadAll());
        _clock.Advance(20_000_000);
        _controller.Mouse.Move(0, 0, -1);
        Assert.Equal([0x08, 0, 0, 0x2F], ReadAll());
    }

    [Fact]
    public void A_packet_that_becomes_due_as_the_last_byte_of_another_is_fetched_follows_it_whole()
    {
        Mouse(0xF4);
        _controller.Mouse.Move(1, 2, 0);
        _controller.Mouse.Move(3, 4, 0);
        List<int> bytes = [];
        for (int i = 0; i < 6; i++)
        {
            // Slower than the sample rate: the second packet is due before the first has been read.
            _clock.Advance(20_000_000);
            Assert.Equal(0x21, Status & 0x21);
            bytes.Add((int)_controller.ReadPort(I8042.DataOffset, 1));
        }

        Assert.Equal([0x28, 1, 0xFE, 0x28, 3, 0xFC], bytes);
    }

    [Fact]
    public void Mouse_keeps_long_movements_and_fast_clicks_until_the_sample_rate_allows_them()
    {
        Mouse(0xF4);
        _controller.Mouse.Move(1, 0, 0);
        ReadAll();
        _controller.Mouse.SetButtons(PointerButtons.Left);
        _controller.Mouse.SetButtons(PointerButtons.None);
        _controller.Mouse.Move(300, 0, 0);
        List<byte> bytes = [];
        for (int i = 0; i < 200; i++)
        {
            _clock.Advance(1_000_000);
            bytes.AddRange(ReadAll());
        }
        Assert.Equal([0x09, 0, 0, 0x08, 255, 0, 0x08, 45, 0], bytes);
    }

    [Fact]
    public void Remote_mode_reports_when_polled_and_wrap_mode_echoes()
    {
        Mouse(0xF0);
        _controller.Mouse.Move(7, 0, 0);
        Assert.Empty(ReadAll());
        Assert.Equal([0xFA, 0x08, 7, 0], Mouse(0xEB));
        Mouse(0xEE);
        Assert.Equal([0x42], Mouse(0x42));
        Assert.Equal([0xFA], Mouse(0xEC));
        Assert.Equal([0xFA], Mouse(0xE6));
    }

    [Fact]
    public void Controller_ram_is_readable_and_writable()
    {
        Command(0x75);
        Data(0x99);
        Command(0x35);
        Assert.Equal([0x99], ReadAll());
    }

    [Fact]
    public void Snapshot_carries_the_output_buffer_and_pending_bytes()
    {
        Translate();
        _controller.Keyboard.SetKey(KeyCode.Up, true);
        Mouse(0xF4);
        _controller.Mouse.Move(1, 1, 0);
        using MemoryStream stream = new();
        _controller.SaveState(new BinaryWriter(stream));
        I8042 other = Create();
        stream.Position = 0;
        other.LoadState(new BinaryReader(stream));
        Assert.Equal(stream.Length, stream.Position);
        List<byte> expected = [.. ReadAll(_controller)];
        Assert.Equal(expected, ReadAll(other));
    }

    [Fact]
    public void Random_accesses_never_throw()
    {
        Random random = new(5);
        for (int round = 0; round < 200; round++)
        {
            PortFuzz.Run(_controller, I8042.PortCount, 1000, round);
            _controller.Keyboard.SetKey((KeyCode)random.Next(256), random.Next(2) == 0);
            _controller.Mouse.Move(random.Next(-500, 500), random.Next(-500, 500), random.Next(-9, 9));
            _controller.Mouse.SetButtons((PointerButtons)random.Next(32));
            _clock.Advance(random.Next(50_000_000));
        }
    }

    [Fact]
    public void Characters_find_their_keys()
    {
        Assert.Equal((KeyCode.A, true), KeyTable.ForCharacter('A'));
        Assert.Equal((KeyCode.Slash, true), KeyTable.ForCharacter('?'));
        Assert.Equal((KeyCode.Ret, false), KeyTable.ForCharacter('\n'));
        Assert.Equal((KeyCode.Digit7, false), KeyTable.ForCharacter('7'));
        Assert.Null(KeyTable.ForCharacter('é'));
        Assert.True(KeyTable.TryParse("KP_7", out KeyCode key));
        Assert.Equal(KeyCode.Kp7, key);
        Assert.False(KeyTable.TryParse("nosuchkey", out _));
    }

    private byte Status => (byte)_controller.ReadPort(I8042.CommandOffset, 1);

    private I8042 Create() => new(new Ps2Keyboard(_clock), new Ps2Mouse(_clock), _irq1, _irq12, _a20, _power, _clock);

    private void Command(byte value) => _controller.WritePort(I8042.CommandOffset, 1, value);

    private void Data(byte value) => _controller.WritePort(I8042.DataOffset, 1, value);

    private byte Read() => (byte)_controller.ReadPort(I8042.DataOffset, 1);

    private byte[] ReadAll() => ReadAll(_controller);

    private byte[] ReadAll(I8042 controller)
    {
        List<byte> bytes = [];
        for (int idle = 0; idle < 2; idle++)
        {
            while ((controller.ReadPort(I8042.CommandOffset, 1) & 1) != 0)
            {
                bytes.Add((byte)controller.ReadPort(I8042.DataOffset, 1));
                idle = 0;
            }
            _clock.Advance(I8042.StreamByteNanoseconds);
        }
        return [.. bytes];
    }

    private byte[] Mouse(byte command)
    {
        Command(0xD4);
        Data(command);
        return ReadAll();
    }

    private void Knock(params byte[] rates)
    {
        foreach (byte rate in rates)
        {
            Assert.Equal([0xFA], Mouse(0xF3));
            Assert.Equal([0xFA], Mouse(rate));
        }
    }

    private void Translate()
    {
        Command(0x60);
        Data(0x43);
    }

    private void SelectSet(byte set)
    {
        Data(0xF0);
        Data(set);
        Assert.Equal([0xFA, 0xFA], ReadAll());
    }
}
