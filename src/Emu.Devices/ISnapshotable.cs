namespace Emu.Devices;

/// <summary>State that a snapshot of the machine carries. Load reads exactly what Save wrote, in the same order.</summary>
public interface ISnapshotable
{
    /// <summary>Writes the complete guest-visible state.</summary>
    void SaveState(BinaryWriter writer);

    /// <summary>Restores what <see cref="SaveState"/> wrote, and drives every output to match.</summary>
    void LoadState(BinaryReader reader);
}
