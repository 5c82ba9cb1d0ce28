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

    /// <summary>Evictions of one entry beyond those of all others that share its counter, after which pages are taken to contend for it.</summary>
    private const int FirstPatience = 256;

    private const int MaxPatience = 1 << 20;

    private const int ContentionCounters = 64;

    /// <summary>
    /// Distances to fold by, in the order they are tried. Where two pages differ in every bit, as one of a stack at the top of the user's half may from one of a program
    /// at the bottom, all short distances fold the difference away. Each brings ten bits of the page number into the index, and every bit is among those of one.
    /// </summary>
    private static readonly byte[] FoldDistances = [TlbEntry.FoldDistance, 7, 18, 26, 9, 5, 29, 15];

    private readonly (int Slot, int Count)[] _contention = new (int, int)[ContentionCounters];
    private int _patience = FirstPatience;
    private int _foldChoice;

    /// <summary>How its TLBs fold the higher bits of a page number (<see cref="TlbEntry.Index"/>).</summary>
    public int FoldShift { get; private set; } = TlbEntry.FoldShift;

    /// <summary>Pages that are used in turn contend for an entry, and each use of one is a miss.</summary>
    public bool Thrashes { get; private set; }

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
        int slot = (CodeClass(accessClass) << TlbEntry.IndexBits) | (int)TlbEntry.Index(linear, FoldShift);
        TlbEntry* entry = Tlb + slot;
        ulong page = linear & ~0xFFFUL;
        if (entry->ExecuteTag != page && entry->ExecuteTag != TlbEntry.Invalid) NoteEviction(slot);
        entry->ExecuteTag = page;
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
        int slot = ((int)accessClass << TlbEntry.IndexBits) | (int)TlbEntry.Index(linear, FoldShift);
        TlbEntry* entry = Tlb + slot;
        ulong page = linear & ~0xFFFUL;
        if (entry->ReadTag != page && entry->ReadTag != TlbEntry.Invalid) NoteEviction(slot);
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

    /// <summary>
    /// Empties the TLBs and spreads pages over them in another way, so that those which contended for an entry no longer do. Each time it takes longer until
    /// the next, for there are programs that no way suits.
    /// </summary>
    public void Rehash() => Spread((_foldChoice + 1) % FoldDistances.Length, Math.Min(_patience * 2, MaxPatience));

    /// <summary>For another address space: pages are spread as at first.</summary>
    public void ResetHash() => Spread(0, FirstPatience);

    private void Spread(int choice, int patience)
    {
        InvalidateAll();
        _foldChoice = choice;
        FoldShift = 12 + FoldDistances[choice];
        _patience = patience;
        Array.Clear(_contention);
        Thrashes = false;
    }

    /// <summary>
    /// An entry that is in use goes to another page. That is as it should be where more pages are in use than there are entries; but then it is another entry each time.
    /// A counter goes up for the entry that has it, and down for all others.
    /// </summary>
    private void NoteEviction(int slot)
    {
        ref (int Slot, int Count) counter = ref _contention[slot % ContentionCounters];
        if (counter.Slot == slot)
        {
            Thrashes |= ++counter.Count >= _patience;
        }
        else if (--counter.Count < 0)
        {
            counter = (slot, 0);
        }
    }

    /// <summary>Drops whatever is known of one page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void InvalidatePage(ulong linear)
    {
        ulong page = linear & ~0xFFFUL;
        int index = (int)TlbEntry.Index(linear, FoldShift);
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
