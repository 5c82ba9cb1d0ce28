namespace Emu.Devices.Serial;

/// <summary>
/// Output that a thread of its own sends, so that a peer that does not read cannot stop the machine. Bytes that wait are sent
/// together; past the limit the oldest are lost.
/// </summary>
internal sealed class OutputQueue : IDisposable
{
    /// <summary>Bytes that wait for a peer: six minutes of a line at 115200 bit/s.</summary>
    public const int Limit = 4 << 20;

    private const int FirstSize = 4096;
    private static readonly TimeSpan LastChance = TimeSpan.FromMilliseconds(500);

    private readonly Sender _send;
    private readonly Thread _thread;
    private readonly object _gate = new();
    private byte[] _waiting = new byte[FirstSize];
    private byte[] _sending = new byte[FirstSize];
    private int _count;
    private bool _closed;

    /// <param name="send">Sends bytes, waiting as long as it takes; handles its own failures.</param>
    public OutputQueue(Sender send)
    {
        _send = send;
        _thread = new Thread(SendLoop) { IsBackground = true, Name = "character output" };
        _thread.Start();
    }

    /// <summary>Sends bytes to the peer.</summary>
    public delegate void Sender(ReadOnlySpan<byte> data);

    public void Write(ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            if (_closed)
                return;
            if (data.Length > Limit)
                data = data[^Limit..];
            if (_count + data.Length > Limit)
                DropOldest(Math.Min(_count, Math.Max(data.Length, Limit / 2)));
            if (_count + data.Length > _waiting.Length)
                Array.Resize(ref _waiting, Math.Max(2 * _waiting.Length, _count + data.Length));
            data.CopyTo(_waiting.AsSpan(_count));
            _count += data.Length;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Forgets what waits: the peer it was for has gone.</summary>
    public void Clear()
    {
        lock (_gate)
            _count = 0;
    }

    /// <summary>Takes nothing more, and gives what waits some time to be sent.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }
        _thread.Join(LastChance);
    }

    private void DropOldest(int count)
    {
        _waiting.AsSpan(count, _count - count).CopyTo(_waiting);
        _count -= count;
    }

    private void SendLoop()
    {
        while (TakeWaiting() is > 0 and int count)
            _send(_sending.AsSpan(0, count));
    }

    /// <summary>Waits for bytes and moves them to <see cref="_sending"/>; 0 when there will be none any more.</summary>
    private int TakeWaiting()
    {
        lock (_gate)
        {
            while (_count == 0 && !_closed)
                Monitor.Wait(_gate);
            (_waiting, _sending) = (_sending, _waiting);
            int count = _count;
            _count = 0;
            return count;
        }
    }
}
