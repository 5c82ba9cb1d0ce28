using System.Runtime.CompilerServices;
using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Jit.Emit;

/// <summary>Byte offsets that generated code uses.</summary>
internal static unsafe class StateLayout
{
    public static readonly int Rip;
    public static readonly int FlagsResult;
    public static readonly int FlagsAux;
    public static readonly int Tlb;
    public static readonly int CodeTlb;
    public static readonly int FoldShift;
    public static readonly int Remaining;
    public static readonly int ExitRequest;
    public static readonly int Completed;
    public static readonly int Crossings;
    public static readonly int Scratch;
    public static readonly int Vector;
    public static readonly int ReadTag;
    public static readonly int WriteTag;
    public static readonly int ExecuteTag;
    public static readonly int Addend;
    public static readonly int Handler;
    public static readonly int Link;
    public static readonly int Immediate;
    public static readonly int Displacement;
    public static readonly int JumpCache;
    public static readonly int CachedKey;
    public static readonly int CachedEntry;
    public static readonly int Fop;
    public static readonly int Fcs;
    public static readonly int Fds;
    public static readonly int Fip;
    public static readonly int Fdp;
    private static readonly int Segments;
    private static readonly int Selector;
    private static readonly int Limit;

    static StateLayout()
    {
        CpuState state = default;
        byte* s = (byte*)&state;
        Rip = (int)((byte*)&state.Rip - s);
        FlagsResult = (int)((byte*)&state.FlagsResult - s);
        FlagsAux = (int)((byte*)&state.FlagsAux - s);
        Tlb = (int)((byte*)&state.Tlb - s);
        CodeTlb = (int)((byte*)&state.CodeTlb - s);
        FoldShift = (int)((byte*)&state.FoldShift - s);
        Remaining = (int)((byte*)&state.Remaining - s);
        ExitRequest = (int)((byte*)&state.ExitRequest - s);
        Completed = (int)((byte*)&state.Completed - s);
        Crossings = (int)((byte*)&state.Crossings - s);
        Scratch = (int)(state.Scratch - s);
        Vector = (int)(state.Vector - s);
        Segments = (int)((byte*)Unsafe.AsPointer(ref state.Segment(SegmentIndex.Es).Base) - s);
        SegmentRegister segment = default;
        Selector = (int)((byte*)&segment.Selector - (byte*)&segment);
        Limit = (int)((byte*)&segment.Limit - (byte*)&segment);
        Fop = (int)((byte*)&state.Fop - s);
        Fcs = (int)((byte*)&state.Fcs - s);
        Fds = (int)((byte*)&state.Fds - s);
        Fip = (int)((byte*)&state.Fip - s);
        Fdp = (int)((byte*)&state.Fdp - s);
        TlbEntry entry = default;
        ReadTag = (int)((byte*)&entry.ReadTag - (byte*)&entry);
        WriteTag = (int)((byte*)&entry.WriteTag - (byte*)&entry);
        ExecuteTag = (int)((byte*)&entry.ExecuteTag - (byte*)&entry);
        Addend = (int)((byte*)&entry.Addend - (byte*)&entry);
        Op operation = default;
        Handler = (int)((byte*)&operation.Handler - (byte*)&operation);
        Immediate = (int)((byte*)&operation.Immediate - (byte*)&operation);
        Displacement = (int)((byte*)&operation.Displacement - (byte*)&operation);
        Link = (int)((byte*)&operation.Aux - (byte*)&operation);
        JumpCache = (int)((byte*)&state.JumpCache - s);
        JumpCacheEntry cached = default;
        CachedKey = (int)((byte*)&cached.Key - (byte*)&cached);
        CachedEntry = (int)((byte*)&cached.Entry - (byte*)&cached);
    }

    /// <summary>Offset of a general register.</summary>
    public static int Gpr(int number) => number * 8;

    /// <summary>Offset of a segment's base.</summary>
    public static int SegmentBase(SegmentIndex segment) => Segments + ((int)segment * sizeof(SegmentRegister));

    /// <summary>Offset of a segment's limit.</summary>
    public static int SegmentLimit(SegmentIndex segment) => SegmentBase(segment) + Limit;

    /// <summary>Offset of a segment's selector.</summary>
    public static int SegmentSelector(SegmentIndex segment) => SegmentBase(segment) + Selector;
}
