namespace Emu.Stepper.Session;

/// <summary>An entry of the log.</summary>
/// <param name="Position">Instructions run until then.</param>
/// <param name="Kind">"irq", "exception", "int", "in", "out", "call".</param>
/// <param name="Text">What happened.</param>
public readonly record struct LogEntry(ulong Position, string Kind, string Text);

/// <summary>Interrupts and device activity, the latest of them.</summary>
public sealed class EventLog
{
    private const int Capacity = 10_000;
    private readonly Queue<LogEntry> entries = new();

    /// <summary>The entries, oldest first.</summary>
    public IEnumerable<LogEntry> Entries => entries;

    /// <summary>How many there are.</summary>
    public int Count => entries.Count;

    /// <summary>Adds an entry.</summary>
    public void Add(ulong position, string kind, string text)
    {
        if (entries.Count == Capacity) entries.Dequeue();
        entries.Enqueue(new LogEntry(position, kind, text));
    }

    /// <summary>Forgets what came after a position: after going back in time.</summary>
    public void TruncateAfter(ulong position)
    {
        LogEntry[] kept = [.. entries.Where(e => e.Position <= position)];
        entries.Clear();
        foreach (LogEntry entry in kept) entries.Enqueue(entry);
    }
}
