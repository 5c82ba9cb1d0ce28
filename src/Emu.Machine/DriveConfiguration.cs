namespace Emu.Machine;

/// <summary>What a drive is.</summary>
public enum DriveKind
{
    /// <summary>Hard disk.</summary>
    Disk,

    /// <summary>CD-ROM; may be empty.</summary>
    CdRom,

    /// <summary>Floppy; may be empty.</summary>
    Floppy,
}

/// <summary>A drive of the machine.</summary>
public sealed record DriveConfiguration
{
    /// <summary>What it is.</summary>
    public required DriveKind Kind { get; init; }

    /// <summary>Image file; null for a drive without medium.</summary>
    public string? File { get; init; }

    /// <summary>Image format, or null to look at the file.</summary>
    public string? Format { get; init; }

    /// <summary>Position: IDE 0 primary master, 1 primary slave, 2 secondary master, 3 secondary slave; floppy 0 or 1. Null takes the first free one.</summary>
    public int? Index { get; init; }

    /// <summary>Do not write to the image.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Keep writes in a temporary file and forget them at the end.</summary>
    public bool Snapshot { get; init; }

    /// <summary>Name for the monitor, such as "ide0-hd0"; null for the default.</summary>
    public string? Id { get; init; }
}
