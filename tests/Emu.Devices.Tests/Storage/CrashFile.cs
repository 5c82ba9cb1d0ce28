using Emu.Devices.Storage;

namespace Emu.Devices.Tests.Storage;

/// <summary>
/// An image file in memory that can lose power or run full: writes since the last flush survive a crash sector by sector at random, in any
/// order, as on a disk with a volatile cache.
/// </summary>
internal sealed class CrashFile : IImageFile
{
    private readonly List<(long Offset, byte[] Data)> _unflushed = [];
    private byte[] _durable;
    private byte[] _current;
    private int _length;

    public CrashFile(byte[]? content = null)
    {
        _durable = content ?? [];
        _current = (byte[])_durable.Clone();
        _length = _current.Length;
    }

    public string Name => "crash.img";

    public bool IsReadOnly { get; init; }

    public long Length => _length;

    /// <summary>The file cannot grow beyond this.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    public int Flushes { get; private set; }

    /// <summary>Called before each write and flush with a running number; may throw to stop there.</summary>
    public Action? BeforeChange { get; set; }

    public byte[] Content => _current[.._length];

    public void Read(long offset, Span<byte> buffer)
    {
        int count = (int)Math.Clamp(_length - offset, 0, buffer.Length);
        if (count > 0) _current.AsSpan((int)offset, count).CopyTo(buffer);
        buffer[count..].Clear();
    }

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        BeforeChange?.Invoke();
        if (offset + data.Length > Capacity) throw new DiskImageException(DiskImageError.NoSpace, "full");
        Grow((int)offset + data.Length);
        data.CopyTo(_current.AsSpan((int)offset));
        _unflushed.Add((offset, data.ToArray()));
    }

    public void SetLength(long length)
    {
        Grow((int)length);
        _length = (int)length;
    }

    public void Flush()
    {
        BeforeChange?.Invoke();
        Flushes++;
        _durable = Content;
        _unflushed.Clear();
    }

    public bool TryPunchHole(long offset, long length) => false;

    public (bool IsHole, long Length) QueryRun(long offset) => (false, _length - offset);

    public void Dispose()
    {
    }

    /// <summary>What a power cut leaves.</summary>
    public byte[] Crash(Random random)
    {
        byte[] left = (byte[])_durable.Clone();
        double survival = random.NextDouble();
        foreach ((long offset, byte[] data) in _unflushed)
        {
            for (long at = offset; at < offset + data.Length;)
            {
                long next = Math.Min((at | 511) + 1, offset + data.Length);
                if (random.NextDouble() < survival)
                {
                    if (left.Length < next) Array.Resize(ref left, (int)next);
                    data.AsSpan((int)(at - offset), (int)(next - at)).CopyTo(left.AsSpan((int)at));
                }
                at = next;
            }
        }
        return left;
    }

    private void Grow(int length)
    {
        if (length > _current.Length) Array.Resize(ref _current, Math.Max(length, _current.Length * 2));
        _length = Math.Max(_length, length);
    }
}
