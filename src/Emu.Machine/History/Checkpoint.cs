namespace Emu.Machine;

/// <summary>A moment that a machine can go back to at once; everything between two of them is found by running again.</summary>
internal sealed class Checkpoint
{
    /// <summary>When.</summary>
    public required Position Position { get; init; }

    /// <summary>Everything but memory and disks, as <see cref="MachineState"/> writes it.</summary>
    public required byte[] State { get; init; }

    /// <summary>Contents of the pages written since the checkpoint before.</summary>
    public required Dictionary<uint, PageCopy> Pages { get; init; }

    /// <summary>Contents of the disks, in the order of the drives.</summary>
    public required IReadOnlyList<object> Disks { get; init; }

    /// <summary>How many inputs of the log come before it.</summary>
    public required int InputsBefore { get; init; }

    /// <summary>Somebody has changed the state by hand here, so what lies before does not lead to it; never dropped.</summary>
    public bool IsEdit { get; init; }
}
