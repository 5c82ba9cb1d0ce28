namespace Emu.Cpu;

/// <summary>Instructions on EFLAGS and software interrupts.</summary>
internal static unsafe class SlowFlags
{
    /// <summary>CLI (SDM Vol. 2A, CLI, with VME and PVI).</summary>
    public static void ClearInterrupts(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        s->SystemFlags &= ~(UsesVirtualFlag(cpu) ? Eflags.Vif : Eflags.If);
    }

    /// <summary>
    /// STI. Interrupts stay off for one more instruction if they were off. With none waiting, that is so for any instruction behind it in the same
    /// block: nobody looks at events before it is done.
    /// </summary>
    public static void SetInterrupts(Vcpu cpu, Op* op)
    {
        CpuState* s = cpu.State;
        if (UsesVirtualFlag(cpu))
        {
            if ((s->SystemFlags & Eflags.Vip) != 0) cpu.RaiseGeneralProtection();
            s->SystemFlags |= Eflags.Vif;
            return;
        }

        if ((s->SystemFlags & Eflags.If) != 0) return;
        s->SystemFlags |= Eflags.If;
        if (cpu.Events != PendingEvents.None || (op->Flags & OpFlags.Last) != 0) s->Shadow = InterruptShadow.Sti;
    }

    /// <summary>Whether CLI and STI act on VIF; #GP(0) when they may act on neither flag.</summary>
    private static bool UsesVirtualFlag(Vcpu cpu)
    {
        CpuState* s = cpu.State;
        if ((s->Cr0 & Cr0.Pe) == 0 || s->Cpl <= s->Iopl) return false;
        ulong enable = s->IsVirtual8086 ? Cr4.Vme : Cr4.Pvi;
        if (s->Cpl != 3 || (s->Cr4 & enable) == 0) cpu.RaiseGeneralProtection();
        return true;
    }

    /// <summary>PUSHF.</summary>
    public static void Push16(Vcpu cpu, Op* op) => Push(cpu, 2);

    /// <summary>PUSHFD.</summary>
    public static void Push32(Vcpu cpu, Op* op) => Push(cpu, 4);

    /// <summary>PUSHFQ.</summary>
    public static void Push64(Vcpu cpu, Op* op) => Push(cpu, 8);

    private static void Push(Vcpu cpu, int size)
    {
        CpuState* s = cpu.State;
        uint image = s->Eflags & ~(Eflags.Rf | Eflags.Vm);
        if (s->IsVirtual8086 && s->Iopl < 3)
        {
            if ((s->Cr4 & Cr4.Vme) == 0 || size != 2) cpu.RaiseGeneralProtection();
            image = (image & ~Eflags.If) | Eflags.Iopl | ((image & Eflags.Vif) >> 10);
        }

        Vcpu.StackCursor stack = new(cpu);
        stack.Push(image, size);
        stack.Commit();
    }

    /// <summary>POPF.</summary>
    public static void Pop16(Vcpu cpu, Op* op) => Pop(cpu, 2);

    /// <summary>POPFD.</summary>
    public static void Pop32(Vcpu cpu, Op* op) => Pop(cpu, 4);

    /// <summary>POPFQ.</summary>
    public static void Pop64(Vcpu cpu, Op* op) => Pop(cpu, 8);

    private static void Pop(Vcpu cpu, int size)
    {
        CpuState* s = cpu.State;
        bool virtualInterrupts = s->IsVirtual8086 && s->Iopl < 3;
        if (virtualInterrupts && ((s->Cr4 & Cr4.Vme) == 0 || size != 2)) cpu.RaiseGeneralProtection();
        Vcpu.StackCursor stack = new(cpu);
        uint image = (uint)stack.Pop(size);
        uint mask = Eflags.Arithmetic | Eflags.Tf | Eflags.Df | Eflags.Nt;
        // RF is cleared, VM, VIF and VIP are never changed (SDM Vol. 2B, POPF).
        if (size > 2) mask |= Eflags.Ac | Eflags.Id | Eflags.Rf;
        image &= ~Eflags.Rf;
        if (virtualInterrupts)
        {
            if ((image & Eflags.Tf) != 0 || ((image & Eflags.If) != 0 && (s->SystemFlags & Eflags.Vip) != 0)) cpu.RaiseGeneralProtection();
            image = (image & ~Eflags.Vif) | ((image & Eflags.If) << 10);
            mask |= Eflags.Vif;
        }
        else
        {
            if (s->Cpl <= s->Iopl) mask |= Eflags.If;
            if (s->Cpl == 0) mask |= Eflags.Iopl;
        }

        stack.Commit();
        uint before = s->SystemFlags;
        cpu.ReplaceFlags(image, mask);
        uint changed = before ^ s->SystemFlags;
        if ((changed & Eflags.Ac) != 0) cpu.UpdateMode();
        if ((changed & s->SystemFlags & Eflags.If) != 0) cpu.SignalPendingEvents();
    }

    /// <summary>INT n.</summary>
    public static void Interrupt(Vcpu cpu, Op* op) => cpu.SoftwareInterrupt((byte)op->Immediate, EventKind.SoftwareInterrupt);

    /// <summary>INT3.</summary>
    public static void Breakpoint(Vcpu cpu, Op* op) => cpu.SoftwareInterrupt(ExceptionVector.Breakpoint, EventKind.SoftwareException);

    /// <summary>INT1 (ICEBP).</summary>
    public static void IceBreakpoint(Vcpu cpu, Op* op) => cpu.SoftwareInterrupt(ExceptionVector.Debug, EventKind.PrivilegedSoftwareException);

    /// <summary>INTO.</summary>
    public static void Overflow(Vcpu cpu, Op* op)
    {
        if ((cpu.State->ArithmeticFlags & Eflags.Of) != 0) cpu.SoftwareInterrupt(ExceptionVector.Overflow, EventKind.SoftwareException);
    }

    /// <summary>CLAC.</summary>
    public static void ClearAccessCheck(Vcpu cpu, Op* op)
    {
        if (cpu.State->Cpl != 0) cpu.RaiseInvalidOpcode();
        cpu.State->SystemFlags &= ~Eflags.Ac;
        cpu.UpdateTlb();
    }

    /// <summary>STAC.</summary>
    public static void SetAccessCheck(Vcpu cpu, Op* op)
    {
        if (cpu.State->Cpl != 0) cpu.RaiseInvalidOpcode();
        cpu.State->SystemFlags |= Eflags.Ac;
        cpu.UpdateTlb();
    }
}
