using Emu.Conformance.Cases;

namespace Emu.Conformance.Comparison;

/// <summary>Compares the memory window.</summary>
internal static unsafe class MemoryComparison
{
    /// <summary>Adds one difference for the range of bytes that differ.</summary>
    public static void Compare(CaseInput* input, CaseResult* e, CaseResult* a, in Tolerance tolerance, List<Difference> differences)
    {
        int length = (int)input->WindowLength;
        var left = new Span<byte>(e->Memory, length);
        var right = new ReadOnlySpan<byte>(a->Memory, length);
        if (right.SequenceEqual(left)) return;
        int first = -1, last = -1;
        for (int i = 0; i < length; i++)
        {
            if (left[i] == right[i] || tolerance.IgnoresMemory(i, left[i], right[i])) continue;
            if (first < 0) first = i;
            last = i;
        }
        if (first < 0) return;
        int count = Math.Min(last - first + 1, 32);
        differences.Add(new Difference($"memory at {input->WindowAddress + (ulong)first:X} ({last - first + 1} bytes)",
            Convert.ToHexString(left.Slice(first, count)), Convert.ToHexString(right.Slice(first, count))));
    }
}
