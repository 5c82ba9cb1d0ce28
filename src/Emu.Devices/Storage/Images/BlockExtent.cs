namespace Emu.Devices.Storage;

/// <summary>What stands behind a range of a disk image.</summary>
public enum BlockExtentKind
{
    /// <summary>Bytes stored in this image.</summary>
    Data,

    /// <summary>Reads as zeroes, by a mark in this image.</summary>
    Zero,

    /// <summary>Not in this image: the backing image shows through, or zeroes where there is none.</summary>
    Unallocated,
}

/// <summary>A run of bytes, all of one kind.</summary>
/// <param name="Kind">What the run is.</param>
/// <param name="Length">Its length in bytes, at least 1.</param>
public readonly record struct BlockExtent(BlockExtentKind Kind, long Length);
