namespace Emu.Cpu;

// RET far and IRET (SDM Vol. 2A/2B).
// Discrepancy: where a new stack is popped, Intel's processors check CS, pop, check SS, then the instruction pointer (SDM Vol. 2, RET
// and IRET, "return to outer privilege level"); AMD's pop first, SS before the pointer, then check CS, the instruction pointer, SS
// (APM Vol. 3, RET far and IRET).
public sealed unsafe partial class Vcpu
{
    /// <summary>Checks the code segment a far return or IRET goes to. Raises #GP, #NP.</summary>
    private Descriptor FetchReturnCode(ushort selector)
    {
        if (IsNull(selector)) RaiseGeneralProtection();
        Descriptor code = FetchDescriptor(selector);
        uint error = selector & SelectorError;
        int rpl = selector & 3;
        if (!code.IsCode || rpl < State->Cpl) RaiseGeneralProtection(error);
        if (State->IsLongMode && code.Long && code.DefaultBig) RaiseGeneralProtection(error);
        if (code.IsConforming ? code.Dpl > rpl : code.Dpl != rpl) RaiseGeneralProtection(error);
        if (!code.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        return code;
    }

    /// <summary>The stack a far return goes back to.</summary>
    private readonly record struct FarStack(ulong Pointer, ushort Selector);

    /// <summary>Pops it. Raises #SS, #AC, #PF.</summary>
    private static FarStack PopFarStack(ref SystemStack stack, int operandSize)
    {
        ushort selector = (ushort)stack.Peek((uint)operandSize, operandSize);
        ulong pointer = stack.Pop(operandSize);
        stack.Release((uint)operandSize);
        return new FarStack(pointer, selector);
    }

    /// <summary>
    /// Checks the instruction pointer and the stack segment of a return to an outer level, or of any IRET in 64-bit mode. Raises #GP, #SS.
    /// </summary>
    private SegmentRegister FetchReturnStack(in Descriptor code, ulong rip, ushort selector, ushort codeSelector)
    {
        if (IsAmd) CheckTarget(code, rip);
        SegmentRegister segment = FetchReturnStack(selector, codeSelector & 3, State->IsLongMode && code.Long);
        CheckTarget(code, rip);
        return segment;
    }

    private SegmentRegister FetchReturnStack(ushort selector, int rpl, bool toLongCode)
    {
        if (IsNull(selector))
        {
            if (!toLongCode || rpl == 3 || (selector & 3) != rpl) RaiseGeneralProtection();
            return NullStack(rpl);
        }

        Descriptor descriptor = FetchDescriptor(selector);
        uint error = selector & SelectorError;
        if ((selector & 3) != rpl || !descriptor.IsWritableData || descriptor.Dpl != rpl) RaiseGeneralProtection(error);
        if (!descriptor.Present) Raise(ExceptionVector.StackFault, error);
        return MarkAccessed(descriptor).ToRegister(selector);
    }

    /// <summary>RSP, ESP or SP as the stack segment just loaded defines its width.</summary>
    private void SetReturnStackPointer(ulong pointer)
    {
        if (StackAddressSize == 8) State->Gpr[4] = pointer;
        else StackPointer = pointer;
    }

    /// <summary>RET far.</summary>
    /// <param name="operandSize">2, 4 or 8 bytes.</param>
    /// <param name="release">Bytes of parameters to discard.</param>
    internal void FarReturn(int operandSize, uint release)
    {
        CpuState* s = State;
        SystemStack stack = CurrentStack();
        ulong rip = stack.Pop(operandSize);
        ushort selector = (ushort)stack.Pop(operandSize);
        if (!s->IsProtected)
        {
            stack.Release(release);
            FarToReal(selector, rip);
            StackPointer = stack.Pointer;
            return;
        }

        int cpl = selector & 3;
        stack.Release(release);
        bool changesStack = cpl != s->Cpl;
        FarStack outer = changesStack && IsAmd ? PopFarStack(ref stack, operandSize) : default;
        Descriptor code = FetchReturnCode(selector);
        if (!changesStack)
        {
            CheckTarget(code, rip);
            Descriptor same = MarkAccessed(code);
            StackPointer = stack.Pointer;
            SetCode(selector, same, cpl);
            s->Rip = rip;
            UpdateMode();
            return;
        }

        if (!IsAmd) outer = PopFarStack(ref stack, operandSize);
        SegmentRegister segment = FetchReturnStack(code, rip, outer.Selector, selector);
        SetCode(selector, MarkAccessed(code), cpl);
        s->Segment(SegmentIndex.Ss) = segment;
        s->Rip = rip;
        UpdateMode();
        SetReturnStackPointer(outer.Pointer);
        StackPointer += release;
        DropInnerDataSegments();
        UpdateMode();
    }

    /// <summary>IRET, IRETD, IRETQ.</summary>
    /// <param name="operandSize">2, 4 or 8 bytes.</param>
    internal void InterruptReturn(int operandSize)
    {
        CpuState* s = State;
        UnblockNmi();
        if (!s->IsProtected)
        {
            InterruptReturnReal(operandSize);
            return;
        }

        if ((s->SystemFlags & Eflags.Nt) != 0)
        {
            if (s->IsLongMode) RaiseGeneralProtection();
            ReturnToPreviousTask();
            return;
        }

        SystemStack stack = CurrentStack();
        ulong rip = stack.Pop(operandSize);
        ushort selector = (ushort)stack.Pop(operandSize);
        uint flags = (uint)stack.Pop(operandSize);
        if ((flags & Eflags.Vm) != 0 && operandSize == 4 && s->Cpl == 0 && !s->IsLongMode)
        {
            ReturnToVirtual8086(ref stack, (uint)rip, selector, flags);
            return;
        }

        bool from64 = Is64BitCode;
        int oldCpl = s->Cpl;
        int cpl = selector & 3;
        bool changesStack = cpl != oldCpl || from64;
        FarStack outer = changesStack && IsAmd ? PopFarStack(ref stack, operandSize) : default;
        Descriptor code = FetchReturnCode(selector);
        uint mask = ReturnFlagMask(operandSize);
        if (!changesStack)
        {
            CheckTarget(code, rip);
            Descriptor same = MarkAccessed(code);
            StackPointer = stack.Pointer;
            SetCode(selector, same, cpl);
        }
        else
        {
            if (!IsAmd) outer = PopFarStack(ref stack, operandSize);
            SegmentRegister segment = FetchReturnStack(code, rip, outer.Selector, selector);
            SetCode(selector, MarkAccessed(code), cpl);
            s->Segment(SegmentIndex.Ss) = segment;
            UpdateMode();
            SetReturnStackPointer(outer.Pointer);
            if (cpl > oldCpl) DropInnerDataSegments();
        }

        s->Rip = rip;
        ReplaceFlags(flags, mask);
        UpdateMode();
        SignalPendingEvents();
    }

    /// <summary>Flags IRET may change at the current privilege (SDM Vol. 2A, IRET).</summary>
    private uint ReturnFlagMask(int operandSize)
    {
        uint mask = Eflags.Arithmetic | Eflags.Tf | Eflags.Df | Eflags.Nt;
        if (operandSize > 2) mask |= Eflags.Rf | Eflags.Ac | Eflags.Id;
        if (State->Cpl <= State->Iopl) mask |= Eflags.If;
        if (State->Cpl == 0)
        {
            mask |= Eflags.Iopl;
            if (operandSize > 2) mask |= Eflags.Vif | Eflags.Vip;
        }

        return mask;
    }

    private void InterruptReturnReal(int operandSize)
    {
        CpuState* s = State;
        bool virtualInterrupts = false;
        if (s->IsVirtual8086 && s->Iopl < 3)
        {
            // Below IOPL 3 only a 16-bit IRET with virtual interrupts on goes through (SDM Vol. 3A 20.3).
            if ((s->Cr4 & Cr4.Vme) == 0 || operandSize != 2) RaiseGeneralProtection();
            virtualInterrupts = true;
        }

        SystemStack stack = CurrentStack();
        ulong rip = stack.Pop(operandSize);
        ushort selector = (ushort)stack.Pop(operandSize);
        uint flags = (uint)stack.Pop(operandSize);
        uint mask = Eflags.Arithmetic | Eflags.Tf | Eflags.Df | Eflags.Nt;
        if (operandSize > 2) mask |= Eflags.Rf | Eflags.Ac | Eflags.Id;
        if (virtualInterrupts)
        {
            if ((flags & Eflags.Tf) != 0 || ((flags & Eflags.If) != 0 && (s->SystemFlags & Eflags.Vip) != 0)) RaiseGeneralProtection();
            flags = (flags & ~Eflags.Vif) | ((flags & Eflags.If) << 10);
            mask |= Eflags.Vif;
        }
        else
        {
            mask |= Eflags.If;
            if (!s->IsVirtual8086) mask |= Eflags.Iopl;
        }

        FarToReal(selector, rip);
        StackPointer = stack.Pointer;
        ReplaceFlags(flags, mask);
        UpdateMode();
        SignalPendingEvents();
    }

    private void ReturnToVirtual8086(ref SystemStack stack, uint eip, ushort codeSelector, uint flags)
    {
        CpuState* s = State;
        uint esp = (uint)stack.Pop(4);
        ushort ss = (ushort)stack.Pop(4);
        ushort es = (ushort)stack.Pop(4);
        ushort ds = (ushort)stack.Pop(4);
        ushort fs = (ushort)stack.Pop(4);
        ushort gs = (ushort)stack.Pop(4);
        if (eip > 0xFFFF) RaiseGeneralProtection();
        s->Eflags = flags & Eflags.Defined;
        s->Cpl = 3;
        SetRealSegment(SegmentIndex.Cs, codeSelector);
        SetRealSegment(SegmentIndex.Ss, ss);
        SetRealSegment(SegmentIndex.Es, es);
        SetRealSegment(SegmentIndex.Ds, ds);
        SetRealSegment(SegmentIndex.Fs, fs);
        SetRealSegment(SegmentIndex.Gs, gs);
        s->Gpr[4] = esp;
        s->Rip = eip;
        UpdateMode();
        SignalPendingEvents();
    }

    /// <summary>Replaces the flags in <paramref name="mask"/>. The caller updates the mode when AC or VM may have changed.</summary>
    internal void ReplaceFlags(uint image, uint mask) => State->Eflags = (State->Eflags & ~mask) | (image & mask);
}
