using Emu.Cpu;
using Emu.Machine;
using Emu.Stepper.Explain;
using Emu.Stepper.Linux;
using Iced.Intel;

namespace Emu.Stepper.Session;

// Running further than one instruction, and the places to stop at.
public sealed unsafe partial class StepperSession
{
    /// <summary>Instructions a run may take before it is asked whether it will ever end.</summary>
    public const ulong DefaultLimit = 100_000_000;

    private static readonly TimeSpan Forever = TimeSpan.FromDays(1);

    private readonly List<StopPoint> points = [];
    private readonly Dictionary<object, StopPoint> pointOf = new(ReferenceEqualityComparer.Instance);
    private int lastNumber;

    /// <summary>Breakpoints and watchpoints.</summary>
    public IReadOnlyList<StopPoint> Points => points;

    /// <summary>Asked now and then during a run; true ends it.</summary>
    public Func<bool>? Interrupted { get; set; }

    /// <summary>Stops before the instruction at an address runs, if the condition holds.</summary>
    public StopPoint AddBreakpoint(ulong address, string? condition = null, int line = 0)
    {
        StopPoint point = new(++lastNumber, address, 0, "execute", Checked(condition), line);
        Breakpoint breakpoint = new(address, point.Condition is { } expression ? _ => Holds(expression) : null);
        Machine.Debugger.Points.Add(breakpoint);
        Register(point, breakpoint);
        return point;
    }

    /// <summary>Stops behind an access to memory, if the condition holds then.</summary>
    /// <exception cref="StepperException">The range is impossible.</exception>
    public StopPoint AddWatchpoint(ulong address, int length, WatchKind kind, string? condition = null)
    {
        if (length < 1 || (ulong)length > DebugPoints.MaxWatchLength || address + (ulong)length - 1 < address) throw new StepperException($"a watchpoint covers 1 to {DebugPoints.MaxWatchLength} bytes");
        StopPoint point = new(++lastNumber, address, length, kind switch { WatchKind.Read => "read", WatchKind.Write => "write", _ => "access" }, Checked(condition), 0);
        Watchpoint watchpoint = new(address, (ulong)length, kind, point.Condition is { } expression ? _ => Holds(expression) : null);
        Machine.Debugger.Points.Add(watchpoint);
        Register(point, watchpoint);
        return point;
    }

    /// <summary>Takes a stopping place away; false if there is none of that number.</summary>
    public bool RemovePoint(int number)
    {
        StopPoint? point = points.Find(p => p.Number == number);
        if (point == null) return false;
        points.Remove(point);
        object armed = pointOf.First(p => p.Value == point).Key;
        pointOf.Remove(armed);
        if (armed is Breakpoint breakpoint) Machine.Debugger.Points.Remove(breakpoint);
        else if (armed is Watchpoint watchpoint) Machine.Debugger.Points.Remove(watchpoint);
        return true;
    }

    /// <summary>Runs until something stops the program.</summary>
    public Stop Continue(ulong limit = DefaultLimit) => RunMachine(limit, stopAt: null);

    /// <summary>Runs to an address, or to whatever stops the program before.</summary>
    public Stop RunTo(ulong address, ulong limit = DefaultLimit) => RunMachine(limit, new Breakpoint(address));

    /// <summary>Runs a call, a repeated string instruction, an interrupt or a loop to its end; anything else is a step.</summary>
    public Stop StepOver()
    {
        Instruction next = Next;
        bool deep = next.IsCallNear || next.IsCallNearIndirect || next.IsCallFar || next.IsCallFarIndirect || (next.Mnemonic == Mnemonic.Int && Program.Process == null);
        bool repeats = next.IsStringInstruction && (next.HasRepPrefix || next.HasRepnePrefix) || next.IsLoop || next.IsLoopcc;
        if (!deep && !repeats) return Step();
        ulong stack = cpu.State->Gpr[4];
        ulong behind = InstructionPointer + (uint)next.Length;
        PendingExplanation pending = PendingExplanation.At(cpu, Text);
        Vcpu stepped = cpu;
        // The same place deeper on the stack is another call of the same code.
        Stop stop = RunMachine(DefaultLimit, new Breakpoint(behind, c => c == stepped && (repeats || c.State->Gpr[4] >= stack)));
        if (stop.Kind == StopKind.Step) Last = explainer.Account(pending, cpu, [], note: deep ? "the called code has run and returned" : null);
        return stop;
    }

    /// <summary>Runs until the current procedure has returned.</summary>
    public Stop StepOut(ulong limit = DefaultLimit)
    {
        ulong stack = cpu.State->Gpr[4];
        for (ulong done = 0; done < limit; done++)
        {
            Instruction next = Next;
            bool returns = next.Mnemonic is Mnemonic.Ret or Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq;
            Stop stop = returns && cpu.State->Gpr[4] >= stack ? Step() : Skip();
            if (stop.Kind != StopKind.Step) return stop;
            if (returns && cpu.State->Gpr[4] > stack) return stop;
            if (AtBreakpoint() is { } hit) return hit;
            if (Interrupted?.Invoke() == true) return new Stop(StopKind.Interrupted, $"interrupted at {Describe(InstructionPointer)}");
        }

        return Endless(limit);
    }

    /// <summary>Runs until an expression holds.</summary>
    public Stop RunUntil(string condition, ulong limit = DefaultLimit)
    {
        Checked(condition);
        for (ulong done = 0; done < limit; done++)
        {
            Stop stop = Skip();
            if (stop.Kind != StopKind.Step) return stop;
            if (Holds(condition)) return new Stop(StopKind.Condition, $"{condition} holds at {Describe(InstructionPointer)}");
            if (AtBreakpoint() is { } hit) return hit;
            if ((done & 0xFF) == 0 && Interrupted?.Invoke() == true) return new Stop(StopKind.Interrupted, $"interrupted at {Describe(InstructionPointer)}");
        }

        return Endless(limit);
    }

    /// <summary>Runs a number of instructions.</summary>
    public Stop RunCount(ulong count)
    {
        Stop stop = new(StopKind.Step, "");
        for (ulong done = 0; done < count && stop.Kind == StopKind.Step; done++)
        {
            stop = done + 1 == count ? Step() : Skip();
            if (stop.Kind == StopKind.Step && done + 1 < count && AtBreakpoint() is { } hit) return hit;
            if ((done & 0xFF) == 0 && Interrupted?.Invoke() == true) return new Stop(StopKind.Interrupted, $"interrupted at {Describe(InstructionPointer)}");
        }

        return stop;
    }

    /// <summary>A step that is not explained: for running.</summary>
    private Stop Skip()
    {
        if (final is { } over) return over;
        LinuxProcess? process = Program.Process;
        events.Clear();
        Previous = *cpu.State;
        Last = null;
        Stop stop = StepOnce();
        if (process != null && HidesKernel && cpu.State->Cpl == 0)
        {
            if (events.Count > 0 && !events.TrueForAll(e => e.Software && e.Vector == 0x80)) return Conclude(stop);
            for (int i = 0; i < InnerSteps && cpu.State->Cpl == 0 && process.ExitStatus == null && final == null; i++) stop = StepOnce();
            events.Clear();
        }

        return Conclude(stop);
    }

    private Stop? AtBreakpoint()
    {
        ulong here = InstructionPointer;
        StopPoint? point = points.Find(p => p.Length == 0 && p.Address == here && (p.Condition == null || Holds(p.Condition)));
        if (point == null) return null;
        point.Hits++;
        return new Stop(StopKind.Breakpoint, $"breakpoint {point.Number} at {Describe(here)}");
    }

    private Stop RunUntilAwake() => RunMachine(DefaultLimit, stopAt: null, alreadyRunning: true);

    private Stop RunMachine(ulong limit, Breakpoint? stopAt, bool alreadyRunning = false)
    {
        if (final is { } over) return over;
        Breakpoint? crash = Program.Process != null && HidesKernel ? new Breakpoint(LinuxProcess.FaultHandler) : null;
        foreach (Breakpoint? own in (Breakpoint?[])[stopAt, crash])
        {
            if (own != null) Machine.Debugger.Points.Add(own);
        }

        DebugStop? met = null;
        void OnStopped(DebugStop stop) => met = stop;
        Machine.Debugger.Stopped += OnStopped;
        ulong end = Position + limit;
        bool cancelled = false, stuck = false;
        if (!alreadyRunning)
        {
            events.Clear();
            Last = null;
            Previous = *cpu.State;
            Machine.Continue();
        }

        Machine.RunUntil(() => met != null || Position >= end || (stuck = IsStuck()) || Program.Process?.ExitStatus != null || (cancelled = cancelled || Interrupted?.Invoke() == true), Forever);
        if (!Machine.IsPaused && final == null) Machine.Pause();
        Machine.Debugger.Stopped -= OnStopped;
        foreach (Breakpoint? own in (Breakpoint?[])[stopAt, crash])
        {
            if (own != null) Machine.Debugger.Points.Remove(own);
        }

        if (met != null && !alreadyRunning) cpu = met.Cpu;
        if (!alreadyRunning) Remember();
        return Outcome(met, stopAt, crash, stuck, cancelled, limit);
    }

    private Stop Outcome(DebugStop? met, Breakpoint? stopAt, Breakpoint? crash, bool stuck, bool cancelled, ulong limit)
    {
        if (final != null) return final;
        if (crash != null && met?.Hit?.Breakpoint == crash)
        {
            events.RemoveAll(e => e.Software && e.Vector == 0x80);
            return Conclude(new Stop(StopKind.Step, ""));
        }

        if (Program.Process is { ExitStatus: { } status }) return final = new Stop(StopKind.Exited, $"the program has ended with status {status}");
        if (met?.Hit?.Breakpoint is { } breakpoint)
        {
            if (breakpoint == stopAt || !pointOf.TryGetValue(breakpoint, out StopPoint? point)) return new Stop(StopKind.Step, "");
            point.Hits++;
            return new Stop(StopKind.Breakpoint, $"breakpoint {point.Number} at {Describe(InstructionPointer)}");
        }

        if (met?.Hit is { Watchpoint: { } watch } hit && pointOf.TryGetValue(watch, out StopPoint? watched))
        {
            watched.Hits++;
            return new Stop(StopKind.Watchpoint, $"watchpoint {watched.Number}: {(hit.IsWrite ? "write to" : "read of")} {Describe(hit.Address)}, by the instruction before {Describe(InstructionPointer)}");
        }

        if (met != null) return new Stop(StopKind.Step, "");
        if (stuck) return final = new Stop(StopKind.Halted, $"the processor has halted before {Describe(InstructionPointer)}, and nothing can wake it: {((cpu.State->SystemFlags & Eflags.If) == 0 ? "interrupts are off" : "no device will interrupt")}{Lost}");
        return cancelled ? new Stop(StopKind.Interrupted, $"interrupted at {Describe(InstructionPointer)}") : Endless(limit);
    }

    private Stop Endless(ulong limit)
    {
        return new Stop(StopKind.Limit, $"still running after {limit:n0} instructions, now at {Describe(InstructionPointer)}{(HasLeft ? Lost : "; is it an endless loop?")}");
    }

    /// <summary>What runs is not the program that was loaded.</summary>
    private bool HasLeft => Program.Extent is { } extent && (InstructionPointer < extent.First || InstructionPointer > extent.Last + 1);

    private string Lost => HasLeft ? "; it has left the program: is an end missing (jmp $, hlt)?" : "";

    /// <summary>Every processor waits, and no device or timer will ever interrupt.</summary>
    private bool IsStuck()
    {
        bool timers = Machine.Clock.NextDeadline != long.MaxValue;
        foreach (Vcpu each in Machine.Board.Processors)
        {
            if (each.State->Activity == ActivityState.Active || each.HasPendingEvents) return false;
            if (each.State->Activity != ActivityState.WaitForSipi && timers && (each.State->SystemFlags & Eflags.If) != 0) return false;
        }

        return true;
    }

    private string? Checked(string? condition)
    {
        if (condition != null) Evaluate(condition);
        return condition;
    }

    private bool Holds(string condition)
    {
        try
        {
            return Evaluate(condition) != 0;
        }
        catch (StepperException)
        {
            // A condition on memory that is not mapped just now does not hold.
            return false;
        }
    }

    private void Register(StopPoint point, object armed)
    {
        points.Add(point);
        pointOf.Add(armed, point);
    }
}
