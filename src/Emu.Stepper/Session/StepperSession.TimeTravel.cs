using Emu.Cpu;
using Emu.Machine;
using Emu.Stepper.Linux;

namespace Emu.Stepper.Session;

// Going back, and changing things by hand.
public sealed unsafe partial class StepperSession
{
    /// <summary>Distances that are searched for the last write of a register, one after the other.</summary>
    private static readonly ulong[] SearchDistances = [64, 4096, 262_144, 4_000_000];

    /// <summary>History is being repeated: what happens meanwhile has been told before.</summary>
    private bool repeats;

    /// <summary>Changes a register or flag; false if there is none of that name that can be changed.</summary>
    public bool Write(string name, ulong value)
    {
        if (!Scope.TryWrite(name, value)) return false;
        NoteChange();
        return true;
    }

    /// <summary>Changes memory; false where there is none.</summary>
    public bool WriteMemory(ulong linear, ReadOnlySpan<byte> bytes)
    {
        if (!Debugging.GuestView.WriteLinear(cpu, linear, bytes)) return false;
        NoteChange();
        return true;
    }

    /// <summary>Goes back by one step.</summary>
    public Stop StepBack() => Travel(history => history.ReverseStep(cpu) && LeaveHidden(history) ? new Stop(StopKind.Step, "") : AtBeginning());

    /// <summary>Goes back by a number of instructions, at most to the beginning.</summary>
    public Stop StepBack(ulong count)
    {
        if (count == 0) return new Stop(StopKind.Step, "");
        if (count == 1) return StepBack();
        return Travel(history =>
        {
            if (Position <= history.Start.Instructions || count > Position - history.Start.Instructions)
            {
                history.GoTo(history.Start);
                return AtBeginning();
            }

            history.GoTo(new Position(Position - count));
            return LeaveHidden(history) ? new Stop(StopKind.Step, "") : AtBeginning();
        });
    }

    /// <summary>Runs back to the last breakpoint or watchpoint.</summary>
    public Stop ReverseContinue() => Travel(history =>
    {
        DebugStop? met = history.ReverseContinue(stop => PointOf(stop) != null);
        if (met == null || PointOf(met) is not { } point) return AtBeginning();
        return point.Length == 0
            ? new Stop(StopKind.Breakpoint, $"back at breakpoint {point.Number}, {Describe(InstructionPointer)}")
            : new Stop(StopKind.Watchpoint, $"watchpoint {point.Number}: the next instruction, at {Describe(InstructionPointer)}, makes the access");
    });

    /// <summary>Goes to the instruction that wrote a register, or memory given as [address], last; it is the next one to run.</summary>
    public Stop LastWriter(string what)
    {
        what = what.Trim();
        if (what.Length == 0) throw new StepperException("who wrote what? A register, or memory such as [rsp] or dword [x]");
        return Travel(history => what.EndsWith(']') ? LastMemoryWriter(history, what) : LastRegisterWriter(history, what));
    }

    /// <summary>Goes to a bookmark, or to when a number of instructions had run or will have run.</summary>
    public Stop GoTo(string place)
    {
        ulong count = Bookmarks.TryGetValue(place, out ulong marked) ? marked : Evaluate(place);
        if (Machine.History is { } known && new Position(count) > known.End)
        {
            // Runs end between two pieces; what is too far is gone back.
            Travel(history => MoveTo(history, history.End));
            Stop stop = Continue(count - Position);
            if (stop.Kind != StopKind.Limit) return stop;
        }

        return Travel(history => MoveTo(history, new Position(count)));
    }

    private Stop MoveTo(TimeTravel history, Position target)
    {
        history.GoTo(target < history.Start ? history.Start : target);
        return new Stop(StopKind.Step, $"at instruction {Position}, {Describe(InstructionPointer)}");
    }

    /// <summary>Goes back to where code is shown; false at the beginning.</summary>
    private bool LeaveHidden(TimeTravel history)
    {
        for (int i = 0; i < InnerSteps && IsHidden; i++)
        {
            if (!history.ReverseStep(cpu)) return false;
        }

        return true;
    }

    private bool IsHidden => Program.Process != null && HidesKernel && LinuxProcess.IsKernel(InstructionPointer);

    private Stop AtBeginning() => new(StopKind.Beginning, "this is the beginning: nothing before it is remembered");

    private StopPoint? PointOf(DebugStop stop) =>
        (object?)stop.Hit?.Breakpoint is { } breakpoint && pointOf.TryGetValue(breakpoint, out StopPoint? point) ? point
        : (object?)stop.Hit?.Watchpoint is { } watchpoint && pointOf.TryGetValue(watchpoint, out point) ? point : null;

    private Stop Travel(Func<TimeTravel, Stop> move)
    {
        if (Machine.History is not { } history) throw new StepperException("this machine keeps no history to go back in (start it with -icount shift=2,history=on)");
        repeats = true;
        try
        {
            return move(history);
        }
        finally
        {
            repeats = false;
            Forget();
        }
    }

    /// <summary>After a journey: what was told of the time behind the position is no longer past.</summary>
    private void Forget()
    {
        final = null;
        Last = null;
        HasMoved = false;
        written.Clear();
        events.Clear();
        Log.TruncateAfter(Position);
        while (steps.Count > 0 && stepPositions[^1] >= Position)
        {
            steps.RemoveAt(steps.Count - 1);
            stepPositions.RemoveAt(stepPositions.Count - 1);
        }
    }

    private void NoteChange() => Machine.History?.NoteChange();

    private Stop LastMemoryWriter(TimeTravel history, string what)
    {
        int open = what.IndexOf('[');
        int size = what[..open].Trim().ToLowerInvariant() switch { "byte" => 1, "word" => 2, "dword" => 4, "qword" => 8, "" => Debugging.GuestView.CodeBits(cpu) / 8, var other => throw new StepperException($"'{other}' is no size; there are byte, word, dword and qword") };
        ulong address = Evaluate(what[(open + 1)..^1]);
        if (history.LastWriteTo(address, (ulong)size) is not { } writer) return new Stop(StopKind.Step, $"nobody has written {what} since the beginning");
        cpu = writer;
        string message = $"{what} was written last by the next instruction, at {Describe(InstructionPointer)}";
        if (!IsHidden) return new Stop(StopKind.Step, message);
        for (int i = 0; i < InnerSteps && IsHidden && history.ReverseStep(cpu); i++)
        {
        }

        return new Stop(StopKind.Step, $"{what} was written last by the system call at {Describe(InstructionPointer)}");
    }

    private Stop LastRegisterWriter(TimeTravel history, string register)
    {
        if (!Scope.TryRegister(register.TrimStart('$'), out _)) throw new StepperException($"'{register}' is no register; memory is written as [address]");
        string name = register.TrimStart('$');
        Position now = Machine.Position;
        foreach (ulong distance in SearchDistances)
        {
            Position from = now.Instructions > distance && new Position(now.Instructions - distance) > history.Start ? new Position(now.Instructions - distance) : history.Start;
            history.GoTo(from);
            Position? found = null;
            while (Machine.Position < now)
            {
                Position here = Machine.Position;
                Scope.TryRegister(name, out ulong before);
                Machine.Debugger.Step(cpu, holdInterrupts: false);
                if (Machine.Position == here) break;
                Scope.TryRegister(name, out ulong after);
                if (before != after) found = here;
            }

            if (found is { } place)
            {
                history.GoTo(place);
                for (int i = 0; i < InnerSteps && IsHidden && history.ReverseStep(cpu); i++)
                {
                }

                return new Stop(StopKind.Step, $"{name} was changed last by the next instruction, at {Describe(InstructionPointer)}");
            }

            if (from == history.Start)
            {
                history.GoTo(now);
                return new Stop(StopKind.Step, $"{name} has not changed since the beginning");
            }
        }

        history.GoTo(now);
        return new Stop(StopKind.Step, $"{name} has not changed in the last {SearchDistances[^1]:n0} instructions");
    }
}
