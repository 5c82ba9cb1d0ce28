using Emu.Cpu;

namespace Emu.Devices.Storage;

/// <summary>
/// Carries out requests at once and completes them at a virtual time that depends on the request alone, so that two runs under an
/// instruction-counted clock are identical.
/// </summary>
public sealed class DeterministicBlockBackend : IBlockBackend
{
    /// <summary>Fixed cost of a request: 50 microseconds.</summary>
    public const long LatencyNanoseconds = 50_000;

    /// <summary>Bytes a millisecond: 500 MB/s.</summary>
    public const long BytesPerMillisecond = 500_000;

    private readonly IClock _clock;
    private readonly IClockTimer _timer;
    private readonly Queue<BlockRequest> _pending = new();
    private long _lastDeadline;

    /// <param name="image">The image; disposed with the backend.</param>
    /// <param name="clock">The machine's clock.</param>
    public DeterministicBlockBackend(BlockImage image, IClock clock)
    {
        Image = image;
        _clock = clock;
        _timer = clock.CreateTimer(CompleteDue);
    }

    /// <inheritdoc/>
    public event Action<BlockRequest>? Failed;

    /// <inheritdoc/>
    public BlockImage Image { get; }

    /// <inheritdoc/>
    public void Submit(BlockRequest request, long deadline = 0)
    {
        request.Execute(Image);
        if (_pending.Count == 0) _lastDeadline = 0;
        long cost = LatencyNanoseconds + request.Length * 1_000_000 / BytesPerMillisecond;
        request.Deadline = deadline != 0 ? deadline : Math.Max(_clock.Nanoseconds, _lastDeadline) + cost;
        _lastDeadline = request.Deadline;
        _pending.Enqueue(request);
        if (_pending.Count == 1) _timer.Arm(request.Deadline);
    }

    /// <inheritdoc/>
    public void Drain()
    {
        while (_pending.TryDequeue(out BlockRequest? request)) Complete(request);
        _timer.Cancel();
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        _pending.Clear();
        _lastDeadline = 0;
        _timer.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Cancel();
        _pending.Clear();
        Image.Dispose();
    }

    private void CompleteDue()
    {
        while (_pending.TryPeek(out BlockRequest? request) && request.Deadline <= _clock.Nanoseconds)
        {
            _pending.Dequeue();
            Complete(request);
        }
        if (_pending.TryPeek(out BlockRequest? next)) _timer.Arm(next.Deadline);
    }

    private void Complete(BlockRequest request)
    {
        if (request.Status == BlockStatus.Failed) Failed?.Invoke(request);
        request.Completed(request);
    }
}
