using Emu.Cpu;
using Xunit;

namespace Emu.Machine.Tests;

public sealed class VirtualClockTests
{
    private const long Millisecond = 1_000_000;

    private long host;

    [Fact]
    public void A_busy_guest_sees_no_jump_when_the_host_was_away_and_gets_the_time_back_little_by_little()
    {
        VirtualClock clock = new(() => host);
        long before = clock.Nanoseconds;
        host += 100 * Millisecond;
        Assert.Equal(before + (4 * Millisecond), clock.Nanoseconds);
        long last = clock.Nanoseconds;
        for (int i = 0; i < 96 * 8; i++)
        {
            host += Millisecond;
            long now = clock.Nanoseconds;
            Assert.Equal(Millisecond + (Millisecond / 8), now - last);
            last = now;
        }

        // All of it is paid.
        Assert.Equal(before + host, last);
        host += Millisecond;
        Assert.Equal(before + host, clock.Nanoseconds);
    }

    [Fact]
    public void A_guest_that_idles_is_on_time_at_once()
    {
        VirtualClock clock = new(() => host);
        long before = clock.Nanoseconds;
        host += 100 * Millisecond;
        _ = clock.Nanoseconds;
        clock.CatchUp();
        Assert.Equal(before + host, clock.Nanoseconds);
        host += 50 * Millisecond;
        clock.CatchUp();
        Assert.Equal(before + host, clock.Nanoseconds);
    }

    [Fact]
    public void A_guest_that_idles_gets_its_time_back_from_one_timer_to_the_next()
    {
        // A diskette's track: a sector a timer, each armed by the one before, while the driver waits three seconds at most.
        const int sectors = 36;
        VirtualClock clock = new(() => host);
        long start = clock.Nanoseconds, sector = Millisecond / 20;
        int read = 0;
        bool timedOut = false;
        IClockTimer next = clock.CreateTimer(() => read++);
        clock.CreateTimer(() => timedOut = read < sectors).Arm(start + (3000 * Millisecond));
        host += 10_000 * Millisecond;
        for (int i = 0; i < sectors; i++)
        {
            next.Arm(clock.Nanoseconds + sector);
            clock.CatchUp();
            // The host wakes up late.
            host += 200 * Millisecond;
            clock.CatchUp();
            clock.RunExpired();
        }

        Assert.Equal(sectors, read);
        Assert.False(timedOut);
        // Nothing is lost.
        for (int i = 0; i < 100; i++) clock.CatchUp();
        clock.RunExpired();
        for (int i = 0; i < 100; i++) clock.CatchUp();
        Assert.Equal(start + host, clock.Nanoseconds);
    }

    [Fact]
    public void A_guest_that_idles_never_sees_more_than_a_second_of_arrears_pass_at_once()
    {
        VirtualClock clock = new(() => host);
        host += 30_000 * Millisecond;
        long last = clock.Nanoseconds;
        for (int wait = 0; wait < 29; wait++)
        {
            clock.CatchUp();
            Assert.InRange(clock.Nanoseconds - last, 900 * Millisecond, 1000 * Millisecond);
            last = clock.Nanoseconds;
        }
    }
}
