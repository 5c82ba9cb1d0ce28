namespace Emu.Devices.Storage.Ide;

/// <summary>What a drive is doing between two register accesses.</summary>
public enum IdeTransfer : byte
{
    /// <summary>No data phase.</summary>
    None,

    /// <summary>The host reads the buffer through the data port.</summary>
    PioIn,

    /// <summary>The host fills the buffer through the data port.</summary>
    PioOut,

    /// <summary>The bus master moves data from the drive to memory.</summary>
    DmaIn,

    /// <summary>The bus master moves data from memory to the drive.</summary>
    DmaOut,
}
