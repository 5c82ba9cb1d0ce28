using System.Globalization;
using Emu.Devices.Chipset;
using Emu.Devices.Display;
using Emu.Machine;

namespace Emu.Display;

/// <summary>What a person at the screen can do to the machine beside typing. May be called from any thread.</summary>
public sealed class GuestCommands
{
    private readonly Machine.Machine machine;

    /// <summary>Commands for a machine.</summary>
    public GuestCommands(Machine.Machine machine)
    {
        this.machine = machine;
        PowerButton = machine.Board.Chipset.PowerManagement.PressPowerButton;
        machine.PausedChanged += paused => IsPaused = paused;
        IsPaused = machine.IsPaused;
    }

    /// <summary>Name of the machine for titles and file names.</summary>
    public string Name { get; init; } = "emu";

    /// <summary>Presses the power button; on the machine's thread.</summary>
    public Action PowerButton { get; init; }

    /// <summary>Carries out a line of the monitor and returns what it prints; on the machine's thread. Null without a monitor.</summary>
    public Func<string, string>? Monitor { get; init; }

    /// <summary>The stepping tool holds the guest.</summary>
    public bool IsStepping { get; set; }

    /// <summary>The guest stands still.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Stops the guest or lets it go on.</summary>
    public void TogglePause() => machine.Events.Post(() =>
    {
        if (machine.IsPaused) machine.Continue();
        else machine.Pause();
    });

    /// <summary>Presses the reset button.</summary>
    public void Reset() => machine.Events.Post(() =>
    {
        machine.PressResetButton();
        machine.Continue();
    });

    /// <summary>Presses the power button. A guest that stands still goes on, so that it can notice.</summary>
    public void PressPowerButton() => machine.Events.Post(() =>
    {
        machine.Continue();
        PowerButton();
    });

    /// <summary>Ends the machine.</summary>
    public void Quit() => machine.Events.Post(() => machine.Quit(StopReason.UserQuit));

    /// <summary>Saves what the guest shows as a PNG file in the current directory, and tells its name or why there is none.</summary>
    public void SaveScreenshot(Action<string> tell)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"{FileName()}-{DateTime.Now:yyyyMMdd-HHmmss-fff}.png");
        machine.Events.Post(() =>
        {
            if (machine.Board.Display is not { } display)
            {
                tell("There is no display adapter.");
                return;
            }

            DisplayFrame frame = display.Capture();
            // Compressing takes a while; the guest need not wait for it.
            ThreadPool.QueueUserWorkItem(_ => tell(Save(frame, path)));
        });
    }

    /// <summary>Puts a disc into the first CD-ROM drive, and tells how that went.</summary>
    public void InsertDisc(string path, Action<string> tell) => machine.Events.Post(() =>
    {
        Drive? drive = machine.Board.Drives.Drives.FirstOrDefault(d => d.Configuration.Kind == DriveKind.CdRom);
        if (drive == null || Monitor is not { } monitor)
        {
            tell("There is no CD-ROM drive.");
            return;
        }

        string answer = monitor($"change {drive.Name} \"{path}\"").Trim();
        tell(answer.Length > 0 ? answer : $"{drive.Name}: {Path.GetFileName(path)}");
    });

    /// <summary>The monitor's words that change a disc, for a person to finish.</summary>
    public string DiscCommand()
    {
        Drive? drive = machine.Board.Drives.Drives.FirstOrDefault(d => d.Configuration.Kind == DriveKind.CdRom);
        return drive == null ? "info block" : $"change {drive.Name} ";
    }

    /// <summary>Tells how many instructions have been executed, on the machine's thread.</summary>
    public void CountInstructions(Action<ulong> tell) => machine.Events.Post(() => tell(machine.RetiredInstructions));

    private static string Save(DisplayFrame frame, string path)
    {
        try
        {
            ScreenshotWriter.Save(frame, path);
            return $"Saved {path}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{path}: {e.Message}";
        }
    }

    private string FileName() => string.Concat(Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'));
}
