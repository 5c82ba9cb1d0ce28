using Emu.Mmu;

namespace Emu.Cpu;

// MOV to control registers (SDM Vol. 2B, MOV - Move to/from Control Registers; Vol. 3A 2.5) and EFER.
public sealed unsafe partial class Vcpu
{
    private const ulong Cr0Writable =
        Cr0.Pe | Cr0.Mp | Cr0.Em | Cr0.Ts | Cr0.Ne | Cr0.Wp | Cr0.Am | Cr0.Nw | Cr0.Cd | Cr0.Pg;

    /// <summary>PAE paging is in use (not IA-32e mode): the PDPTE registers matter.</summary>
    private static bool UsesPdptes(ulong cr0, ulong cr4, ulong efer) =>
        (cr0 & Cr0.Pg) != 0 && (cr4 & Cr4.Pae) != 0 && (efer & Efer.Lma) == 0;

    /// <summary>Bits of a physical address this model has.</summary>
    private ulong PhysicalMask => (1UL << Model.PhysicalAddressBits) - 1;

    /// <summary>Reads CR0, CR2, CR3, CR4 or CR8. #UD for the others.</summary>
    internal ulong ReadControl(int number)
    {
        CpuState* s = State;
        switch (number)
        {
            case 0: return s->Cr0;
            case 2: return s->Cr2;
            case 3: return s->Cr3;
            case 4: return s->Cr4;
            case 8: return (ulong)Apic.TaskPriority >> 4;
            default:
                RaiseInvalidOpcode();
                return 0;
        }
    }

    /// <summary>Writes CR0, CR2, CR3, CR4 or CR8. Raises #GP(0) for reserved bits and impossible combinations; #UD for the others.</summary>
    internal void WriteControl(int number, ulong value)
    {
        switch (number)
        {
            case 0:
                WriteCr0(value);
                break;
            case 2:
                State->Cr2 = value;
                break;
            case 3:
                WriteCr3(value);
                break;
            case 4:
                WriteCr4(value);
                break;
            case 8:
                if (value > 15) RaiseGeneralProtection();
                Apic.TaskPriority = (byte)(value << 4);
                SignalPendingEvents();
                break;
            default:
                RaiseInvalidOpcode();
                break;
        }
    }

    /// <summary>MOV to CR0.</summary>
    internal void WriteCr0(ulong value)
    {
        CpuState* s = State;
        if (value >> 32 != 0) RaiseGeneralProtection();
        ulong old = s->Cr0;
        value = (value & Cr0Writable) | Cr0.Et;
        if ((value & Cr0.Pg) != 0 && (value & Cr0.Pe) == 0) RaiseGeneralProtection();
        if ((value & Cr0.Nw) != 0 && (value & Cr0.Cd) == 0) RaiseGeneralProtection();
        ulong efer = s->Efer;
        if ((value & ~old & Cr0.Pg) != 0 && (efer & Efer.Lme) != 0)
        {
            // Activating IA-32e mode (SDM Vol. 3A 9.8.5).
            ref SegmentRegister tr = ref s->Segment(SegmentIndex.Tr);
            if ((s->Cr4 & Cr4.Pae) == 0 || s->Segment(SegmentIndex.Cs).Long || (tr.Present && (tr.Type & 8) == 0)) RaiseGeneralProtection();
            efer |= Efer.Lma;
        }
        else if ((old & ~value & Cr0.Pg) != 0)
        {
            if (Is64BitCode || (s->Cr4 & Cr4.Pcide) != 0) RaiseGeneralProtection();
            efer &= ~Efer.Lma;
        }

        const ulong Reload = Cr0.Pg | Cr0.Cd | Cr0.Nw;
        if (UsesPdptes(value, s->Cr4, efer) && ((value ^ old) & Reload) != 0) LoadPdptes(s->Cr3);
        s->Cr0 = value;
        s->Efer = efer;
        if ((value & Cr0.Pe) == 0) s->Cpl = 0;
        UpdatePaging();
        UpdateMode();
    }

    /// <summary>MOV to CR3.</summary>
    internal void WriteCr3(ulong value)
    {
        CpuState* s = State;
        if (s->IsLongMode)
        {
            ulong allowed = PhysicalMask | ((s->Cr4 & Cr4.Pcide) != 0 ? PagingControls.Cr3NoFlush : 0);
            if ((value & ~allowed) != 0) RaiseGeneralProtection();
        }

        if (UsesPdptes(s->Cr0, s->Cr4, s->Efer)) LoadPdptes(value);
        s->Cr3 = value & ~PagingControls.Cr3NoFlush;
        Mmu.LoadCr3(value, Pdptes);
        UpdateTlb();
    }

    /// <summary>MOV to CR4.</summary>
    internal void WriteCr4(ulong value)
    {
        CpuState* s = State;
        ulong old = s->Cr4;
        ulong changed = value ^ old;
        if ((value & ~Model.Cr4Mask) != 0) RaiseGeneralProtection();
        if (s->IsLongMode && ((value & Cr4.Pae) == 0 || (changed & Cr4.La57) != 0)) RaiseGeneralProtection();
        if ((value & changed & Cr4.Pcide) != 0 && (!s->IsLongMode || (s->Cr3 & 0xFFF) != 0)) RaiseGeneralProtection();
        const ulong Reload = Cr4.Pse | Cr4.Pae | Cr4.Pge | Cr4.Smep;
        if (UsesPdptes(s->Cr0, value, s->Efer) && (changed & Reload) != 0) LoadPdptes(s->Cr3);
        s->Cr4 = value;
        if ((changed & Cr4.De) != 0) UpdateBreakpoints();
        UpdatePaging();
        UpdateMode();
    }

    /// <summary>Loads the PDPTE registers of PAE paging; #GP(0) when one has a reserved bit set (SDM Vol. 3A 4.4.1).</summary>
    private void LoadPdptes(ulong cr3)
    {
        if (!Mmu.TryLoadPdptes(cr3, out Pdptes pdptes, out _)) RaiseGeneralProtection();
        Pdptes = pdptes;
    }

    /// <summary>Whether a task switch may load this CR3: in PAE paging its PDPTEs must be valid.</summary>
    private bool CheckTaskCr3(uint cr3) =>
        !UsesPdptes(State->Cr0, State->Cr4, State->Efer) || Mmu.TryLoadPdptes(cr3, out _, out _);

    private void LoadTaskCr3(uint cr3)
    {
        if (UsesPdptes(State->Cr0, State->Cr4, State->Efer) && Mmu.TryLoadPdptes(cr3, out Pdptes pdptes, out _)) Pdptes = pdptes;
        State->Cr3 = cr3;
        Mmu.LoadCr3(cr3, Pdptes);
        UpdateTlb();
    }

    /// <summary>LMSW: PE, MP, EM, TS; PE can be set but not cleared (SDM Vol. 2A, LMSW).</summary>
    internal void LoadMachineStatus(ushort value)
    {
        ulong pe = State->Cr0 & Cr0.Pe;
        WriteCr0((State->Cr0 & ~0xFUL) | (value & 0xFUL) | pe);
    }

    /// <summary>WRMSR to EFER; false is #GP(0).</summary>
    internal bool TryWriteEfer(ulong value)
    {
        CpuState* s = State;
        // LMA is read-only: a write that disagrees is ignored in that bit (APM Vol. 2 3.1.7).
        if ((value & ~(Model.EferMask | Efer.Lma)) != 0) return false;
        if ((value & ~s->Efer & Efer.Nxe) != 0 && IsExecuteDisableHidden) return false;
        if (((value ^ s->Efer) & Efer.Lme) != 0 && (s->Cr0 & Cr0.Pg) != 0) return false;
        s->Efer = (value & ~Efer.Lma) | (s->Efer & Efer.Lma);
        UpdatePaging();
        UpdateMode();
        return true;
    }

    /// <summary>Reads DR0-DR7. Raises #UD, #GP, #DB as SDM Vol. 2B (MOV - Move to/from Debug Registers) says.</summary>
    internal ulong ReadDebug(int number)
    {
        number = CheckDebugAccess(number);
        return number switch { 6 => State->Dr6, 7 => State->Dr7, _ => State->Dr[number] };
    }

    /// <summary>Writes DR0-DR7. Raises #UD, #GP, #DB.</summary>
    internal void WriteDebug(int number, ulong value)
    {
        number = CheckDebugAccess(number);
        switch (number)
        {
            case 6:
                if (value >> 32 != 0) RaiseGeneralProtection();
                State->Dr6 = (value & Dr6.Writable) | Dr6.Fixed;
                break;
            case 7:
                if (value >> 32 != 0) RaiseGeneralProtection();
                WriteDr7(value);
                break;
            default:
                State->Dr[number] = value;
                UpdateBreakpoints();
                break;
        }
    }

    private int CheckDebugAccess(int number)
    {
        CpuState* s = State;
        if (number > 7) RaiseInvalidOpcode();
        if (number is 4 or 5)
        {
            // Aliases of DR6 and DR7 unless the debugging extensions are on.
            if ((s->Cr4 & Cr4.De) != 0) RaiseInvalidOpcode();
            number += 2;
        }

        RequireCpl0();
        if ((s->Dr7 & Dr7.Gd) != 0) Raise(ExceptionVector.Debug, 0, Dr6.Bd);
        return number;
    }

    /// <summary>XSETBV. Raises #GP(0) for an invalid combination of components (SDM Vol. 1 13.3).</summary>
    internal void WriteXcr(uint index, ulong value)
    {
        if (index != 0 || (value & ~Model.Xcr0Mask) != 0 || (value & Xcr0.X87) == 0) RaiseGeneralProtection();
        if ((value & (Xcr0.Avx | Xcr0.Sse)) == Xcr0.Avx) RaiseGeneralProtection();
        ulong avx512 = value & Xcr0.Avx512;
        if (avx512 != 0 && (avx512 != Xcr0.Avx512 || (value & Xcr0.Avx) == 0)) RaiseGeneralProtection();
        ulong bounds = value & (Xcr0.Bndregs | Xcr0.Bndcsr);
        if (bounds != 0 && bounds != (Xcr0.Bndregs | Xcr0.Bndcsr)) RaiseGeneralProtection();
        State->Xcr0 = value;
        UpdateMode();
    }

    /// <summary>WRPKRU, and XRSTOR of the component.</summary>
    public void WritePkru(uint value)
    {
        if (State->Pkru == value) return;
        State->Pkru = value;
        UpdatePaging();
    }
}
