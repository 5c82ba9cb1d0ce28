using System.Threading.Channels;

namespace Emu.Devices.Serial;

/// <summary>
/// Output that a thread of its own sends, so that a peer that does not read cannot stop the machine: past the limit the
/// oldest writes are lost.
/// </summary>
internal sealed class OutputQueue : IDisposable
{
    private const int WriteLimit = 64 * 1024;

    private readonly Channel<byte[]> _writes = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(WriteLimit) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly Action<byte[]> _send;

    /// <param name="send">Sends bytes, waiting as long as it takes; handles its own failures.</param>
    public OutputQueue(Action<byte[]> send)
    {
        _send = send;
        new Thread(SendLoop) { IsBackground = true, Name = "character output" }.Start();
    }

    public void Write(ReadOnlySpan<byte> data) => _writes.Writer.TryWrite(data.ToArray());

    /// <summary>Ends the thread when everything queued has been sent.</summary>
    public void Dispose() => _writes.Writer.TryComplete();

    private void SendLoop()
    {
        while (_writes.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_writes.Reader.TryRead(out byte[]? data))
                _send(data);
        }
    }
}
