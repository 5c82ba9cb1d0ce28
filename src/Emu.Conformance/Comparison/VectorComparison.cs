using System.Buffers.Binary;
using Emu.Conformance.Cases;

namespace Emu.Conformance.Comparison;

/// <summary>Compares XMM/YMM registers and MXCSR.</summary>
internal static unsafe class VectorComparison
{
    private const int Registers = 16;

    /// <summary>Whether all vector registers and MXCSR agree.</summary>
    public static bool Same(CaseResult* e, CaseResult* a) =>
        e->State.Mxcsr == a->State.Mxcsr
        && Span(e, MachineState.XmmOffset).SequenceEqual(Span(a, MachineState.XmmOffset))
        && Span(e, MachineState.YmmhOffset).SequenceEqual(Span(a, MachineState.YmmhOffset));

    /// <summary>Lists the differences.</summary>
    public static void Compare(CaseInput* input, CaseResult* e, CaseResult* a, in Tolerance tolerance, List<Difference> differences)
    {
        if (e->State.Mxcsr != a->State.Mxcsr) differences.Add(new Difference("MXCSR", $"{e->State.Mxcsr:X4}", $"{a->State.Mxcsr:X4}"));
        int count = input->Bits == 64 ? Registers : 8;
        Span<byte> left = stackalloc byte[32], right = stackalloc byte[32];
        for (int i = 0; i < count; i++)
        {
            Load(e, i, left);
            Load(a, i, right);
            if (left.SequenceEqual(right) || tolerance.AcceptsVector(left, right)) continue;
            differences.Add(new Difference($"YMM{i}", Text(left), Text(right)));
        }
    }

    private static ReadOnlySpan<byte> Span(CaseResult* r, int offset) => new(r->State.Xsave + offset, Registers * 16);

    private static void Load(CaseResult* r, int register, Span<byte> into)
    {
        Span(r, MachineState.XmmOffset).Slice(register * 16, 16).CopyTo(into);
        Span(r, MachineState.YmmhOffset).Slice(register * 16, 16).CopyTo(into[16..]);
    }

    private static string Text(ReadOnlySpan<byte> value)
    {
        var words = new string[4];
        for (int i = 0; i < 4; i++) words[i] = BinaryPrimitives.ReadUInt64LittleEndian(value[((3 - i) * 8)..]).ToString("X16");
        return string.Join('_', words);
    }
}
