using Emu.Mmu;

namespace Emu.Cpu;

// Single stepping and the breakpoint registers (SDM Vol. 3B chapter 17).
public sealed unsafe partial class Vcpu
{
    /// <summary>DR6 bits of debug traps that are due at the next instruction boundary.</summary>
    private uint debugTraps;

    /// <summary>The instruction being executed alone ends in a single-step trap.</summary>
    private bool stepTrap;

    /// <summary>The instruction in progress runs alone, so that data breakpoints are reported behind it.</summary>
    private bool runsAlone;

    /// <summary>An instruction met a data breakpoint in the middle of a block and has to be run again, alone.</summary>
    private bool retryAlone;

    /// <summary>A repeated instruction has stopped behind an iteration for a debugger, which does not count as an instruction.</summary>
    private bool iterationStopped;

    /// <summary>There are data breakpoints, the guest's or a debugger's.</summary>
    private bool watchesData;

    // Which of the four breakpoints are enabled for what, bit n for DRn.
    private uint dataBreakpoints;
    private uint instructionBreakpoints;
    private uint portBreakpoints;

    /// <summary>
    /// The next instruction must run alone: a single-step trap follows it, there are instruction breakpoints, an event is held off until it is done.
    /// </summary>
    private bool NeedsSingleStep =>
        (State->SystemFlags & Eflags.Tf) != 0 || instructionBreakpoints != 0 || retryAlone
        || (State->Shadow != InterruptShadow.None && (events | debugTraps) != 0);

    /// <summary>
    /// A single-step trap follows the current instruction, so a repeated string instruction stops after each iteration
    /// (SDM Vol. 3A 17.3.1.4).
    /// </summary>
    public bool StopsAfterIteration => runsAlone && stepTrap;

    /// <summary>
    /// A debugger wants to stop behind the iteration of a repeated instruction that has just been done. Nothing is counted, so that the guest's time does not
    /// depend on debuggers.
    /// </summary>
    internal void StopBehindIteration() => iterationStopped = true;

    /// <summary>A debug trap (DR6 bits) at the next instruction boundary.</summary>
    private void RequestDebugTrap(uint conditions)
    {
        debugTraps |= conditions;
        State->ExitRequest = 1;
    }

    private void DeliverDebugTraps()
    {
        uint conditions = debugTraps;
        debugTraps = 0;
        NoteDelivery();
        Deliver(EventKind.Exception, new ExceptionInfo(ExceptionVector.Debug, 0, conditions));
    }

    /// <summary>Sets DR7 and re-arms the breakpoints.</summary>
    internal void WriteDr7(ulong value)
    {
        State->Dr7 = (value & Dr7.Writable) | Dr7.Fixed;
        UpdateBreakpoints();
    }

    /// <summary>Derives what is armed from DR0-DR3, DR7 and CR4.DE; to be called after any change of them.</summary>
    public void UpdateBreakpoints()
    {
        CpuState* s = State;
        uint data = 0, instruction = 0, port = 0;
        List<ulong> pages = [];
        for (int i = 0; i < 4; i++)
        {
            if (((s->Dr7 >> (i * 2)) & 3) == 0) continue;
            switch (BreakpointKind(i))
            {
                case Dr7.Execute:
                    instruction |= 1u << i;
                    break;
                case Dr7.InputOutput:
                    // Undefined without CR4.DE: nothing is matched.
                    if ((s->Cr4 & Cr4.De) != 0) port |= 1u << i;
                    break;
                default:
                    data |= 1u << i;
                    pages.Add(BreakpointBase(i) & ~0xFFFul);
                    break;
            }
        }

        Code.DebugPoints.AddWatchedPages(pages);
        bool watches = pages.Count != 0;
        if (watches || watchesData) Mmu.SetUncachedPages(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pages));
        watchesData = watches;
        (dataBreakpoints, instructionBreakpoints, portBreakpoints) = (data, instruction, port);
        // Code chains from block to block; leave it once so that the dispatcher sees the change.
        s->ExitRequest = 1;
    }

    private int BreakpointKind(int index) => (int)(State->Dr7 >> (16 + (index * 4))) & 3;

    private uint BreakpointLength(int index) => ((State->Dr7 >> (18 + (index * 4))) & 3) switch { 0 => 1u, 1 => 2u, 2 => 8u, _ => 4u };

    private ulong BreakpointBase(int index)
    {
        ulong address = State->Dr[index] & ~(ulong)(BreakpointLength(index) - 1);
        return State->IsLongMode ? address : (uint)address;
    }

    /// <summary>
    /// DR6 bits of an access to <paramref name="size"/> bytes at <paramref name="address"/>: every breakpoint that matches
    /// if at least one of the <paramref name="armed"/> does.
    /// </summary>
    private uint Match(ulong address, int size, uint armed, bool isWrite)
    {
        uint hits = 0;
        for (int i = 0; i < 4; i++)
        {
            if ((armed & (1u << i)) == 0) continue;
            ulong start = BreakpointBase(i);
            if (address >= start + BreakpointLength(i) || start >= address + (uint)size) continue;
            if (BreakpointKind(i) == Dr7.Write && !isWrite) continue;
            hits |= 1u << i;
        }

        return hits;
    }

    /// <summary>
    /// For the slow path of data accesses. True when the access may go on; false when the instruction must leave, without
    /// an exception, to be run alone.
    /// </summary>
    private bool CheckDataBreakpoints(ulong linear, int size, bool isWrite)
    {
        uint hits = Match(linear, size, dataBreakpoints, isWrite);
        Watchpoint? watchpoint = Code.DebugPoints.FindWatchpoint(linear, size, isWrite);
        if (hits == 0 && watchpoint == null) return true;
        if (!runsAlone)
        {
            retryAlone = true;
            return false;
        }

        if (hits != 0) RequestDebugTrap(hits);
        if (watchpoint != null) NoteWatchpoint(watchpoint, linear, isWrite);
        return true;
    }

    /// <summary>For accesses of the processor itself: reported at the next boundary.</summary>
    private void NoteDataBreakpoints(ulong linear, int size, bool isWrite)
    {
        uint hits = Match(linear, size, dataBreakpoints, isWrite);
        if (hits != 0) RequestDebugTrap(hits);
        if (Code.DebugPoints.FindWatchpoint(linear, size, isWrite) is { } watchpoint) NoteWatchpoint(watchpoint, linear, isWrite);
    }

    /// <summary>For IN, OUT, INS and OUTS, after the access: the trap follows the instruction.</summary>
    private void CheckPortBreakpoints(ushort port, int size)
    {
        uint hits = portBreakpoints == 0 ? 0 : Match(port, size, portBreakpoints, isWrite: true);
        if (hits != 0) RequestDebugTrap(hits);
    }

    /// <summary>Raises the fault of an instruction breakpoint at RIP, if there is one; recorded, not thrown.</summary>
    private bool HitsInstructionBreakpoint()
    {
        CpuState* s = State;
        if (instructionBreakpoints == 0 || (s->SystemFlags & Eflags.Rf) != 0) return false;
        // Intel's processors hold instruction breakpoints off behind MOV SS, AMD's do not.
        if ((s->Shadow & InterruptShadow.MovSs) != 0 && !IsAmd) return false;
        ulong rip = MaskRip(s->Rip);
        ulong linear = Is64BitCode ? rip : (uint)(rip + s->Segment(SegmentIndex.Cs).Base);
        uint hits = 0;
        for (int i = 0; i < 4; i++)
        {
            ulong address = s->IsLongMode ? s->Dr[i] : (uint)s->Dr[i];
            if ((instructionBreakpoints & (1u << i)) != 0 && address == linear) hits |= 1u << i;
        }

        if (hits == 0) return false;
        Record(ExceptionVector.Debug, 0, hits);
        return true;
    }

    /// <summary>Runs one instruction: the first operation of <paramref name="block"/>.</summary>
    private void RunSingle(Block block)
    {
        CpuState* s = State;
        long left = s->Remaining;
        InterruptShadow shadow = s->Shadow;
        uint resume = s->SystemFlags & Eflags.Rf;
        uint trapsBefore = debugTraps;
        stepTrap = (s->SystemFlags & Eflags.Tf) != 0;
        runsAlone = true;
        retryAlone = false;
        s->Shadow = InterruptShadow.None;
        s->SystemFlags &= ~Eflags.Rf;
        iterationStopped = false;
        block.Ops->Handler(this, s, block.Ops);
        bool completed = s->Remaining < left || iterationStopped;
        s->LinkSlot = null;
        runsAlone = false;
        if (completed)
        {
            passedAddress = null;
            // MOV SS and POP SS hold off the trap; the instruction behind them has its own.
            if (stepTrap && (s->Shadow & InterruptShadow.MovSs) == 0) RequestDebugTrap(Dr6.Bs);
        }
        else
        {
            debugTraps = trapsBefore;
            if (debugHit is { Watchpoint: not null }) debugHit = null;
            if (!hasPendingException && s->Activity == ActivityState.Active)
            {
                s->Shadow = shadow;
                s->SystemFlags |= resume;
            }
        }

        stepTrap = false;
        if (shadow != InterruptShadow.None && (TakableEvents != PendingEvents.None || debugTraps != 0 || exitRequested != 0)) s->ExitRequest = 1;
    }
}
