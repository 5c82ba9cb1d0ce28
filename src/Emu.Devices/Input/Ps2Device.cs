namespace Emu.Devices.Input;

/// <summary>A device on a PS/2 port: takes command bytes from the controller and has bytes waiting for it.</summary>
public abstract class Ps2Device : ISnapshotable, IResettable
{
    private const int CommandLimit = 64;
    private readonly Queue<byte> _replies = new();
    private byte _lastSent;

    /// <summary>Tells the controller that bytes are waiting. Set by the controller.</summary>
    internal Action? DataWaiting { get; set; }

    /// <summary>True when an answer to a command waits. Answers go before anything else.</summary>
    internal bool HasReply => _replies.Count > 0;

    /// <summary>True when anything waits.</summary>
    internal bool HasData => _replies.Count > 0 || HasStreamData;

    /// <summary>True when bytes that nobody asked for (key codes, movement packets) wait.</summary>
    protected abstract bool HasStreamData { get; }

    /// <inheritdoc/>
    public abstract void Reset();

    /// <summary>The next byte for the controller; call only when <see cref="HasData"/>.</summary>
    internal byte Take()
    {
        _lastSent = _replies.Count > 0 ? _replies.Dequeue() : TakeStreamData();
        return _lastSent;
    }

    /// <summary>A byte from the controller. What was still waiting to be sent is abandoned, as on the wire.</summary>
    internal void Write(byte value)
    {
        _replies.Clear();
        AbortStream();
        Command(value);
    }

    /// <inheritdoc/>
    public virtual void SaveState(BinaryWriter writer)
    {
        writer.Write(_lastSent);
        writer.Write((byte)_replies.Count);
        writer.Write(_replies.ToArray());
    }

    /// <inheritdoc/>
    public virtual void LoadState(BinaryReader reader)
    {
        _lastSent = reader.ReadByte();
        int count = reader.ReadByte();
        if (count > CommandLimit)
            throw new InvalidDataException("The snapshot's PS/2 device has too many answers waiting.");
        _replies.Clear();
        for (int i = 0; i < count; i++)
            _replies.Enqueue(reader.ReadByte());
    }

    /// <summary>Handles a command or parameter byte.</summary>
    protected abstract void Command(byte value);

    /// <summary>The next unrequested byte.</summary>
    protected abstract byte TakeStreamData();

    /// <summary>Drops a sequence that is being sent when a command arrives.</summary>
    protected abstract void AbortStream();

    /// <summary>Queues an answer.</summary>
    protected void Reply(params ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
            _replies.Enqueue(value);
        DataWaiting?.Invoke();
    }

    /// <summary>Sends the last byte once more (RESEND).</summary>
    protected void ReplyLast() => Reply(_lastSent);

    /// <summary>Forgets answers that were not fetched.</summary>
    protected void ClearReplies() => _replies.Clear();
}
