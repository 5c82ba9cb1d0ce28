using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Emu.Mmu;

/// <content>
/// Page tables that are written often. Tracking every write would cost a slow path for each; so after a few writes the page is let
/// go, with a snapshot of what it said. As on hardware, translations derived from it may then be stale until the guest flushes
/// them; at each such point (<see cref="SyncAll"/>, <see cref="SyncEntry"/>) the page is compared with the snapshot, and
/// what changed is dropped. A page that stays quiet for a while is tracked again.
/// </content>
internal sealed unsafe partial class ShadowTables
{
    private const int UnsyncAfterWrites = 3;
    private const int MaxUnsync = 64;
    private const int QuietSyncsBeforeTracking = 2;

    private readonly UnsyncPage[] _unsync = new UnsyncPage[MaxUnsync];
    private ulong _unsyncInUse;
    private int _nextVictim;

    private struct UnsyncPage
    {
        public byte* Snapshot;
        public uint RamPage;
        public int QuietSyncs;
    }

    /// <summary>No page table is let go, however often it is written: see <see cref="GuestMemory.KeepsTranslationsExact"/>.</summary>
    public bool TracksAllTables { get; set; }

    /// <summary>Whether any page table is unsynchronized.</summary>
    public bool AnyUnsync => _unsyncInUse != 0;

    /// <summary>Makes all translations of all contexts agree with the guest's tables.</summary>
    public void SyncAll()
    {
        for (ulong slots = _unsyncInUse; slots != 0; slots &= slots - 1)
        {
            int slot = BitOperations.TrailingZeroCount(slots);
            bool changed = SyncPage(slot);
            ref UnsyncPage unsync = ref _unsync[slot];
            unsync.QuietSyncs = changed ? 0 : unsync.QuietSyncs + 1;
            if (unsync.QuietSyncs >= QuietSyncsBeforeTracking)
            {
                Retrack(ref _pages[_recordOfPage[unsync.RamPage] - 1]);
            }
        }
    }

    /// <summary>
    /// Makes all contexts agree with the guest's tables as far as one linear address of a context is concerned.
    /// </summary>
    public void SyncEntry(ShadowContext context, ulong linear, PagingFormat format)
    {
        if (_unsyncInUse == 0)
        {
            return;
        }

        ulong linearBase = linear & (ulong.MaxValue << format.Shift(2));
        TableNode* node = Find(context.Id, 1, linearBase);
        if (node == null)
        {
            // The context knows nothing of the address, but others may hold a global translation of it.
            SyncAll();
            return;
        }

        int unsync = _pages[_recordOfPage[node->RamPage] - 1].Unsync;
        if (unsync >= 0)
        {
            int offset = (int)((linear - linearBase) >> 12) << node->EntryShift;
            byte* snapshot = _unsync[unsync].Snapshot + (offset & ~7);
            ulong current = *(ulong*)(_memory.HostOf(node->RamPage) + (offset & ~7));
            if (*(ulong*)snapshot != current)
            {
                DropEntries(node->RamPage, offset & ~7, 8);
                *(ulong*)snapshot = current;
            }
        }
    }

    /// <summary>An entry of a page that is not tracked is about to be used: older uses of a different value go.</summary>
    private void RefreshSnapshot(TableNode* node, int index, ulong entry)
    {
        int slot = _pages[_recordOfPage[node->RamPage] - 1].Unsync;
        int offset = index << node->EntryShift;
        byte* snapshot = _unsync[slot].Snapshot + offset;
        ulong old = node->EntryShift == 2 ? *(uint*)snapshot : *(ulong*)snapshot;
        if (old == entry)
        {
            return;
        }

        if (((old ^ entry) & ~(PagingFormat.Accessed | PagingFormat.Dirty)) != 0 || (old & ~entry) != 0)
        {
            DropEntries(node->RamPage, offset, 1 << node->EntryShift);
        }

        if (node->EntryShift == 2)
        {
            *(uint*)snapshot = (uint)entry;
        }
        else
        {
            *(ulong*)snapshot = entry;
        }
    }

    private void MakeUnsync(uint record)
    {
        int slot;
        if (_unsyncInUse == ulong.MaxValue)
        {
            // Full: put one back under tracking.
            slot = _nextVictim++ & (MaxUnsync - 1);
            SyncPage(slot);
            Retrack(ref _pages[_recordOfPage[_unsync[slot].RamPage] - 1]);
        }
        else
        {
            slot = BitOperations.TrailingZeroCount(~_unsyncInUse);
        }

        ref TablePage page = ref _pages[record - 1];
        ref UnsyncPage unsync = ref _unsync[slot];
        if (unsync.Snapshot == null)
        {
            unsync.Snapshot = (byte*)NativeMemory.AlignedAlloc(GuestMemory.PageSize, 64);
        }

        unsync.RamPage = page.RamPage;
        unsync.QuietSyncs = 0;
        Unsafe.CopyBlock(unsync.Snapshot, _memory.HostOf(page.RamPage), GuestMemory.PageSize);
        _unsyncInUse |= 1UL << slot;
        page.Unsync = slot;
        _memory.Untrack(page.RamPage, PageTracking.PageTable);
        Statistics.Unsynchronized++;
    }

    /// <summary>Compares a page with its snapshot and drops what changed. Returns whether anything did.</summary>
    private bool SyncPage(int slot)
    {
        Statistics.Compared++;
        ref UnsyncPage unsync = ref _unsync[slot];
        byte* snapshot = unsync.Snapshot;
        byte* current = _memory.HostOf(unsync.RamPage);
        bool changed = false;
        for (int offset = 0; offset < GuestMemory.PageSize; offset += 64)
        {
            Vector256<byte> difference = (Vector256.Load(snapshot + offset) ^ Vector256.Load(current + offset))
                | (Vector256.Load(snapshot + offset + 32) ^ Vector256.Load(current + offset + 32));
            if (difference == Vector256<byte>.Zero)
            {
                continue;
            }

            changed = true;
            for (int word = offset; word < offset + 64; word += 8)
            {
                if (*(ulong*)(snapshot + word) != *(ulong*)(current + word))
                {
                    DropEntries(unsync.RamPage, word, 8);
                    *(ulong*)(snapshot + word) = *(ulong*)(current + word);
                }
            }
        }

        return changed;
    }

    private void Retrack(ref TablePage page)
    {
        ReleaseSnapshot(ref page);
        page.Writes = 0;
        _memory.TrackWrites(page.RamPage, PageTracking.PageTable);
    }

    private void ReleaseSnapshot(ref TablePage page)
    {
        _unsyncInUse &= ~(1UL << page.Unsync);
        page.Unsync = -1;
    }
}
