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
        arrived.Release();
        Kick?.Invoke();
    }

    /// <summary>Runs everything queued; returns whether there was anything.</summary>
    public bool Drain()
    {
        bool any = false;
        while (actions.TryDequeue(out Action? action))
        {
            arrived.Wait(0);
            action();
            any = true;
        }

        return any;
    }

    /// <summary>Waits until something is queued or the time is up.</summary>
    public void Wait(TimeSpan atMost)
    {
        if (!actions.IsEmpty) return;
        if (arrived.Wait(atMost)) arrived.Release();
    }

    /// <inheritdoc/>
    public void Dispose() => arrived.Dispose();
}
