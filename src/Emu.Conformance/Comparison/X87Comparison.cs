using System.Buffers.Binary;
using Emu.Conformance.Cases;

namespace Emu.Conformance.Comparison;

/// <summary>Compares the x87 registers, MMX included.</summary>
/// <remarks>
/// The last-instruction and last-operand pointers (FIP, FDP, FOP) are not compared: processors differ in when they update them
/// (only on an unmasked exception, APM Vol. 2 11.4.4.3 and CPUID 7.EBX[6] FDP_EXCPTN_ONLY; selectors always zero, CPUID 7.EBX[13]), and
/// some keep them from other processes unless an exception is pending.
/// </remarks>
internal static unsafe class X87Comparison
{
    /// <summary>Whether all x87 registers agree.</summary>
    public static bool Same(CaseResult* e, CaseResult* a)
    {
        if (e->State.Fcw != a->State.Fcw || e->State.Fsw != a->State.Fsw || e->State.Ftw != a->State.Ftw) return false;
        for (int i = 0; i < 8; i++)
        {
            if (!Register(e, i).SequenceEqual(Register(a, i))) return false;
        }
        return true;
    }

    /// <summary>Lists the differences; registers are named by their physical number R0-R7.</summary>
    public static void Compare(CaseInput* input, CaseResult* e, CaseResult* a, in Tolerance tolerance, List<Difference> differences)
    {
        if (tolerance.IgnoreX87) return;
        if (e->State.Fcw != a->State.Fcw) differences.Add(new Difference("FCW", $"{e->State.Fcw:X4}", $"{a->State.Fcw:X4}"));
        int status = 0xFFFF & ~tolerance.UndefinedX87Status;
        if (((e->State.Fsw ^ a->State.Fsw) & status) != 0)
            differences.Add(new Difference($"FSW.{StatusNames((e->State.Fsw ^ a->State.Fsw) & status)}", $"{e->State.Fsw:X4}", $"{a->State.Fsw:X4}"));
        if (e->State.Ftw != a->State.Ftw) differences.Add(new Difference("FTW", $"{e->State.Ftw:X2}", $"{a->State.Ftw:X2}"));
        int top = e->State.Fsw >> 11 & 7;
        for (int i = 0; i < 8; i++)
        {
            // The image holds ST(0)..ST(7).
            ReadOnlySpan<byte> left = Register(e, i), right = Register(a, i);
            if (left.SequenceEqual(right) || tolerance.AcceptsX87(left, right)) continue;
            differences.Add(new Difference($"ST{i} (R{i + top & 7})", Text(left), Text(right)));
        }
    }

    private static ReadOnlySpan<byte> Register(CaseResult* r, int index) => new(r->State.Xsave + MachineState.StOffset + index * 16, 10);

    private static string Text(ReadOnlySpan<byte> value) =>
        $"{BinaryPrimitives.ReadUInt16LittleEndian(value[8..]):X4}_{BinaryPrimitives.ReadUInt64LittleEndian(value):X16}";

    private static string StatusNames(int bits)
    {
        string[] names = ["IE", "DE", "ZE", "OE", "UE", "PE", "SF", "ES", "C0", "C1", "C2", "TOP", "TOP", "TOP", "C3", "B"];
        return string.Join('+', Enumerable.Range(0, 16).Where(i => (bits >> i & 1) != 0).Select(i => names[i]).Distinct());
    }
}
