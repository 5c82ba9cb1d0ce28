using System.Numerics;
using System.Runtime.InteropServices;

namespace Emu.Mmu;

/// <summary>
/// All <see cref="TableNode"/>s of a machine, by context and linear address and by page of RAM, and what happens when such a page is written.
/// </summary>
/// <remarks>
/// A page with nodes is either <em>tracked</em> (marked <see cref="PageTracking.PageTable"/>; a write drops what was derived from the
/// entry at once) or <em>unsynchronized</em> (see the other part of this class).
/// </remarks>
internal sealed unsafe partial class ShadowTables : IDisposable
{
    private const int HashBits = 14;
    private const int NodesPerChunk = 256;
    private const int MaxNodes = 1 << 16;

    /// <summary>Writes in a row after which a page of upper-level tables is taken for something else.</summary>
    private const int UpperWriteLimit = 64;

    private readonly GuestMemory _memory;
    private readonly uint* _recordOfPage;
    private readonly TableNode** _hash;
    private readonly List<nint> _chunks = [];
    private TableNode* _freeNodes;
    private int _freeCount;
    private TablePage[] _pages = new TablePage[256];
    private uint _freePage;
    private uint _pageCount;
    private uint _removals;

    /// <summary>What is known of a page of RAM that holds guest paging structures.</summary>
    private struct TablePage
    {
        public TableNode* First;
        public uint RamPage;
        public uint NextFree;

        /// <summary>Writes since the page was last put under tracking.</summary>
        public int Writes;

        /// <summary>Bit n: used as a table of level n.</summary>
        public int Levels;

        /// <summary>Slot of the snapshot while unsynchronized, else -1.</summary>
        public int Unsync;
    }

    public ShadowTables(GuestMemory memory, uint* recordOfPage)
    {
        _memory = memory;
        _recordOfPage = recordOfPage;
        _hash = (TableNode**)NativeMemory.AllocZeroed(1 << HashBits, (nuint)sizeof(TableNode*));
    }

    public ShadowStatistics Statistics;

    /// <summary>The node of a table, or null.</summary>
    public TableNode* Find(int context, int level, ulong linearBase)
    {
        TableNode* node = _hash[Hash(context, level, linearBase)];
        while (node != null && (node->LinearBase != linearBase || node->Context != context || node->Level != level))
        {
            node = node->HashNext;
        }

        return node;
    }

    /// <summary>Whether a walk of five levels can go ahead without running out of nodes.</summary>
    public bool HasRoom => _freeCount >= 8 || _chunks.Count * NodesPerChunk < MaxNodes;

    /// <summary>Adds a node, and starts to track writes to its page.</summary>
    public TableNode* Add(ShadowContext context, TableNode* parent, int parentIndex, int level, ulong linearBase, byte* table, PagingFormat format)
    {
        TableNode* node = Allocate();
        *node = default;
        node->Table = table;
        node->LinearBase = linearBase;
        node->Parent = parent;
        node->ParentIndex = (ushort)parentIndex;
        node->Level = (byte)level;
        node->Context = context.Id;
        node->EntryShift = (byte)format.EntryShift;
        node->BitsPerLevel = (byte)format.BitsPerLevel;
        node->RamPage = _memory.PageOf(table);
        ref TableNode* bucket = ref _hash[Hash(context.Id, level, linearBase)];
        node->HashNext = bucket;
        bucket = node;

        ref TablePage page = ref RecordOf(node->RamPage);
        node->PageNext = page.First;
        if (page.First != null)
        {
            page.First->PagePrevious = node;
        }

        page.First = node;
        page.Levels |= 1 << level;
        if (page.Unsync < 0)
        {
            _memory.TrackWrites(node->RamPage, PageTracking.PageTable);
        }
        else if (level > 1)
        {
            // Only page tables may be out of step: a range derived from an upper level is never looked at again.
            SyncPage(page.Unsync);
            Retrack(ref page);
        }

        Statistics.NodesAdded++;
        return node;
    }

    /// <summary>
    /// Notes that something is being derived from an entry, so that a write to the entry will drop it.
    /// </summary>
    /// <param name="node">The table.</param>
    /// <param name="index">Number of the entry.</param>
    /// <param name="entry">The value used, with the flags the processor has set in it.</param>
    public void MarkUsed(TableNode* node, int index, ulong entry)
    {
        if ((_memory.TrackingOf(node->RamPage) & PageTracking.PageTable) == 0)
        {
            RefreshSnapshot(node, index, entry);
        }

        node->SetUsed(index);
    }

    /// <summary>A page marked as page table was written (after the fact).</summary>
    public void OnPageWritten(uint ramPage, int offset, int length)
    {
        uint record = _recordOfPage[ramPage];
        if (record == 0)
        {
            _memory.Untrack(ramPage, PageTracking.PageTable);
            return;
        }

        Statistics.TableWrites++;
        ref TablePage page = ref _pages[record - 1];
        if (length >= 256)
        {
            // A bulk write: the page has become something else.
            RemovePage(ramPage);
            return;
        }

        DropEntries(ramPage, offset, length);
        if (_recordOfPage[ramPage] != record)
        {
            return;
        }

        page.Writes++;
        if (page.Levels == 1 << 1)
        {
            if (page.Writes >= UnsyncAfterWrites && !TracksAllTables)
            {
                MakeUnsync(record);
            }
        }
        else if (page.Writes >= UpperWriteLimit)
        {
            RemovePage(ramPage);
        }
    }

    /// <summary>Drops everything derived from the entries that overlap some bytes of a page.</summary>
    private void DropEntries(uint ramPage, int offset, int length)
    {
        uint record = _recordOfPage[ramPage];
    restart:
        uint removals = _removals;
        TableNode* node = _pages[record - 1].First;
        while (node != null)
        {
            TableNode* next = node->PageNext;
            int last = (offset + length - 1) >> node->EntryShift;
            for (int index = offset >> node->EntryShift; index <= last; index++)
            {
                if (node->IsUsed(index))
                {
                    DropEntry(node, index);
                    if (_removals != removals)
                    {
                        // Nodes went away, perhaps this one or all of this page (a table that maps itself).
                        if (_recordOfPage[ramPage] != record)
                        {
                            return;
                        }

                        goto restart;
                    }
                }
            }

            node = next;
        }
    }

    /// <summary>Drops everything derived from one entry.</summary>
    private void DropEntry(TableNode* node, int index)
    {
        node->ClearUsed(index);
        int shift = node->Shift;
        ulong linear = node->LinearBase + ((ulong)index << shift);
        ShadowContext context = _memory.Context(node->Context);
        if (node->Level == 1)
        {
            context.InvalidatePage(linear);
            return;
        }

        TableNode* child = Find(node->Context, node->Level - 1, linear);
        if (child != null)
        {
            Remove(child);
        }
        else
        {
            context.InvalidateRange(linear, shift);
        }
    }

    /// <summary>Removes a node, its subtree, and everything derived from them.</summary>
    public void Remove(TableNode* node)
    {
        int words = 1 << (node->BitsPerLevel - 6);
        for (int word = 0; word < words; word++)
        {
            for (ulong bits = node->Used[word]; bits != 0; bits &= bits - 1)
            {
                DropEntry(node, (word << 6) | BitOperations.TrailingZeroCount(bits));
            }
        }

        Unlink(node);
    }

    /// <summary>Removes every node of a page of RAM: it is an ordinary page again.</summary>
    public void RemovePage(uint ramPage)
    {
        uint record = _recordOfPage[ramPage];
        while (_recordOfPage[ramPage] == record && record != 0)
        {
            TableNode* node = _pages[record - 1].First;
            if (node->Parent != null)
            {
                // The parent's entry leads to nothing any more.
                node->Parent->ClearUsed(node->ParentIndex);
            }

            Remove(node);
        }
    }

    /// <summary>Removes all nodes of a context, and all its translations.</summary>
    public void RemoveContext(ShadowContext context)
    {
        for (int i = 0; i < context.Roots.Length; i++)
        {
            RemoveRoot(context, i);
        }

        context.InvalidateAll();
    }

    /// <summary>Removes one root of a context with its subtree.</summary>
    public void RemoveRoot(ShadowContext context, int index)
    {
        if (context.Roots[index] != 0)
        {
            Remove((TableNode*)context.Roots[index]);
        }
    }

    private void Unlink(TableNode* node)
    {
        _removals++;
        TableNode** link = &_hash[Hash(node->Context, node->Level, node->LinearBase)];
        while (*link != node)
        {
            link = &(*link)->HashNext;
        }

        *link = node->HashNext;
        if (node->Parent == null)
        {
            nint[] roots = _memory.Context(node->Context).Roots;
            roots[Array.IndexOf(roots, (nint)node)] = 0;
        }

        ref TablePage page = ref _pages[_recordOfPage[node->RamPage] - 1];
        if (node->PageNext != null)
        {
            node->PageNext->PagePrevious = node->PagePrevious;
        }

        if (node->PagePrevious != null)
        {
            node->PagePrevious->PageNext = node->PageNext;
        }
        else
        {
            page.First = node->PageNext;
        }

        if (page.First == null)
        {
            ReleaseRecord(ref page);
        }

        node->HashNext = _freeNodes;
        _freeNodes = node;
        _freeCount++;
    }

    private ref TablePage RecordOf(uint ramPage)
    {
        uint record = _recordOfPage[ramPage];
        if (record != 0)
        {
            return ref _pages[record - 1];
        }

        if (_freePage != 0)
        {
            record = _freePage;
            _freePage = _pages[record - 1].NextFree;
        }
        else
        {
            if (_pageCount == _pages.Length)
            {
                Array.Resize(ref _pages, _pages.Length * 2);
            }

            record = ++_pageCount;
        }

        _recordOfPage[ramPage] = record;
        ref TablePage page = ref _pages[record - 1];
        page = new TablePage { RamPage = ramPage, Unsync = -1 };
        return ref page;
    }

    private void ReleaseRecord(ref TablePage page)
    {
        if (page.Unsync >= 0)
        {
            ReleaseSnapshot(ref page);
        }

        uint record = _recordOfPage[page.RamPage];
        _recordOfPage[page.RamPage] = 0;
        _memory.Untrack(page.RamPage, PageTracking.PageTable);
        page.NextFree = _freePage;
        _freePage = record;
    }

    private TableNode* Allocate()
    {
        if (_freeNodes == null)
        {
            var chunk = (TableNode*)NativeMemory.AllocZeroed(NodesPerChunk, (nuint)sizeof(TableNode));
            _chunks.Add((nint)chunk);
            for (int i = 0; i < NodesPerChunk; i++)
            {
                chunk[i].HashNext = _freeNodes;
                _freeNodes = chunk + i;
            }

            _freeCount += NodesPerChunk;
        }

        TableNode* node = _freeNodes;
        _freeNodes = node->HashNext;
        _freeCount--;
        return node;
    }

    private static int Hash(int context, int level, ulong linearBase)
    {
        ulong x = (linearBase >> 21) ^ ((ulong)(uint)context << 40) ^ ((ulong)(uint)level << 58);
        return (int)((x * 0x9E37_79B9_7F4A_7C15) >> (64 - HashBits));
    }

    public void Dispose()
    {
        foreach (nint chunk in _chunks)
        {
            NativeMemory.Free((void*)chunk);
        }

        _chunks.Clear();
        NativeMemory.Free(_hash);
        foreach (UnsyncPage unsync in _unsync)
        {
            NativeMemory.AlignedFree(unsync.Snapshot);
        }
    }
}

/// <summary>Counts of what the shadow machinery did, for tuning and the monitor.</summary>
public struct ShadowStatistics
{
    /// <summary>Paging structures taken into the shadow.</summary>
    public ulong NodesAdded;

    /// <summary>Writes to tracked paging structures.</summary>
    public ulong TableWrites;

    /// <summary>Page tables that went unsynchronized.</summary>
    public ulong Unsynchronized;

    /// <summary>Page tables compared with their snapshots.</summary>
    public ulong Compared;

    /// <summary>Contexts reused for another address space.</summary>
    public ulong ContextsEvicted;

    /// <summary>Times that a context has spread its pages over the TLBs in another way, because some contended for an entry.</summary>
    public ulong Rehashes;
}
