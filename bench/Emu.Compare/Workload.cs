namespace Emu.Compare;

/// <summary>A workload as <c>workloads list</c> describes it.</summary>
/// <param name="Name">Short name.</param>
/// <param name="Group">"integer", "vector", "memory" or "system".</param>
/// <param name="Units">Units of work at scale 1: some tenth of a second on a current processor.</param>
/// <param name="Description">What it does.</param>
internal sealed record Workload(string Name, string Group, long Units, string Description)
{
    /// <summary>Group of what floating point and SIMD instructions do.</summary>
    public const string Vector = "vector";

    /// <summary>Group of what the operating system does.</summary>
    public const string System = "system";

    /// <summary>Whether the program does the work, rather than the operating system for it.</summary>
    public bool IsCompute => Group != System;
}
