namespace Emu.Cpu;

// Far JMP and CALL (SDM Vol. 2A, JMP and CALL; Vol. 3A 5.8).
public sealed unsafe partial class Vcpu
{
    /// <summary>Raises #GP(<paramref name="error"/>) unless an instruction pointer may be used with a code segment about to be loaded.</summary>
    private void CheckTarget(in Descriptor code, ulong offset, uint error = 0)
    {
        bool inside = State->IsLongMode && code.Long ? IsCanonical(offset) : offset <= code.Limit;
        if (!inside) RaiseGeneralProtection(error);
    }

    /// <summary>Loads CS with the given privilege level in the selector, and CPL.</summary>
    private void SetCode(ushort selector, in Descriptor descriptor, int cpl)
    {
        SetSegment(SegmentIndex.Cs, (ushort)((selector & ~3) | cpl), descriptor);
        State->Cpl = (byte)cpl;
    }

    /// <summary>JMP far. Raises #GP, #NP, #TS and what a task switch raises.</summary>
    /// <param name="selector">New CS, or a gate or TSS.</param>
    /// <param name="offset">New RIP, already truncated to the operand size.</param>
    internal void FarJump(ushort selector, ulong offset)
    {
        CpuState* s = State;
        if (!s->IsProtected)
        {
            FarToReal(selector, offset);
            return;
        }

        if (IsNull(selector)) RaiseGeneralProtection();
        Descriptor descriptor = FetchDescriptor(selector);
        if (descriptor.IsSegment)
        {
            FarToCode(selector, descriptor, offset);
            return;
        }

        descriptor = CheckSystemTarget(selector, descriptor);
        switch (descriptor.Type)
        {
            case SystemType.CallGate16:
            case SystemType.CallGate:
                JumpThroughGate(selector, descriptor);
                break;
            case SystemType.TaskGate:
                SwitchThroughTaskGate(selector, descriptor, TaskSwitchCause.Jump);
                break;
            default:
                SwitchTask(selector, descriptor, TaskSwitchCause.Jump);
                break;
        }
    }

    private void FarToReal(ushort selector, ulong offset)
    {
        CpuState* s = State;
        uint limit = s->IsVirtual8086 ? 0xFFFF : s->Segment(SegmentIndex.Cs).Limit;
        if (offset > limit) RaiseGeneralProtection();
        SetRealSegment(SegmentIndex.Cs, selector);
        s->Rip = offset;
        UpdateMode();
    }

    /// <summary>Checks a code segment that JMP or CALL names directly: no change of privilege is possible.</summary>
    private void CheckDirectCode(ushort selector, in Descriptor descriptor)
    {
        uint error = selector & SelectorError;
        int cpl = State->Cpl;
        if (!descriptor.IsCode) RaiseGeneralProtection(error);
        if (State->IsLongMode && descriptor.Long && descriptor.DefaultBig) RaiseGeneralProtection(error);
        if (descriptor.IsConforming ? descriptor.Dpl > cpl : (selector & 3) > cpl || descriptor.Dpl != cpl) RaiseGeneralProtection(error);
        if (!descriptor.Present) Raise(ExceptionVector.SegmentNotPresent, error);
    }

    private void FarToCode(ushort selector, in Descriptor descriptor, ulong offset)
    {
        CheckDirectCode(selector, descriptor);
        CheckTarget(descriptor, offset);
        SetCode(selector, MarkAccessed(descriptor), State->Cpl);
        State->Rip = offset;
        UpdateMode();
    }

    /// <summary>Checks a gate or TSS that JMP or CALL names, and reads all of it.</summary>
    private Descriptor CheckSystemTarget(ushort selector, in Descriptor descriptor)
    {
        uint error = selector & SelectorError;
        bool known = State->IsLongMode
            ? descriptor.Type == SystemType.CallGate
            : descriptor.Type is SystemType.CallGate or SystemType.CallGate16 or SystemType.TaskGate or SystemType.AvailableTss or SystemType.AvailableTss16;
        if (!known || descriptor.Dpl < State->Cpl || (selector & 3) > descriptor.Dpl) RaiseGeneralProtection(error);
        // A TSS must be in the GDT; a gate may be in the LDT too.
        if (descriptor.Type is SystemType.AvailableTss or SystemType.AvailableTss16 && (selector & 4) != 0) RaiseGeneralProtection(error);
        if (!descriptor.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        return State->IsLongMode ? FetchUpper(selector, descriptor) : descriptor;
    }

    /// <summary>The code segment behind a call gate, checked but for the rules that differ between JMP and CALL.</summary>
    private Descriptor FetchGateCode(in Descriptor gate)
    {
        ushort selector = gate.GateSelector;
        if (IsNull(selector)) RaiseGeneralProtection();
        Descriptor code = FetchDescriptor(selector);
        uint error = selector & SelectorError;
        if (!code.IsCode || code.Dpl > State->Cpl) RaiseGeneralProtection(error);
        if (State->IsLongMode && (!code.Long || code.DefaultBig)) RaiseGeneralProtection(error);
        return code;
    }

    private void JumpThroughGate(ushort gateSelector, in Descriptor gate)
    {
        Descriptor code = FetchGateCode(gate);
        uint error = gate.GateSelector & SelectorError;
        if (!code.IsConforming && code.Dpl != State->Cpl) RaiseGeneralProtection(error);
        if (!code.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        CheckTarget(code, gate.GateOffset);
        SetCode(gate.GateSelector, MarkAccessed(code), State->Cpl);
        State->Rip = gate.GateOffset;
        UpdateMode();
    }

    /// <summary>CALL far. Raises #GP, #NP, #SS, #TS and what a task switch raises.</summary>
    /// <param name="selector">New CS, or a gate or TSS.</param>
    /// <param name="offset">New RIP, already truncated to the operand size.</param>
    /// <param name="operandSize">2, 4 or 8 bytes: size of the pushed CS and RIP.</param>
    internal void FarCall(ushort selector, ulong offset, int operandSize)
    {
        CpuState* s = State;
        if (!s->IsProtected)
        {
            SystemStack real = CurrentStack();
            real.Push(s->Segment(SegmentIndex.Cs).Selector, operandSize);
            real.Push(s->Rip, operandSize);
            FarToReal(selector, offset);
            StackPointer = real.Pointer;
            return;
        }

        if (IsNull(selector)) RaiseGeneralProtection();
        Descriptor descriptor = FetchDescriptor(selector);
        if (descriptor.IsSegment)
        {
            CheckDirectCode(selector, descriptor);
            CallCode(selector, descriptor, offset, operandSize);
            return;
        }

        descriptor = CheckSystemTarget(selector, descriptor);
        switch (descriptor.Type)
        {
            case SystemType.CallGate16:
            case SystemType.CallGate:
                CallThroughGate(descriptor);
                break;
            case SystemType.TaskGate:
                SwitchThroughTaskGate(selector, descriptor, TaskSwitchCause.Call);
                break;
            default:
                SwitchTask(selector, descriptor, TaskSwitchCause.Call);
                break;
        }
    }

    /// <summary>Same-privilege far call to checked code. The stack is as wide as the new code makes it (APM Vol. 3, CALL far).</summary>
    private void CallCode(ushort selector, in Descriptor code, ulong offset, int operandSize)
    {
        ref SegmentRegister ss = ref State->Segment(SegmentIndex.Ss);
        int addressSize = State->IsLongMode && code.Long ? 8 : ss.DefaultBig ? 4 : 2;
        SystemStack stack = new(this, ss, State->Gpr[4], addressSize, State->Cpl, 0);
        stack.Push(State->Segment(SegmentIndex.Cs).Selector, operandSize);
        stack.Push(State->Rip, operandSize);
        CheckTarget(code, offset);
        SetCode(selector, MarkAccessed(code), State->Cpl);
        State->Rip = offset;
        UpdateMode();
        StackPointer = stack.Pointer;
    }

    private void CallThroughGate(in Descriptor gate)
    {
        Descriptor code = FetchGateCode(gate);
        if (!code.Present) Raise(ExceptionVector.SegmentNotPresent, gate.GateSelector & SelectorError);
        int size = State->IsLongMode ? 8 : gate.Type == SystemType.CallGate ? 4 : 2;
        if (code.IsConforming || code.Dpl == State->Cpl)
        {
            CallCode(gate.GateSelector, code, gate.GateOffset, size);
            return;
        }

        if (State->IsLongMode) CallInner64(gate, code);
        else CallInner(gate, code, size);
    }

    private void CallInner(in Descriptor gate, in Descriptor code, int size)
    {
        CpuState* s = State;
        int cpl = code.Dpl;
        FetchInnerStack(cpl, 0, out SegmentRegister segment, out ulong pointer);
        SystemStack old = CurrentStack();
        SystemStack stack = new(this, segment, pointer, segment.DefaultBig ? 4 : 2, cpl, segment.Selector & SelectorError);
        stack.Push(s->Segment(SegmentIndex.Ss).Selector, size);
        stack.Push(s->Gpr[4], size);
        for (int i = gate.ParameterCount - 1; i >= 0; i--) stack.Push(old.Peek((uint)(i * size), size), size);
        stack.Push(s->Segment(SegmentIndex.Cs).Selector, size);
        stack.Push(s->Rip, size);
        CheckTarget(code, gate.GateOffset);
        Descriptor accessed = MarkAccessed(code);
        s->Segment(SegmentIndex.Ss) = segment;
        SetCode(gate.GateSelector, accessed, cpl);
        s->Rip = gate.GateOffset;
        UpdateMode();
        StackPointer = stack.Pointer;
    }

    private void CallInner64(in Descriptor gate, in Descriptor code)
    {
        CpuState* s = State;
        int cpl = code.Dpl;
        ulong pointer = FetchStackPointer64((uint)(4 + (8 * cpl)), 0);
        SegmentRegister segment = NullStack(cpl);
        SystemStack stack = new(this, segment, pointer, 8, cpl, 0);
        stack.Push(s->Segment(SegmentIndex.Ss).Selector, 8);
        stack.Push(s->Gpr[4], 8);
        stack.Push(s->Segment(SegmentIndex.Cs).Selector, 8);
        stack.Push(s->Rip, 8);
        CheckTarget(code, gate.GateOffset);
        Descriptor accessed = MarkAccessed(code);
        s->Segment(SegmentIndex.Ss) = segment;
        SetCode(gate.GateSelector, accessed, cpl);
        s->Rip = gate.GateOffset;
        s->Gpr[4] = stack.Pointer;
        UpdateMode();
    }
}
