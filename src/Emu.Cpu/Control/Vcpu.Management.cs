using Emu.Mmu;

namespace Emu.Cpu;

// System management mode (SDM Vol. 3C chapter 34; state-save map of APM Vol. 2 table 10-1).
public sealed unsafe partial class Vcpu
{
    /// <summary>State-save map revision: AMD64 layout (64h), with relocation of SMBASE (bit 17).</summary>
    private const uint ManagementRevision = 0x00020064;

    private readonly AddressSpace normalMemory;
    private bool nmiBlockedOutside;

    /// <summary>Physical address space in SMM, with SMRAM visible; null where it is the same as outside.</summary>
    public AddressSpace? ManagementMemory { get; set; }

    /// <summary>Physical address of a field of the state-save area, given its offset from SMBASE + 8000h.</summary>
    private ulong SaveField(uint offset) => msrs.Smbase + 0x8000UL + offset;

    private void Save(uint offset, int size, ulong value) => Memory.Write(SaveField(offset), size, value);

    private ulong Restore(uint offset, int size) => Memory.Read(SaveField(offset), size);

    private void UseMemory(AddressSpace space)
    {
        if (Memory == space) return;
        Memory = space;
        Mmu.SetAddressSpace(space);
    }

    private void LeaveManagementMemory()
    {
        State->Smm = false;
        UseMemory(normalMemory);
    }

    /// <summary>Takes an SMI.</summary>
    private void EnterSystemManagement()
    {
        CpuState* s = State;
        s->Smm = true;
        if (ManagementMemory != null) UseMemory(ManagementMemory);
        SaveManagementState();
        nmiBlockedOutside = nmiBlocked;
        nmiBlocked = true;
        s->Activity = ActivityState.Active;
        s->Shadow = InterruptShadow.None;
        s->Cr0 &= ~(Cr0.Pe | Cr0.Em | Cr0.Ts | Cr0.Pg);
        s->Cr4 = 0;
        s->Efer = 0;
        s->Eflags = Eflags.Reserved1;
        s->Cpl = 0;
        s->Rip = 0x8000;
        WriteDr7(0);
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            segment = new SegmentRegister { Limit = uint.MaxValue, Attributes = 0x8093 };
            if (i == SegmentIndex.Cs)
            {
                segment.Selector = (ushort)(msrs.Smbase >> 4);
                segment.Base = msrs.Smbase;
            }

            segment.UpdateDerived();
        }

        UpdatePaging();
        UpdateMode();
    }

    private void SaveManagementState()
    {
        CpuState* s = State;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++) SaveSegment(0x7E00 + ((uint)i * 16), s->Segment(i));
        Save(0x7E64, 4, s->GdtLimit);
        Save(0x7E68, 8, s->GdtBase);
        SaveSegment(0x7E70, s->Segment(SegmentIndex.Ldtr));
        Save(0x7E84, 4, s->IdtLimit);
        Save(0x7E88, 8, s->IdtBase);
        SaveSegment(0x7E90, s->Segment(SegmentIndex.Tr));
        // I/O restart information and flag: no I/O trap is ever the cause. Then auto-halt restart, and the CPL.
        Save(0x7EC0, 4, 0);
        Save(0x7EC8, 1, 0);
        Save(0x7EC9, 1, s->Activity == ActivityState.Halted ? 1u : 0u);
        Save(0x7ECB, 1, s->Cpl);
        Save(0x7ED0, 8, s->Efer);
        Save(0x7EFC, 4, ManagementRevision);
        Save(0x7F00, 4, msrs.Smbase);
        Save(0x7F48, 8, s->Cr4);
        Save(0x7F50, 8, s->Cr3);
        Save(0x7F58, 8, s->Cr0);
        Save(0x7F60, 8, s->Dr7);
        Save(0x7F68, 8, s->Dr6);
        Save(0x7F70, 8, s->Eflags);
        Save(0x7F78, 8, s->Rip);
        for (uint i = 0; i < 16; i++) Save(0x7FF8 - (i * 8), 8, s->Gpr[i]);
    }

    private void SaveSegment(uint offset, in SegmentRegister segment)
    {
        Save(offset, 2, segment.Selector);
        Save(offset + 2, 2, segment.Attributes);
        Save(offset + 4, 4, segment.Limit);
        Save(offset + 8, 8, segment.Base);
    }

    private void RestoreSegment(uint offset, SegmentIndex index)
    {
        ref SegmentRegister segment = ref State->Segment(index);
        segment = new SegmentRegister
        {
            Selector = (ushort)Restore(offset, 2),
            Attributes = (ushort)(Restore(offset + 2, 2) & 0xF0FF),
            Limit = (uint)Restore(offset + 4, 4),
            Base = Restore(offset + 8, 8),
        };
        segment.UpdateDerived();
    }

    /// <summary>RSM. #UD outside SMM; shutdown when the saved control registers are impossible (SDM Vol. 3C 34.12).</summary>
    internal void ResumeFromManagement()
    {
        CpuState* s = State;
        if (!s->Smm) RaiseInvalidOpcode();
        ulong cr0 = Restore(0x7F58, 8);
        ulong cr4 = Restore(0x7F48, 8);
        ulong efer = Restore(0x7ED0, 8);
        bool paging = (cr0 & Cr0.Pg) != 0;
        bool impossible = (paging && (cr0 & Cr0.Pe) == 0) || ((cr0 & Cr0.Nw) != 0 && (cr0 & Cr0.Cd) == 0)
            || cr0 >> 32 != 0 || (cr4 & ~Model.Cr4Mask) != 0 || (efer & ~(Model.EferMask | Efer.Lma)) != 0
            || (paging && (efer & Efer.Lme) != 0 && (cr4 & Cr4.Pae) == 0);
        if (impossible)
        {
            EnterShutdown();
            return;
        }

        RestoreManagementState(cr0, cr4, efer);
        uint smbase = (uint)Restore(0x7F00, 4);
        bool halted = (Restore(0x7EC9, 1) & 1) != 0;
        LeaveManagementMemory();
        msrs.Smbase = smbase;
        nmiBlocked = nmiBlockedOutside;
        if (halted) s->Activity = ActivityState.Halted;
        if (UsesPdptes(s->Cr0, s->Cr4, s->Efer) && Mmu.TryLoadPdptes(s->Cr3, out Pdptes pdptes, out _)) Pdptes = pdptes;
        UpdatePaging();
        UpdateMode();
        s->Rip = MaskRip(s->Rip);
        SignalPendingEvents();
    }

    private void RestoreManagementState(ulong cr0, ulong cr4, ulong efer)
    {
        CpuState* s = State;
        for (uint i = 0; i < 16; i++) s->Gpr[i] = Restore(0x7FF8 - (i * 8), 8);
        s->Rip = Restore(0x7F78, 8);
        s->Eflags = (uint)Restore(0x7F70, 8) & Eflags.Defined;
        s->Dr6 = (Restore(0x7F68, 8) & Dr6.Writable) | Dr6.Fixed;
        s->Cr0 = (cr0 & Cr0Writable) | Cr0.Et;
        s->Cr3 = Restore(0x7F50, 8) & PhysicalMask;
        s->Cr4 = cr4;
        s->Efer = (efer & Model.EferMask) | ((cr0 & Cr0.Pg) != 0 && (efer & Efer.Lme) != 0 ? Efer.Lma : 0);
        WriteDr7((uint)Restore(0x7F60, 8));
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++) RestoreSegment(0x7E00 + ((uint)i * 16), i);
        RestoreSegment(0x7E70, SegmentIndex.Ldtr);
        RestoreSegment(0x7E90, SegmentIndex.Tr);
        s->GdtLimit = (ushort)Restore(0x7E64, 4);
        s->GdtBase = Restore(0x7E68, 8);
        s->IdtLimit = (ushort)Restore(0x7E84, 4);
        s->IdtBase = Restore(0x7E88, 8);
        s->Cpl = (s->Cr0 & Cr0.Pe) == 0 ? (byte)0 : s->IsVirtual8086 ? (byte)3 : (byte)(Restore(0x7ECB, 1) & 3);
    }
}
