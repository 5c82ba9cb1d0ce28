using Emu.Conformance.Generation;
using Emu.Cpu;

namespace Emu.Conformance.Fuzz;

/// <summary>Gives the processor a random, but possible, state in a mode.</summary>
internal sealed unsafe class FuzzState(Vcpu cpu, FuzzMode mode)
{
    private const uint StatusFlags = 0x8D5;

    /// <summary>Sets all registers. Code starts at offset <paramref name="entry"/> of the code area.</summary>
    public void Load(uint entry, ref Random64 random)
    {
        cpu.Reset();
        CpuState* s = cpu.State;
        for (int i = 0; i < 16; i++) s->Gpr[i] = Value(ref random);
        random.Fill(new Span<byte>(s->Vector, 16 * 64));
        if (random.Percent(50)) EdgeValues.Fill(new Span<byte>(s->Vector, 16 * 64), random.Pick([ElementKind.Float32, ElementKind.Float64, ElementKind.Int16]), ref random);
        LoadFloatingPoint(s, ref random);
        LoadControls(s, ref random);
        LoadDebug(s, ref random);
        s->Eflags = Flags(ref random);
        s->Cpl = mode.Cpl;
        LoadSegments(s, ref random);
        s->Gpr[4] = mode.Kind == FuzzModeKind.Long && mode.Bits == 64 ? StackOffset(ref random) : StackOffset(ref random) & (mode.Bits == 16 ? 0xFFFFUL : uint.MaxValue);
        bool based = mode.Kind is FuzzModeKind.Real or FuzzModeKind.Virtual8086 || mode.Bits == 16;
        s->Rip = based ? entry : FuzzImage.Code + entry;
        cpu.UpdatePaging();
        cpu.UpdateMode();
    }

    private ulong Value(ref Random64 random)
    {
        ulong value = random.Below(8) switch
        {
            0 or 1 => FuzzImage.Data + (ulong)random.Below((int)FuzzImage.DataSize),
            2 => FuzzImage.Code + (ulong)random.Below((int)FuzzImage.CodeSize),
            3 => (ulong)random.Below(0x100),
            4 => (ulong)random.Below((int)FuzzImage.Size),
            5 => FuzzImage.Data + (ulong)random.Below(12) * 0x1000 - (ulong)random.Below(32),
            _ => EdgeValues.Integer(ref random, random.Pick([16, 32, 64])),
        };
        // Where a segment register holds it, few such numbers are far from memory.
        return mode.Bits == 64 ? value : (uint)value;
    }

    private ulong StackOffset(ref Random64 random) =>
        (mode.Cpl == 3 || random.Percent(50) ? FuzzImage.Data + (ulong)random.Below((int)FuzzImage.DataSize) : FuzzImage.StackTop - (ulong)random.Below(0x800)) & ~(random.Percent(80) ? 7UL : 0);

    private static void LoadFloatingPoint(CpuState* s, ref Random64 random)
    {
        for (int i = 0; i < 8; i++)
        {
            Span<byte> register = new((byte*)s->Fpr + i * 16, 10);
            EdgeValues.Fill(register, ElementKind.Float80, ref random);
        }
        s->Fcw = (ushort)(random.Percent(60) ? 0x37F : random.Next() & 0x1F3F | 0x40);
        s->Fsw = (ushort)(random.Next() & 0x7F7F);
        if ((s->Fsw & ~s->Fcw & 0x3F) != 0) s->Fsw |= 0x8080;
        s->Ftw = (byte)random.Next();
        s->Mxcsr = random.Percent(60) ? 0x1F80 : (uint)random.Next() & 0xFFFF;
    }

    private void LoadControls(CpuState* s, ref Random64 random)
    {
        bool paging = mode.Kind == FuzzModeKind.Long || (mode.Kind is not FuzzModeKind.Real && random.Percent(70));
        bool pae = mode.Kind == FuzzModeKind.Long || random.Percent(50);
        ulong cr0 = Cr0.Et | random.Next() & (Cr0.Mp | Cr0.Ne | Cr0.Wp | Cr0.Am);
        if (mode.Kind != FuzzModeKind.Real) cr0 |= Cr0.Pe;
        if (paging) cr0 |= Cr0.Pg;
        if (random.Percent(4)) cr0 |= random.Next() & (Cr0.Em | Cr0.Ts);
        if (random.Percent(4)) cr0 |= Cr0.Cd;
        ulong cr4 = random.Next() & random.Next() & cpu.Model.Cr4Mask & ~(Cr4.La57 | Cr4.Pae | Cr4.Pcide | Cr4.Smep | Cr4.Smap);
        if (random.Percent(80)) cr4 |= Cr4.Osfxsr | Cr4.Osxsave | Cr4.Osxmmexcpt;
        if (random.Percent(60)) cr4 |= Cr4.Pse;
        if (pae) cr4 |= Cr4.Pae;
        if (mode.Kind == FuzzModeKind.Long) cr4 |= random.Next() & (Cr4.Pcide | Cr4.Smep | Cr4.Smap) & cpu.Model.Cr4Mask;
        s->Cr0 = cr0;
        s->Cr4 = cr4;
        s->Efer = random.Next() & (Efer.Sce | Efer.Nxe) & cpu.Model.EferMask;
        if (mode.Kind == FuzzModeKind.Long) s->Efer |= Efer.Lme | Efer.Lma | Efer.Nxe;
        s->Cr3 = !paging ? 0 : mode.Kind == FuzzModeKind.Long ? FuzzImage.Pml4 : pae ? FuzzImage.PaePointers : FuzzImage.Directory32;
        s->Xcr0 = random.Percent(80) ? cpu.Model.Xcr0Mask : Xcr0.X87 | random.Next() & Xcr0.Sse;
        s->Pkru = random.Percent(70) ? 0 : (uint)random.Next();
        if (pae && paging && mode.Kind != FuzzModeKind.Long)
        {
            uint directory = mode.Cpl == 3 ? FuzzImage.UserDirectory : FuzzImage.SupervisorDirectory;
            cpu.Pdptes = new Emu.Mmu.Pdptes(directory | 1, FuzzImage.UserDirectory | 1, 0, 0);
        }
    }

    private void LoadDebug(CpuState* s, ref Random64 random)
    {
        if (!random.Percent(10)) return;
        for (int i = 0; i < 4; i++) s->Dr[i] = Value(ref random);
        s->Dr7 = (random.Next() & 0xFFFF_03FF) | 0x400;
        if (random.Percent(80)) s->Dr7 &= ~(1UL << 13); // GD
        cpu.UpdateBreakpoints();
    }

    private uint Flags(ref Random64 random)
    {
        uint flags = 2 | (uint)random.Next() & (StatusFlags | Eflags.Df | Eflags.If | Eflags.Id);
        if (random.Percent(50)) flags |= (uint)random.Next() & Eflags.Iopl;
        if (random.Percent(3)) flags |= Eflags.Tf;
        if (random.Percent(5)) flags |= (uint)random.Next() & (Eflags.Ac | Eflags.Nt | Eflags.Rf | Eflags.Vif | Eflags.Vip);
        if (mode.Kind == FuzzModeKind.Virtual8086) flags |= Eflags.Vm;
        return flags;
    }

    private void LoadSegments(CpuState* s, ref Random64 random)
    {
        (s->GdtBase, s->GdtLimit) = (FuzzImage.Gdt, FuzzImage.GdtLimit);
        bool wide = mode.Kind == FuzzModeKind.Long;
        (s->IdtBase, s->IdtLimit) = mode.Kind == FuzzModeKind.Real ? (0UL, (ushort)0x3FF) : wide ? (FuzzImage.Idt64, (ushort)0xFFF) : (FuzzImage.Idt32, (ushort)0x7FF);
        Set(s, SegmentIndex.Tr, wide ? FuzzImage.Tss64Selector : FuzzImage.Tss, wide ? FuzzImage.Tss64 : FuzzImage.Tss32, 0x3FF, 0x8B);
        Set(s, SegmentIndex.Ldtr, wide ? FuzzImage.Ldt64 : FuzzImage.LdtSelector, FuzzImage.Ldt, 0xFF, 0x82);
        if (mode.Kind is FuzzModeKind.Real or FuzzModeKind.Virtual8086)
        {
            ushort attributes = mode.Kind == FuzzModeKind.Real ? (ushort)0x93 : (ushort)0xF3;
            for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
            {
                uint @base = i == SegmentIndex.Cs ? FuzzImage.Code : random.Percent(70) ? FuzzImage.Data : (uint)random.Below(0x10000) << 4;
                Set(s, i, (ushort)(@base >> 4), @base, 0xFFFF, attributes);
            }
            return;
        }

        bool user = mode.Cpl == 3;
        ushort flags = user ? (ushort)0x60 : (ushort)0;
        ushort code = mode.Bits switch
        {
            64 => user ? FuzzImage.UserCode64 : FuzzImage.Code64,
            32 => user ? FuzzImage.UserCode32 : FuzzImage.Code32,
            _ => user ? FuzzImage.UserCode16 : FuzzImage.Code16,
        };
        Set(s, SegmentIndex.Cs, code, mode.Bits == 16 ? FuzzImage.Code : 0, mode.Bits == 16 ? 0xFFFF : Limit(), (ushort)(mode.Bits switch { 64 => 0xA09B, 32 => 0xC09B, _ => 0x009B } | flags));
        foreach (SegmentIndex i in (ReadOnlySpan<SegmentIndex>)[SegmentIndex.Ss, SegmentIndex.Ds, SegmentIndex.Es, SegmentIndex.Fs, SegmentIndex.Gs])
        {
            bool small = mode.Bits == 16 || random.Percent(5);
            if (small) Set(s, i, user ? FuzzImage.UserData16 : FuzzImage.Data16, FuzzImage.Data, 0xFFFF, (ushort)(0x0093 | flags));
            else Set(s, i, user ? FuzzImage.UserData : FuzzImage.Data0, 0, Limit(), (ushort)(0xC093 | flags));
            if (i > SegmentIndex.Ss && random.Percent(3)) Set(s, i, 0, 0, 0, 0);
        }
        if (mode.Bits == 64) (s->Segment(SegmentIndex.Fs).Base, s->Segment(SegmentIndex.Gs).Base) = (Value(ref random) & 0x7FFF_FFFF_FFFF, FuzzImage.Data);
    }

    // Without paging a flat segment would reach gigabytes in which nothing is.
    private uint Limit() => mode.Kind == FuzzModeKind.Long || (cpu.State->Cr0 & Cr0.Pg) != 0 ? uint.MaxValue : FuzzImage.RamSize - 1;

    private static void Set(CpuState* s, SegmentIndex index, ushort selector, ulong @base, uint limit, ushort attributes)
    {
        ref SegmentRegister segment = ref s->Segment(index);
        segment = new SegmentRegister { Selector = selector, Base = @base, Limit = limit, Attributes = attributes };
        segment.UpdateDerived();
    }
}
