namespace Emu.Cpu;

// RESET and INIT (SDM Vol. 3A table 9-1).
public sealed unsafe partial class Vcpu
{
    /// <summary>This is the processor that starts the machine (IA32_APIC_BASE.BSP).</summary>
    public bool IsBootstrap => (Apic.BaseAddressMsr & (1 << 8)) != 0;

    /// <summary>Source of RDRAND and RDSEED; a machine that must be repeatable sets its own.</summary>
    public Func<ulong> Entropy { get; set; } = static () =>
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    };

    /// <summary>
    /// Puts the processor in its state after power-up or RESET (SDM Vol. 3A table 9-1). An application processor then waits for SIPI.
    /// </summary>
    public void Reset()
    {
        CpuState* s = State;
        LeaveManagementMemory();
        ResetCommon();
        s->Cr0 = 0x60000010;
        s->Xcr0 = Xcr0.X87;
        s->Xss = 0;
        s->Pkru = 0;
        s->Pkrs = 0;
        s->Fcw = 0x0040;
        s->Fsw = 0;
        // RESET leaves the tags as if every register held +0.0.
        s->Ftw = 0xFF;
        s->Fop = s->Fcs = s->Fds = 0;
        s->Fip = s->Fdp = 0;
        for (int i = 0; i < 16; i++) s->Fpr[i] = 0;
        new Span<byte>(s->Vector, 32 * 64).Clear();
        for (int i = 0; i < 8; i++) s->Opmask[i] = 0;
        s->Mxcsr = 0x1F80;
        msrs.Reset();
        ResetMiscEnable();
        DebugControl = 0;
        tscAdjust = 0;
        tscOffset = 0 - TicksAt(clock.Nanoseconds);
        events = 0;
        Apic.Reset();
        Mmu.FlushAll();
        UpdatePaging();
        UpdateMode();
        s->Activity = IsBootstrap ? ActivityState.Active : ActivityState.WaitForSipi;
    }

    /// <summary>INIT: caches, FPU, vector registers, MSRs and the TSC keep their contents.</summary>
    private void ResetByInit()
    {
        CpuState* s = State;
        ulong caching = s->Cr0 & (Cr0.Cd | Cr0.Nw);
        ResetCommon();
        s->Cr0 = caching | Cr0.Et;
        // Interrupts that were pending go with the local APIC's state; SMI, NMI and a start-up IPI that has come since the INIT stay latched.
        Apic.ResetByInit();
        UpdatePaging();
        UpdateMode();
        s->Activity = IsBootstrap ? ActivityState.Active : ActivityState.WaitForSipi;
    }

    private void ResetCommon()
    {
        CpuState* s = State;
        for (int i = 0; i < 16; i++) s->Gpr[i] = 0;
        s->Gpr[2] = Model.Definition.Signature;
        s->Rip = 0xFFF0;
        s->Eflags = Eflags.Reserved1;
        s->Cr2 = s->Cr3 = s->Cr4 = 0;
        s->Efer = 0;
        s->Cpl = 0;
        s->Shadow = InterruptShadow.None;
        s->GdtBase = s->IdtBase = 0;
        s->GdtLimit = s->IdtLimit = 0xFFFF;
        for (int i = 0; i < 4; i++) s->Dr[i] = 0;
        s->Dr6 = Dr6.Fixed;
        s->Dr7 = Dr7.Fixed;
        hasPendingException = false;
        nmiBlocked = false;
        debugTraps = 0;
        stepTrap = retryAlone = false;
        Pdptes = default;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            segment = new SegmentRegister { Limit = 0xFFFF, Attributes = 0x93 };
            switch (i)
            {
                case SegmentIndex.Cs:
                    segment.Selector = 0xF000;
                    segment.Base = 0xFFFF0000;
                    segment.Attributes = 0x9B;
                    break;
                case SegmentIndex.Ldtr:
                    segment.Attributes = 0x82;
                    break;
                case SegmentIndex.Tr:
                    segment.Attributes = 0x8B;
                    break;
            }

            segment.UpdateDerived();
        }

        UpdateBreakpoints();
    }
}
