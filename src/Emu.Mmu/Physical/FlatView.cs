namespace Emu.Mmu;

/// <summary>A run of physical addresses that one region answers.</summary>
internal unsafe struct FlatRange
{
    /// <summary>First physical address.</summary>
    public ulong Start;

    /// <summary>Size in bytes.</summary>
    public ulong Size;

    /// <summary>Host address of the first byte when reads are direct, else null.</summary>
    public byte* Host;

    /// <summary>Whether writes go to <see cref="Host"/> too.</summary>
    public bool Writable;

    /// <summary>Widest access in bytes that the device decodes.</summary>
    public int MaxAccess;

    /// <summary>Offset in <see cref="Region"/> of the first byte.</summary>
    public ulong RegionOffset;

    /// <summary>Who answers where memory does not; null drops writes.</summary>
    public IMemoryDevice? Device;

    /// <summary>The region.</summary>
    public MemoryRegion Region;

    public readonly ulong End => Start + Size;
}

/// <summary>Flattens a tree of regions: highest priority first, each region fills only what is still free.</summary>
internal sealed unsafe class FlatViewBuilder
{
    private readonly List<FlatRange> _ranges = [];

    public static FlatRange[] Build(MemoryRegion root)
    {
        var builder = new FlatViewBuilder();
        builder.Render(root, 0, 0, AddressSpace.MaxSize, false);
        return builder.Merge();
    }

    /// <summary>Renders a region whose first byte is at <paramref name="start"/>, as far as it lies in [clipStart, clipEnd).</summary>
    private void Render(MemoryRegion region, Int128 start, Int128 clipStart, Int128 clipEnd, bool readOnly)
    {
        if (!region.Enabled)
        {
            return;
        }

        clipStart = Int128.Max(clipStart, start);
        clipEnd = Int128.Min(clipEnd, start + region.Size);
        if (clipStart >= clipEnd)
        {
            return;
        }

        readOnly |= region.ReadOnly;
        // Stable sort over the reversed list: among equal priorities the region added last comes first.
        foreach (MemoryRegion child in region.Subregions.Reverse().OrderByDescending(c => c.Priority))
        {
            Render(child, start + child.Offset, clipStart, clipEnd, readOnly);
        }

        if (region.AliasOf is { } target)
        {
            Render(target, start - region.AliasOffset, clipStart, clipEnd, readOnly);
        }
        else if (region.Kind != MemoryRegionKind.Container)
        {
            Fill(region, start, (ulong)clipStart, (ulong)clipEnd, readOnly);
        }
    }

    private void Fill(MemoryRegion region, Int128 start, ulong from, ulong to, bool readOnly)
    {
        int index = FirstEndingAfter(from);
        while (from < to)
        {
            ulong gapEnd = index < _ranges.Count ? Math.Min(to, _ranges[index].Start) : to;
            if (gapEnd > from)
            {
                _ranges.Insert(index, MakeRange(region, start, from, gapEnd, readOnly));
                index++;
            }

            if (index >= _ranges.Count || gapEnd == to)
            {
                return;
            }

            from = _ranges[index].End;
            index++;
        }
    }

    private int FirstEndingAfter(ulong address)
    {
        int low = 0, high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ranges[middle].End <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static FlatRange MakeRange(MemoryRegion region, Int128 start, ulong from, ulong to, bool readOnly)
    {
        ulong offset = (ulong)(from - start);
        var range = new FlatRange
        {
            Start = from,
            Size = to - from,
            RegionOffset = offset,
            Region = region,
            Device = region.Target,
            MaxAccess = region.Target?.MaxAccessSize ?? 8,
        };
        if (region.MemoryBlock is { } block && region.DirectReads)
        {
            range.Host = block.Base + region.BlockOffset + offset;
            range.Writable = region.Kind == MemoryRegionKind.Ram && !readOnly;
        }

        return range;
    }

    private FlatRange[] Merge()
    {
        var merged = new List<FlatRange>(_ranges.Count);
        foreach (FlatRange range in _ranges)
        {
            if (merged.Count > 0)
            {
                FlatRange last = merged[^1];
                if (last.End == range.Start && last.Region == range.Region && last.Writable == range.Writable
                    && last.RegionOffset + last.Size == range.RegionOffset)
                {
                    last.Size += range.Size;
                    merged[^1] = last;
                    continue;
                }
            }

            merged.Add(range);
        }

        return [.. merged];
    }
}
