namespace Emu.Cpu;

// Stopping for debuggers outside the guest: see DebugPoints.
public sealed unsafe partial class Vcpu
{
    /// <summary>Where the current or last <see cref="Run"/> has stopped for a debugger.</summary>
    private DebugHit? debugHit;

    // A breakpoint that must not stop the processor while it is at this address with this many instructions retired.
    private ulong? passedAddress;
    private ulong passedCount;

    /// <summary>Instructions retired when the last event was delivered.</summary>
    private ulong? deliveredAt;

    /// <summary><see cref="Step"/> is on the stack.</summary>
    private bool steps;

    private bool holdsInterrupts;

    /// <summary>
    /// What the last <see cref="Run"/> stopped at: the breakpoint whose instruction is next, or the watchpoint that the last
    /// instruction met. Null when it came back for another reason.
    /// </summary>
    public DebugHit? DebugHit => debugHit;

    /// <summary>
    /// Interrupts, NMIs and SMIs wait: a debugger steps through code without ending up in their handlers. Exceptions are
    /// delivered all the same.
    /// </summary>
    public bool HoldsInterrupts
    {
        get => holdsInterrupts;
        set
        {
            holdsInterrupts = value;
            if (!value && TakableEvents != PendingEvents.None) State->ExitRequest = 1;
        }
    }

    /// <summary>Linear address of the next instruction: RIP, plus the base of CS outside 64-bit mode.</summary>
    public ulong LinearInstructionPointer
    {
        get
        {
            ulong rip = MaskRip(State->Rip);
            return Is64BitCode ? rip : (uint)(rip + State->Segment(SegmentIndex.Cs).Base);
        }
    }

    /// <summary>The last <see cref="Run"/> has stopped behind an iteration of a repeated instruction that has not ended.</summary>
    public bool IsInsideInstruction => iterationStopped;

    /// <summary>What the last <see cref="Run"/> has done last was to deliver an exception or another event.</summary>
    public bool HasJustDelivered => deliveredAt == RetiredInstructions;

    /// <summary>The next <see cref="Run"/> passes a breakpoint at the current RIP, once: how debuggers go on from where they are.</summary>
    public void PassBreakpoint() => (passedAddress, passedCount) = (LinearInstructionPointer, RetiredInstructions);

    /// <summary>For <see cref="Handlers.CheckBreakpoint"/>, with RIP at the instruction: true when the processor must stop.</summary>
    internal bool StopsAtBreakpoint()
    {
        ulong linear = LinearInstructionPointer;
        // The count of an instruction that runs alone is not exact, but RunSingle forgets the address behind it.
        if (passedAddress == linear && (runsAlone || passedCount == RetiredInstructions)) return false;
        if (Code.DebugPoints.FindBreakpoint(this, linear) is not { } breakpoint) return false;
        debugHit = new DebugHit(breakpoint, null, linear, false);
        return true;
    }

    private void NoteDelivery()
    {
        DeliveryCount++;
        deliveredAt = RetiredInstructions;
    }

    private void NoteWatchpoint(Watchpoint watchpoint, ulong linear, bool isWrite)
    {
        debugHit ??= new DebugHit(null, watchpoint, linear, isWrite);
        State->ExitRequest = 1;
    }

    /// <summary>Asks the condition of a watchpoint, now that the instruction is done; forgets the hit when it does not hold.</summary>
    private bool ConfirmDebugHit()
    {
        if (debugHit?.Watchpoint is not { Condition: { } condition } || condition(this)) return true;
        debugHit = null;
        return false;
    }
}
