using System.Text;
using Emu.Cpu;
using Emu.Machine;

namespace Emu.Debugging.Gdb;

// Running, stepping, stopping, leaving.
internal sealed partial class GdbSession
{
    private void AddExecutionHandlers()
    {
        On("?", _ => StopReply(new DebugStop(DebugStopReason.Step, debugger.CurrentCpu, null)));
        On("c", text => Resume(text, step: false));
        On("s", text => Resume(text, step: true));
        On("C", text => Resume(AfterSignal(text), step: false));
        On("S", text => Resume(AfterSignal(text), step: true));
        On("vCont?", _ => "vCont;c;C;s;S;t");
        On("vCont;", ResumeThreads);
        On("vMustReplyEmpty", _ => Unsupported);
        On("D", _ =>
        {
            RemoveAllPoints();
            connected = false;
            machine.Continue();
            return Ok;
        });
        On("k", _ =>
        {
            machine.Quit(StopReason.UserQuit);
            return null;
        });
        On("vKill;", _ =>
        {
            machine.Quit(StopReason.UserQuit);
            return Ok;
        });
    }

    /// <summary>What follows the signal number of C and S: the guest has no signals.</summary>
    private static string AfterSignal(string text) => text.IndexOf(';') is var at and >= 0 ? text[(at + 1)..] : "";

    private unsafe string? Resume(string address, bool step)
    {
        if (address.Length > 0)
        {
            if (HexText.Number(address) is not { } target) return BadArgument;
            stepped.State->Rip = target;
            NoteChange(true);
        }

        return step ? Step(stepped, othersRun: false) : Continue();
    }

    /// <summary>vCont: the first action that names a thread, or names none, is that thread's. One step at a time is carried out.</summary>
    private string? ResumeThreads(string text)
    {
        Vcpu? steps = null;
        bool othersRun = false, any = false;
        HashSet<Vcpu> decided = [];
        foreach (string action in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = action.Split(':');
            if (action[0] is not ('c' or 'C' or 's' or 'S' or 't')) return BadArgument;
            List<Vcpu> meant = [];
            if (parts.Length == 1 || parts[1] == "-1") meant.AddRange(Processors);
            else if (FindThread(parts[1]) is { } cpu) meant.Add(cpu);
            else return NoSuchThread;
            foreach (Vcpu cpu in meant.Where(decided.Add))
            {
                any = true;
                if (action[0] is 'c' or 'C') othersRun = true;
                else if (action[0] is 's' or 'S') steps ??= cpu;
            }
        }

        if (!any) return BadArgument;
        return steps != null ? Step(steps, othersRun) : Continue();
    }

    private string? Continue()
    {
        waits = true;
        machine.Continue();
        return null;
    }

    private string? Step(Vcpu cpu, bool othersRun)
    {
        waits = true;
        // Null: the processor is halted, and the machine tells when it has come to a stop.
        if (debugger.Step(cpu, (stepBits & WithoutInterrupts) != 0) is not { } stop) return null;
        if (othersRun && stop.Reason == DebugStopReason.Step && debugger.RunOthers(cpu) is { } other) stop = other;
        if (!waits) return null;
        waits = false;
        selected = stepped = stop.Cpu;
        return StopReply(stop);
    }
}
