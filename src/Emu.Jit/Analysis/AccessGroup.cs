namespace Emu.Jit.Analysis;

/// <summary>
/// Memory operands of one block whose addresses differ by constants only. The first one checks for all of them that they lie on one
/// page and are a hit in the TLB.
/// </summary>
internal sealed class AccessGroup
{
    /// <summary>Lowest distance of a byte accessed from the group's root.</summary>
    public long Lowest { get; set; }

    /// <summary>Highest distance of a byte accessed from the group's root.</summary>
    public long Highest { get; set; }

    /// <summary>Some access writes, so all are checked for it.</summary>
    public bool Writes { get; set; }

    /// <summary>Number of accesses.</summary>
    public int Count { get; set; }
}
