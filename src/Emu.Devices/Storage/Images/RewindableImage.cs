using System.Collections.Immutable;

namespace Emu.Devices.Storage;

/// <summary>
/// A writable image over another, whose changes live in memory as a value: the content of any moment can be kept, and put back, at no cost. The image below gets
/// the changes when this one is closed.
/// </summary>
public sealed class RewindableImage : BlockImage
{
    private const int UnitBits = 12, UnitSize = 1 << UnitBits;

    private readonly Lock _gate = new();
    private readonly BlockImage _base;
    private ImmutableDictionary<long, byte[]> _units = ImmutableDictionary<long, byte[]>.Empty;

    /// <summary>Puts it over <paramref name="baseImage"/>, which it owns from now on.</summary>
    public RewindableImage(BlockImage baseImage) => _base = baseImage;

    /// <summary>The content, as something to be put back later; compare nothing but references.</summary>
    public object Content
    {
        get
        {
            lock (_gate) return _units;
        }

        set
        {
            lock (_gate) _units = (ImmutableDictionary<long, byte[]>)value;
        }
    }

    /// <inheritdoc/>
    public override string Format => _base.Format;

    /// <inheritdoc/>
    public override string FileName => _base.FileName;

    /// <inheritdoc/>
    public override long Length => _base.Length;

    /// <inheritdoc/>
    public override bool IsReadOnly => _base.IsReadOnly;

    /// <inheritdoc/>
    public override BlockImage Backing => _base;

    /// <inheritdoc/>
    public override void ReadAt(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        lock (_gate)
        {
            while (buffer.Length > 0)
            {
                int inUnit = (int)(offset & (UnitSize - 1)), count = Math.Min(buffer.Length, UnitSize - inUnit);
                if (_units.TryGetValue(offset >> UnitBits, out byte[]? unit)) unit.AsSpan(inUnit, count).CopyTo(buffer);
                else _base.ReadAt(offset, buffer[..count]);
                buffer = buffer[count..];
                offset += count;
            }
        }
    }

    /// <inheritdoc/>
    public override void WriteAt(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        CheckWritable();
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
        byte[] zeros = new byte[UnitSize];
        for (long end = offset + length; offset < end;)
        {
            int count = (int)Math.Min(UnitSize, end - offset);
            WriteAt(offset, zeros.AsSpan(0, count));
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void Discard(long offset, long length) => CheckRange(offset, length);

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
            if (_units.ContainsKey(offset >> UnitBits)) return new BlockExtent(BlockExtentKind.Data, Math.Min(UnitSize - (offset & (UnitSize - 1)), Length - offset));
            BlockExtent below = _base.QueryExtent(offset);
            return below with { Length = Math.Min(below.Length, UnitSize - (offset & (UnitSize - 1))) };
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach ((long unit, byte[] content) in _units.OrderBy(u => u.Key)) _base.WriteAt(unit << UnitBits, content);
        _base.Dispose();
    }

    private void WriteUnit(long number, int inUnit, ReadOnlySpan<byte> data)
    {
        // A unit is never changed once it is in the map: other moments may share it.
        byte[] unit = new byte[(int)Math.Min(UnitSize, Length - (number << UnitBits))];
        if (data.Length < unit.Length)
        {
            if (_units.TryGetValue(number, out byte[]? old)) old.CopyTo(unit, 0);
            else _base.ReadAt(number << UnitBits, unit);
        }

        data.CopyTo(unit.AsSpan(inUnit));
        _units = _units.SetItem(number, unit);
    }
}
