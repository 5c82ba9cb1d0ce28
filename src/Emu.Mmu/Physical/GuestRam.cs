namespace Emu.Mmu;

/// <summary>
/// One block of guest memory (main memory, video memory, the contents of a ROM): a range of host memory outside the GC heap.
/// It is not in any address space until a <see cref="MemoryRegion"/> shows it.
/// </summary>
public sealed unsafe class GuestRam : IDisposable
{
    private readonly GuestMemory _memory;
    private bool _disposed;

    internal GuestRam(GuestMemory memory, string name, byte* @base, ulong size)
    {
        _memory = memory;
        Name = name;
        Base = @base;
        Size = size;
    }

    /// <summary>What it is, for the monitor.</summary>
    public string Name { get; }

    /// <summary>Host address of the first byte; page aligned, stable until disposal.</summary>
    public byte* Base { get; }

    /// <summary>Size in bytes, a multiple of 4096.</summary>
    public ulong Size { get; }

    /// <summary>The memory of the machine this block belongs to.</summary>
    public GuestMemory Memory => _memory;

    /// <summary>Page number (see <see cref="GuestMemory.PageOf"/>) of the first page.</summary>
    public uint FirstPage => _memory.PageOf(Base);

    /// <summary>All bytes, for blocks below 2 GiB. Writers must call <see cref="NotifyWrite"/> afterwards.</summary>
    public Span<byte> Bytes => new(Base, checked((int)Size));

    /// <summary>Copies bytes in from the host side and tells everyone who tracks the pages.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the block.</exception>
    public void Write(ulong offset, ReadOnlySpan<byte> source)
    {
        CheckRange(offset, (ulong)source.Length);
        source.CopyTo(new Span<byte>(Base + offset, source.Length));
        _memory.NotifyWrite(Base + offset, (ulong)source.Length);
    }

    /// <summary>Copies bytes out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the block.</exception>
    public void Read(ulong offset, Span<byte> destination)
    {
        CheckRange(offset, (ulong)destination.Length);
        new ReadOnlySpan<byte>(Base + offset, destination.Length).CopyTo(destination);
    }

    /// <summary>Tells trackers that bytes were changed through <see cref="Base"/> by a device or the host.</summary>
    public void NotifyWrite(ulong offset, ulong length)
    {
        CheckRange(offset, length);
        _memory.NotifyWrite(Base + offset, length);
    }

    /// <summary>Makes every byte zero and gives the host its pages back (power cycle).</summary>
    public void Discard()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        HostMapping.Commit(Base, Size, hugePages: true);
        _memory.NotifyWrite(Base, Size);
    }

    /// <summary>Begins logging which pages are written; all pages start as written.</summary>
    public void StartDirtyLog() => _memory.StartDirtyLog(FirstPage, (uint)(Size >> 12));

    /// <summary>Ends logging.</summary>
    public void StopDirtyLog() => _memory.StopDirtyLog(FirstPage, (uint)(Size >> 12));

    /// <summary>
    /// Reads and clears the log for the pages that overlap a byte range: bit n of <paramref name="bitmap"/> becomes 1 when
    /// the n-th page of the range was written since the last call. Returns whether any was.
    /// </summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Number of bytes.</param>
    /// <param name="bitmap">At least one bit a page; all words that cover the range are overwritten.</param>
    public bool GetAndClearDirty(ulong offset, ulong length, Span<ulong> bitmap)
    {
        CheckRange(offset, length);
        if (length == 0)
        {
            return false;
        }

        uint first = (uint)(offset >> 12);
        uint count = (uint)((offset + length - 1) >> 12) - first + 1;
        return _memory.GetAndClearDirty(FirstPage + first, count, bitmap);
    }

    /// <summary>Gives the host memory back. The block must have left every address space.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _memory.Free(this);
        }
    }

    private void CheckRange(ulong offset, ulong length)
    {
        if (offset > Size || length > Size - offset)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"bytes {offset:X}+{length:X} are outside the {Size:X} bytes of {Name}");
        }
    }
}
