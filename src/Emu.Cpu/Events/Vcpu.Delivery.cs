namespace Emu.Cpu;

/// <summary>What is delivered through the IDT: decides the DPL check, the EXT bit and the saved RF (SDM Vol. 3A 6.3, 6.4, 6.13).</summary>
public enum EventKind : byte
{
    /// <summary>A maskable interrupt.</summary>
    ExternalInterrupt,

    /// <summary>A non-maskable interrupt.</summary>
    Nmi,

    /// <summary>An exception the processor detected.</summary>
    Exception,

    /// <summary>INT n.</summary>
    SoftwareInterrupt,

    /// <summary>INT3, INTO.</summary>
    SoftwareException,

    /// <summary>INT1: no DPL check.</summary>
    PrivilegedSoftwareException,
}

// Exceptions and interrupts on their way to the handler: nesting, double faults, shutdown.
public sealed unsafe partial class Vcpu
{
    /// <summary>The event whose delivery has begun, for the monitor's log.</summary>
    public event Action<Vcpu, byte, uint>? EventDelivered;

    /// <summary>What kind of event <see cref="EventDelivered"/> told of last.</summary>
    public EventKind DeliveredKind { get; private set; }

    /// <summary>
    /// Why the processor shut down last: the exception it began with, the fault met in delivering that, then the one met in delivering the double fault. For
    /// reports; no part of the state.
    /// </summary>
    public IReadOnlyList<ExceptionInfo> ShutdownCauses => shutdownCauses;

    private readonly List<ExceptionInfo> shutdownCauses = [];

    private enum FaultClass
    {
        Benign,
        Contributory,
        PageFault,
        DoubleFault,
    }

    /// <summary>SDM Vol. 3A table 6-4.</summary>
    private static FaultClass ClassOf(byte vector) => vector switch
    {
        ExceptionVector.DoubleFault => FaultClass.DoubleFault,
        ExceptionVector.DivideError or ExceptionVector.InvalidTss or ExceptionVector.SegmentNotPresent
            or ExceptionVector.StackFault or ExceptionVector.GeneralProtection or 21 => FaultClass.Contributory,
        ExceptionVector.PageFault or 20 => FaultClass.PageFault,
        _ => FaultClass.Benign,
    };

    /// <summary>Delivers the exception an instruction raised.</summary>
    private void DeliverPendingException()
    {
        ExceptionInfo exception = pendingException;
        hasPendingException = false;
        NoteDelivery();
        Deliver(EventKind.Exception, exception);
    }

    /// <summary>
    /// Delivers an event that happens between instructions. A fault on the way is delivered in its place, as a double fault,
    /// or ends in shutdown, as SDM Vol. 3A table 6-5 says.
    /// </summary>
    private void Deliver(EventKind kind, ExceptionInfo info)
    {
        FaultClass first = kind == EventKind.Exception ? ClassOf(info.Vector) : FaultClass.Benign;
        // A block that ends at the top of the address range leaves RIP unwrapped.
        if (!Is64BitCode) State->Rip = (uint)State->Rip;
        shutdownCauses.Clear();
        while (true)
        {
            bool fault = kind == EventKind.Exception && EnterException(info);
            try
            {
                DeliverEvent(info.Vector, kind, info.ErrorCode, fault);
                return;
            }
            catch (GuestException)
            {
                hasPendingException = false;
            }

            ExceptionInfo second = pendingException;
            FaultClass secondClass = ClassOf(second.Vector);
            if (second.Vector == ExceptionVector.PageFault) State->Cr2 = second.Address;
            kind = EventKind.Exception;
            switch (first)
            {
                case FaultClass.DoubleFault when secondClass != FaultClass.Benign:
                    shutdownCauses.Add(second);
                    EnterShutdown();
                    return;
                case FaultClass.Contributory when secondClass == FaultClass.Contributory:
                case FaultClass.PageFault when secondClass is FaultClass.Contributory or FaultClass.PageFault:
                    shutdownCauses.Add(info);
                    shutdownCauses.Add(second);
                    info = new ExceptionInfo(ExceptionVector.DoubleFault, 0, 0);
                    first = FaultClass.DoubleFault;
                    break;
                default:
                    info = second;
                    first = secondClass;
                    break;
            }
        }
    }

    /// <summary>What an exception changes before its handler is called. Returns whether the saved RF is set: a fault, but no instruction breakpoint.</summary>
    private bool EnterException(in ExceptionInfo info)
    {
        CpuState* s = State;
        switch (info.Vector)
        {
            case ExceptionVector.PageFault:
                s->Cr2 = info.Address;
                return true;
            case ExceptionVector.Debug:
                s->Dr6 = (s->Dr6 & ~(ulong)Dr6.Breakpoints) | info.Address;
                s->Dr7 &= ~(ulong)Dr7.Gd;
                return (info.Address & Dr6.Bd) != 0;
            case ExceptionVector.DoubleFault or ExceptionVector.MachineCheck or ExceptionVector.Breakpoint or ExceptionVector.Overflow:
                return false;
            default:
                return true;
        }
    }

    /// <summary>Triple fault (SDM Vol. 3A 6.15, interrupt 8).</summary>
    private void EnterShutdown()
    {
        State->Activity = ActivityState.Shutdown;
        Bus.Shutdown(this);
    }

    /// <summary>INT n, INT3, INTO, INT1. RIP is already that of the next instruction. Raises what delivery raises.</summary>
    internal void SoftwareInterrupt(byte vector, EventKind kind)
    {
        CpuState* s = State;
        if (s->IsVirtual8086 && kind == EventKind.SoftwareInterrupt)
        {
            if ((s->Cr4 & Cr4.Vme) != 0 && IsRedirected(vector))
            {
                DeliverVirtual8086(vector);
                return;
            }

            if (s->Iopl < 3) RaiseGeneralProtection();
        }

        DeliverEvent(vector, kind, 0, fault: false);
        if (kind == EventKind.PrivilegedSoftwareException)
        {
            // Traps that MOV SS has held off are reported by the same #DB.
            s->Dr6 |= debugTraps;
            s->Dr7 &= ~(ulong)Dr7.Gd;
            debugTraps = 0;
        }
    }

    /// <summary>Whether the TSS sends a software interrupt to the 8086 program's own handler (SDM Vol. 3A 20.3.3). Raises #GP.</summary>
    private bool IsRedirected(byte vector)
    {
        ref SegmentRegister tr = ref State->Segment(SegmentIndex.Tr);
        if (tr.Limit < 103) RaiseGeneralProtection();
        uint bitmap = ReadSystem<ushort>(tr.Base + 102);
        uint offset = bitmap - 32 + ((uint)vector >> 3);
        if (bitmap < 32 || offset > tr.Limit) RaiseGeneralProtection();
        return ((ReadSystem<byte>(tr.Base + offset) >> (vector & 7)) & 1) == 0;
    }

    /// <summary>Calls the handler of an event. Nothing is changed if it faults (but for a committed task switch).</summary>
    /// <param name="vector">0..255.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="errorCode">Error code; used if the vector has one and <paramref name="kind"/> is an exception.</param>
    /// <param name="fault">RF is set in the saved flags.</param>
    private void DeliverEvent(byte vector, EventKind kind, uint errorCode, bool fault)
    {
        CpuState* s = State;
        stepTrap = false;
        DeliveredKind = kind;
        EventDelivered?.Invoke(this, vector, errorCode);
        uint flags = s->Eflags;
        if (fault) flags |= Eflags.Rf;
        bool hasError = kind == EventKind.Exception && ExceptionVector.HasErrorCode(vector);
        if ((s->Cr0 & Cr0.Pe) == 0) DeliverReal(vector, flags);
        else if (s->IsLongMode) DeliverLong(vector, kind, hasError, errorCode, flags);
        else DeliverProtected(vector, kind, hasError, errorCode, flags);
        s->Activity = ActivityState.Active;
        s->Shadow = InterruptShadow.None;
    }

    /// <summary>Real-address mode: through the interrupt vector table (SDM Vol. 3A 20.1.4). No error codes.</summary>
    private void DeliverReal(byte vector, uint flags)
    {
        CpuState* s = State;
        uint entry = vector * 4u;
        if (entry + 3 > s->IdtLimit) RaiseGeneralProtection();
        uint target = ReadSystem<uint>(s->IdtBase + entry);
        SystemStack stack = CurrentStack();
        stack.Push(flags, 2);
        stack.Push(s->Segment(SegmentIndex.Cs).Selector, 2);
        stack.Push(s->Rip, 2);
        if ((target & 0xFFFF) > s->Segment(SegmentIndex.Cs).Limit) RaiseGeneralProtection();
        SetRealSegment(SegmentIndex.Cs, (ushort)(target >> 16));
        s->Rip = target & 0xFFFF;
        StackPointer = stack.Pointer;
        s->SystemFlags &= ~(Eflags.If | Eflags.Tf | Eflags.Ac | Eflags.Rf);
        UpdateMode();
    }

    /// <summary>INT n in virtual-8086 mode with VME, redirected to the 8086 handler (SDM Vol. 3A 20.3.3.4-6).</summary>
    private void DeliverVirtual8086(byte vector)
    {
        CpuState* s = State;
        stepTrap = false;
        uint flags = s->Eflags;
        bool virtualInterrupts = s->Iopl < 3;
        if (virtualInterrupts)
        {
            flags |= Eflags.Iopl;
            flags = (flags & ~Eflags.If) | ((flags & Eflags.Vif) >> 10);
        }

        uint target = ReadSystem<uint>(vector * 4u);
        SystemStack stack = CurrentStack();
        stack.Push(flags, 2);
        stack.Push(s->Segment(SegmentIndex.Cs).Selector, 2);
        stack.Push(s->Rip, 2);
        SetRealSegment(SegmentIndex.Cs, (ushort)(target >> 16));
        s->Rip = target & 0xFFFF;
        StackPointer = stack.Pointer;
        s->SystemFlags &= ~(Eflags.Tf | Eflags.Rf | (virtualInterrupts ? Eflags.Vif : Eflags.If));
        UpdateMode();
    }
}
