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
