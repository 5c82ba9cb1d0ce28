using Emu.Mmu;

namespace Emu.Cpu;

// Saving and loading the whole processor. Only between calls of Run.
public sealed unsafe partial class Vcpu
{
    private const int SnapshotVersion = 2;

    /// <summary>Writes everything needed to go on from here with <see cref="LoadState"/>: registers, MSRs, local APIC, pending events.</summary>
    public void SaveState(BinaryWriter writer)
    {
        CpuState* s = State;
        writer.Write(SnapshotVersion);
        for (int i = 0; i < 16; i++) writer.Write(s->Gpr[i]);
        writer.Write(s->Rip);
        writer.Write(s->Eflags);
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            writer.Write(segment.Base);
            writer.Write(segment.Limit);
            writer.Write(segment.Selector);
            writer.Write(segment.Attributes);
        }

        writer.Write(s->GdtBase);
        writer.Write(s->IdtBase);
        writer.Write(s->GdtLimit);
        writer.Write(s->IdtLimit);
        writer.Write(s->Cpl);
        writer.Write((byte)s->Shadow);
        writer.Write(s->Smm);
        writer.Write((byte)s->Activity);
        foreach (ulong value in (ulong[])[s->Cr0, s->Cr2, s->Cr3, s->Cr4, s->Efer, s->Xcr0, s->Xss, s->Dr6, s->Dr7, s->Dr[0], s->Dr[1], s->Dr[2], s->Dr[3]])
        {
            writer.Write(value);
        }

        writer.Write(s->Pkru);
        writer.Write(s->Pkrs);
        SaveFloatingPoint(writer);
        for (int i = 0; i < 4; i++) writer.Write(Pdptes[i]);
        msrs.SaveState(writer);
        writer.Write(DebugControl);
        writer.Write(tscOffset);
        writer.Write(tscAdjust);
        writer.Write(InstructionCount);
        writer.Write(DeliveryCount);
        writer.Write(events);
        writer.Write(sipiVector);
        writer.Write(nmiBlocked);
        writer.Write(nmiBlockedOutside);
        writer.Write(debugTraps);
        writer.Write(hasPendingException);
        writer.Write(pendingException.Vector);
        writer.Write(pendingException.ErrorCode);
        writer.Write(pendingException.Address);
        Apic.SaveState(writer);
    }

    private void SaveFloatingPoint(BinaryWriter writer)
    {
        CpuState* s = State;
        writer.Write(s->Mxcsr);
        writer.Write(new ReadOnlySpan<byte>(s->Vector, 32 * 64));
        for (int i = 0; i < 8; i++) writer.Write(s->Opmask[i]);
        for (int i = 0; i < 16; i++) writer.Write(s->Fpr[i]);
        writer.Write(s->Fcw);
        writer.Write(s->Fsw);
        writer.Write(s->Ftw);
        writer.Write(s->Fop);
        writer.Write(s->Fcs);
        writer.Write(s->Fds);
        writer.Write(s->Fip);
        writer.Write(s->Fdp);
    }

    /// <summary>Reads what <see cref="SaveState"/> wrote. The clock must already show the time of the snapshot.</summary>
    /// <exception cref="InvalidDataException">The data is not a snapshot of this version.</exception>
    public void LoadState(BinaryReader reader)
    {
        CpuState* s = State;
        int version = reader.ReadInt32();
        if (version != SnapshotVersion) throw new InvalidDataException($"The processor state has version {version}; this emulator reads version {SnapshotVersion}.");
        for (int i = 0; i < 16; i++) s->Gpr[i] = reader.ReadUInt64();
        s->Rip = reader.ReadUInt64();
        s->Eflags = reader.ReadUInt32();
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            segment = new SegmentRegister
            {
                Base = reader.ReadUInt64(),
                Limit = reader.ReadUInt32(),
                Selector = reader.ReadUInt16(),
                Attributes = reader.ReadUInt16(),
            };
            segment.UpdateDerived();
        }

        s->GdtBase = reader.ReadUInt64();
        s->IdtBase = reader.ReadUInt64();
        s->GdtLimit = reader.ReadUInt16();
        s->IdtLimit = reader.ReadUInt16();
        s->Cpl = (byte)(reader.ReadByte() & 3);
        s->Shadow = (InterruptShadow)reader.ReadByte();
        s->Smm = reader.ReadBoolean();
        s->Activity = (ActivityState)reader.ReadByte();
        s->Cr0 = reader.ReadUInt64();
        s->Cr2 = reader.ReadUInt64();
        s->Cr3 = reader.ReadUInt64();
        s->Cr4 = reader.ReadUInt64();
        s->Efer = reader.ReadUInt64();
        s->Xcr0 = reader.ReadUInt64();
        s->Xss = reader.ReadUInt64();
        s->Dr6 = reader.ReadUInt64();
        s->Dr7 = reader.ReadUInt64();
        for (int i = 0; i < 4; i++) s->Dr[i] = reader.ReadUInt64();
        s->Pkru = reader.ReadUInt32();
        s->Pkrs = reader.ReadUInt32();
        LoadFloatingPoint(reader);
        Pdptes = new Pdptes(reader.ReadUInt64(), reader.ReadUInt64(), reader.ReadUInt64(), reader.ReadUInt64());
        msrs.LoadState(reader);
        DebugControl = reader.ReadUInt64();
        tscOffset = reader.ReadUInt64();
        tscAdjust = reader.ReadUInt64();
        InstructionCount = reader.ReadUInt64();
        DeliveryCount = reader.ReadUInt64();
        uint pending = reader.ReadUInt32();
        sipiVector = reader.ReadByte();
        nmiBlocked = reader.ReadBoolean();
        nmiBlockedOutside = reader.ReadBoolean();
        debugTraps = reader.ReadUInt32();
        hasPendingException = reader.ReadBoolean();
        pendingException = new ExceptionInfo(reader.ReadByte(), reader.ReadUInt32(), reader.ReadUInt64());
        Apic.LoadState(reader);
        events = (events & (uint)PendingEvents.Interrupt) | (pending & ~(uint)PendingEvents.Interrupt);
        stepTrap = retryAlone = false;
        UseMemory(s->Smm && ManagementMemory != null ? ManagementMemory : normalMemory);
        Mmu.FlushAll();
        UpdateBreakpoints();
        UpdatePaging();
        UpdateMode();
        s->LinkSlot = null;
        s->ExitRequest = 1;
    }

    private void LoadFloatingPoint(BinaryReader reader)
    {
        CpuState* s = State;
        s->Mxcsr = reader.ReadUInt32();
        reader.ReadBytes(32 * 64).CopyTo(new Span<byte>(s->Vector, 32 * 64));
        for (int i = 0; i < 8; i++) s->Opmask[i] = reader.ReadUInt64();
        for (int i = 0; i < 16; i++) s->Fpr[i] = reader.ReadUInt64();
        s->Fcw = reader.ReadUInt16();
        s->Fsw = reader.ReadUInt16();
        s->Ftw = reader.ReadByte();
        s->Fop = reader.ReadUInt16();
        s->Fcs = reader.ReadUInt16();
        s->Fds = reader.ReadUInt16();
        s->Fip = reader.ReadUInt64();
        s->Fdp = reader.ReadUInt64();
    }
}
