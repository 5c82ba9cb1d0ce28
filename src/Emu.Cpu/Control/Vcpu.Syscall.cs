namespace Emu.Cpu;

// SYSCALL, SYSRET, SYSENTER, SYSEXIT (SDM Vol. 2B; APM Vol. 3).
public sealed unsafe partial class Vcpu
{
    // Segments that fast system calls load without looking at a descriptor table.
    private const ushort FlatCode64 = 0xA09B;
    private const ushort FlatCode32 = 0xC09B;
    private const ushort FlatData32 = 0xC093;

    private void SetFlat(SegmentIndex index, ushort selector, ushort attributes, int dpl) =>
        State->Segment(index) = new SegmentRegister
        {
            Limit = uint.MaxValue,
            Selector = selector,
            Attributes = (ushort)(attributes | (dpl << 5)),
            // What UpdateDerived finds for a present, readable or writable segment that expands up.
            High = uint.MaxValue,
            Readable = true,
            Writable = attributes == FlatData32,
        };

    /// <summary>SYSCALL. Raises #UD unless EFER.SCE, and on Intel unless in 64-bit mode.</summary>
    internal void SystemCall()
    {
        CpuState* s = State;
        if ((s->Efer & Efer.Sce) == 0 || (!IsAmd && !Is64BitCode)) RaiseInvalidOpcode();
        ulong star = msrs.Star;
        ushort code = (ushort)((star >> 32) & 0xFFFC);
        if (s->IsLongMode)
        {
            bool from64 = Is64BitCode;
            s->Gpr[1] = s->Rip;
            s->Gpr[11] = s->Eflags & ~Eflags.Rf;
            s->Rip = from64 ? msrs.Lstar : msrs.Cstar;
            s->Eflags &= ~((uint)msrs.Fmask | Eflags.Rf);
            SetFlat(SegmentIndex.Cs, code, FlatCode64, 0);
        }
        else
        {
            s->Gpr[1] = (uint)s->Rip;
            s->Rip = (uint)star;
            s->Eflags &= ~(Eflags.If | Eflags.Vm | Eflags.Rf);
            SetFlat(SegmentIndex.Cs, code, FlatCode32, 0);
        }

        SetFlat(SegmentIndex.Ss, (ushort)(code + 8), FlatData32, 0);
        s->Cpl = 0;
        TrapByNewFlags();
        UpdateMode();
    }

    /// <summary>The single-step trap behind SYSCALL and SYSRET depends on TF as it is afterwards, not before.</summary>
    private void TrapByNewFlags()
    {
        stepTrap = false;
        if ((State->SystemFlags & Eflags.Tf) != 0) RequestDebugTrap(Dr6.Bs);
    }

    /// <summary>SYSRET. Raises #UD unless EFER.SCE and protected mode, #GP(0) unless CPL 0.</summary>
    /// <param name="to64">REX.W: return to 64-bit mode.</param>
    internal void SystemReturn(bool to64)
    {
        CpuState* s = State;
        if ((s->Efer & Efer.Sce) == 0 || (!IsAmd && !Is64BitCode)) RaiseInvalidOpcode();
        if (!s->IsProtected || s->Cpl != 0) RaiseGeneralProtection();
        // Intel checks RCX before the switch, AMD leaves a bad one to the fetch.
        if (to64 && !IsAmd && !IsCanonical(s->Gpr[1])) RaiseGeneralProtection();
        ulong star = msrs.Star;
        ushort selector = (ushort)(star >> 48);
        if (s->IsLongMode)
        {
            const uint Kept = Eflags.Defined & ~(Eflags.Rf | Eflags.Vm);
            s->Eflags = (uint)s->Gpr[11] & Kept;
            if (to64)
            {
                SetFlat(SegmentIndex.Cs, (ushort)((selector + 16) | 3), FlatCode64, 3);
                s->Rip = s->Gpr[1];
            }
            else
            {
                SetFlat(SegmentIndex.Cs, (ushort)(selector | 3), FlatCode32, 3);
                s->Rip = (uint)s->Gpr[1];
            }
        }
        else
        {
            s->SystemFlags |= Eflags.If;
            SetFlat(SegmentIndex.Cs, (ushort)(selector | 3), FlatCode32, 3);
            s->Rip = (uint)s->Gpr[1];
        }

        // The fixed attributes the SDM gives. AMD keeps the old hidden part, which software that runs on both must not rely on.
        SetFlat(SegmentIndex.Ss, (ushort)((selector + 8) | 3), FlatData32, 3);
        s->Cpl = 3;
        TrapByNewFlags();
        UpdateMode();
        SignalPendingEvents();
    }

    /// <summary>SYSENTER. Raises #GP(0) in real mode or with a null IA32_SYSENTER_CS; on AMD #UD in IA-32e mode.</summary>
    internal void SystemEnter()
    {
        CpuState* s = State;
        if ((s->Cr0 & Cr0.Pe) == 0) RaiseGeneralProtection();
        if (IsAmd && s->IsLongMode) RaiseInvalidOpcode();
        ushort selector = (ushort)(msrs.SysenterCs & SelectorError);
        if (selector == 0) RaiseGeneralProtection();
        s->SystemFlags &= ~(Eflags.Vm | Eflags.If | Eflags.Rf);
        bool wide = s->IsLongMode;
        SetFlat(SegmentIndex.Cs, selector, wide ? FlatCode64 : FlatCode32, 0);
        SetFlat(SegmentIndex.Ss, (ushort)(selector + 8), FlatData32, 0);
        s->Cpl = 0;
        s->Gpr[4] = wide ? msrs.SysenterEsp : (uint)msrs.SysenterEsp;
        s->Rip = wide ? msrs.SysenterEip : (uint)msrs.SysenterEip;
        UpdateMode();
    }

    /// <summary>SYSEXIT. Raises #GP(0) unless CPL 0 in protected mode and IA32_SYSENTER_CS is not null; on AMD #UD in IA-32e mode.</summary>
    /// <param name="to64">REX.W: return to 64-bit mode.</param>
    internal void SystemExit(bool to64)
    {
        CpuState* s = State;
        if ((s->Cr0 & Cr0.Pe) == 0) RaiseGeneralProtection();
        if (IsAmd && s->IsLongMode) RaiseInvalidOpcode();
        ushort selector = (ushort)(msrs.SysenterCs & SelectorError);
        if (selector == 0 || s->Cpl != 0 || s->IsVirtual8086) RaiseGeneralProtection();
        ulong rip = s->Gpr[2];
        ulong rsp = s->Gpr[1];
        if (to64)
        {
            if (!IsCanonical(rip) || !IsCanonical(rsp)) RaiseGeneralProtection();
        }
        else
        {
            (rip, rsp) = ((uint)rip, (uint)rsp);
        }

        SetFlat(SegmentIndex.Cs, (ushort)((selector + (to64 ? 32 : 16)) | 3), to64 ? FlatCode64 : FlatCode32, 3);
        SetFlat(SegmentIndex.Ss, (ushort)((selector + (to64 ? 40 : 24)) | 3), FlatData32, 3);
        s->Cpl = 3;
        s->Rip = rip;
        s->Gpr[4] = rsp;
        UpdateMode();
    }
}
