namespace Emu.Devices.Chipset;

/// <summary>
/// The board's A20M# signal, driven by the keyboard controller's output port (bit 1) and by port 92h (bit 1).
/// </summary>
/// <remarks>
/// The last source to change it wins, as in QEMU: guests use one method or the other and expect either to work alone. (A PIIX board ORs
/// the two, so that a line left high by the keyboard controller makes port 92h useless.)
/// </remarks>
public sealed class A20Gate : ISnapshotable, IResettable
{
    /// <summary>Address line 20 passes; false forces it to 0.</summary>
    public bool IsEnabled { get; private set; } = true;

    /// <summary>Raised with the new state when it changes.</summary>
    public event Action<bool>? Changed;

    /// <summary>A source drives the gate.</summary>
    public void Set(bool enabled)
    {
        if (enabled == IsEnabled)
            return;
        IsEnabled = enabled;
        Changed?.Invoke(enabled);
    }

    /// <summary>Out of reset the line passes: the processor fetches its first instruction at FFFFFFF0h.</summary>
    public void Reset() => Set(true);

    public void SaveState(BinaryWriter writer) => writer.Write(IsEnabled);

    public void LoadState(BinaryReader reader) => Set(reader.ReadBoolean());
}
