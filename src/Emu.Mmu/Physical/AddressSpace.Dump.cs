namespace Emu.Mmu;

/// <content>The monitor's <c>info mtree</c>.</content>
public sealed unsafe partial class AddressSpace
{
    /// <summary>Prints the tree of regions and the flat map it results in.</summary>
    public void Dump(TextWriter output)
    {
        output.WriteLine($"address-space: {Name}");
        DumpRegion(output, Root, 0, 1);
        output.WriteLine();
        DumpFlat(output);
    }

    /// <summary>Prints the flat map: who answers at which addresses.</summary>
    public void DumpFlat(TextWriter output)
    {
        if (_stale && _transactionDepth == 0)
        {
            Flatten();
        }

        output.WriteLine($"flat view: {Name}");
        foreach (FlatRange range in _ranges)
        {
            string kind = range.Host == null ? "i/o" : range.Writable ? "ram" : "rom";
            string offset = range.RegionOffset == 0 ? "" : $" @{range.RegionOffset:x16}";
            output.WriteLine($"  {range.Start:x16}-{range.End - 1:x16} ({kind}): {range.Region.Name}{offset}");
        }
    }

    private static void DumpRegion(TextWriter output, MemoryRegion region, ulong start, int depth)
    {
        string disabled = region.Enabled ? "" : " [disabled]";
        string readOnly = region.ReadOnly ? " [read-only]" : "";
        string what = region.AliasOf is { } target
            ? $"alias {region.Name} @{target.Name} {region.AliasOffset:x16}-{region.AliasOffset + region.Size - 1:x16}"
            : region.Name;
        string kind = region.Kind switch
        {
            MemoryRegionKind.Ram => "ram",
            MemoryRegionKind.Rom => region.Target is null ? "rom" : "romd",
            MemoryRegionKind.Device => "i/o",
            MemoryRegionKind.Alias => "alias",
            _ => "container",
        };
        string indent = new(' ', 2 * depth);
        output.WriteLine($"{indent}{start:x16}-{start + region.Size - 1:x16} (prio {region.Priority}, {kind}): {what}{readOnly}{disabled}");
        foreach (MemoryRegion child in region.Subregions.OrderBy(c => c.Offset))
        {
            DumpRegion(output, child, start + child.Offset, depth + 1);
        }
    }
}
