using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>MOVS: [ES:rDI] = [seg:rSI].</summary>
internal readonly unsafe struct Movs : IStringOperation
{
    public static bool Compares => false;

    public static ulong Bulk<T>(ref StringRun run, ulong count)
        where T : unmanaged, IEquatable<T>
    {
        ulong from = run.SourceIndex, to = run.DestinationIndex;
        SegmentIndex segment = run.Op->Segment;
        count = run.Room<T>(SegmentIndex.Es, to, run.Room<T>(segment, from, count));
        if (count == 0) return 0;
        byte* source = run.Reach<T>(segment, from, count, AccessKind.Read);
        if (source == null) return 0;
        byte* destination = run.Reach<T>(SegmentIndex.Es, to, count, AccessKind.Write);
        if (destination == null) return 0;
        Copy<T>(destination, source, count * (uint)sizeof(T), run.Backward);
        return count;
    }

    /// <summary>
    /// Copies as a sequence of elements would, lowest first or highest first; where source and destination overlap, elements
    /// already written are read again.
    /// </summary>
    internal static void Copy<T>(byte* destination, byte* source, ulong bytes, bool backward)
        where T : unmanaged
    {
        nint distance = (nint)(destination - source);
        bool overlaps = (nuint)Math.Abs(distance) < bytes;
        if (!overlaps || (backward ? distance >= 0 : distance <= 0))
        {
            Buffer.MemoryCopy(source, destination, bytes, bytes);
        }
        else if (!backward && distance >= sizeof(T))
        {
            // The first `distance` bytes repeat; ever longer multiples of them can be copied at once.
            Buffer.MemoryCopy(source, destination, (ulong)distance, (ulong)distance);
            for (ulong done = (ulong)distance; done < bytes;)
            {
                ulong chunk = Math.Min(done, bytes - done);
                Buffer.MemoryCopy(destination, destination + done, chunk, chunk);
                done += chunk;
            }
        }
        else if (!backward)
        {
            for (ulong i = 0; i < bytes; i += (uint)sizeof(T)) CopyElement<T>(destination + i, source + i);
        }
        else
        {
            for (ulong i = bytes; i != 0;)
            {
                i -= (uint)sizeof(T);
                CopyElement<T>(destination + i, source + i);
            }
        }
    }

    private static void CopyElement<T>(byte* destination, byte* source)
        where T : unmanaged => Unsafe.WriteUnaligned(destination, Unsafe.ReadUnaligned<T>(source));

    public static bool Single<T>(ref StringRun run)
        where T : unmanaged, IEquatable<T> =>
        run.Cpu.TryReadElement(run.Op->Segment, run.SourceIndex, out T value)
        && run.Cpu.TryWriteElement(SegmentIndex.Es, run.DestinationIndex, value);

    public static void Advance(in StringRun run, ulong bytes)
    {
        run.AdvanceSource(bytes);
        run.AdvanceDestination(bytes);
    }
}

/// <summary>STOS: [ES:rDI] = accumulator.</summary>
internal readonly unsafe struct Stos : IStringOperation
{
    public static bool Compares => false;

    public static ulong Bulk<T>(ref StringRun run, ulong count)
        where T : unmanaged, IEquatable<T>
    {
        ulong to = run.DestinationIndex;
        count = run.Room<T>(SegmentIndex.Es, to, count);
        if (count == 0) return 0;
        byte* destination = run.Reach<T>(SegmentIndex.Es, to, count, AccessKind.Write);
        if (destination == null) return 0;
        new Span<T>(destination, (int)count).Fill(*(T*)&run.State->Gpr[0]);
        return count;
    }

    public static bool Single<T>(ref StringRun run)
        where T : unmanaged, IEquatable<T> =>
        run.Cpu.TryWriteElement(SegmentIndex.Es, run.DestinationIndex, *(T*)&run.State->Gpr[0]);

    public static void Advance(in StringRun run, ulong bytes) => run.AdvanceDestination(bytes);
}

/// <summary>LODS: accumulator = [seg:rSI].</summary>
internal readonly unsafe struct Lods : IStringOperation
{
    public static bool Compares => false;

    public static ulong Bulk<T>(ref StringRun run, ulong count)
        where T : unmanaged, IEquatable<T>
    {
        ulong from = run.SourceIndex;
        SegmentIndex segment = run.Op->Segment;
        count = run.Room<T>(segment, from, count);
        if (count == 0) return 0;
        byte* source = run.Reach<T>(segment, from, count, AccessKind.Read);
        if (source == null) return 0;
        run.Cpu.WriteRegister(0, Unsafe.ReadUnaligned<T>(run.Backward ? source : source + ((count - 1) * (uint)sizeof(T))));
        return count;
    }

    public static bool Single<T>(ref StringRun run)
        where T : unmanaged, IEquatable<T>
    {
        if (!run.Cpu.TryReadElement(run.Op->Segment, run.SourceIndex, out T value)) return false;
        run.Cpu.WriteRegister(0, value);
        return true;
    }

    public static void Advance(in StringRun run, ulong bytes) => run.AdvanceSource(bytes);
}
