using System.Runtime.InteropServices;
using Emu.Debugging.Gdb;
using Emu.Debugging.Monitor;
using Emu.Debugging.Qmp;
using Emu.Debugging.Tracing;
using Emu.Devices.Serial;
using Emu.Display.Consoles;
using Emu.Frontend.CommandLine;
using Emu.Machine;

namespace Emu.Frontend.Run;

/// <summary>Builds a machine, connects it to the host, runs it to its end and puts everything back.</summary>
internal sealed class MachineRun : IDisposable
{
    private const int SignalStatusBase = 128;

    private readonly LaunchOptions options;
    private readonly HostLines lines;
    private readonly Machine.Machine machine;
    private readonly List<PosixSignalRegistration> signals = [];
    private int signalsSeen;

    private MachineRun(LaunchOptions options, IReadOnlyList<Func<Action<Action>, ICharacterDevice>?>? serial)
    {
        this.options = options;
        lines = new HostLines(options.NamedLines);
        try
        {
            machine = new Machine.Machine(options.Machine with
            {
                Serial = serial is null ? [.. options.Serial.Select((line, i) => LineFactory(line, $"serial{i}"))] : serial,
                Parallel = [.. options.Parallel.Select((line, i) => LineFactory(line, $"parallel{i}"))],
                PortE9 = options.DebugConsole is { Kind: not LineKind.None } console ? lines.Open(console, "port E9") : null,
                FirmwareLog = options.FirmwareLog is { Kind: not LineKind.None } log ? lines.Open(log, "firmware") : null,
            });
        }
        catch
        {
            lines.Dispose();
            throw;
        }

        try
        {
            if (options.LoadSnapshot is { } snapshot) SnapshotFile.Load(machine, snapshot);
        }
        catch
        {
            machine.Dispose();
            lines.Dispose();
            throw;
        }

        machine.HostTrouble += Report;
        lines.Attach(machine.Events.Post);
        lines.QuitRequested += () => machine.Quit(StopReason.UserQuit);
    }

    /// <summary>Runs a machine.</summary>
    /// <param name="options">The machine and what is connected to it.</param>
    /// <param name="serial">Opens the serial ports, in place of the lines of the options.</param>
    /// <param name="prepare">Called with the machine before it runs.</param>
    /// <returns>Exit status of the process.</returns>
    public static int Run(LaunchOptions options, IReadOnlyList<Func<Action<Action>, ICharacterDevice>?>? serial = null, Action<Machine.Machine>? prepare = null)
    {
        using StartupProfile profile = new(Linux.GuestFiles.CacheDirectory());
        using MachineRun run = new(options, serial);
        prepare?.Invoke(run.machine);
        return run.Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in signals) signal.Dispose();
        lines.LeaveTerminal();
        machine.Dispose();
        lines.Dispose();
    }

    private Func<Action<Action>, ICharacterDevice>? LineFactory(LineSpec line, string title) => line.Kind == LineKind.None ? null : _ => lines.Open(line, title);

    private int Run()
    {
        MonitorContext context = new(machine) { Name = options.Name };
        OfferMonitors(context);
        if (options.Gdb is { Kind: not LineKind.None } gdb) _ = new GdbServer(context, lines.Open(gdb, "gdb"), options.GdbArchitecture);
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]) signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        if (!lines.WaitForClients(Report, () => Volatile.Read(ref signalsSeen) > 0)) return SignalStatusBase;
        lines.EnterTerminal();
        using MachineLog log = OpenLog();
        context.Log = log;
        using HostScreens? screens = options.Display.HasScreens ? new HostScreens(options, machine, lines.Consoles, context) : null;
        StopReason reason = screens?.Run() ?? machine.Run();
        lines.LeaveTerminal();
        if (reason == StopReason.LockstepDifference)
        {
            Console.Error.WriteLine(machine.LockstepReport);
            return ExitStatus.LockstepDifference;
        }

        string? tripleFault = reason == StopReason.TripleFault ? machine.TripleFaultReport : null;
        if (tripleFault != null) Console.Error.WriteLine(tripleFault);
        if (options.Machine.Accelerator == Accelerator.Lockstep)
            Report($"lockstep: {machine.RetiredInstructions} instructions, {machine.LockstepComparisons} comparisons, no difference");
        return tripleFault != null ? ExitStatus.TripleFault : machine.ExitStatus;
    }

    private MachineLog OpenLog()
    {
        bool toFile = options.Log.File != null;
        // Lines on the terminal come when they are written, or one would look at the wrong place.
        MachineLog log = new(machine, options.Log.File is { } path ? CreateFile(path) : Console.Error, toFile) { Filter = options.Log.Filter };
        log.Select(options.Log.Items);
        return log;
    }

    private static StreamWriter CreateFile(string path)
    {
        try
        {
            return new StreamWriter(new LogFileStream(path, Report));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"-D {path}: the log cannot be written: {e.Message}");
        }
    }

    private void OfferMonitors(MonitorContext context)
    {
        foreach (MonitorSpec spec in options.Monitors)
        {
            bool shared = lines.IsShared(spec.Line), atOnce = lines.IsOpenAtOnce(spec.Line);
            MonitorSession? session = null;
            ICharacterDevice line = lines.Open(spec.Line, VirtualConsole.MonitorTitle, focused =>
            {
                if (focused) session?.Greet();
            });
            if (spec.Control) _ = new QmpSession(context, line, greet: atOnce);
            else session = new MonitorSession(new HumanMonitor(context), line, lines.IsInteractive(spec.Line), greet: atOnce && !shared);
        }
    }

    private void OnSignal(PosixSignalContext signal)
    {
        // The second time somebody means it: the machine's thread may be stuck.
        if (Interlocked.Increment(ref signalsSeen) > 1) return;
        signal.Cancel = true;
        int number = signal.Signal switch { PosixSignal.SIGINT => 2, PosixSignal.SIGTERM => 15, _ => 1 };
        machine.Events.Post(() => machine.Quit(StopReason.UserQuit, SignalStatusBase + number));
    }

    private static void Report(string message) => Console.Error.WriteLine($"emu: {message}");
}
