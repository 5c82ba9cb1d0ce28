using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Comparison;

/// <summary>Compares the state after a native run with that of an executor, bit for bit but for what the manuals leave undefined.</summary>
public sealed unsafe class CaseComparer
{
    private const ulong ResumeFlag = 1 << 16;
    private static readonly ulong NotCompared = ResumeFlag | Native.HostModes.Current.LostFlags;
    private static readonly string[] Names64 =
        ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];
    private static readonly string[] Names32 = ["EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI"];
    private static readonly string[] SegmentNames = ["ES", "CS", "SS", "DS", "FS", "GS"];

    /// <summary>Compares one case; an empty list when the runs agree.</summary>
    public IReadOnlyList<Difference> Compare(in CaseInput input, in CaseResult expected, in CaseResult actual)
    {
        fixed (CaseInput* i = &input)
        fixed (CaseResult* e = &expected, a = &actual)
        {
            if (SameEverywhere(i, e, a) || WrapsAtFourGigabytes(i, e, a)) return [];
            var tolerance = new Tolerance(i, e);
            if (tolerance.EntersHost) return [];
            var differences = new List<Difference>();
            if (!CompareOutcome(i, e, a, differences)) return differences;
            CompareGeneral(i, e, a, tolerance, differences);
            VectorComparison.Compare(i, e, a, tolerance, differences);
            X87Comparison.Compare(i, e, a, tolerance, differences);
            MemoryComparison.Compare(i, e, a, tolerance, differences);
            return differences;
        }
    }

    // The common case, without decoding anything.
    private static bool SameEverywhere(CaseInput* input, CaseResult* e, CaseResult* a)
    {
        if (e->Outcome != a->Outcome || e->Outcome is not (CaseOutcome.Completed or CaseOutcome.Fault)) return false;
        if (e->Outcome == CaseOutcome.Fault && !SameFault(e, a)) return false;
        ulong mask = input->Bits == 64 ? ulong.MaxValue : uint.MaxValue;
        for (int i = 0; i < (input->Bits == 64 ? 16 : 8); i++)
        {
            if (((e->State.Gpr[i] ^ a->State.Gpr[i]) & mask) != 0) return false;
        }
        if (((e->State.Rflags ^ a->State.Rflags) & ~NotCompared) != 0 || ((e->State.Rip ^ a->State.Rip) & mask) != 0) return false;
        if (input->Bits == 64 && (e->State.FsBase != a->State.FsBase || e->State.GsBase != a->State.GsBase)) return false;
        for (int i = 0; i < 6; i++)
        {
            if (e->State.Segments[i] != a->State.Segments[i]) return false;
        }
        return X87Comparison.Same(e, a) && VectorComparison.Same(e, a)
            && new ReadOnlySpan<byte>(e->Memory, (int)input->WindowLength).SequenceEqual(new ReadOnlySpan<byte>(a->Memory, (int)input->WindowLength));
    }

    private static bool SameFault(CaseResult* e, CaseResult* a) =>
        e->Vector == a->Vector && SameErrorCode(e, a) && (e->Vector != 14 || e->Cr2 == a->Cr2);

    // Linux sets the P bit of the error code for addresses that are not its user's (arch/x86/mm/fault.c), so that they tell nothing: its own half, and the last page of the lower one,
    // which it keeps free.
    private const ulong UserEnd = 0x7FFF_FFFF_F000;

    private static bool SameErrorCode(CaseResult* e, CaseResult* a) =>
        !HasErrorCode(e->Vector) || e->ErrorCode == a->ErrorCode || (e->Vector == 14 && e->Cr2 >= UserEnd && ((e->ErrorCode ^ a->ErrorCode) & ~1u) == 0);

    // An access that wraps around a 4-GByte limit may or may not raise an exception (SDM Vol. 3A 5.3).
    private static bool WrapsAtFourGigabytes(CaseInput* input, CaseResult* e, CaseResult* a) =>
        input->Bits != 64 && e->Outcome == CaseOutcome.Fault && a->Outcome == CaseOutcome.Fault
        && e->Vector is 12 or 13 && e->ErrorCode == 0 && a->Vector == 14 && (a->Cr2 >= 0xFFFF_FFC0 || a->Cr2 < 64);

    private static bool HasErrorCode(uint vector) => vector is 8 or (>= 10 and <= 14) or 17 or 21;

    private static bool CompareOutcome(CaseInput* input, CaseResult* e, CaseResult* a, List<Difference> differences)
    {
        if (e->Outcome == a->Outcome && (e->Outcome == CaseOutcome.Completed || e->Vector == a->Vector))
        {
            if (e->Outcome != CaseOutcome.Fault) return true;
            if (!SameErrorCode(e, a))
                differences.Add(new Difference($"error code of {VectorNames.Of(e->Vector)}", $"{e->ErrorCode:X}", $"{a->ErrorCode:X}"));
            if (e->Vector == 14 && e->Cr2 != a->Cr2 && !SaveAreaMask.Covers(input, e->Cr2, a->Cr2)) differences.Add(new Difference("CR2", $"{e->Cr2:X}", $"{a->Cr2:X}"));
            return true;
        }
        differences.Add(new Difference("outcome", Describe(e), Describe(a)));
        return false;

        static string Describe(CaseResult* r) => r->Outcome switch
        {
            CaseOutcome.Fault => $"{VectorNames.Of(r->Vector)}{(HasErrorCode(r->Vector) ? $"({r->ErrorCode:X})" : "")}{(r->Vector == 14 ? $" at {r->Cr2:X}" : "")} RIP {r->State.Rip:X}",
            CaseOutcome.Completed => $"completed RIP {r->State.Rip:X}",
            _ => r->Outcome.ToString().ToLowerInvariant(),
        };
    }

    private static void CompareGeneral(CaseInput* input, CaseResult* e, CaseResult* a, in Tolerance tolerance, List<Difference> differences)
    {
        bool wide = input->Bits == 64;
        string[] names = wide ? Names64 : Names32;
        for (int i = 0; i < names.Length; i++)
        {
            ulong mask = (wide ? ulong.MaxValue : uint.MaxValue) & ~tolerance.IgnoredGprBits(i);
            Number(names[i], e->State.Gpr[i] & mask, a->State.Gpr[i] & mask);
        }
        Number("RIP", wide ? e->State.Rip : (uint)e->State.Rip, wide ? a->State.Rip : (uint)a->State.Rip);
        ulong flags = ~(NotCompared | tolerance.UndefinedFlags);
        ulong expectedFlags = e->State.Rflags & flags, actualFlags = a->State.Rflags & flags;
        if (expectedFlags != actualFlags)
        {
            string changed = FlagNames.Of(expectedFlags ^ actualFlags);
            differences.Add(new Difference($"RFLAGS.{changed}", FlagNames.Values(expectedFlags), FlagNames.Values(actualFlags)));
        }
        if (wide)
        {
            Number("FS.base", e->State.FsBase, a->State.FsBase);
            Number("GS.base", e->State.GsBase, a->State.GsBase);
        }
        for (int i = 0; i < 6; i++) Number(SegmentNames[i], e->State.Segments[i], a->State.Segments[i]);

        void Number(string part, ulong expected, ulong actual)
        {
            if (expected != actual) differences.Add(new Difference(part, $"{expected:X}", $"{actual:X}"));
        }
    }
}
