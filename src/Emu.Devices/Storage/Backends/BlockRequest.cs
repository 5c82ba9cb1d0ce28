namespace Emu.Devices.Storage;

/// <summary>What a <see cref="BlockRequest"/> does.</summary>
public enum BlockOperation
{
    /// <summary>Fill the buffer from the disk.</summary>
    Read,

    /// <summary>Store the buffer to the disk.</summary>
    Write,

    /// <summary>Bring completed writes to stable storage.</summary>
    Flush,

    /// <summary>The range's content is no longer needed.</summary>
    Discard,

    /// <summary>Read the range and drop it, to learn whether it can be read.</summary>
    Verify,
}

/// <summary>How a <see cref="BlockRequest"/> ended.</summary>
public enum BlockStatus
{
    /// <summary>Not ended yet.</summary>
    Pending,

    /// <summary>Done.</summary>
    Ok,

    /// <summary>Failed; <see cref="BlockRequest.Error"/> says why.</summary>
    Failed,
}

/// <summary>One operation on a disk, from submission to completion.</summary>
public sealed class BlockRequest
{
    /// <summary>Makes a request on <paramref name="buffer"/>, which the backend may use until the request completes.</summary>
    public BlockRequest(BlockOperation operation, long offset, Memory<byte> buffer, Action<BlockRequest> completed, bool flushAfter = false)
    {
        Operation = operation;
        Offset = offset;
        Buffer = buffer;
        Length = buffer.Length;
        Completed = completed;
        FlushAfter = flushAfter;
    }

    /// <summary>Makes a request without data: <see cref="BlockOperation.Flush"/>, <see cref="BlockOperation.Discard"/> or <see cref="BlockOperation.Verify"/>.</summary>
    public BlockRequest(BlockOperation operation, long offset, long length, Action<BlockRequest> completed)
    {
        Operation = operation;
        Offset = offset;
        Length = length;
        Completed = completed;
    }

    /// <summary>What to do.</summary>
    public BlockOperation Operation { get; }

    /// <summary>First byte on the disk.</summary>
    public long Offset { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>Data of a read or write.</summary>
    public Memory<byte> Buffer { get; }

    /// <summary>A write is complete only once it is on stable storage (FUA, or a disk whose write cache is off).</summary>
    public bool FlushAfter { get; }

    /// <summary>How it ended.</summary>
    public BlockStatus Status { get; private set; }

    /// <summary>Why it failed.</summary>
    public DiskImageException? Error { get; private set; }

    /// <summary>Virtual time in nanoseconds at which it completes, where that is decided at submission; else 0.</summary>
    public long Deadline { get; internal set; }

    /// <summary>Runs on the machine's thread when the request has ended.</summary>
    internal Action<BlockRequest> Completed { get; }

    /// <summary>Does the work on the calling thread.</summary>
    internal void Execute(BlockImage image)
    {
        try
        {
            switch (Operation)
            {
                case BlockOperation.Read:
                    image.ReadAt(Offset, Buffer.Span);
                    break;
                case BlockOperation.Write:
                    image.WriteAt(Offset, Buffer.Span);
                    if (FlushAfter) image.Flush();
                    break;
                case BlockOperation.Flush:
                    image.Flush();
                    break;
                case BlockOperation.Discard:
                    image.Discard(Offset, Length);
                    break;
                default:
                    Verify(image);
                    break;
            }
            Status = BlockStatus.Ok;
        }
        catch (DiskImageException e)
        {
            Error = e;
            Status = BlockStatus.Failed;
        }
        catch (ArgumentOutOfRangeException e)
        {
            Error = new DiskImageException(DiskImageError.BadParameter, $"{image.FileName}: {e.Message.ReplaceLineEndings(" ")}", e);
            Status = BlockStatus.Failed;
        }
    }

    private void Verify(BlockImage image)
    {
        byte[] piece = new byte[(int)Math.Min(Length, 1 << 20)];
        for (long done = 0; done < Length; done += piece.Length)
            image.ReadAt(Offset + done, piece.AsSpan(0, (int)Math.Min(piece.Length, Length - done)));
    }
}
