namespace Emu.Machine;

/// <summary>How a machine remembers its past. Needs a clock that counts instructions (<see cref="ClockConfiguration.InstructionShift"/>).</summary>
public sealed record HistoryConfiguration
{
    /// <summary>Most bytes that copies of memory pages may take; older checkpoints are thinned out to stay within.</summary>
    public long MemoryBudget { get; init; } = 1L << 30;

    /// <summary>Instructions between two checkpoints while history is being made.</summary>
    public ulong CheckpointInterval { get; init; } = 4_000_000;
}
