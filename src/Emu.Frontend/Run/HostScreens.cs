using System.Runtime.ExceptionServices;
using Emu.Debugging.Monitor;
using Emu.Display;
using Emu.Display.Consoles;
using Emu.Display.Screens;
using Emu.Display.Sdl;
using Emu.Display.Vnc;
using Emu.Frontend.CommandLine;
using Emu.Machine;

namespace Emu.Frontend.Run;

/// <summary>Shows the guest's screen and the consoles in a window and over VNC while the machine runs.</summary>
internal sealed class HostScreens : IDisposable
{
    private const int MachineStack = 16 << 20;

    private readonly Machine.Machine machine;
    private readonly GuestScreen guest;
    private readonly GuestStepper stepper;
    private readonly SdlWindow? window;
    private readonly VncServer? vnc;

    /// <summary>Opens what is asked for.</summary>
    /// <exception cref="SdlException">There is no window to be had.</exception>
    /// <exception cref="VncException">VNC cannot be offered.</exception>
    public HostScreens(LaunchOptions options, Machine.Machine machine, IReadOnlyList<VirtualConsole> consoles, MonitorContext context)
    {
        this.machine = machine;
        HumanMonitor monitor = new(context);
        GuestCommands commands = new(machine) { Name = options.Name ?? "emu", PowerButton = context.PowerDown, Monitor = monitor.Execute };
        guest = new GuestScreen(machine);
        stepper = new GuestStepper(machine, commands.Name);
        // The monitor is Ctrl-Alt-2, as everywhere.
        List<IScreen> screens = [guest, .. consoles.OrderBy(c => c.Title == VirtualConsole.MonitorTitle ? 0 : 1), stepper.Console];
        try
        {
            if (options.Display.Vnc is { } offer) vnc = new VncServer(offer, screens, commands, options.Display.Layout);
            if (options.Display.Kind == DisplayKind.Window) window = OpenWindow(options.Display, screens, commands);
        }
        catch
        {
            Dispose();
            throw;
        }

        stepper.ActiveChanged += active =>
        {
            commands.IsStepping = active;
            if (!active) window?.ShowGuest();
        };
    }

    /// <summary>Runs the machine to its end. The window, if there is one, keeps the calling thread; the machine gets one of its own.</summary>
    public StopReason Run()
    {
        if (window == null) return stepper.Run();
        StopReason reason = StopReason.None;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                reason = stepper.Run();
            }
            catch (Exception e) when ((failure = ExceptionDispatchInfo.Capture(e)) != null)
            {
                // Reported by the calling thread.
            }
            finally
            {
                window.End();
            }
        }, MachineStack) { Name = "machine" };
        thread.Start();
        try
        {
            window.Run();
        }
        finally
        {
            machine.Events.Post(() => machine.Quit(StopReason.UserQuit));
            thread.Join();
        }

        failure?.Throw();
        return reason;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        vnc?.Dispose();
        window?.Dispose();
        stepper.Dispose();
        guest.Dispose();
    }

    private static SdlWindow? OpenWindow(DisplaySpec display, IReadOnlyList<IScreen> screens, GuestCommands commands)
    {
        try
        {
            return new SdlWindow(display.Window, screens, commands, display.Layout);
        }
        catch (SdlException e) when (display.IsDefault)
        {
            Console.Error.WriteLine($"emu: {e.Message}; running without a window (-display none)");
            return null;
        }
    }
}
