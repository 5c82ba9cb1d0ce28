using System.Collections.Concurrent;

namespace Emu.Machine;

/// <summary>
/// Work that other threads hand to the machine's thread: completions of host I/O, input, requests of monitors and
/// debuggers.
/// </summary>
public sealed class EventQueue : IDisposable
{
    private readonly ConcurrentQueue<Action> actions = new();
    private readonly SemaphoreSlim arrived = new(0);

    /// <summary>Called on the posting thread after every <see cref="Post"/>: gets the machine's thread out of guest code.</summary>
    public Action? Kick { get; set; }

    /// <summary>Queues an action. May be called from any thread.</summary>
    public void Post(Action action)
    {
        actions.Enqueue(action);
        // One is enough to wake the machine's thread, which then takes all there is; counts that nobody waits for would wake it in vain ever after.
        if (arrived.CurrentCount == 0) arrived.Release();
        Kick?.Invoke();
    }

    /// <summary>Runs everything queued; returns whether there was anything.</summary>
    public bool Drain()
    {
        bool any = false;
        while (actions.TryDequeue(out Action? action))
        {
            action();
            any = true;
        }

        return any;
    }

    /// <summary>Waits until something is queued or the time is up. It may also end early once or twice, for something that has been taken already.</summary>
    /// <returns>False when the time was up.</returns>
    public bool Wait(TimeSpan atMost) => !actions.IsEmpty || arrived.Wait(atMost);

    /// <inheritdoc/>
    public void Dispose() => arrived.Dispose();
}
