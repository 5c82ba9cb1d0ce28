using System.Runtime.CompilerServices;
using Emu.Cpu.Semantics;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>CMPS: [seg:rSI] compared with [ES:rDI].</summary>
internal readonly unsafe struct Cmps : IStringOperation
{
    public static bool Compares => true;

    public static ulong Bulk<T>(ref StringRun run, ulong count)
        where T : unmanaged, IEquatable<T>
    {
        ulong from = run.SourceIndex, to = run.DestinationIndex;
        SegmentIndex segment = run.Op->Segment;
        count = run.Room<T>(SegmentIndex.Es, to, run.Room<T>(segment, from, count));
        if (count == 0) return 0;
        byte* left = run.Reach<T>(segment, from, count, AccessKind.Read);
        if (left == null) return 0;
        byte* right = run.Reach<T>(SegmentIndex.Es, to, count, AccessKind.Read);
        if (right == null) return 0;
        int length = (int)count, index = 0;
        if (!run.Backward && !run.StopsWhenEqual)
        {
            index = new ReadOnlySpan<T>(left, length).CommonPrefixLength(new ReadOnlySpan<T>(right, length));
        }
        else
        {
            while (index < length)
            {
                int at = (run.Backward ? length - 1 - index : index) * sizeof(T);
                bool equal = Unsafe.ReadUnaligned<T>(left + at).Equals(Unsafe.ReadUnaligned<T>(right + at));
                if (equal == run.StopsWhenEqual) break;
                index++;
            }
        }

        run.Stopped = index < length;
        int last = run.Stopped ? index : length - 1;
        int position = (run.Backward ? length - 1 - last : last) * sizeof(T);
        run.Left = Bits.Zero(Unsafe.ReadUnaligned<T>(left + position));
        run.Right = Bits.Zero(Unsafe.ReadUnaligned<T>(right + position));
        return (uint)last + 1;
    }

    public static bool Single<T>(ref StringRun run)
        where T : unmanaged, IEquatable<T>
    {
        if (!run.Cpu.TryReadElement(run.Op->Segment, run.SourceIndex, out T left)) return false;
        if (!run.Cpu.TryReadElement(SegmentIndex.Es, run.DestinationIndex, out T right)) return false;
        run.Left = Bits.Zero(left);
        run.Right = Bits.Zero(right);
        run.Stopped = left.Equals(right) == run.StopsWhenEqual;
        return true;
    }

    public static void Advance(in StringRun run, ulong bytes)
    {
        run.AdvanceSource(bytes);
        run.AdvanceDestination(bytes);
    }
}

/// <summary>SCAS: accumulator compared with [ES:rDI].</summary>
internal readonly unsafe struct Scas : IStringOperation
{
    public static bool Compares => true;

    public static ulong Bulk<T>(ref StringRun run, ulong count)
        where T : unmanaged, IEquatable<T>
    {
        ulong to = run.DestinationIndex;
        count = run.Room<T>(SegmentIndex.Es, to, count);
        if (count == 0) return 0;
        byte* memory = run.Reach<T>(SegmentIndex.Es, to, count, AccessKind.Read);
        if (memory == null) return 0;
        T value = *(T*)&run.State->Gpr[0];
        int length = (int)count, index;
        ReadOnlySpan<T> elements = new(memory, length);
        if (run.Backward)
        {
            index = run.StopsWhenEqual ? elements.LastIndexOf(value) : elements.LastIndexOfAnyExcept(value);
            if (index >= 0) index = length - 1 - index;
        }
        else
        {
            index = run.StopsWhenEqual ? elements.IndexOf(value) : elements.IndexOfAnyExcept(value);
        }

        run.Stopped = index >= 0;
        int last = run.Stopped ? index : length - 1;
        run.Left = Bits.Zero(value);
        run.Right = Bits.Zero(elements[run.Backward ? length - 1 - last : last]);
        return (uint)last + 1;
    }

    public static bool Single<T>(ref StringRun run)
        where T : unmanaged, IEquatable<T>
    {
        if (!run.Cpu.TryReadElement(SegmentIndex.Es, run.DestinationIndex, out T right)) return false;
        T left = *(T*)&run.State->Gpr[0];
        run.Left = Bits.Zero(left);
        run.Right = Bits.Zero(right);
        run.Stopped = left.Equals(right) == run.StopsWhenEqual;
        return true;
    }

    public static void Advance(in StringRun run, ulong bytes) => run.AdvanceDestination(bytes);
}
