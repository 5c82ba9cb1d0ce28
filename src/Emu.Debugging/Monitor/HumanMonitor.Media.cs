using Emu.Devices.Display;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Ide;
using Emu.Machine;

namespace Emu.Debugging.Monitor;

// Drives and the screen.
public sealed partial class HumanMonitor
{
    private void AddMediaCommands()
    {
        Add(["eject"], "[-f] DRIVE", "Take the medium out of a drive; -f even if the guest has locked it", Eject, RemovableDrives);
        Add(["change"], "DRIVE FILE [raw|qcow2]", "Put another medium into a drive", Change, RemovableDrives);
        Add(["screendump"], "FILE", "Save the screen as PNG or PPM, by the file's extension", (arguments, _) =>
        {
            string path = arguments.Require("a file");
            if (arguments.TakeSwitch("-f") && arguments.Require("a format") is var format && !path.EndsWith("." + format, StringComparison.Ordinal)) throw new MonitorException($"name the file *.{format}");
            StandardVga display = machine.Board.Display ?? throw new MonitorException("there is no display adapter");
            HostFiles.Guard(path, () => ScreenshotWriter.Save(display.Capture(), path));
        });
    }

    private IEnumerable<string> RemovableDrives() => machine.Board.Drives.Drives.Where(d => d.Configuration.Kind != DriveKind.Disk).Select(d => d.Name);

    private (Drive Drive, AtapiCdRom CdRom) FindRemovable(string name)
    {
        Drive drive = machine.Board.Drives.Drives.FirstOrDefault(d => d.Name == name)
            ?? throw new MonitorException($"there is no drive '{name}'; 'info block' lists them");
        return (drive, drive.Ide as AtapiCdRom ?? throw new MonitorException($"{name}: the medium of this drive cannot be changed"));
    }

    private void Eject(MonitorArguments arguments, TextWriter output)
    {
        bool force = arguments.TakeSwitch("-f");
        KeepRecordedMedia();
        (Drive drive, AtapiCdRom cdrom) = FindRemovable(arguments.Require("a drive"));
        if (!cdrom.TryOpenTray(force)) throw new MonitorException($"{drive.Name}: the guest has locked the door; it has been told, or use eject -f");
        ExchangeMedium(cdrom, null);
        context.Media[drive.Name] = null;
    }

    private void KeepRecordedMedia()
    {
        if (machine.Configuration.Recording != null) throw new MonitorException("the media of a machine whose run is recorded or replayed stay where they are");
    }

    private void ExchangeMedium(AtapiCdRom cdrom, IBlockBackend? medium)
    {
        cdrom.ExchangeMedium(medium)?.Dispose();
        // What was read from the old medium cannot be read again.
        machine.History?.Restart();
    }

    private void Change(MonitorArguments arguments, TextWriter output)
    {
        (Drive drive, AtapiCdRom cdrom) = FindRemovable(arguments.Require("a drive"));
        string path = arguments.Require("a file");
        KeepRecordedMedia();
        try
        {
            IBlockBackend medium = machine.Board.Drives.Open(drive.Configuration with { File = path, Format = arguments.Next() });
            if (!cdrom.TryOpenTray(force: false))
            {
                medium.Dispose();
                throw new MonitorException($"{drive.Name}: the guest has locked the door; use eject -f first");
            }

            ExchangeMedium(cdrom, medium);
            context.Media[drive.Name] = path;
        }
        catch (DiskImageException e)
        {
            throw new MonitorException(e.Message);
        }
    }
}
