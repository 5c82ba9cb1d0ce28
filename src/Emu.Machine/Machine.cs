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

    private readonly HashSet<string> troubles = [];
    private readonly MachineConfiguration configuration;
    private readonly IReadOnlyList<Vcpu> processors = [];
    private Vcpu? running;
    private readonly CountedEntropy entropy = new();
    private readonly Queue<Action> deferred = new();
    private readonly InputLog? inputs;
    private readonly Lockstep? lockstep;
    private RunRecording? recording;
    private TurnScheduler? turns;
    private bool resetRequested;
    private bool initRequested;
    private bool quit;
    private bool disposed;
    private volatile bool paused;

    /// <summary>Builds the machine; it is in its state after power-on.</summary>
    /// <exception cref="LoaderException">A firmware or kernel file is missing or unusable.</exception>
    public Machine(MachineConfiguration configuration)
        : this(configuration.Accelerator == Accelerator.Lockstep ? Lockstep.Prepare(configuration) : configuration, follows: false)
    {
    }

    /// <summary>Builds the machine, or one that lives through what another one does.</summary>
    internal Machine(MachineConfiguration configuration, bool follows)
    {
        this.configuration = configuration;
        Clock = configuration.Clock.InstructionShift is int shift
            ? new VirtualClock(() => (long)RetiredInstructions, shift)
            : new VirtualClock();
        Clock.EarliestChanged = () => running?.RequestExit();
        Events.Kick = () => Volatile.Read(ref running)?.RequestExit();
        paused = configuration.StartPaused;
        // While the board is being built, the clock can be asked already: no processor has run yet.
        bool lockstep = configuration.Accelerator == Accelerator.Lockstep;
        if (configuration.History != null || configuration.Recording != null || lockstep || follows) inputs = new InputLog(this) { Follows = lockstep || follows, Repeats = follows };
        Board = new PcBoard(configuration, this);
        Debugger = new MachineDebugger(this);
        processors = Board.Processors;
        if (Clock.CountsInstructions) MakeRepeatable();
        Board.PowerOn();
        if (inputs != null && configuration.Recording is { } recording) Record(inputs, recording);
        if (inputs != null && configuration.History != null) History = new TimeTravel(this, inputs, configuration.History);
        if (inputs != null && lockstep) this.lockstep = new Lockstep(this, inputs);
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

    /// <summary>The machine's past, where it was configured to remember it (<see cref="MachineConfiguration.History"/>).</summary>
    public TimeTravel? History { get; private set; }

    /// <summary>Where the machine is in its history. Any machine has one; only one with <see cref="History"/> can go back.</summary>
    public Position Position => new(RetiredInstructions, Deliveries, Clock.Nanoseconds);

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

    private ulong Deliveries
    {
        get
        {
            ulong sum = 0;
            foreach (Vcpu cpu in processors) sum += cpu.DeliveryCount;
            return sum;
        }
    }

    /// <summary>Why the machine stopped.</summary>
    public StopReason StopReason { get; private set; }

    /// <summary>Exit status for the process: that of isa-debug-exit, else 0 or 1.</summary>
    public int ExitStatus { get; private set; }

    /// <summary>Where translated code did something else than tier 0, with both states; null if that has not happened.</summary>
    public string? LockstepReport => lockstep?.Report;

    /// <summary>Times that translated code was found to have done what tier 0 does.</summary>
    public long LockstepComparisons => lockstep?.Comparisons ?? 0;

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

    /// <summary>
    /// Raised on the machine's thread with one line for the user when the host could not do what the guest asked for (a full disk); the guest sees an
    /// error of a device. Each line comes once.
    /// </summary>
    public event Action<string>? HostTrouble;

    /// <summary>Tells the user of trouble on the host.</summary>
    internal void ReportTrouble(string message)
    {
        if (troubles.Add(message)) HostTrouble?.Invoke(message);
    }

    /// <summary>Runs a processor in place of <see cref="Vcpu.Run"/>: gets the processor and the most instructions, returns those retired.</summary>
    internal Func<Vcpu, long, long>? RunOverride { get; set; }

    /// <summary>Runs until the machine stops for good; returns why.</summary>
    public StopReason Run()
    {
        Clock.Start();
        while (!quit) RunOnce();
        // What has run since the last comparison.
        lockstep?.Compare();
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

        if (Clock.CountsInstructions)
        {
            RunCounted(atMost, sleep: configuration.Clock.SleepWhenIdle);
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
            RunProcessor(cpu, Math.Min(HostSlice, atMost));
            if (quit || resetRequested || paused) return;
        }

        if (!anyActive) Idle();
    }

    /// <summary>
    /// The next piece of a run whose clock counts instructions: timers that are due, then inputs, then one processor up to the next moment at which
    /// anything else can happen. Where the pieces end makes no difference to the guest.
    /// </summary>
    internal void RunCounted(long atMost, bool sleep)
    {
        Clock.RunExpired();
        if (resetRequested || initRequested)
        {
            PerformReset();
            return;
        }

        RunLimits limits = new(atMost);
        if (inputs != null && !(History?.BeforeRun(ref limits) ?? inputs.BeforeRun(ref limits))) return;
        if (turns?.Next(out long turn) is not { } cpu)
        {
            LetTimePass(limits.IdleUntil, sleep && !RepeatsHistory);
            return;
        }

        long slice = Math.Min(Math.Min(turn, limits.Instructions), CountedSliceLength());
        ulong delivered = cpu.DeliveryCount;
        // A step, for a budget of one would deliver an event and run an instruction behind it.
        bool single = limits.OneStep || (slice == 1 && RunOverride == null);
        long retired = RunProcessor(cpu, single ? 0 : slice);
        bool moved = retired != 0 || cpu.DeliveryCount != delivered;
        turns.Ran(cpu, turn, retired, moved);
        PieceDone?.Invoke(cpu, moved);
        lockstep?.AfterPiece();
    }

    /// <summary>Runs a processor, or lets it make a single step if <paramref name="slice"/> is 0.</summary>
    private long RunProcessor(Vcpu cpu, long slice)
    {
        Volatile.Write(ref running, cpu);
        long retired = slice == 0 ? cpu.Step()
            : RunOverride != null ? RunOverride(cpu, slice)
            : Clock.CountsInstructions || slice < HostSlice ? cpu.Run(slice)
            : cpu.RunSlice(slice);
        Volatile.Write(ref running, null);
        while (deferred.TryDequeue(out Action? action)) action();
        if (cpu.DebugHit != null) Debugger.AfterRun(cpu);
        return retired;
    }

    /// <summary>Told of each piece of a run whose clock counts instructions: the processor, and whether it got any further.</summary>
    internal Action<Vcpu, bool>? PieceDone { get; set; }

    /// <summary>Inputs, where they are recorded.</summary>
    internal InputLog? Inputs => inputs;

    /// <summary>Inputs are recorded, so that what they led to can be repeated.</summary>
    internal bool RecordsInputs => inputs != null;

    /// <summary>History is being repeated: nothing reaches the outside.</summary>
    internal bool RepeatsHistory => inputs?.Repeats == true;

    /// <summary>What is sent now has been sent before: history is being repeated.</summary>
    internal bool IsMuted => inputs?.IsMuted == true;

    /// <summary>Presses the power button. On the machine's thread.</summary>
    public void PressPowerButton() => Submit(new MachineInput.PowerButtonInput());

    /// <summary>Presses the reset button. On the machine's thread.</summary>
    public void PressResetButton() => Submit(new MachineInput.ResetInput());

    /// <summary>Sends a non-maskable interrupt to a processor. On the machine's thread.</summary>
    public void SendNmi(int processor) => Submit(new MachineInput.NmiInput(processor));

    private void Submit(MachineInput input)
    {
        if (inputs == null) input.Apply(this);
        else inputs.Submit(input);
    }

    /// <summary>Asks whether an input from outside may reach the guest now; if not, it will later.</summary>
    internal bool AdmitInput(MachineInput input) => inputs?.Admit(input) != false;

    /// <summary>
    /// Runs until a processor has made a step, and other processors when it is their turn: a step that is part of the machine's history. On the machine's
    /// thread, paused.
    /// </summary>
    internal void StepInTurn(Vcpu cpu)
    {
        ulong before = cpu.RetiredInstructions + cpu.DeliveryCount;
        while (cpu.RetiredInstructions + cpu.DeliveryCount == before && !quit && CanRun(cpu)) RunCounted(1, sleep: false);
        History?.ApplyEditHere();
    }

    /// <summary>Repeats history up to a position. On the machine's thread, paused.</summary>
    internal void RepeatTo(Position goal)
    {
        while (Position < goal && !quit) RunCounted(long.MaxValue, sleep: false);
    }

    /// <summary>Repeats one step of one processor, or the jump of time to the next event if all are idle.</summary>
    internal void RepeatStep()
    {
        Position before = Position;
        while (Position == before && !quit) RunCounted(1, sleep: false);
    }

    /// <summary>
    /// For devices whose answer to a guest's access would be overwritten by the completion of the instruction: runs an action right behind it. On the
    /// machine's thread.
    /// </summary>
    internal void Defer(Action action)
    {
        deferred.Enqueue(action);
        running?.RequestExit();
    }

    private void Record(InputLog log, RecordingConfiguration what)
    {
        if (what.Replays)
        {
            log.End = RunRecording.Read(what.Path, this, log);
            log.Repeats = true;
            return;
        }

        recording = RunRecording.Create(what.Path, this);
        log.Recorded = recording.Add;
    }

    private void MakeRepeatable()
    {
        turns = new TurnScheduler(processors);
        foreach (Vcpu cpu in processors)
        {
            cpu.CountsExactly = true;
            cpu.Entropy = entropy.Next;
        }
    }

    /// <summary>Lets a processor of a paused machine run for a moment: time flows, and a reset it asks for is carried out.</summary>
    internal void RunProcessor(Vcpu cpu, Action<Vcpu> run)
    {
        Clock.Start();
        Volatile.Write(ref running, cpu);
        run(cpu);
        Volatile.Write(ref running, null);
        if (paused) Clock.Stop();
        while (deferred.TryDequeue(out Action? action)) action();
        if (Clock.CountsInstructions) Clock.RunExpired();
        if (resetRequested || initRequested) PerformReset();
    }

    /// <summary>Nothing has asked the processors to stand still.</summary>
    internal bool IsRunning => !paused && !quit && !resetRequested && !initRequested;

    /// <summary>A processor has something to do: it is active, or an event that it can take waits.</summary>
    internal static unsafe bool CanRun(Vcpu cpu) => cpu.State->Activity == ActivityState.Active || cpu.HasPendingEvents;

    private long CountedSliceLength()
    {
        long deadline = Clock.NextDeadline;
        return deadline == long.MaxValue ? CountedSlice : Math.Min(CountedSlice, Clock.InstructionsUntil(deadline));
    }

    /// <summary>All processors are idle: lets time pass until something happens, or up to a limit.</summary>
    private void LetTimePass(long limit, bool sleep)
    {
        long deadline = Math.Min(Clock.NextDeadline, limit);
        if (sleep || deadline == long.MaxValue) Idle();
        else Clock.WarpTo(deadline);
    }

    private void Idle()
    {
        Clock.CatchUp();
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
        Clock.CatchUp();
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
        if (!RepeatsHistory) Stopping?.Invoke(reason);
        running?.RequestExit();
    }

    /// <summary>Stops the machine for a difference in lockstep, which counts more than what the guest may have stopped it for meanwhile.</summary>
    internal void QuitForDifference()
    {
        Quit(StopReason.LockstepDifference, exitStatus: 1);
        StopReason = StopReason.LockstepDifference;
        ExitStatus = 1;
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

    /// <summary>Writes what the machine itself has to remember.</summary>
    internal void SaveState(BinaryWriter writer)
    {
        writer.Write(entropy.State);
        writer.Write(resetRequested);
        writer.Write(initRequested);
        writer.Write(turns != null);
        turns?.SaveState(writer);
    }

    /// <summary>Reads what <see cref="SaveState"/> wrote. A machine that had stopped for good can go on.</summary>
    internal void LoadState(BinaryReader reader)
    {
        entropy.State = reader.ReadUInt64();
        resetRequested = reader.ReadBoolean();
        initRequested = reader.ReadBoolean();
        bool counted = reader.ReadBoolean();
        if (counted != (turns != null)) throw new InvalidDataException("The snapshot was made with another kind of clock (-icount).");
        turns?.LoadState(reader);
        deferred.Clear();
        quit = false;
        StopReason = StopReason.None;
        TripleFaultReport = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        recording?.Dispose();
        History?.Dispose();
        lockstep?.Dispose();
        Board.Dispose();
        Events.Dispose();
    }
}
