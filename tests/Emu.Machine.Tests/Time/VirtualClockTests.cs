using Xunit;

namespace Emu.Machine.Tests.Time;

public sealed class VirtualClockTests
{
    private const long LongestStep = 10_000_000;

    [Fact]
    public void Time_the_host_spends_elsewhere_does_not_pass_for_a_busy_machine()
    {
        VirtualClock clock = new();
        clock.Start();
        clock.Advance();
        long before = clock.Nanoseconds;
        Thread.Sleep(3 * (int)(LongestStep / 1_000_000));
        long stalled = clock.Nanoseconds;
        Assert.InRange(stalled - before, 1, LongestStep);
        Assert.Equal(stalled, clock.Nanoseconds);
        clock.Advance();
        Assert.InRange(clock.Nanoseconds - stalled, 0, LongestStep);
    }

    [Fact]
    public void Time_passes_for_an_idle_machine()
    {
        VirtualClock clock = new();
        clock.Start();
        clock.Advance();
        long before = clock.Nanoseconds;
        clock.Rest();
        Thread.Sleep(3 * (int)(LongestStep / 1_000_000));
        Assert.True(clock.Nanoseconds - before >= 3 * LongestStep);
        clock.Advance();
        Assert.True(clock.Nanoseconds - before >= 3 * LongestStep);
    }

    [Fact]
    public void A_time_set_is_the_time_even_behind_a_stall()
    {
        VirtualClock clock = new();
        clock.Start();
        clock.Advance();
        Thread.Sleep(3 * (int)(LongestStep / 1_000_000));
        clock.Stop();
        clock.Set(123);
        Assert.Equal(123, clock.Nanoseconds);
    }
}
