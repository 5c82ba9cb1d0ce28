namespace Emu.Cpu;

// Events from outside: what is pending, what may be taken when (SDM Vol. 3A 6.9, 10.4.7, 34.3).
public sealed unsafe partial class Vcpu
{
    private uint events;
    private int exitRequested;
    private bool nmiBlocked;
    private byte sipiVector;

    /// <summary>Events that have arrived and not been taken.</summary>
    public PendingEvents Events => (PendingEvents)Volatile.Read(ref events);

    /// <summary>
    /// An event waits that the processor can take now: a machine runs it even when it is halted. An event that is masked
    /// (EFLAGS.IF clear, NMI blocked, inside SMM) does not count.
    /// </summary>
    public bool HasPendingEvents => TakableEvents != PendingEvents.None;

    /// <summary>The processor can take a maskable interrupt at this instruction boundary.</summary>
    public bool InterruptsEnabled => (State->SystemFlags & Eflags.If) != 0 && State->Shadow == InterruptShadow.None;

    /// <summary>NMIs are held off because the handler of one has not executed IRET (SDM Vol. 3A 6.7.1).</summary>
    public bool NmiBlocked => nmiBlocked;

    private PendingEvents TakableEvents
    {
        get
        {
            PendingEvents pending = Events;
            if (pending == PendingEvents.None) return pending;
            CpuState* s = State;
            if (s->Activity == ActivityState.WaitForSipi) return pending & PendingEvents.Sipi;
            pending &= ~PendingEvents.Sipi;
            if (s->Activity != ActivityState.Frozen) pending &= ~PendingEvents.NumericErrorIgnored;
            if (holdsInterrupts) pending &= ~(PendingEvents.Interrupt | PendingEvents.Nmi | PendingEvents.Smi);
            if (s->Smm) pending &= ~(PendingEvents.Init | PendingEvents.Smi);
            // The processors of both vendors hold NMIs off behind STI too.
            if (nmiBlocked || s->Shadow != InterruptShadow.None) pending &= ~PendingEvents.Nmi;
            if (!InterruptsEnabled || s->Activity == ActivityState.Shutdown) pending &= ~PendingEvents.Interrupt;
            return pending;
        }
    }

    /// <summary>Level of the INTR wire from the external (8259A) interrupt controller; it enters the local APIC as LINT0.</summary>
    public void SetInterruptLine(bool asserted) => Apic.SetLocalInterrupt(0, asserted);

    /// <summary>An edge on the NMI wire: pending until taken.</summary>
    public void RaiseNmi() => PostEvent(PendingEvents.Nmi);

    /// <summary>A system management interrupt: pending until taken.</summary>
    public void RaiseSmi() => PostEvent(PendingEvents.Smi);

    /// <summary>An INIT signal: resets all but caches, FPU, MSRs (SDM Vol. 3A table 9-1); an application processor then waits for SIPI.</summary>
    public void Init()
    {
        // A processor that waits for SIPI is in that state already.
        if (State->Activity == ActivityState.WaitForSipi) return;
        ClearEvent(PendingEvents.Sipi);
        PostEvent(PendingEvents.Init);
    }

    /// <summary>A start-up IPI: a processor that waits for it starts at <paramref name="vector"/> * 4096 in real-address mode. Any other ignores it.</summary>
    public void Sipi(byte vector)
    {
        // An INIT that has arrived but not been taken comes first.
        if (State->Activity != ActivityState.WaitForSipi && (Events & PendingEvents.Init) == 0) return;
        sipiVector = vector;
        PostEvent(PendingEvents.Sipi);
    }

    /// <summary>Asks a running processor to come back to its caller soon. May be called from any thread.</summary>
    public void RequestExit()
    {
        Volatile.Write(ref exitRequested, 1);
        Volatile.Write(ref State->ExitRequest, 1);
    }

    /// <summary>The local APIC's request for a maskable interrupt.</summary>
    internal void SetInterruptRequest(bool pending)
    {
        if (pending) PostEvent(PendingEvents.Interrupt);
        else Interlocked.And(ref events, ~(uint)PendingEvents.Interrupt);
    }

    private void PostEvent(PendingEvents which)
    {
        Interlocked.Or(ref events, (uint)which);
        Volatile.Write(ref State->ExitRequest, 1);
    }

    private void ClearEvent(PendingEvents which) => Interlocked.And(ref events, ~(uint)which);

    /// <summary>To be called when an event that was held off may have become takable: IF set, NMI unblocked, priority lowered.</summary>
    internal void SignalPendingEvents()
    {
        if (events != 0 && TakableEvents != PendingEvents.None) State->ExitRequest = 1;
    }

    private void UnblockNmi()
    {
        if (!nmiBlocked) return;
        nmiBlocked = false;
        SignalPendingEvents();
    }

    /// <summary>Takes at most one event, in the order of SDM Vol. 3A table 6-2.</summary>
    private void ServiceEvents()
    {
        if (debugTraps != 0)
        {
            DeliverDebugTraps();
        }
        else
        {
            TakeEvent(TakableEvents);
        }

        if (debugTraps != 0 || TakableEvents != PendingEvents.None) State->ExitRequest = 1;
    }

    private void TakeEvent(PendingEvents takable)
    {
        if (takable == PendingEvents.None) return;
        NoteDelivery();
        if ((takable & PendingEvents.Init) != 0)
        {
            ClearEvent(PendingEvents.Init);
            ResetByInit();
        }
        else if ((takable & PendingEvents.Sipi) != 0)
        {
            ClearEvent(PendingEvents.Sipi);
            StartUp();
        }
        else if ((takable & PendingEvents.Smi) != 0)
        {
            ClearEvent(PendingEvents.Smi);
            EnterSystemManagement();
        }
        else if ((takable & PendingEvents.Nmi) != 0)
        {
            ClearEvent(PendingEvents.Nmi);
            nmiBlocked = true;
            Deliver(EventKind.Nmi, new ExceptionInfo(ExceptionVector.Nmi, 0, 0));
        }
        else if (takable == PendingEvents.NumericErrorIgnored)
        {
            State->Activity = ActivityState.Active;
        }
        else if (Apic.TryAcknowledge(out byte vector))
        {
            Deliver(EventKind.ExternalInterrupt, new ExceptionInfo(vector, 0, 0));
        }
    }

    private void StartUp()
    {
        CpuState* s = State;
        ref SegmentRegister cs = ref s->Segment(SegmentIndex.Cs);
        cs.Selector = (ushort)(sipiVector << 8);
        cs.Base = (uint)sipiVector << 12;
        s->Rip = 0;
        s->Activity = ActivityState.Active;
        UpdateMode();
    }
}
