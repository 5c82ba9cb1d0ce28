namespace Emu.Devices.Serial;

/// <summary>
/// Common part of the back-ends: the queue between the host thread that reads input and the machine's thread that delivers it.
/// </summary>
public abstract class CharacterDevice : ICharacterDevice
{
    private const int QueueLimit = 64 * 1024;
    private const int DeliveryChunk = 256;

    private readonly Action<Action>? _post;
    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _room = new(true);
    private readonly Queue<Input> _queue = new();
    private bool _deliveryPosted;
    private bool _disposed;
    private ICharacterReceiver? _receiver;

    /// <param name="post">Runs an action on the machine's thread, or null when everything happens there anyway.</param>
    protected CharacterDevice(Action<Action>? post) => _post = post;

    /// <summary>A byte, or an event when <see cref="Signal"/> is set.</summary>
    private readonly record struct Input(byte Data, CharacterEvent? Signal);

    /// <inheritdoc/>
    public ICharacterReceiver? Receiver
    {
        get => _receiver;
        set
        {
            _receiver = value;
            Deliver();
        }
    }

    /// <summary>True once <see cref="Dispose()"/> was called.</summary>
    protected bool IsDisposed => Volatile.Read(ref _disposed);

    /// <inheritdoc/>
    public abstract void Write(ReadOnlySpan<byte> data);

    /// <inheritdoc/>
    public virtual void SetBreak(bool active)
    {
    }

    /// <inheritdoc/>
    public void AcceptInput() => Deliver();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (IsDisposed)
            return;
        Volatile.Write(ref _disposed, true);
        _room.Set();
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the host side. Called once.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Takes input from a host thread, which waits while the receiver is far behind.</summary>
    protected void Enqueue(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty && !IsDisposed)
        {
            _room.Wait();
            lock (_gate)
            {
                int count = Math.Min(data.Length, QueueLimit - _queue.Count);
                for (int i = 0; i < count; i++)
                    _queue.Enqueue(new Input(data[i], null));
                data = data[Math.Max(count, 0)..];
                if (_queue.Count >= QueueLimit && !IsDisposed)
                    _room.Reset();
            }
            PostDelivery();
        }
    }

    /// <summary>Takes an event from a host thread.</summary>
    protected void Enqueue(CharacterEvent signal)
    {
        lock (_gate)
            _queue.Enqueue(new Input(0, signal));
        PostDelivery();
    }

    /// <summary>Starts a thread that takes everything <paramref name="input"/> yields.</summary>
    protected void StartReading(Stream input)
        => new Thread(() => ReadLoop(input)) { IsBackground = true, Name = "character input" }.Start();

    private void ReadLoop(Stream input)
    {
        byte[] buffer = new byte[4096];
        try
        {
            for (int count; !IsDisposed && (count = input.Read(buffer)) > 0;)
                Enqueue(buffer.AsSpan(0, count));
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            // The input has ended; output goes on.
        }
        if (!IsDisposed)
            Enqueue(CharacterEvent.Closed);
    }

    private void PostDelivery()
    {
        if (_post is null)
        {
            Deliver();
            return;
        }
        lock (_gate)
        {
            if (_deliveryPosted)
                return;
            _deliveryPosted = true;
        }
        _post(() =>
        {
            lock (_gate)
                _deliveryPosted = false;
            Deliver();
        });
    }

    /// <summary>Gives the receiver as much as it takes.</summary>
    private void Deliver()
    {
        Span<byte> chunk = stackalloc byte[DeliveryChunk];
        while (_receiver is { } receiver)
        {
            int capacity = Math.Min(receiver.ReceiveCapacity, DeliveryChunk);
            int count = 0;
            CharacterEvent? signal = null;
            lock (_gate)
            {
                while (count < capacity && _queue.TryPeek(out Input input) && input.Signal is null)
                {
                    chunk[count++] = input.Data;
                    _queue.Dequeue();
                }
                if (count == 0 && _queue.TryPeek(out Input next) && next.Signal is not null)
                    signal = _queue.Dequeue().Signal;
                if (_queue.Count < QueueLimit)
                    _room.Set();
            }
            if (count > 0)
                receiver.Receive(chunk[..count]);
            else if (signal is { } value)
                receiver.Signal(value);
            else
                return;
        }
    }
}
