using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// Elements of strings: segment:offset with every check, recording faults instead of unwinding.
public sealed unsafe partial class Vcpu
{
    /// <summary>Reads at segment:offset; false with a fault recorded, RIP untouched.</summary>
    internal bool TryReadElement<T>(SegmentIndex segment, ulong offset, out T value)
        where T : unmanaged
    {
        value = default;
        if (!TrySegment(segment, offset, sizeof(T), AccessKind.Read, out ulong linear)) return false;
        TlbEntry* entry = State->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->ReadTag)
        {
            value = Unsafe.ReadUnaligned<T>((void*)(linear + (ulong)entry->Addend));
            return true;
        }

        T read;
        if (!Access(linear, (byte*)&read, sizeof(T), AccessKind.Read, CurrentAccessClass, segment)) return false;
        value = read;
        return true;
    }

    /// <summary>Writes at segment:offset; false with a fault recorded, RIP untouched.</summary>
    internal bool TryWriteElement<T>(SegmentIndex segment, ulong offset, T value)
        where T : unmanaged
    {
        if (!TrySegment(segment, offset, sizeof(T), AccessKind.Write, out ulong linear)) return false;
        TlbEntry* entry = State->DataEntry(linear);
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) == entry->WriteTag)
        {
            Unsafe.WriteUnaligned((void*)(linear + (ulong)entry->Addend), value);
            return true;
        }

        return Access(linear, (byte*)&value, sizeof(T), AccessKind.Write, CurrentAccessClass, segment);
    }

    /// <summary>
    /// Host address of a page's byte that missed the TLB, once it is filled; null where elements must be accessed one by one: faults
    /// (not recorded), devices, tracked pages, breakpoints.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal byte* FillForString(ulong linear, AccessKind kind)
    {
        if (!Mmu.Fill(linear, kind, CurrentAccessClass, out Translation translation) || translation.Host == null) return null;
        TlbEntry* entry = State->DataEntry(linear);
        ulong tag = kind == AccessKind.Write ? entry->WriteTag : entry->ReadTag;
        return (linear & ~0xFFFul) == tag ? translation.Host : null;
    }
}
