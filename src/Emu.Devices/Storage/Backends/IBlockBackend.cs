namespace Emu.Devices.Storage;

/// <summary>
/// A disk image as a drive sees it: requests are carried out in the order of submission, and each one's completion runs on the machine's
/// thread, never inside <see cref="Submit"/>.
/// </summary>
public interface IBlockBackend : IDisposable
{
    /// <summary>The image, for its size and properties. Its content is accessed by requests only.</summary>
    BlockImage Image { get; }

    /// <summary>Starts a request.</summary>
    /// <param name="request">The request; not submitted before.</param>
    /// <param name="deadline">Virtual time at which it shall complete (a request restored from a snapshot); 0 lets the backend choose. Backends that follow host time ignore it.</param>
    void Submit(BlockRequest request, long deadline = 0);

    /// <summary>Completes everything submitted, running the completions, before it returns. Call on the machine's thread.</summary>
    void Drain();

    /// <summary>
    /// Forgets the requests that have not completed, because of a reset or a snapshot: what they were to do may or may not be done, and their owner must not care
    /// if a completion still runs.
    /// </summary>
    void Abandon();

    /// <summary>Raised on the machine's thread when a request failed, before its completion runs: for a log.</summary>
    event Action<BlockRequest>? Failed;
}
