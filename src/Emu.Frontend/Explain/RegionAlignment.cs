using Emu.Jit;

namespace Emu.Frontend.Explain;

/// <summary>Instructions of the guest with their IL and the machine code that stands beside them.</summary>
/// <param name="Guest">Indices of the instructions.</param>
/// <param name="Host">Machine code.</param>
internal sealed record AlignedGroup(IReadOnlyList<int> Guest, IReadOnlyList<HostLine> Host);

/// <summary>
/// Finds the places in machine code that belong to known instructions of the guest. The runtime keeps no map for such methods, but each way out loads the
/// address of an operation that no other instruction loads: so the branches to it, which check the TLB or the budget, give away where in the code an instruction is.
/// Between two such places RyuJIT mixes what belongs to several.
/// </summary>
internal sealed class RegionAlignment
{
    private readonly RegionDocument region;
    private readonly IReadOnlyList<HostLine> host;
    private readonly Dictionary<ulong, int> owners = [];
    private readonly Dictionary<string, int> labels = [];
    private readonly List<HostLine> entry = [];
    private readonly List<AlignedGroup> groups = [];
    private readonly List<HostLine> exits = [];

    /// <summary>Aligns a region's code.</summary>
    public RegionAlignment(RegionDocument region, IReadOnlyList<HostLine> host)
    {
        this.region = region;
        this.host = host;
        FindOwners();
        for (int i = 0; i < host.Count; i++)
        {
            if (host[i].Label is { } label) labels[label] = i;
        }

        Divide();
    }

    /// <summary>Machine code before the first instruction's.</summary>
    public IReadOnlyList<HostLine> Entry => entry;

    /// <summary>Instructions, by address.</summary>
    public IReadOnlyList<AlignedGroup> Groups => groups;

    /// <summary>Machine code behind the last recognized place: ways out.</summary>
    public IReadOnlyList<HostLine> Exits => exits;

    /// <summary>Constants that belong to one instruction alone.</summary>
    private void FindOwners()
    {
        const int several = -2;
        foreach (IntermediateLine line in region.Intermediate)
        {
            if (line.Guest < 0 || line.Value is not > uint.MaxValue) continue;
            ulong value = (ulong)line.Value.Value;
            owners[value] = owners.TryGetValue(value, out int owner) && owner != line.Guest ? several : line.Guest;
        }

        foreach (ulong shared in owners.Where(o => o.Value == several).Select(o => o.Key).ToArray()) owners.Remove(shared);
    }

    /// <summary>The instruction whose way out begins at a label; -1 if that is none.</summary>
    private int WayOutAt(string label)
    {
        if (!labels.TryGetValue(label, out int start)) return -1;
        for (int i = start; i < host.Count; i++)
        {
            if (host[i].Constant is { } constant && owners.TryGetValue(constant, out int owner)) return owner;
            if (host[i].Text.StartsWith("jmp ", StringComparison.Ordinal) || (i > start && host[i].Label != null && host[i - 1].Text == "ret")) return -1;
        }

        return -1;
    }

    private int OwnerOf(int line)
    {
        if (host[line].Target is { } target && !host[line].Text.StartsWith("jmp ", StringComparison.Ordinal)) return WayOutAt(target);
        return -1;
    }

    private void Divide()
    {
        Dictionary<int, List<HostLine>> byGuest = [];
        int behind = 0;
        for (int i = 0; i < host.Count; i++)
        {
            int owner = OwnerOf(i);
            if (owner < 0) continue;
            List<HostLine> piece = [.. host.Skip(behind).Take(i + 1 - behind)];
            if (behind == 0)
            {
                int start = Math.Max(0, piece.FindLastIndex(l => l.Label != null));
                entry.AddRange(piece.Take(start));
                piece.RemoveRange(0, start);
            }

            if (!byGuest.TryGetValue(owner, out List<HostLine>? known)) byGuest[owner] = known = [];
            known.AddRange(piece);
            behind = i + 1;
        }

        exits.AddRange(host.Skip(behind));
        List<int> group = [];
        for (int i = 0; i < region.Guest.Count; i++)
        {
            if (region.Guest[i].StartsBlock) Close(group, []);
            group.Add(i);
            if (byGuest.TryGetValue(i, out List<HostLine>? piece)) Close(group, piece);
        }

        Close(group, []);
    }

    private void Close(List<int> group, IReadOnlyList<HostLine> piece)
    {
        if (group.Count > 0) groups.Add(new AlignedGroup([.. group], piece));
        group.Clear();
    }
}
