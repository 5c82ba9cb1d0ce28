using Emu.Cpu;

namespace Emu.Machine;

/// <summary>
/// Stops, steps and continues the guest for debuggers: gdb, the stepper, editors. Any number of them may use it; each arms points of
/// its own. Use it on the machine's thread only (<see cref="Machine.Invoke{T}"/>, <see cref="EventQueue.Post"/>).
/// </summary>
/// <remarks>
/// It costs nothing while nothing is armed: breakpoints live in the predecoded code, watchpoints in what the TLB leaves out
/// (<see cref="DebugPoints"/>), and single steps are runs of one instruction.
/// </remarks>
public sealed class MachineDebugger
{
    private readonly Machine machine;
    private DebugStop? pending;
    private bool isAnnounced = true;
    private Vcpu? current;

    internal MachineDebugger(Machine machine) => this.machine = machine;

    /// <summary>Breakpoints and watchpoints, in linear addresses of whatever address space is current.</summary>
    public DebugPoints Points => machine.Board.Code.DebugPoints;

    /// <summary>The processor that stopped last, or the first one.</summary>
    public Vcpu CurrentCpu => current ?? machine.Board.Processors[0];

    /// <summary>
    /// The guest has stopped: raised once each time the machine pauses, whoever caused it, from the machine's own loop. All processors are
    /// between two instructions, <see cref="Machine.IsPaused"/> holds, and a handler may inspect, change, step or continue at once.
    /// </summary>
    public event Action<DebugStop>? Stopped;

    /// <summary>
    /// Asked about each breakpoint and watchpoint met, before anything stops; false lets the guest go on. Null stops at all of them.
    /// An engine that runs towards an instruction count notes hits this way without pausing.
    /// </summary>
    public Func<DebugStop, bool>? Filter { get; set; }

    /// <summary>Takes the place of everything else while history is searched: told of each breakpoint and watchpoint met.</summary>
    internal Action<DebugStop>? Observer { get; set; }

    /// <summary>
    /// Runs one instruction of one processor of a paused machine while the others stand still. A fault or a pending event that is
    /// delivered instead of it counts as the step, as for <see cref="Vcpu.Step"/>.
    /// </summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="holdInterrupts">
    /// Keep interrupts waiting, so that stepping stays in the code being looked at; ignored for a halted processor.
    /// </param>
    /// <returns>
    /// Where that has led, without <see cref="Stopped"/> being raised. Null when the processor is halted: the machine then runs until an event wakes the processor and
    /// stops at the first instruction of the handler, or wherever else something stops it, raising <see cref="Stopped"/>.
    /// </returns>
    /// <exception cref="InvalidOperationException">The machine is not paused.</exception>
    public DebugStop? Step(Vcpu cpu, bool holdInterrupts)
    {
        if (!machine.IsPaused) throw new InvalidOperationException("Only a paused machine can be stepped.");
        current = cpu;
        if (!Machine.CanRun(cpu))
        {
            StepWhenAwake(cpu);
            return null;
        }

        cpu.PassBreakpoint();
        if (machine.History != null)
        {
            machine.StepInTurn(cpu);
            return AfterStep(cpu);
        }

        cpu.HoldsInterrupts = holdInterrupts;
        machine.RunProcessor(cpu, static c => c.Step());
        cpu.HoldsInterrupts = false;
        return AfterStep(cpu);
    }

    /// <summary>A processor came back from a run: stops the machine if it met something.</summary>
    internal void AfterRun(Vcpu cpu)
    {
        if (cpu.DebugHit is not { } hit) return;
        DebugStop stop = new(hit.Breakpoint != null ? DebugStopReason.Breakpoint : DebugStopReason.Watchpoint, cpu, hit);
        if (Observer != null)
        {
            Observer(stop);
            cpu.PassBreakpoint();
            return;
        }

        if (machine.History?.IsMoving == true) cpu.PassBreakpoint();
        else if (Filter?.Invoke(stop) == false) cpu.PassBreakpoint();
        else Stop(stop);
    }

    /// <summary>The machine has paused or goes on.</summary>
    internal void OnPausedChanged(bool paused)
    {
        machine.RunOverride = null;
        isAnnounced = !paused;
        // What stopped the machine before is history; the processor passes the breakpoint it stands at.
        if (!paused) current?.PassBreakpoint();
    }

    /// <summary>From the loop of a paused machine: tells that it has stopped, once.</summary>
    internal void Announce()
    {
        if (isAnnounced) return;
        isAnnounced = true;
        DebugStop stop = pending ?? new DebugStop(DebugStopReason.Paused, CurrentCpu, null);
        pending = null;
        current = stop.Cpu;
        Stopped?.Invoke(stop);
    }

    private static DebugStop AfterStep(Vcpu cpu) => cpu.DebugHit is { Watchpoint: not null } hit
        ? new DebugStop(DebugStopReason.Watchpoint, cpu, hit)
        : new DebugStop(DebugStopReason.Step, cpu, null);

    private void Stop(DebugStop stop)
    {
        pending = stop;
        machine.Pause();
    }

    private void StepWhenAwake(Vcpu cpu)
    {
        machine.Continue();
        machine.RunOverride = (running, slice) =>
        {
            if (running != cpu) return running.Run(slice);
            long retired = running.Step();
            Stop(AfterStep(cpu));
            return retired;
        };
    }
}
