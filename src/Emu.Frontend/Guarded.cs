using Emu.Cpu;
using Emu.Devices.Serial;
using Emu.Devices.Storage;
using Emu.Display.Sdl;
using Emu.Display.Vnc;
using Emu.Frontend.CommandLine;
using Emu.Frontend.Run;
using Emu.Machine.Loaders;

namespace Emu.Frontend;

/// <summary>The outermost frame: every failure becomes one line on standard error and an exit status.</summary>
internal static class Guarded
{
    /// <summary>Set to anything to see where an internal error came from.</summary>
    private const string TraceVariable = "EMU_TRACE";

    /// <summary>Runs the program.</summary>
    public static int Run(string[] arguments)
    {
        // Threads that do host I/O have no caller who could handle what goes wrong in them.
        AppDomain.CurrentDomain.UnhandledException += (_, e) => Environment.Exit(Report(e.ExceptionObject as Exception ?? new InvalidOperationException("unknown")));
        try
        {
            return EmuCommand.Invoke(arguments);
        }
        catch (Exception e) when (Report(e) is var status)
        {
            return status;
        }
    }

    /// <summary>Prints an exception as the user is to see it.</summary>
    /// <returns>The exit status that goes with it.</returns>
    public static int Report(Exception exception)
    {
        bool trace = Environment.GetEnvironmentVariable(TraceVariable) is { Length: > 0 };
        bool expected = exception is UsageException or Stepper.StepperException or LoaderException or DiskImageException or CpuModelException or Machine.SnapshotException or Machine.RecordingException or CharacterDeviceException or SdlException or VncException or Linux.GuestFilesException;
        string message = exception is Stepper.StepperException ? exception.Message : exception.Message.ReplaceLineEndings(" ");
        Console.Error.WriteLine(expected ? $"emu: {message}" : $"emu: internal error: {message} ({exception.GetType().Name}){(trace ? "" : $"; {TraceVariable}=1 shows details")}");
        if (trace) Console.Error.WriteLine(exception);
        return expected ? ExitStatus.BadInput : ExitStatus.InternalError;
    }
}
