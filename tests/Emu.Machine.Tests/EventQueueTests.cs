using Xunit;

namespace Emu.Machine.Tests;

public sealed class EventQueueTests
{
    [Fact]
    public void Whatever_is_posted_is_run_and_wakes_nobody_afterwards()
    {
        const int posts = 300_000, threads = 2;
        using EventQueue queue = new();
        int run = 0;
        Thread[] posters = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < posts; i++)
            {
                queue.Post(() => run++);
                Thread.SpinWait(20);
            }
        }))];
        foreach (Thread poster in posters) poster.Start();
        // First as a machine that is busy looks at it, all the time, then as one that waits.
        while (run < posts) queue.Drain();
        while (run < threads * posts)
        {
            Assert.True(queue.Wait(TimeSpan.FromMinutes(1)));
            queue.Drain();
        }

        foreach (Thread poster in posters) poster.Join();
        // As many wakings in vain as there are posters are fine; they must come to an end.
        for (int i = 0; i < threads; i++) queue.Wait(TimeSpan.Zero);
        Assert.False(queue.Wait(TimeSpan.Zero));
    }
}
