using System.CommandLine;
using Emu.Machine;

namespace Emu.Frontend.CommandLine;

/// <summary>Reads <c>-drive</c>, <c>-hda</c> and the like, and the disk devices of <c>-device</c>.</summary>
internal static class DriveParser
{
    private const int UnitsPerBus = 2;

    /// <summary>All drives asked for.</summary>
    public static List<DriveConfiguration> Parse(ParseResult result, string? image)
    {
        bool snapshot = QemuOptions.Snapshot.IsGiven(result);
        List<DriveConfiguration> drives = [];
        if (image != null) drives.Add(new DriveConfiguration { Kind = DriveKind.Disk, File = image, Index = 0 });
        for (int i = 0; i < QemuOptions.HardDisks.Length; i++)
        {
            foreach (string file in QemuOptions.HardDisks[i].All(result)) drives.Add(new DriveConfiguration { Kind = DriveKind.Disk, File = file, Index = i });
        }

        foreach (string file in QemuOptions.CdRom.All(result)) drives.Add(new DriveConfiguration { Kind = DriveKind.CdRom, File = file, Index = 2 });
        for (int i = 0; i < QemuOptions.Floppies.Length; i++)
        {
            foreach (string file in QemuOptions.Floppies[i].All(result)) drives.Add(new DriveConfiguration { Kind = DriveKind.Floppy, File = file, Index = i });
        }

        Dictionary<string, DriveConfiguration> detached = [];
        foreach (string text in QemuOptions.Drive.All(result))
        {
            (DriveConfiguration drive, bool attached) = ParseDrive(text);
            if (attached) drives.Add(drive);
            else if (drive.Id == null) throw new UsageException($"-drive {text}: if=none needs an id=NAME for the -device that uses it");
            else if (!detached.TryAdd(drive.Id, drive)) throw new UsageException($"-drive: the id '{drive.Id}' is used twice");
        }

        foreach (string text in QemuOptions.Device.All(result))
        {
            if (AttachedDrive(text, detached) is { } drive) drives.Add(drive);
        }

        if (detached.Count > 0) throw new UsageException($"-drive id={detached.Keys.First()}: if=none, but no -device uses it (-device ide-hd,drive={detached.Keys.First()})");
        return snapshot ? [.. drives.Select(d => d with { Snapshot = d.Kind != DriveKind.CdRom })] : drives;
    }

    private static (DriveConfiguration Drive, bool Attached) ParseDrive(string text)
    {
        PropertyList list = PropertyList.Parse("-drive", text);
        string face = list.Text("if") ?? "ide";
        if (face is not ("ide" or "floppy" or "none"))
        {
            throw new UsageException(face is "virtio" or "scsi" or "sd" or "mtd" or "pflash" or "xen"
                ? $"-drive if={face}: there are only ide and floppy drives yet"
                : $"-drive if={face}: there are ide, floppy and none");
        }

        string media = list.Choice("media", "disk", "cdrom") ?? "disk";
        DriveKind kind = face == "floppy" ? DriveKind.Floppy : media == "cdrom" ? DriveKind.CdRom : DriveKind.Disk;
        long? bus = list.Number("bus", 0, 1), unit = list.Number("unit", 0, UnitsPerBus - 1), index = list.Number("index", 0, 3);
        if (index != null && (bus ?? unit) != null) throw new UsageException($"-drive {text}: give index, or bus and unit");
        if ((bus ?? unit) != null) index = (kind == DriveKind.Floppy ? 0 : UnitsPerBus * (bus ?? 0)) + (unit ?? 0);
        string? format = list.Text("format");
        if (format is not (null or "raw" or "qcow2")) throw new UsageException($"-drive format={format}: the formats are raw and qcow2");
        DriveConfiguration drive = new()
        {
            Kind = kind,
            File = list.Text("file"),
            Format = format,
            Index = (int?)index,
            ReadOnly = list.Flag("readonly") ?? list.Flag("read-only") ?? false,
            Snapshot = list.Flag("snapshot") ?? false,
            Id = list.Text("id"),
        };
        // Whatever the guest flushes reaches the disk, and nothing is faster about the other modes.
        list.Choice("cache", "writeback", "writethrough", "none", "directsync", "unsafe");
        list.Choice("aio", "threads", "native", "io_uring");
        list.Choice("discard", "ignore", "off", "unmap", "on");
        foreach (string key in (string[])["werror", "rerror", "serial", "throttling.iops-total", "copy-on-read", "detect-zeroes"]) list.Refuse(key, "leave it out");
        list.Finish();
        if (kind == DriveKind.Disk && drive.File == null) throw new UsageException($"-drive {text}: a disk needs a file=IMAGE");
        return (drive, face != "none");
    }

    /// <summary>The drive a <c>-device ide-hd,drive=ID</c> puts in place; null for all other devices.</summary>
    private static DriveConfiguration? AttachedDrive(string text, Dictionary<string, DriveConfiguration> detached)
    {
        PropertyList list = PropertyList.Parse("-device", text, "driver");
        if (list.Head is not ("ide-hd" or "ide-cd")) return null;
        string? id = list.Text("drive");
        string? bus = list.Text("bus");
        long unit = list.Number("unit", 0, UnitsPerBus - 1) ?? 0;
        bool placed = bus != null || list.Has("unit");
        list.Text("id");
        list.Finish();
        int channel = bus switch { null or "ide.0" => 0, "ide.1" => 1, _ => throw new UsageException($"-device {text}: the buses are ide.0 and ide.1") };
        DriveKind kind = list.Head == "ide-hd" ? DriveKind.Disk : DriveKind.CdRom;
        DriveConfiguration drive = new() { Kind = kind };
        if (id != null) drive = detached.Remove(id, out DriveConfiguration? found) ? found : throw new UsageException($"-device {text}: there is no -drive with if=none and id={id}");
        if (kind == DriveKind.Disk && id == null) throw new UsageException($"-device {text}: a drive=ID is needed");
        return drive with { Kind = kind, Index = placed ? (UnitsPerBus * channel) + (int)unit : drive.Index };
    }
}
