namespace Emu.Devices.Storage.Ide;

/// <summary>How a hard disk introduces itself.</summary>
public sealed record AtaDiskOptions
{
    /// <summary>Model, at most 40 ASCII characters.</summary>
    public string Model { get; init; } = "EMU HARDDISK";

    /// <summary>Serial number, at most 20 ASCII characters. Boot loaders and udev tell disks apart by it.</summary>
    public string Serial { get; init; } = "EM00001";

    /// <summary>Firmware revision, at most 8 ASCII characters.</summary>
    public string Firmware { get; init; } = "1.0";

    /// <summary>World wide name, 0 for none.</summary>
    public ulong WorldWideName { get; init; }

    /// <summary>Geometry; null detects it.</summary>
    public DiskGeometry? Geometry { get; init; }
}
