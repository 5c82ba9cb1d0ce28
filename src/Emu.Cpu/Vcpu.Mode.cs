using System.Runtime.InteropServices;
using Emu.Mmu;

namespace Emu.Cpu;

// Everything derived from control registers, segments and flags: the code mode, the TLB in use, the paging unit's inputs.
public sealed unsafe partial class Vcpu
{
    private readonly TlbEntry* emptyTlb = MakeEmptyTlb();

    private static TlbEntry* MakeEmptyTlb()
    {
        TlbEntry* entries = (TlbEntry*)NativeMemory.AlignedAlloc((nuint)(TlbEntry.Count * TlbEntry.SizeInBytes), 64);
        NativeMemory.Fill(entries, (nuint)(TlbEntry.Count * TlbEntry.SizeInBytes), 0xFF);
        return entries;
    }

    /// <summary>
    /// Recomputes <see cref="CpuState.Mode"/> and the TLB pointer. To be called after any change of CR0, CR4, EFER, XCR0,
    /// CPL, EFLAGS.VM, EFLAGS.AC or a segment register, by an instruction that ends its block.
    /// </summary>
    public void UpdateMode()
    {
        CpuState* s = State;
        ref SegmentRegister cs = ref s->Segment(SegmentIndex.Cs);
        ref SegmentRegister ss = ref s->Segment(SegmentIndex.Ss);
        CodeMode mode = CodeMode.None;
        bool longMode = s->IsLongMode;
        if (longMode && cs.Long)
        {
            mode |= CodeMode.Code64 | CodeMode.Code32 | CodeMode.Stack32 | CodeMode.Flat;
        }
        else
        {
            if (cs.DefaultBig) mode |= CodeMode.Code32;
            if (ss.DefaultBig) mode |= CodeMode.Stack32;
            if (IsFlatSegment(cs) && IsFlatSegment(ss) && ss.Writable
                && IsFlatData(ref s->Segment(SegmentIndex.Ds)) && IsFlatData(ref s->Segment(SegmentIndex.Es)))
            {
                mode |= CodeMode.Flat;
            }
        }

        if (!s->IsProtected) mode |= CodeMode.RealOrVirtual;
        bool taskSwitched = (s->Cr0 & Cr0.Ts) != 0;
        bool emulate = (s->Cr0 & Cr0.Em) != 0;
        if (!taskSwitched && !emulate) mode |= CodeMode.X87;
        if (!taskSwitched && !emulate && (s->Cr4 & Cr4.Osfxsr) != 0) mode |= CodeMode.Sse;
        if (!taskSwitched && (s->Cr4 & Cr4.Osxsave) != 0 && s->IsProtected && (s->Xcr0 & (Xcr0.Sse | Xcr0.Avx)) == (Xcr0.Sse | Xcr0.Avx))
        {
            mode |= CodeMode.Avx;
            if ((s->Xcr0 & Xcr0.Avx512) == Xcr0.Avx512) mode |= CodeMode.Avx512;
        }

        if (s->Cpl == 3 && (s->Cr0 & Cr0.Am) != 0 && (s->SystemFlags & Eflags.Ac) != 0) mode |= CodeMode.AlignmentCheck;
        s->Mode = mode;
        UpdateTlb();
    }

    /// <summary>Points <see cref="CpuState.Tlb"/> and <see cref="CpuState.CodeTlb"/> at the TLBs of the current context and access class.</summary>
    public void UpdateTlb()
    {
        AccessClass accessClass = CurrentAccessClass;
        State->Tlb = (State->Mode & CodeMode.AlignmentCheck) != 0 ? emptyTlb : Mmu.Tlb(accessClass);
        State->CodeTlb = Mmu.CodeTlb(accessClass);
        State->FoldShift = Mmu.FoldShift;
    }

    private static bool IsFlatSegment(in SegmentRegister segment) => segment.IsFlat;

    // A segment register left null after a return to an outer level is not flat, and must fault when used.
    private static bool IsFlatData(ref SegmentRegister segment) => segment.IsFlat && segment.Writable;

    /// <summary>
    /// Hands the paging unit its register values; to be called after any change of CR0, CR3, CR4, EFER, PKRU or
    /// IA32_PKRS, before <see cref="UpdateMode"/>.
    /// </summary>
    public void UpdatePaging()
    {
        CpuState* s = State;
        Mmu.SetControls(new PagingControls
        {
            Cr0 = s->Cr0,
            Cr3 = s->Cr3,
            Cr4 = s->Cr4,
            Efer = s->Efer,
            Pkru = s->Pkru,
            Pkrs = s->Pkrs,
            Pdptes = Pdptes,
        });
        UpdateTlb();
    }

    /// <summary>The PDPTE registers of PAE paging, loaded by MOV to CR3 and friends.</summary>
    public Pdptes Pdptes { get; set; }
}
