namespace Emu.Devices.Firmware;

/// <summary>One entry of the firmware configuration device: bytes, and whether the guest may replace them by DMA.</summary>
internal sealed class FwCfgItem(byte[] data, bool writable, Func<byte[]>? build, Action<byte[]>? written)
{
    /// <summary>The bytes the guest reads. A writable item keeps its length for ever.</summary>
    public byte[] Data { get; private set; } = data;

    /// <summary>True when the guest may write it through DMA.</summary>
    public bool Writable { get; } = writable;

    /// <summary>Makes the content anew when the item is selected (tables that depend on what the firmware has programmed).</summary>
    public void Refresh()
    {
        if (build is not null)
            Data = build();
    }

    /// <summary>Replaces the content when a snapshot is loaded.</summary>
    public void Restore(byte[] bytes) => Data = bytes;

    /// <summary>Tells the owner that the guest wrote the item.</summary>
    public void NotifyWritten() => written?.Invoke(Data);

    /// <summary>True when the content can differ from what the configuration says, so that a snapshot must carry it.</summary>
    public bool Volatile => Writable || build is not null;
}
