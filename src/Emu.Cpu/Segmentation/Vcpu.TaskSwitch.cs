using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>What started a task switch (SDM Vol. 3A table 7-2).</summary>
internal enum TaskSwitchCause : byte
{
    /// <summary>JMP: the old task is left for good.</summary>
    Jump,

    /// <summary>CALL: the new task is nested in the old one.</summary>
    Call,

    /// <summary>An exception or interrupt through a task gate: nested too.</summary>
    Event,

    /// <summary>IRET with NT set: back to the task that called.</summary>
    Return,
}

// Hardware task switching (SDM Vol. 3A 7.2-7.4).
public sealed unsafe partial class Vcpu
{
    private const uint TssLimit16 = 0x2B;
    private const uint TssLimit32 = 0x67;

    /// <summary>JMP or CALL through a task gate that the caller has checked.</summary>
    private void SwitchThroughTaskGate(ushort gateSelector, in Descriptor gate, TaskSwitchCause cause)
    {
        ushort selector = gate.GateSelector;
        Descriptor tss = FetchGateTss(selector, 0);
        SwitchTask(selector, tss, cause);
    }

    /// <summary>The TSS a task gate names. Raises #GP, #NP.</summary>
    private Descriptor FetchGateTss(ushort selector, uint ext)
    {
        uint error = (selector & SelectorError) | ext;
        if ((selector & 4) != 0 || IsNull(selector)) RaiseGeneralProtection(error);
        Descriptor tss = FetchDescriptor(selector, ExceptionVector.GeneralProtection, ext);
        if (tss.IsSegment || tss.Type is not (SystemType.AvailableTss or SystemType.AvailableTss16)) RaiseGeneralProtection(error);
        if (!tss.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        return tss;
    }

    /// <summary>IRET with NT set: returns to the task in the back-link field. Raises #TS, #NP.</summary>
    private void ReturnToPreviousTask()
    {
        ref SegmentRegister tr = ref State->Segment(SegmentIndex.Tr);
        ushort selector = ReadSystem<ushort>(tr.Base);
        uint error = selector & SelectorError;
        if ((selector & 4) != 0 || IsNull(selector)) Raise(ExceptionVector.InvalidTss, error);
        Descriptor tss = FetchDescriptor(selector, ExceptionVector.InvalidTss);
        if (tss.IsSegment || tss.Type is not (SystemType.BusyTss or SystemType.BusyTss16)) Raise(ExceptionVector.InvalidTss, error);
        if (!tss.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        SwitchTask(selector, tss, TaskSwitchCause.Return);
    }

    /// <summary>
    /// Switches to the task of a TSS descriptor whose type and privilege the caller has checked. Faults before the switch is
    /// committed belong to the old task, later ones (loading segments) to the new.
    /// </summary>
    /// <param name="selector">TSS selector.</param>
    /// <param name="tss">Its descriptor.</param>
    /// <param name="cause">What started it.</param>
    /// <param name="savedFlags">Flags to save for the old task; for a fault they have RF set.</param>
    /// <param name="ext">EXT bit of error codes.</param>
    private void SwitchTask(ushort selector, in Descriptor tss, TaskSwitchCause cause, uint? savedFlags = null, uint ext = 0)
    {
        CpuState* s = State;
        bool wide = (tss.Type & 8) != 0;
        uint lowest = wide ? TssLimit32 : TssLimit16;
        if (tss.Limit < lowest) Raise(ExceptionVector.InvalidTss, (selector & SelectorError) | ext);
        SegmentRegister old = s->Segment(SegmentIndex.Tr);
        bool oldWide = (old.Type & 8) != 0;
        uint flags = savedFlags ?? s->Eflags;
        if (cause == TaskSwitchCause.Return) flags &= ~Eflags.Nt;

        // Everything that can fault on paging is touched before anything changes.
        ProbeSystem(old.Base, oldWide ? TssLimit32 : TssLimit16, AccessKind.Write);
        ProbeSystem(tss.Base, lowest, AccessKind.Read);
        if (cause is TaskSwitchCause.Call or TaskSwitchCause.Event) ProbeSystem(tss.Base, 1, AccessKind.Write);
        TaskImage image = ReadTask(tss.Base, wide);
        if (wide && (s->Cr0 & Cr0.Pg) != 0 && !CheckTaskCr3(image.Cr3)) Raise(ExceptionVector.InvalidTss, (selector & SelectorError) | ext);

        SaveTask(old.Base, oldWide, flags);
        if (cause is TaskSwitchCause.Jump or TaskSwitchCause.Return) MarkBusy(s->GdtBase + (old.Selector & 0xFFF8u), busy: false);
        uint newFlags = image.Flags;
        if (cause is TaskSwitchCause.Call or TaskSwitchCause.Event)
        {
            WriteSystem(tss.Base, old.Selector);
            newFlags |= Eflags.Nt;
        }

        if (cause != TaskSwitchCause.Return) MarkBusy(tss.Address, busy: true);
        SegmentRegister tr = tss.ToRegister(selector);
        tr.Attributes |= 2;
        s->Segment(SegmentIndex.Tr) = tr;
        s->Cr0 |= Cr0.Ts;
        LoadTask(image, wide, newFlags, ext);
        if (wide && (image.Trap & 1) != 0) RequestDebugTrap(Dr6.Bt);
    }

    private void ProbeSystem(ulong linear, uint last, AccessKind kind)
    {
        for (ulong page = linear; ; page = (page & ~0xFFFul) + 0x1000)
        {
            if (!Translate(SystemLinear(page, ExceptionVector.GeneralProtection, 0), kind, AccessClass.Supervisor, out _)) throw unwind;
            if ((page >> 12) == ((linear + last) >> 12)) return;
        }
    }

    /// <summary>A new task's registers, in the common form of 16- and 32-bit TSSs (SDM Vol. 3A figures 7-2 and 7-10).</summary>
    private struct TaskImage
    {
        public uint Cr3;
        public uint Rip;
        public uint Flags;
        public fixed uint Gpr[8];
        public fixed ushort Selectors[6];
        public ushort Ldt;
        public ushort Trap;
    }

    private TaskImage ReadTask(ulong tss, bool wide)
    {
        TaskImage image = default;
        if (wide)
        {
            image.Cr3 = ReadSystem<uint>(tss + 0x1C);
            image.Rip = ReadSystem<uint>(tss + 0x20);
            image.Flags = ReadSystem<uint>(tss + 0x24);
            for (uint i = 0; i < 8; i++) image.Gpr[i] = ReadSystem<uint>(tss + 0x28 + (4 * i));
            for (uint i = 0; i < 6; i++) image.Selectors[i] = ReadSystem<ushort>(tss + 0x48 + (4 * i));
            image.Ldt = ReadSystem<ushort>(tss + 0x60);
            image.Trap = ReadSystem<ushort>(tss + 0x64);
            return image;
        }

        image.Rip = ReadSystem<ushort>(tss + 0x0E);
        image.Flags = ReadSystem<ushort>(tss + 0x10);
        for (uint i = 0; i < 8; i++) image.Gpr[i] = 0xFFFF0000 | ReadSystem<ushort>(tss + 0x12 + (2 * i));
        for (uint i = 0; i < 4; i++) image.Selectors[i] = ReadSystem<ushort>(tss + 0x22 + (2 * i));
        image.Ldt = ReadSystem<ushort>(tss + 0x2A);
        return image;
    }

    private void SaveTask(ulong tss, bool wide, uint flags)
    {
        CpuState* s = State;
        if (wide)
        {
            WriteSystem(tss + 0x20, (uint)s->Rip);
            WriteSystem(tss + 0x24, flags);
            for (uint i = 0; i < 8; i++) WriteSystem(tss + 0x28 + (4 * i), (uint)s->Gpr[i]);
            for (uint i = 0; i < 6; i++) WriteSystem(tss + 0x48 + (4 * i), s->Segment((SegmentIndex)i).Selector);
            return;
        }

        WriteSystem(tss + 0x0E, (ushort)s->Rip);
        WriteSystem(tss + 0x10, (ushort)flags);
        for (uint i = 0; i < 8; i++) WriteSystem(tss + 0x12 + (2 * i), (ushort)s->Gpr[i]);
        for (uint i = 0; i < 4; i++) WriteSystem(tss + 0x22 + (2 * i), s->Segment((SegmentIndex)i).Selector);
    }

    private void LoadTask(in TaskImage image, bool wide, uint flags, uint ext)
    {
        CpuState* s = State;
        if (wide && (s->Cr0 & Cr0.Pg) != 0) LoadTaskCr3(image.Cr3);
        s->Rip = image.Rip;
        // From here on a fault must not bring back the old RIP.
        InstructionRip = image.Rip;
        s->Eflags = flags & Eflags.Defined;
        for (int i = 0; i < 8; i++) s->Gpr[i] = image.Gpr[i];
        // A task switch clears the local enables of the breakpoints (SDM Vol. 3A 17.2.4).
        WriteDr7(s->Dr7 & ~0x155UL);

        // Selectors first: a fault in one of the descriptors leaves all of them visible, and none usable.
        bool virtual8086 = (flags & Eflags.Vm) != 0;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++) SetNullSegment(i, image.Selectors[(int)i]);
        SetNullSegment(SegmentIndex.Ldtr, image.Ldt);
        s->Cpl = (byte)(virtual8086 ? 3 : image.Selectors[(int)SegmentIndex.Cs] & 3);
        UpdateMode();
        LoadTaskLdt(image.Ldt, ext);
        if (virtual8086)
        {
            for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++) SetRealSegment(i, image.Selectors[(int)i]);
        }
        else
        {
            LoadTaskStack(image.Selectors[(int)SegmentIndex.Ss], ext);
            LoadTaskData(SegmentIndex.Ds, image.Selectors[(int)SegmentIndex.Ds], ext);
            LoadTaskData(SegmentIndex.Es, image.Selectors[(int)SegmentIndex.Es], ext);
            LoadTaskData(SegmentIndex.Fs, image.Selectors[(int)SegmentIndex.Fs], ext);
            LoadTaskData(SegmentIndex.Gs, image.Selectors[(int)SegmentIndex.Gs], ext);
            LoadTaskCode(image.Selectors[(int)SegmentIndex.Cs], ext);
        }

        UpdateMode();
        if (s->Rip > s->Segment(SegmentIndex.Cs).Limit) RaiseGeneralProtection(ext);
        SignalPendingEvents();
    }

    private void LoadTaskLdt(ushort selector, uint ext)
    {
        if (IsNull(selector)) return;
        uint error = (selector & SelectorError) | ext;
        if ((selector & 4) != 0) Raise(ExceptionVector.InvalidTss, error);
        Descriptor ldt = FetchDescriptor(selector, ExceptionVector.InvalidTss, ext);
        if (ldt.IsSegment || ldt.Type != SystemType.Ldt || !ldt.Present) Raise(ExceptionVector.InvalidTss, error);
        SetSegment(SegmentIndex.Ldtr, selector, ldt);
    }

    private void LoadTaskStack(ushort selector, uint ext)
    {
        uint error = (selector & SelectorError) | ext;
        if (IsNull(selector)) Raise(ExceptionVector.InvalidTss, error);
        Descriptor stack = FetchDescriptor(selector, ExceptionVector.InvalidTss, ext);
        if (!stack.IsWritableData || stack.Dpl != State->Cpl || (selector & 3) != State->Cpl) Raise(ExceptionVector.InvalidTss, error);
        if (!stack.Present) Raise(ExceptionVector.StackFault, error);
        SetSegment(SegmentIndex.Ss, selector, MarkAccessed(stack));
    }

    private void LoadTaskData(SegmentIndex index, ushort selector, uint ext)
    {
        if (IsNull(selector)) return;
        uint error = (selector & SelectorError) | ext;
        Descriptor data = FetchDescriptor(selector, ExceptionVector.InvalidTss, ext);
        if (!data.IsReadable) Raise(ExceptionVector.InvalidTss, error);
        if (!data.IsConforming && ((selector & 3) > data.Dpl || State->Cpl > data.Dpl)) Raise(ExceptionVector.InvalidTss, error);
        if (!data.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        SetSegment(index, selector, MarkAccessed(data));
    }

    private void LoadTaskCode(ushort selector, uint ext)
    {
        uint error = (selector & SelectorError) | ext;
        if (IsNull(selector)) Raise(ExceptionVector.InvalidTss, error);
        Descriptor code = FetchDescriptor(selector, ExceptionVector.InvalidTss, ext);
        int rpl = selector & 3;
        if (!code.IsCode || (code.IsConforming ? code.Dpl > rpl : code.Dpl != rpl)) Raise(ExceptionVector.InvalidTss, error);
        if (!code.Present) Raise(ExceptionVector.SegmentNotPresent, error);
        SetSegment(SegmentIndex.Cs, selector, MarkAccessed(code));
    }
}
