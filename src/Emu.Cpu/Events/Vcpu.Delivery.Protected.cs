namespace Emu.Cpu;

// Event delivery through the IDT in protected mode and in IA-32e mode (SDM Vol. 2A, INT n; Vol. 3A 6.12-6.14).
public sealed unsafe partial class Vcpu
{
    /// <summary>EXT bit of error codes raised while an event is delivered (SDM Vol. 3A 6.13).</summary>
    private static uint ExtOf(EventKind kind) =>
        kind is EventKind.SoftwareInterrupt or EventKind.SoftwareException ? 0u : 1u;

    /// <summary>The DPL of a gate restricts INT n, INT3 and INTO only.</summary>
    private static bool IsDplChecked(EventKind kind) => kind is EventKind.SoftwareInterrupt or EventKind.SoftwareException;

    /// <summary>The code segment a gate names, checked. Raises #GP, #NP with EXT.</summary>
    private Descriptor FetchHandlerCode(in Descriptor gate, uint ext)
    {
        ushort selector = gate.GateSelector;
        if (IsNull(selector)) RaiseGeneralProtection(ext);
        Descriptor code = FetchDescriptor(selector, ExceptionVector.GeneralProtection, ext);
        uint error = (selector & SelectorError) | ext;
        if (!code.IsCode || code.Dpl > State->Cpl) RaiseGeneralProtection(error);
        if (!code.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        if (State->IsLongMode && (!code.Long || code.DefaultBig)) RaiseGeneralProtection(error);
        return code;
    }

    private void DeliverProtected(byte vector, EventKind kind, bool hasError, uint errorCode, uint flags)
    {
        CpuState* s = State;
        uint ext = ExtOf(kind);
        uint gateError = (vector * 8u) | 2 | ext;
        if ((vector * 8u) + 7 > s->IdtLimit) RaiseGeneralProtection(gateError);
        ulong address = s->IdtBase + (vector * 8u);
        Descriptor gate = new(ReadSystem<ulong>(address), address);
        bool known = gate.Type is SystemType.TaskGate or SystemType.InterruptGate16 or SystemType.TrapGate16
            or SystemType.InterruptGate or SystemType.TrapGate;
        if (!known || gate.IsSegment) RaiseGeneralProtection(gateError);
        if (IsDplChecked(kind) && gate.Dpl < s->Cpl) RaiseGeneralProtection(gateError);
        if (!gate.Present) Raise(ExceptionVector.SegmentNotPresent, gateError);
        if (gate.Type == SystemType.TaskGate)
        {
            DeliverToTask(gate, hasError, errorCode, flags, ext);
            return;
        }

        Descriptor code = FetchHandlerCode(gate, ext);
        int size = (gate.Type & 8) != 0 ? 4 : 2;
        if (!code.IsConforming && code.Dpl < s->Cpl)
        {
            if (s->IsVirtual8086 && code.Dpl != 0) RaiseGeneralProtection((gate.GateSelector & SelectorError) | ext);
            DeliverInner(gate, code, size, hasError, errorCode, flags, ext);
        }
        else
        {
            if (s->IsVirtual8086) RaiseGeneralProtection((gate.GateSelector & SelectorError) | ext);
            SystemStack stack = CurrentStack(ext);
            PushFrame(ref stack, size, hasError, errorCode, flags);
            if (gate.GateOffset > code.Limit) RaiseGeneralProtection(ext);
            Descriptor accessed = MarkAccessed(code);
            StackPointer = stack.Pointer;
            EnterHandler(gate, accessed, s->Cpl);
        }

        UpdateMode();
    }

    private void PushFrame(ref SystemStack stack, int size, bool hasError, uint errorCode, uint flags)
    {
        stack.Push(flags, size);
        stack.Push(State->Segment(SegmentIndex.Cs).Selector, size);
        stack.Push(State->Rip, size);
        if (hasError) stack.Push(errorCode, size);
    }

    private void DeliverInner(in Descriptor gate, in Descriptor code, int size, bool hasError, uint errorCode, uint flags, uint ext)
    {
        CpuState* s = State;
        int cpl = code.Dpl;
        FetchInnerStack(cpl, ext, out SegmentRegister segment, out ulong pointer);
        SystemStack stack = new(this, segment, pointer, segment.DefaultBig ? 4 : 2, cpl, (segment.Selector & SelectorError) | ext);
        bool virtual8086 = s->IsVirtual8086;
        if (virtual8086)
        {
            stack.Push(s->Segment(SegmentIndex.Gs).Selector, size);
            stack.Push(s->Segment(SegmentIndex.Fs).Selector, size);
            stack.Push(s->Segment(SegmentIndex.Ds).Selector, size);
            stack.Push(s->Segment(SegmentIndex.Es).Selector, size);
        }

        stack.Push(s->Segment(SegmentIndex.Ss).Selector, size);
        stack.Push(s->Gpr[4], size);
        PushFrame(ref stack, size, hasError, errorCode, flags);
        if (gate.GateOffset > code.Limit) RaiseGeneralProtection(ext);
        Descriptor accessed = MarkAccessed(code);
        if (virtual8086)
        {
            SetNullSegment(SegmentIndex.Gs, 0);
            SetNullSegment(SegmentIndex.Fs, 0);
            SetNullSegment(SegmentIndex.Ds, 0);
            SetNullSegment(SegmentIndex.Es, 0);
        }

        s->Segment(SegmentIndex.Ss) = segment;
        EnterHandler(gate, accessed, cpl);
        UpdateMode();
        StackPointer = stack.Pointer;
    }

    /// <summary>Loads CS:RIP and clears the flags a handler starts without.</summary>
    private void EnterHandler(in Descriptor gate, in Descriptor code, int cpl)
    {
        SetCode(gate.GateSelector, code, cpl);
        State->Rip = gate.GateOffset;
        uint cleared = Eflags.Tf | Eflags.Nt | Eflags.Rf | Eflags.Vm;
        if ((gate.Type & 1) == 0) cleared |= Eflags.If;
        State->SystemFlags &= ~cleared;
    }

    private void DeliverToTask(in Descriptor gate, bool hasError, uint errorCode, uint flags, uint ext)
    {
        Descriptor tss = FetchGateTss(gate.GateSelector, ext);
        SwitchTask(gate.GateSelector, tss, TaskSwitchCause.Event, flags, ext);
        if (!hasError) return;
        SystemStack stack = CurrentStack(ext);
        stack.Push(errorCode, (tss.Type & 8) != 0 ? 4 : 2);
        StackPointer = stack.Pointer;
    }

    private void DeliverLong(byte vector, EventKind kind, bool hasError, uint errorCode, uint flags)
    {
        CpuState* s = State;
        uint ext = ExtOf(kind);
        uint gateError = (vector * 8u) | 2 | ext;
        if ((vector * 16u) + 15 > s->IdtLimit) RaiseGeneralProtection(gateError);
        ulong address = s->IdtBase + (vector * 16u);
        Descriptor gate = new(ReadSystem<ulong>(address), address, ReadSystem<ulong>(address + 8));
        if (gate.IsSegment || gate.Type is not (SystemType.InterruptGate or SystemType.TrapGate)) RaiseGeneralProtection(gateError);
        if (IsDplChecked(kind) && gate.Dpl < s->Cpl) RaiseGeneralProtection(gateError);
        if (!gate.Present) Raise(ExceptionVector.SegmentNotPresent, gateError);
        Descriptor code = FetchHandlerCode(gate, ext);
        bool inner = !code.IsConforming && code.Dpl < s->Cpl;
        int cpl = inner ? code.Dpl : s->Cpl;
        if (!inner && !code.IsConforming && code.Dpl != s->Cpl) RaiseGeneralProtection((gate.GateSelector & SelectorError) | ext);
        ulong pointer = gate.InterruptStack != 0 ? FetchStackPointer64((uint)(28 + (8 * gate.InterruptStack)), ext)
            : inner ? FetchStackPointer64((uint)(4 + (8 * cpl)), ext)
            : Is64BitCode ? s->Gpr[4]
            : StackPointer;
        SystemStack stack = new(this, default, pointer & ~0xFUL, 8, cpl, ext);
        stack.Push(s->Segment(SegmentIndex.Ss).Selector, 8);
        stack.Push(Is64BitCode ? s->Gpr[4] : (uint)s->Gpr[4], 8);
        PushFrame(ref stack, 8, hasError, errorCode, flags);
        if (!IsCanonical(gate.GateOffset)) RaiseGeneralProtection(ext);
        Descriptor accessed = MarkAccessed(code);
        if (inner) s->Segment(SegmentIndex.Ss) = NullStack(cpl);
        EnterHandler(gate, accessed, cpl);
        s->Gpr[4] = stack.Pointer;
        UpdateMode();
    }
}
