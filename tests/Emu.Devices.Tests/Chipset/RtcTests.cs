using Emu.Devices.Timers;
using Xunit;

namespace Emu.Devices.Tests.Chipset;

/// <summary>MC146818 data sheet; CMOS layout as QEMU 7.2's pc shows it.</summary>
public sealed class RtcTests
{
    private const long Second = 1_000_000_000;

    private readonly ManualClock _clock = new();
    private readonly Wire _irq = new();

    private Rtc146818 Create(DateTime start, CmosConfiguration? cmos = null) =>
        new(_clock, _irq, cmos ?? new CmosConfiguration { LowMemory = 256 << 20 }, start);

    private Rtc146818 Create() => Create(new DateTime(2024, 2, 28, 23, 59, 58));

    private static byte Read(Rtc146818 rtc, int index)
    {
        rtc.WritePort(0, 1, (uint)index);
        return (byte)rtc.ReadPort(1, 1);
    }

    private static void Write(Rtc146818 rtc, int index, byte value)
    {
        rtc.WritePort(0, 1, (uint)index);
        rtc.WritePort(1, 1, value);
    }

    private static string Show(Rtc146818 rtc) =>
        $"{Read(rtc, 0x32):x2}{Read(rtc, 9):x2}-{Read(rtc, 8):x2}-{Read(rtc, 7):x2} {Read(rtc, 4):x2}:{Read(rtc, 2):x2}:{Read(rtc, 0):x2} {Read(rtc, 6)}";

    [Fact]
    public void Time_runs_in_BCD_through_a_leap_day()
    {
        Rtc146818 rtc = Create();
        Assert.Equal("2024-02-28 23:59:58 4", Show(rtc));
        _clock.Advance(2 * Second);
        Assert.Equal("2024-02-29 00:00:00 5", Show(rtc));
        _clock.Advance(86_400 * Second);
        Assert.Equal("2024-03-01 00:00:00 6", Show(rtc));
    }

    [Fact]
    public void Civil_arithmetic_agrees_with_the_calendar()
    {
        for (var date = new DateTime(1899, 12, 25); date.Year < 2120; date = date.AddDays(13))
        {
            Rtc146818 rtc = Create(date.AddHours(13));
            Assert.Equal((long)(date.AddHours(13) - DateTime.UnixEpoch).TotalSeconds, rtc.UnixSeconds);
            Assert.Equal($"{date:yyyy-MM-dd} 13:00:00 {(int)date.DayOfWeek + 1}", Show(rtc));
        }
    }

    [Fact]
    public void Binary_and_12_hour_formats_show_the_same_time()
    {
        Rtc146818 rtc = Create();
        Write(rtc, 0xB, 0x80);
        Write(rtc, 0xB, 0x84);
        Write(rtc, 0xB, 0x06);
        Write(rtc, 0xB, 0x86);
        Write(rtc, 4, 13);
        Write(rtc, 2, 45);
        Write(rtc, 0, 7);
        Write(rtc, 0xB, 0x06);
        Assert.Equal(13, Read(rtc, 4));
        Assert.Equal(45, Read(rtc, 2));
        Rtc146818 twelve = Create(new DateTime(2024, 1, 1, 0, 5, 0));
        Assert.Equal(0x00, Read(twelve, 4));
        Write(twelve, 0xB, 0x82);
        Write(twelve, 0xB, 0x80);
        Write(twelve, 4, 0x92);
        Write(twelve, 0xB, 0x00);
        Assert.Equal(0x92, Read(twelve, 4));
        Assert.Equal(12 * 3600 + 300, twelve.UnixSeconds % 86_400);
    }

    [Fact]
    public void SET_holds_time_as_plain_bytes_until_released()
    {
        Rtc146818 rtc = Create();
        Write(rtc, 0xB, 0x82);
        _clock.Advance(10 * Second);
        Assert.Equal(0x58, Read(rtc, 0));
        // Day 31 before the month: must not carry over while held.
        Write(rtc, 7, 0x31);
        Write(rtc, 8, 0x12);
        Write(rtc, 9, 0x99);
        Write(rtc, 0x32, 0x19);
        Assert.Equal(0x31, Read(rtc, 7));
        Write(rtc, 0xB, 0x02);
        Assert.Equal("1999-12-31 23:59:58 6", Show(rtc));
        _clock.Advance(2 * Second);
        Assert.Equal("2000-01-01 00:00:00 7", Show(rtc));
    }

    [Fact]
    public void UIP_rises_2228_microseconds_before_each_update()
    {
        Rtc146818 rtc = Create();
        _clock.Advance(Second - 2_228_001);
        Assert.Equal(0x26, Read(rtc, 0xA));
        _clock.Advance(1);
        Assert.Equal(0xA6, Read(rtc, 0xA));
        _clock.Advance(2_227_999);
        Assert.Equal(0xA6, Read(rtc, 0xA));
        Assert.Equal(0x58, Read(rtc, 0));
        _clock.Advance(1);
        Assert.Equal(0x26, Read(rtc, 0xA));
        Assert.Equal(0x59, Read(rtc, 0));
    }

    [Fact]
    public void The_divider_reset_stops_time_and_its_release_updates_half_a_second_later()
    {
        Rtc146818 rtc = Create();
        Write(rtc, 0xA, 0x76);
        _clock.Advance(5 * Second);
        Assert.Equal(0x58, Read(rtc, 0));
        Write(rtc, 0xA, 0x26);
        _clock.Advance(Second / 2 - 1);
        Assert.Equal(0x58, Read(rtc, 0));
        _clock.Advance(1);
        Assert.Equal(0x59, Read(rtc, 0));
    }

    [Fact]
    public void The_update_interrupt_fires_each_second_and_register_C_clears_it()
    {
        Rtc146818 rtc = Create();
        Write(rtc, 0xB, 0x12);
        _clock.Advance(Second - 1);
        Assert.False(_irq.Level);
        _clock.Advance(1);
        Assert.True(_irq.Level);
        Assert.Equal(0x90, Read(rtc, 0xC) & 0x90);
        Assert.False(_irq.Level);
        Assert.Equal(0, Read(rtc, 0xC));
        _clock.Advance(Second);
        Assert.True(_irq.Level);
    }

    [Theory]
    [InlineData(0x6, 1024)]
    [InlineData(0xF, 2)]
    [InlineData(0x3, 8192)]
    [InlineData(0x1, 256)]
    [InlineData(0x2, 128)]
    public void The_periodic_interrupt_has_the_selected_rate(byte select, int hertz)
    {
        Rtc146818 rtc = Create();
        Write(rtc, 0xA, (byte)(0x20 | select));
        Read(rtc, 0xC);
        Write(rtc, 0xB, 0x42);
        int count = 0;
        long end = _clock.Nanoseconds + 2 * Second;
        while (_clock.Nanoseconds < end)
        {
            _clock.Advance(Second / 32768 / 2);
            if (_irq.Level)
            {
                count++;
                Assert.Equal(0xC0, Read(rtc, 0xC) & 0xC0);
            }
        }
        Assert.InRange(count, 2 * hertz - 1, 2 * hertz + 1);
    }

    [Fact]
    public void Flags_are_set_even_when_their_interrupts_are_off()
    {
        Rtc146818 rtc = Create();
        Read(rtc, 0xC);
        _clock.Advance(Second);
        Assert.Equal(0x50, Read(rtc, 0xC));
        Assert.Equal(0, _irq.RisingEdges);
    }

    [Theory]
    [InlineData(0x00, 0x00, 0x00, 2)]
    [InlineData(0x30, 0x00, 0x00, 32)]
    [InlineData(0xFF, 0xFF, 0xFF, 1)]
    [InlineData(0x05, 0xFF, 0xFF, 7)]
    [InlineData(0x00, 0x10, 0xC0, 602)]
    [InlineData(0x57, 0x59, 0x23, 86_399)]
    public void The_alarm_fires_at_the_first_matching_second(byte second, byte minute, byte hour, int after)
    {
        Rtc146818 rtc = Create();
        Write(rtc, 1, second);
        Write(rtc, 3, minute);
        Write(rtc, 5, hour);
        Read(rtc, 0xC);
        Write(rtc, 0xB, 0x22);
        _clock.Advance(after * Second - 1);
        Assert.False(_irq.Level);
        _clock.Advance(1);
        Assert.True(_irq.Level);
        Assert.Equal(0xA0, Read(rtc, 0xC) & 0xA0);
    }

    [Fact]
    public void An_impossible_alarm_never_fires()
    {
        Rtc146818 rtc = Create();
        Write(rtc, 1, 0x77);
        Write(rtc, 0xB, 0x22);
        _clock.Advance(90_000 * Second);
        Assert.False(_irq.Level);
    }

    [Fact]
    public void Port_70_is_write_only_and_its_top_bit_masks_NMI()
    {
        Rtc146818 rtc = Create();
        bool? masked = null;
        rtc.NmiMaskChanged += m => masked = m;
        rtc.WritePort(0, 1, 0x8D);
        Assert.True(masked);
        Assert.Equal(0x80u, rtc.ReadPort(1, 1));
        Assert.Equal(0xFFu, rtc.ReadPort(0, 1));
        rtc.WritePort(0, 1, 0x0D);
        Assert.False(masked);
    }

    [Fact]
    public void Memory_survives_reset_but_interrupt_enables_do_not()
    {
        Rtc146818 rtc = Create();
        Write(rtc, 0x0F, 0xFE);
        Write(rtc, 0xB, 0x72);
        rtc.Reset();
        Assert.Equal(0xFE, Read(rtc, 0x0F));
        Assert.Equal(0x02, Read(rtc, 0xB));
    }

    [Fact]
    public void Contents_are_those_of_QEMU_for_a_machine_with_256_MiB()
    {
        Rtc146818 rtc = Create(new DateTime(2026, 11, 26), new CmosConfiguration { LowMemory = 256 << 20 });
        AssertBytes(rtc, 0x10, "00 00 00 00 06 80 02 ff ff 00 00 00 00 00 00 00");
        AssertBytes(rtc, 0x30, "ff ff 20 00 00 0f 00 20 00 00 00 00 00 12 00 00", except: 0x38);
        Assert.Equal(0x30, rtc.Peek(0x38));
    }

    [Fact]
    public void Contents_are_those_of_QEMU_for_a_machine_with_4_GiB()
    {
        Rtc146818 rtc = Create(new DateTime(2026, 11, 26), new CmosConfiguration { LowMemory = 3ul << 30, HighMemory = 1ul << 30 });
        Assert.Equal(0xBF, rtc.Peek(0x35));
        AssertBytes(rtc, 0x50, "00 00 00 00 00 00 00 00 00 00 00 00 40 00 00 00");
    }

    [Fact]
    public void Contents_are_those_of_QEMU_for_disk_floppy_boot_order_and_processors()
    {
        // qemu -smp 4 -boot order=adc, a 100 MiB IDE disk, a 1.44 MB floppy.
        Rtc146818 rtc = Create(new DateTime(2026, 11, 26), new CmosConfiguration
        {
            LowMemory = 256 << 20,
            ProcessorCount = 4,
            FloppyA = CmosFloppyType.Inch3_1440K,
            BootOrder = [CmosBootDevice.Floppy, CmosBootDevice.CdRom, CmosBootDevice.HardDisk],
            Disks = [new CmosDisk(203, 16, 63, CmosDiskTranslation.None)],
        });
        AssertBytes(rtc, 0x10, "40 00 f0 00 07 80 02 ff ff 2f 00 cb 00 10 ff ff");
        AssertBytes(rtc, 0x20, "c8 cb 00 3f 00 00 00 00 00 00 00 00 00 00 00 00");
        AssertBytes(rtc, 0x30, "ff ff 20 00 00 0f 00 20 20 00 00 00 00 31 00 00");
        Assert.Equal(3, rtc.Peek(0x5F));
    }

    private static void AssertBytes(Rtc146818 rtc, int first, string expected, int except = -1)
    {
        string actual = string.Join(' ', Enumerable.Range(first, 16).Select(i => (i == except ? (byte)0 : rtc.Peek(i)).ToString("x2")));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Any_bytes_a_guest_stores_are_survived()
    {
        Rtc146818 rtc = Create();
        var random = new Random(1);
        for (int i = 0; i < 50_000; i++)
        {
            Write(rtc, random.Next(16) == 0 ? 0x32 : random.Next(14), (byte)random.Next(256));
            Read(rtc, random.Next(128));
            _clock.Advance(random.Next(1_000_000));
        }
        rtc.Describe(TextWriter.Null);
    }

    [Fact]
    public void State_survives_a_snapshot()
    {
        Rtc146818 rtc = Create();
        Write(rtc, 0xB, 0x12);
        _clock.Advance(Second / 4);
        var stream = new MemoryStream();
        rtc.SaveState(new BinaryWriter(stream));
        stream.Position = 0;
        var irq = new Wire();
        var copy = new Rtc146818(_clock, irq, new CmosConfiguration { LowMemory = 1 << 20 }, DateTime.UnixEpoch);
        copy.LoadState(new BinaryReader(stream));
        _clock.Advance(Second * 3 / 4);
        Assert.True(irq.Level);
        Assert.Equal(Show(rtc), Show(copy));
        Assert.Equal(0xFF, copy.Peek(0x17));
    }
}
