using Emu.Cpu;
using Emu.Devices.Chipset;
using Emu.Machine.Loaders;

namespace Emu.Machine;

/// <summary>
/// A PC: built from a configuration, run on a thread of its own or the caller's. All guest-visible state changes on the
/// machine's thread; other threads use <see cref="Events"/> or <see cref="Invoke{T}"/>.
/// </summary>
public sealed class Machine : IPowerControl, IDisposable
{
    /// <summary>Instructions a processor runs before the machine looks at the clock again, when time is host time.</summary>
    private const long HostSlice = 40_000;

    /// <summary>The longest slice with an instruction-driven clock.</summary>
    private const long CountedSlice = 1_000_000;

    private static readonly TimeSpan IdlePoll = TimeSpan.FromMilliseconds(250);

    private readonly MachineConfiguration configuration;
    private readonly IReadOnlyList<Vcpu> processors = [];
    private Vcpu? running;
    private bool resetRequested;
    private bool initRequested;
    private bool quit;
    private volatile bool paused;

    /// <summary>Builds the machine; it is in its state after power-on.</summary>
    /// <exception cref="LoaderException">A firmware or kernel file is missing or unusable.</exception>
    public Machine(MachineConfiguration configuration)
    {
        this.configuration = configuration;
        Clock = configuration.Clock.InstructionShift is int shift
            ? new VirtualClock(() => (long)RetiredInstructions, shift)
            : new VirtualClock();
        Clock.EarliestChanged = () => running?.RequestExit();
        Events.Kick = () => Volatile.Read(ref running)?.RequestExit();
        paused = configuration.StartPaused;
        // While the board is being built, the clock can be asked already: no processor has run yet.
        Board = new PcBoard(configuration, this);
        Debugger = new MachineDebugger(this);
        processors = Board.Processors;
        Board.PowerOn();
    }

    /// <summary>What it was built from.</summary>
    public MachineConfiguration Configuration => configuration;

    /// <summary>Virtual time.</summary>
    public VirtualClock Clock { get; }

    /// <summary>The processor that is running guest code right now, or null between slices. On the machine's thread.</summary>
    internal Vcpu? RunningProcessor => running;

    /// <summary>Work handed in by other threads.</summary>
    public EventQueue Events { get; } = new();

    /// <summary>Processors, memory and devices.</summary>
    public PcBoard Board { get; }

    /// <summary>Breakpoints, watchpoints and steps.</summary>
    public MachineDebugger Debugger { get; }

    /// <summary>Instructions retired by all processors since power-on.</summary>
    public ulong RetiredInstructions
    {
        get
        {
            ulong sum = 0;
            foreach (Vcpu cpu in processors) sum += cpu.RetiredInstructions;
            return sum;
        }
    }

    /// <summary>Why the machine stopped.</summary>
    public StopReason StopReason { get; private set; }

    /// <summary>Exit status for the process: that of isa-debug-exit, else 0 or 1.</summary>
    public int ExitStatus { get; private set; }

    /// <summary>The guest is stopped by the user or a debugger.</summary>
    public bool IsPaused => paused;

    /// <summary>What a triple fault looked like, when one stopped the machine.</summary>
    public string? TripleFaultReport { get; private set; }

    /// <summary>Raised on the machine's thread when it pauses or continues.</summary>
    public event Action<bool>? PausedChanged;

    /// <summary>Raised on the machine's thread before a reset, with everything still as it was.</summary>
    public event Action? Resetting;

    /// <summary>Raised on the machine's thread after a reset.</summary>
    public event Action? WasReset;

    /// <summary>Raised on the machine's thread when the machine has decided to stop for good.</summary>
    public event Action<StopReason>? Stopping;

    /// <summary>Runs a processor in place of <see cref="Vcpu.Run"/>: gets the processor and the most instructions, returns those retired.</summary>
    internal Func<Vcpu, long, long>? RunOverride { get; set; }

    /// <summary>Runs until the machine stops for good; returns why.</summary>
    public StopReason Run()
    {
        Clock.Start();
        while (!quit) RunOnce();
        Clock.Stop();
        return StopReason;
    }

    /// <summary>Runs until <paramref name="done"/> holds between slices or the machine stops; for tests.</summary>
    public bool RunUntil(Func<bool> done, TimeSpan hostTimeLimit)
    {
        Clock.Start();
        long end = Environment.TickCount64 + (long)hostTimeLimit.TotalMilliseconds;
        while (!quit && !done() && Environment.TickCount64 < end) RunOnce();
        Clock.Stop();
        return done();
    }

    /// <summary>Runs exactly <paramref name="instructions"/> instructions more (all processors together), or until the machine stops or idles for good.</summary>
    public void RunInstructions(ulong instructions)
    {
        ulong end = RetiredInstructions + instructions;
        Clock.Start();
        while (!quit && RetiredInstructions < end) RunOnce((long)(end - RetiredInstructions));
        Clock.Stop();
    }

    private void RunOnce(long atMost = long.MaxValue)
    {
        Events.Drain();
        if (quit) return;
        if (paused)
        {
            Debugger.Announce();
            if (paused) Events.Wait(IdlePoll);
            return;
        }

        Clock.RunExpired();
        if (resetRequested || initRequested)
        {
            PerformReset();
            return;
        }

        bool anyActive = false;
        foreach (Vcpu cpu in Board.Processors)
        {
            if (!CanRun(cpu)) continue;
            anyActive = true;
            long slice = Math.Min(SliceLength(), atMost);
            Volatile.Write(ref running, cpu);
            if (RunOverride != null) RunOverride(cpu, slice);
            else if (Clock.CountsInstructions || slice < HostSlice) cpu.Run(slice);
            else cpu.RunSlice(slice);
            Volatile.Write(ref running, null);
            if (cpu.DebugHit != null) Debugger.AfterRun(cpu);
            if (quit || resetRequested || paused) return;
        }

        if (!anyActive) Idle();
    }

    /// <summary>Lets a processor of a paused machine run for a moment: time flows, and a reset it asks for is carried out.</summary>
    internal void RunProcessor(Vcpu cpu, Action<Vcpu> run)
    {
        Clock.Start();
        Volatile.Write(ref running, cpu);
        run(cpu);
        Volatile.Write(ref running, null);
        if (paused) Clock.Stop();
        if (Clock.CountsInstructions) Clock.RunExpired();
        if (resetRequested || initRequested) PerformReset();
    }

    /// <summary>Nothing has asked the processors to stand still.</summary>
    internal bool IsRunning => !paused && !quit && !resetRequested && !initRequested;

    /// <summary>A processor has something to do: it is active, or an event that it can take waits.</summary>
    internal static unsafe bool CanRun(Vcpu cpu) => cpu.State->Activity == ActivityState.Active || cpu.HasPendingEvents;

    private long SliceLength()
    {
        if (!Clock.CountsInstructions) return HostSlice;
        long deadline = Clock.NextDeadline;
        return deadline == long.MaxValue ? CountedSlice : Math.Min(CountedSlice, Clock.InstructionsUntil(deadline));
    }

    private void Idle()
    {
        long deadline = Clock.NextDeadline;
        if (Clock.CountsInstructions && deadline != long.MaxValue && !configuration.Clock.SleepWhenIdle)
        {
            Clock.WarpTo(deadline);
            return;
        }

        TimeSpan wait = IdlePoll;
        if (deadline != long.MaxValue)
        {
            long left = deadline - Clock.Nanoseconds;
            if (left <= 0) return;
            wait = TimeSpan.FromTicks(Math.Min(left / 100, IdlePoll.Ticks));
        }

        long started = Environment.TickCount64;
        // Semaphores time out in whole milliseconds; shorter waits would overshoot and cost the guest its timer rate.
        if (wait.TotalMilliseconds >= 1.5) Events.Wait(wait - TimeSpan.FromMilliseconds(1));
        else Thread.Yield();
        if (Clock.CountsInstructions && deadline != long.MaxValue && Environment.TickCount64 - started + 2 >= (long)wait.TotalMilliseconds)
        {
            Clock.WarpTo(deadline);
        }
    }

    /// <summary>Runs a function on the machine's thread and returns its result. Must not be called from that thread.</summary>
    public T Invoke<T>(Func<T> function)
    {
        TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Events.Post(() =>
        {
            try
            {
                completion.SetResult(function());
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                completion.SetException(e);
            }
        });
        return completion.Task.GetAwaiter().GetResult();
    }

    /// <summary>Stops the guest; devices keep their state. On the machine's thread.</summary>
    public void Pause() => SetPaused(true);

    /// <summary>Lets the guest go on. On the machine's thread.</summary>
    public void Continue() => SetPaused(false);

    private void SetPaused(bool value)
    {
        if (paused == value) return;
        paused = value;
        if (value)
        {
            Clock.Stop();
            running?.RequestExit();
        }
        else
        {
            Clock.Start();
        }

        Debugger.OnPausedChanged(value);
        PausedChanged?.Invoke(value);
    }

    /// <summary>Ends the machine. On the machine's thread.</summary>
    public void Quit(StopReason reason, int exitStatus = 0)
    {
        if (quit) return;
        quit = true;
        StopReason = reason;
        ExitStatus = exitStatus;
        Stopping?.Invoke(reason);
        running?.RequestExit();
    }

    /// <inheritdoc/>
    public void RequestReset(ResetSource source, bool processorOnly = false)
    {
        if (processorOnly) initRequested = true;
        else resetRequested = true;
        running?.RequestExit();
    }

    /// <inheritdoc/>
    public void RequestPowerOff()
    {
        if (configuration.NoShutdown) Pause();
        else Quit(StopReason.PowerOff);
    }

    /// <inheritdoc/>
    public void RequestSuspend()
    {
        // The firmware tables do not offer S3; a guest that writes the sleep type anyway stays awake.
    }

    /// <summary>A processor met a triple fault.</summary>
    internal void OnShutdown(Vcpu cpu)
    {
        if (configuration.NoReboot)
        {
            TripleFaultReport = TripleFault.Describe(cpu);
            Quit(StopReason.TripleFault, exitStatus: 1);
            return;
        }

        RequestReset(ResetSource.Other);
    }

    private void PerformReset()
    {
        bool full = resetRequested;
        resetRequested = initRequested = false;
        if (!full)
        {
            foreach (Vcpu cpu in Board.Processors) cpu.Init();
            return;
        }

        if (configuration.NoReboot)
        {
            Quit(StopReason.Reset);
            return;
        }

        Resetting?.Invoke();
        Board.Reset();
        WasReset?.Invoke();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Board.Dispose();
        Events.Dispose();
    }
}
