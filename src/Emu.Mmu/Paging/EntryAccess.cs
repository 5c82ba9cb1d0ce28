using System.Runtime.CompilerServices;

namespace Emu.Mmu;

/// <summary>Reads and updates paging-structure entries in physical memory.</summary>
internal static unsafe class EntryAccess
{
    public static ulong Read(AddressSpace space, ulong physical, int entryShift)
    {
        byte* host = space.TryGetRam(physical, out _);
        if (host == null)
        {
            return space.Read(physical, 1 << entryShift);
        }

        return entryShift == 2 ? Unsafe.ReadUnaligned<uint>(host) : Unsafe.ReadUnaligned<ulong>(host);
    }

    /// <summary>
    /// Sets flags in an entry that was read as <paramref name="old"/>, in one locked step. False if another agent changed
    /// the entry meanwhile. An entry in ROM stays as it is.
    /// </summary>
    public static bool TrySetFlags(AddressSpace space, ulong physical, int entryShift, ulong old, ulong flags)
    {
        byte* host = space.TryGetRam(physical, out bool writable);
        if (host == null)
        {
            space.Write(physical, 1 << entryShift, old | flags);
            return true;
        }

        if (!writable)
        {
            return true;
        }

        if (!TrySetFlags(host, entryShift, old, flags))
        {
            return false;
        }

        space.Memory.NotifyFlagsSet(host, 1 << entryShift);
        return true;
    }

    public static bool TrySetFlags(byte* host, int entryShift, ulong old, ulong flags) => entryShift == 2
        ? Interlocked.CompareExchange(ref *(uint*)host, (uint)(old | flags), (uint)old) == (uint)old
        : Interlocked.CompareExchange(ref *(ulong*)host, old | flags, old) == old;
}
