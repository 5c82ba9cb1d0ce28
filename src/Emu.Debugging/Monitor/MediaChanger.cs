using Emu.Devices.Storage;
using Emu.Devices.Storage.Ide;
using Emu.Machine;

namespace Emu.Debugging.Monitor;

/// <summary>Takes media out of the drives of a machine and puts others in.</summary>
public sealed class MediaChanger
{
    private readonly Machine.Machine machine;
    private readonly Dictionary<string, string?> files = [];

    /// <summary>For a machine.</summary>
    public MediaChanger(Machine.Machine machine) => this.machine = machine;

    /// <summary>Drives whose medium can be changed.</summary>
    public IEnumerable<Drive> Removable => machine.Board.Drives.Drives.Where(d => d.Configuration.Kind != DriveKind.Disk);

    /// <summary>The file in a drive, or null.</summary>
    public string? FileIn(Drive drive) => files.TryGetValue(drive.Name, out string? changed) ? changed : drive.Configuration.File;

    /// <summary>The medium in a drive, or null.</summary>
    public static IBlockBackend? MediumIn(Drive drive) => drive.Ide != null ? drive.Ide.Backend : drive.Floppy?.Medium;

    /// <summary>Takes the medium out.</summary>
    /// <param name="name">The drive.</param>
    /// <param name="force">Even if the guest has locked the door.</param>
    /// <exception cref="MonitorException">There is no such drive, or the door is locked.</exception>
    public void Eject(string name, bool force)
    {
        Drive drive = Find(name);
        if (drive.Ide is AtapiCdRom cdrom && !cdrom.TryOpenTray(force)) throw new MonitorException($"{drive.Name}: the guest has locked the door; it has been told, or use eject -f");
        Exchange(drive, null)?.Dispose();
        files[drive.Name] = null;
    }

    /// <summary>Puts a medium in; what is in the drive is taken out.</summary>
    /// <param name="name">The drive.</param>
    /// <param name="path">Image file.</param>
    /// <param name="format">raw or qcow2; null finds out.</param>
    /// <exception cref="MonitorException">There is no such drive, the door is locked, or the image cannot be opened.</exception>
    public void Insert(string name, string path, string? format)
    {
        Drive drive = Find(name);
        IBlockBackend? medium = null;
        try
        {
            medium = machine.Board.Drives.Open(drive.Configuration with { File = path, Format = format });
            if (drive.Ide is AtapiCdRom cdrom && !cdrom.TryOpenTray(force: false)) throw new MonitorException($"{drive.Name}: the guest has locked the door; use eject -f first");
            Exchange(drive, medium)?.Dispose();
            medium = null;
            files[drive.Name] = path;
        }
        catch (DiskImageException e)
        {
            throw new MonitorException(e.Message);
        }
        finally
        {
            medium?.Dispose();
        }
    }

    private Drive Find(string name)
    {
        if (machine.Configuration.Recording != null) throw new MonitorException("the media of a machine whose run is recorded or replayed stay where they are");
        Drive drive = machine.Board.Drives.Drives.FirstOrDefault(d => d.Name == name) ?? throw new MonitorException($"there is no drive '{name}'; 'info block' lists them");
        return drive.Configuration.Kind != DriveKind.Disk ? drive : throw new MonitorException($"{name}: the medium of this drive cannot be changed");
    }

    private IBlockBackend? Exchange(Drive drive, IBlockBackend? medium)
    {
        IBlockBackend? old = drive.Ide is AtapiCdRom cdrom ? cdrom.ExchangeMedium(medium) : machine.Board.Floppies.ExchangeMedium(drive.Index, medium);
        // What was read from the old medium cannot be read again.
        machine.History?.Restart();
        return old;
    }
}
