using Emu.Machine;

namespace Emu.Debugging.Gdb;

// Backwards: bs and bc (gdb manual, chapter 6 and E.2), for machines that remember their past.
internal sealed partial class GdbSession
{
    /// <summary>What the stub says it can do backwards.</summary>
    private string ReverseFeatures => machine.History != null ? ";ReverseStep+;ReverseContinue+" : "";

    private void AddReverseHandlers()
    {
        On("bs", _ => Travel(history => history.ReverseStep(stepped) ? new DebugStop(DebugStopReason.Step, stepped, null) : null));
        On("bc", _ => Travel(history => history.ReverseContinue(IsOurs)));
    }

    /// <summary>Goes back; where nothing more is remembered, gdb is told so.</summary>
    private string Travel(Func<TimeTravel, DebugStop?> move)
    {
        if (machine.History is not { } history) return Unsupported;
        DebugStop? stop = move(history);
        if (stop == null) return $"T{TrapSignal:x2}replaylog:begin;thread:{ThreadOf(stepped):x2};";
        selected = stepped = stop.Cpu;
        return StopReply(stop);
    }

    private bool IsOurs(DebugStop stop) => points.Exists(p => p.Breakpoint != null ? p.Breakpoint == stop.Hit?.Breakpoint : p.Watchpoint == stop.Hit?.Watchpoint);

    /// <summary>The debugger has changed registers or memory: what followed from the old state is no longer the future.</summary>
    private bool NoteChange(bool done)
    {
        if (done) machine.History?.NoteChange();
        return done;
    }
}
