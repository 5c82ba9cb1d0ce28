using Emu.Devices.Display;

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

    private IEnumerable<string> RemovableDrives() => context.Media.Removable.Select(d => d.Name);

    private void Eject(MonitorArguments arguments, TextWriter output)
    {
        bool force = arguments.TakeSwitch("-f");
        context.Media.Eject(arguments.Require("a drive"), force);
    }

    private void Change(MonitorArguments arguments, TextWriter output) =>
        context.Media.Insert(arguments.Require("a drive"), arguments.Require("a file"), arguments.Next());
}
