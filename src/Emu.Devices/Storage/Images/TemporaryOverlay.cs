namespace Emu.Devices.Storage;

/// <summary>
/// A writable image over a read-only one, whose changes live in an unnamed temporary file and vanish when it is closed: what
/// <c>-snapshot</c> gives every disk. Flushing costs nothing, for nothing is meant to survive.
/// </summary>
public sealed class TemporaryOverlay : BlockImage, IRevertibleImage
{
    private const int UnitBits = 16, UnitSize = 1 << UnitBits;
    private const long ZeroUnit = -1;

    private readonly Lock _gate = new();
    private readonly BlockImage _base;
    private readonly IImageFile _store;
    private readonly Dictionary<long, long> _units = []; // unit of the disk -> offset in the store, or ZeroUnit
    private readonly Stack<long> _free = new();
    private long _end;

    /// <summary>Puts an overlay over <paramref name="baseImage"/>, which it owns from now on.</summary>
    public TemporaryOverlay(BlockImage baseImage) : this(baseImage, HostFile.CreateTemporary())
    {
    }

    /// <summary>Puts an overlay over <paramref name="baseImage"/>, with changes in <paramref name="store"/>; it owns both.</summary>
    public TemporaryOverlay(BlockImage baseImage, IImageFile store)
    {
        _base = baseImage;
        _store = store;
    }

    /// <inheritdoc/>
    public override string Format => _base.Format;

    /// <inheritdoc/>
    public override string FileName => _base.FileName;

    /// <inheritdoc/>
    public override long Length => _base.Length;

    /// <inheritdoc/>
    public override bool IsReadOnly => false;

    /// <inheritdoc/>
    public override BlockImage Backing => _base;

    /// <inheritdoc/>
    public override void ReadAt(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        lock (_gate) Read(offset, buffer);
    }

    /// <inheritdoc/>
    public override void WriteAt(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        lock (_gate)
        {
            while (data.Length > 0)
            {
                int inUnit = (int)(offset & (UnitSize - 1)), count = Math.Min(data.Length, UnitSize - inUnit);
                WriteUnit(offset >> UnitBits, inUnit, data[..count]);
                data = data[count..];
                offset += count;
            }
        }
    }

    /// <inheritdoc/>
    public override void WriteZeroes(long offset, long length)
    {
        CheckRange(offset, length);
        lock (_gate)
        {
            for (long end = offset + length, next; offset < end; offset = next)
            {
                long unitEnd = Math.Min((offset | (UnitSize - 1)) + 1, Length);
                next = Math.Min(end, unitEnd);
                if ((offset & (UnitSize - 1)) == 0 && next == unitEnd) ReplaceByZero(offset >> UnitBits);
                else WriteUnit(offset >> UnitBits, (int)(offset & (UnitSize - 1)), new byte[next - offset]);
            }
        }
    }

    /// <inheritdoc/>
    public override void Discard(long offset, long length)
    {
        CheckRange(offset, length);
        lock (_gate)
        {
            for (long unit = (offset + UnitSize - 1) >> UnitBits; (unit + 1) << UnitBits <= offset + length; unit++) ReplaceByZero(unit);
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override BlockExtent QueryExtent(long offset)
    {
        CheckRange(offset, 1);
        lock (_gate)
        {
            long run = Math.Min(UnitSize - (offset & (UnitSize - 1)), Length - offset);
            if (!_units.TryGetValue(offset >> UnitBits, out long stored)) return new BlockExtent(BlockExtentKind.Unallocated, run);
            return new BlockExtent(stored == ZeroUnit ? BlockExtentKind.Zero : BlockExtentKind.Data, run);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        _store.Dispose();
        _base.Dispose();
    }

    /// <inheritdoc/>
    public void Revert()
    {
        lock (_gate)
        {
            _units.Clear();
            _free.Clear();
            _end = 0;
        }
    }

    private void Read(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            long unit = offset >> UnitBits;
            int inUnit = (int)(offset & (UnitSize - 1)), count = Math.Min(buffer.Length, UnitSize - inUnit);
            if (!_units.TryGetValue(unit, out long stored)) _base.ReadAt(offset, buffer[..count]);
            else if (stored == ZeroUnit) buffer[..count].Clear();
            else _store.Read(stored + inUnit, buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }
    }

    private void WriteUnit(long unit, int inUnit, ReadOnlySpan<byte> data)
    {
        if (_units.TryGetValue(unit, out long stored) && stored != ZeroUnit)
        {
            _store.Write(stored + inUnit, data);
            return;
        }
        byte[] whole = new byte[(int)Math.Min(UnitSize, Length - (unit << UnitBits))];
        if (data.Length < whole.Length) Read(unit << UnitBits, whole);
        data.CopyTo(whole.AsSpan(inUnit));
        bool reused = _free.TryPeek(out long place);
        if (!reused) place = _end;
        _store.Write(place, whole);
        if (reused) _free.Pop();
        else _end += UnitSize;
        _units[unit] = place;
    }

    private void ReplaceByZero(long unit)
    {
        if (_units.TryGetValue(unit, out long stored) && stored != ZeroUnit) _free.Push(stored);
        _units[unit] = ZeroUnit;
    }
}
