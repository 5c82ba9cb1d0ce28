using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Emu.Mmu;

/// <summary>What tells shadow contexts apart: everything that gives linear addresses a different meaning.</summary>
internal readonly record struct ContextKey(ulong Root, ulong Mode, ulong Keys, NestedKey Nested, bool IsNested, AddressSpace Space);

/// <summary>
/// The translations of one address space of a guest: a software TLB for the data of each access class and two for code, which stay warm while
/// other contexts run, with the links by which every write tag is found from the RAM page it writes.
/// </summary>
/// <remarks>
/// Code has TLBs of its own because kernels align code and data alike (sections to 2 MBytes, for one), so that in a common one they would contend for
/// the same entries.
/// </remarks>
internal sealed unsafe class ShadowContext
{
    private const int DataClasses = 3;

    /// <summary>The TLB for user-mode code; that of all other code follows.</summary>
    private const int CodeClasses = DataClasses;

    private const int Classes = DataClasses + 2;
    private const int Slots = Classes * TlbEntry.Count;

    /// <summary>Bits of a slot number within a context: room for <see cref="Slots"/>.</summary>
    public const int SlotBits = TlbEntry.IndexBits + 3;

    private const int OccupiedWords = Slots / 64;

    private readonly GuestMemory _memory;
    private readonly uint _firstSlot;
    private readonly ulong* _occupied;

    public ShadowContext(GuestMemory memory, int id, SoftMmu owner)
    {
        _memory = memory;
        Id = id;
        Owner = owner;
        _firstSlot = (uint)id << SlotBits;
        Tlb = (TlbEntry*)NativeMemory.AlignedAlloc((nuint)Slots * TlbEntry.SizeInBytes, 64);
        Links = (SlotLink*)NativeMemory.AllocZeroed((nuint)DataClasses * TlbEntry.Count, (nuint)sizeof(SlotLink));
        _occupied = (ulong*)NativeMemory.AllocZeroed(OccupiedWords, sizeof(ulong));
        new Span<byte>(Tlb, Slots * TlbEntry.SizeInBytes).Fill(0xFF);
    }

    public int Id { get; }

    public SoftMmu Owner { get; }

    public TlbEntry* Tlb { get; private set; }

    public SlotLink* Links { get; private set; }

    /// <summary>Root nodes: by bits 31:30 of the linear address in PAE paging, by its sign in 4- and 5-level paging.</summary>
    public readonly nint[] Roots = new nint[4];

    public ContextKey Key;
    public Pdptes Pdptes;
    public bool InUse;

    /// <summary>Everything in it is void; to be emptied before it is used.</summary>
    public bool Stale;

    public ulong LastUse;

    /// <summary>The TLB for data accesses of a class.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TlbEntry* Data(AccessClass accessClass) => Tlb + ((int)accessClass << TlbEntry.IndexBits);

    /// <summary>The TLB for instruction fetches of a class. EFLAGS.AC, which tells supervisor classes apart, does not matter to fetches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TlbEntry* Code(AccessClass accessClass) => Tlb + (CodeClass(accessClass) << TlbEntry.IndexBits);

    private static int CodeClass(AccessClass accessClass) => accessClass == AccessClass.User ? CodeClasses : CodeClasses + 1;

    /// <summary>Puts a translation into the TLB for fetches.</summary>
    /// <param name="accessClass">Who fetches.</param>
    /// <param name="linear">Any address in the page.</param>
    /// <param name="host">Its host address.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void InstallCode(AccessClass accessClass, ulong linear, byte* host)
    {
        int slot = (CodeClass(accessClass) << TlbEntry.IndexBits) | (int)TlbEntry.Index(linear);
        TlbEntry* entry = Tlb + slot;
        entry->ExecuteTag = linear & ~0xFFFUL;
        entry->Addend = (nint)host - (nint)linear;
        _occupied[slot >> 6] |= 1UL << (slot & 63);
    }

    /// <summary>Puts a translation into the TLB for the data of a class.</summary>
    /// <param name="accessClass">The class.</param>
    /// <param name="linear">Any address in the page.</param>
    /// <param name="host">Its host address.</param>
    /// <param name="rights">Tags to set.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void InstallData(AccessClass accessClass, ulong linear, byte* host, PageRights rights)
    {
        int slot = ((int)accessClass << TlbEntry.IndexBits) | (int)TlbEntry.Index(linear);
        TlbEntry* entry = Tlb + slot;
        ulong page = linear & ~0xFFFUL;
        if (entry->WriteTag != TlbEntry.Invalid)
        {
            _memory.UnlinkWriteTag(this, slot);
        }

        entry->ReadTag = (rights & PageRights.Read) != 0 ? page : TlbEntry.Invalid;
        entry->Addend = (nint)host - (nint)linear;
        if ((rights & PageRights.Write) != 0)
        {
            entry->WriteTag = page;
            _memory.LinkWriteTag(this, slot, _memory.PageOf(host));
        }
        else
        {
            entry->WriteTag = TlbEntry.Invalid;
        }

        _occupied[slot >> 6] |= 1UL << (slot & 63);
    }

    /// <summary>Drops whatever is known of one page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void InvalidatePage(ulong linear)
    {
        ulong page = linear & ~0xFFFUL;
        int index = (int)TlbEntry.Index(linear);
        for (int accessClass = 0; accessClass < Classes; accessClass++)
        {
            int slot = (accessClass << TlbEntry.IndexBits) | index;
            TlbEntry* entry = Tlb + slot;
            if (entry->ReadTag == page || entry->WriteTag == page || entry->ExecuteTag == page)
            {
                Clear(slot);
            }
        }
    }

    /// <summary>Drops whatever is known of a naturally aligned range.</summary>
    public void InvalidateRange(ulong start, int sizeShift)
    {
        for (int word = 0; word < OccupiedWords; word++)
        {
            for (ulong bits = _occupied[word]; bits != 0; bits &= bits - 1)
            {
                int slot = (word << 6) | BitOperations.TrailingZeroCount(bits);
                TlbEntry* entry = Tlb + slot;
                ulong page = entry->ReadTag & entry->WriteTag & entry->ExecuteTag;
                if ((page ^ start) >> sizeShift == 0)
                {
                    Clear(slot);
                }
            }
        }
    }

    /// <summary>Drops everything from the TLBs.</summary>
    public void InvalidateAll()
    {
        for (int word = 0; word < OccupiedWords; word++)
        {
            for (ulong bits = _occupied[word]; bits != 0; bits &= bits - 1)
            {
                Clear((word << 6) | BitOperations.TrailingZeroCount(bits));
            }
        }
    }

    public uint GlobalSlot(int slot) => _firstSlot + (uint)slot + 1;

    public void Free()
    {
        NativeMemory.AlignedFree(Tlb);
        NativeMemory.Free(Links);
        NativeMemory.Free(_occupied);
        Tlb = null;
        Links = null;
    }

    /// <summary>Host page number a write tag writes to.</summary>
    public uint PageOfWriteTag(int slot)
    {
        TlbEntry* entry = Tlb + slot;
        return _memory.PageOf((byte*)(entry->WriteTag + (ulong)entry->Addend));
    }

    private void Clear(int slot)
    {
        TlbEntry* entry = Tlb + slot;
        if (entry->WriteTag != TlbEntry.Invalid)
        {
            _memory.UnlinkWriteTag(this, slot);
        }

        entry->ReadTag = entry->WriteTag = entry->ExecuteTag = TlbEntry.Invalid;
        _occupied[slot >> 6] &= ~(1UL << (slot & 63));
    }
}

/// <summary>Neighbours in the list of write tags for one RAM page; global slot numbers plus one, 0 for none.</summary>
internal struct SlotLink
{
    public uint Next;
    public uint Previous;
}
