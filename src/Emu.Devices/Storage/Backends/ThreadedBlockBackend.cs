using System.Collections.Concurrent;

namespace Emu.Devices.Storage;

/// <summary>Carries out requests on a worker thread, so that slow host storage never stops the processors.</summary>
public sealed class ThreadedBlockBackend : IBlockBackend
{
    private readonly Action<Action> _post;
    private readonly BlockingCollection<BlockRequest> _requests = [];
    private readonly ConcurrentQueue<BlockRequest> _ended = new();
    private readonly AutoResetEvent _oneEnded = new(false);
    private Thread? _worker;
    private int _outstanding; // machine's thread only

    /// <param name="image">The image; disposed with the backend.</param>
    /// <param name="post">Puts an action into the machine's event queue, from any thread.</param>
    public ThreadedBlockBackend(BlockImage image, Action<Action> post)
    {
        Image = image;
        _post = post;
    }

    /// <inheritdoc/>
    public event Action<BlockRequest>? Failed;

    /// <inheritdoc/>
    public BlockImage Image { get; }

    /// <inheritdoc/>
    public void Submit(BlockRequest request, long deadline = 0)
    {
        if (_worker is null)
        {
            _worker = new Thread(Work) { IsBackground = true, Name = $"disk {Path.GetFileName(Image.FileName)}" };
            _worker.Start();
        }
        _outstanding++;
        _requests.Add(request);
    }

    /// <inheritdoc/>
    public void Drain()
    {
        RunCompletions();
        while (_outstanding != 0)
        {
            _oneEnded.WaitOne();
            RunCompletions();
        }
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        // The worker has them already; their owner ignores the completions.
    }

    /// <summary>Finishes the requests (their completions no longer run) and closes the image.</summary>
    public void Dispose()
    {
        if (_requests.IsAddingCompleted) return;
        _requests.CompleteAdding();
        _worker?.Join();
        Image.Dispose();
        _requests.Dispose();
    }

    private void Work()
    {
        foreach (BlockRequest request in _requests.GetConsumingEnumerable())
        {
            request.Execute(Image);
            _ended.Enqueue(request);
            _oneEnded.Set();
            _post(RunCompletions);
        }
    }

    private void RunCompletions()
    {
        while (_ended.TryDequeue(out BlockRequest? request))
        {
            _outstanding--;
            if (request.Status == BlockStatus.Failed) Failed?.Invoke(request);
            request.Completed(request);
        }
    }
}
