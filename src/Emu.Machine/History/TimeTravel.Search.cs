using Emu.Cpu;

namespace Emu.Machine;

/// <content>Going back to where something happened.</content>
public sealed partial class TimeTravel
{
    /// <summary>
    /// Goes back to before the last step of a processor: its last instruction, or the delivery of the exception or interrupt that followed it.
    /// </summary>
    /// <returns>False when there is none; the machine is then at the <see cref="Start"/>.</returns>
    public bool ReverseStep(Vcpu cpu)
    {
        Prepare();
        Position now = machine.Position;
        bool found = false;
        for (ulong distance = 1; !found; distance *= 64)
        {
            bool all = now.Instructions < distance || new Position(now.Instructions - distance) <= Start;
            MoveTo(all ? Start : new Position(now.Instructions - distance), leaveTrail: true);
            Position? last = FindLastPiece(cpu, now);
            if (last is { } position)
            {
                MoveTo(position, leaveTrail: true);
                found = true;
            }
            else if (all)
            {
                MoveTo(Start, leaveTrail: true);
                break;
            }
        }

        Moved?.Invoke();
        return found;
    }

    /// <summary>
    /// Runs backwards to the last breakpoint or watchpoint (<see cref="MachineDebugger.Points"/>) met before the position. At a breakpoint, its
    /// instruction is the next one; for a watchpoint, the instruction that makes the access is.
    /// </summary>
    /// <param name="accept">Says which of them count; null for all. Asked with the machine at the moment of the stop.</param>
    /// <returns>What was met, or null when there was nothing; the machine is then at the <see cref="Start"/>.</returns>
    public DebugStop? ReverseContinue(Func<DebugStop, bool>? accept = null)
    {
        Prepare();
        (Position Position, DebugStop Stop)? found = FindLastStop(machine.Position, accept);
        MoveTo(found?.Position ?? Start, leaveTrail: true);
        Moved?.Invoke();
        return found?.Stop;
    }

    /// <summary>
    /// Who wrote this memory last? Goes to the instruction, or the delivery of an event, whose write to any byte of the range was the last before the position; it has not been
    /// done yet.
    /// </summary>
    /// <param name="linear">First linear address, in whatever address space was current.</param>
    /// <param name="length">Bytes, 1 to <see cref="DebugPoints.MaxWatchLength"/>.</param>
    /// <returns>The processor that wrote, or null when nobody did since the <see cref="Start"/>; the machine is then where it was.</returns>
    public Vcpu? LastWriteTo(ulong linear, ulong length)
    {
        Prepare();
        Position now = machine.Position;
        Watchpoint watchpoint = new(linear, length, WatchKind.Write);
        DebugPoints points = machine.Debugger.Points;
        points.Add(watchpoint);
        (Position Position, DebugStop Stop)? found = FindLastStop(now, stop => stop.Hit?.Watchpoint == watchpoint);
        points.Remove(watchpoint);
        MoveTo(found?.Position ?? now, leaveTrail: true);
        Moved?.Invoke();
        return found?.Stop.Cpu;
    }

    /// <summary>The last moment before <paramref name="before"/> at which a breakpoint or watchpoint was met. Leaves the machine anywhere in its history.</summary>
    private (Position Position, DebugStop Stop)? FindLastStop(Position before, Func<DebugStop, bool>? accept)
    {
        Position segmentEnd = before;
        while (true)
        {
            int index = FindCheckpoint(segmentEnd);
            if (index > 0 && checkpoints[index].Position == segmentEnd) index--;
            Position segmentStart = checkpoints[index].Position;
            if (segmentStart >= segmentEnd) return null;
            MoveTo(segmentStart, leaveTrail: false);
            (Position, DebugStop)? last = null;
            machine.Debugger.Observer = stop =>
            {
                Position at = PositionOf(stop);
                if (at < before && accept?.Invoke(stop) != false) last = (at, stop);
            };
            RunTo(segmentEnd);
            machine.Debugger.Observer = null;
            if (last != null || index == 0) return last;
            segmentEnd = segmentStart;
        }
    }

    /// <summary>The moment before what a processor has stopped for: the instruction at a breakpoint, or the access that a watchpoint has seen.</summary>
    private Position PositionOf(DebugStop stop)
    {
        Position now = machine.Position;
        if (stop.Reason != DebugStopReason.Watchpoint || stop.Cpu.IsInsideInstruction) return now;
        return stop.Cpu.HasJustDelivered ? new Position(now.Instructions, now.Deliveries - 1) : new Position(now.Instructions - 1, now.Deliveries);
    }

    /// <summary>Runs to <paramref name="until"/>; returns where the last step of a processor before it began.</summary>
    private Position? FindLastPiece(Vcpu cpu, Position until)
    {
        Position? pieceEnd = null;
        machine.PieceDone = (ran, moved) =>
        {
            if (ran == cpu && moved) pieceEnd = machine.Position;
        };
        RunTo(until);
        machine.PieceDone = null;
        if (pieceEnd is not { } end) return null;
        Position? last = null;
        MoveTo(end.Instructions == 0 || new Position(end.Instructions - 1) < Start ? Start : new Position(end.Instructions - 1), leaveTrail: true);
        while (machine.Position < end)
        {
            Position here = machine.Position;
            machine.PieceDone = (ran, moved) =>
            {
                if (ran == cpu && moved) last = here;
            };
            target = end;
            machine.RepeatStep();
            target = null;
            machine.PieceDone = null;
        }

        return last;
    }
}
