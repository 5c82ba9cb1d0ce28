namespace Emu.Devices.Storage;

/// <summary>What a check may change.</summary>
public enum Qcow2Repair
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Give back clusters nobody uses.</summary>
    Leaks,

    /// <summary>Also rebuild reference counts, correct flags and drop references that lead nowhere.</summary>
    All,
}

/// <summary>What a check of a qcow2 image found. A leak wastes space; a corruption can lose data.</summary>
public sealed record Qcow2CheckReport
{
    /// <summary>Contradictions left in the image.</summary>
    public int Corruptions { get; init; }

    /// <summary>Clusters left that nobody uses but that do not count as free.</summary>
    public int Leaks { get; init; }

    /// <summary>Contradictions removed.</summary>
    public int CorruptionsFixed { get; init; }

    /// <summary>Leaks removed.</summary>
    public int LeaksFixed { get; init; }

    /// <summary>Clusters of the guest's disk.</summary>
    public long TotalClusters { get; init; }

    /// <summary>Of these, stored in this file.</summary>
    public long AllocatedClusters { get; init; }

    /// <summary>Of those, compressed.</summary>
    public long CompressedClusters { get; init; }

    /// <summary>Allocated clusters that do not follow their predecessor in the file.</summary>
    public long FragmentedClusters { get; init; }

    /// <summary>End of the last cluster in use, in bytes.</summary>
    public long ImageEndOffset { get; init; }

    /// <summary>A line for each finding, the first hundred or so.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];

    /// <summary>Neither leaks nor corruptions are left.</summary>
    public bool IsClean => Corruptions == 0 && Leaks == 0;
}
