using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Mmu;

/// <content>Write tracking: who is told when bytes of guest memory change, and the dirty log of displays.</content>
public sealed unsafe partial class GuestMemory
{
    private ICodeWriteListener[] _codeListeners = [];

    /// <summary>Adds a code cache to those told of writes to pages marked <see cref="PageTracking.Code"/>.</summary>
    public void AddCodeListener(ICodeWriteListener listener) => _codeListeners = [.. _codeListeners, listener];

    /// <summary>Removes a code cache.</summary>
    public void RemoveCodeListener(ICodeWriteListener listener) => _codeListeners = [.. _codeListeners.Where(l => l != listener)];

    /// <summary>Marks a page so that every write to it is reported; existing write tags for it are removed.</summary>
    public void TrackWrites(uint ramPage, PageTracking kind)
    {
        byte flags = _flags[ramPage];
        if ((flags & (byte)kind) == (byte)kind)
        {
            return;
        }

        _flags[ramPage] = (byte)(flags | (byte)kind);
        if ((flags & (byte)PageTracking.Any) == 0)
        {
            RemoveWriteTags(ramPage);
        }
    }

    /// <summary>Removes a mark.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Untrack(uint ramPage, PageTracking kind) => _flags[ramPage] &= (byte)~kind;

    /// <summary>
    /// To be called after bytes of guest RAM changed by any means other than a write through a TLB write tag: a
    /// processor's slow path, DMA, a device, the host, the debugger.
    /// </summary>
    /// <param name="host">First byte written.</param>
    /// <param name="length">Number of bytes; all inside one block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void NotifyWrite(byte* host, ulong length)
    {
        uint page = PageOf(host);
        if (((ulong)host & (PageSize - 1)) + length <= PageSize)
        {
            if ((_flags[page] & (byte)PageTracking.Any) != 0 && length != 0)
            {
                NotifyPage(page, (int)((ulong)host & (PageSize - 1)), (int)length);
            }

            return;
        }

        NotifyPages(host, length);
    }

    /// <summary>
    /// The processor set accessed or dirty flags in a paging-structure entry. Nothing derived from the entry changes by that, so
    /// only the other trackers are told.
    /// </summary>
    internal void NotifyFlagsSet(byte* host, int length)
    {
        uint page = PageOf(host);
        if ((_flags[page] & (byte)(PageTracking.Code | PageTracking.DirtyLog | PageTracking.CheckpointLog)) != 0)
        {
            NotifyPage(page, (int)((ulong)host & (PageSize - 1)), length, tables: false);
        }
    }

    private void NotifyPages(byte* host, ulong length)
    {
        while (length != 0)
        {
            int offset = (int)((ulong)host & (PageSize - 1));
            int here = (int)Math.Min(length, (ulong)(PageSize - offset));
            uint page = PageOf(host);
            if ((_flags[page] & (byte)PageTracking.Any) != 0)
            {
                NotifyPage(page, offset, here);
            }

            host += here;
            length -= (ulong)here;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void NotifyPage(uint page, int offset, int length, bool tables = true)
    {
        var flags = (PageTracking)_flags[page];
        if ((flags & PageTracking.DirtyLog) != 0)
        {
            _flags[page] = (byte)((_flags[page] & (byte)~PageTracking.DirtyLog) | (byte)PageTracking.Dirty);
        }

        if ((flags & PageTracking.CheckpointLog) != 0)
        {
            _flags[page] = (byte)((_flags[page] & (byte)~PageTracking.CheckpointLog) | (byte)PageTracking.CheckpointDirty);
        }

        if (tables && (flags & PageTracking.PageTable) != 0)
        {
            Shadow.OnPageWritten(page, offset, length);
        }

        if ((flags & PageTracking.Code) != 0)
        {
            foreach (ICodeWriteListener listener in _codeListeners)
            {
                listener.OnCodeWritten(page, offset, length);
            }
        }
    }

    internal void StartDirtyLog(uint firstPage, uint count)
    {
        for (uint page = firstPage; page < firstPage + count; page++)
        {
            _flags[page] = (byte)((_flags[page] & (byte)~PageTracking.DirtyLog) | (byte)PageTracking.Dirty);
        }
    }

    internal void StopDirtyLog(uint firstPage, uint count)
    {
        for (uint page = firstPage; page < firstPage + count; page++)
        {
            _flags[page] &= (byte)~(PageTracking.DirtyLog | PageTracking.Dirty);
        }
    }

    /// <remarks>
    /// A logged page is either Dirty (write tags allowed, nobody is told) or DirtyLog (no write tags; the first write makes it
    /// Dirty). So a page costs one slow write between two readings, and a reading costs a scan of one byte a page.
    /// </remarks>
    internal bool GetAndClearDirty(uint firstPage, uint count, Span<ulong> bitmap)
    {
        bitmap[..(int)((count + 63) / 64)].Clear();
        bool any = false;
        byte* flags = _flags + firstPage;
        var dirty = Vector256.Create((byte)PageTracking.Dirty);
        uint index = 0;
        while (index < count)
        {
            if (count - index >= 32 && (Vector256.Load(flags + index) & dirty) == Vector256<byte>.Zero)
            {
                index += 32;
                continue;
            }

            uint end = Math.Min(count, index + 32);
            for (; index < end; index++)
            {
                if ((flags[index] & (byte)PageTracking.Dirty) != 0)
                {
                    any = true;
                    bitmap[(int)(index >> 6)] |= 1UL << (int)(index & 63);
                    bool watched = (flags[index] & (byte)PageTracking.Any) != 0;
                    flags[index] = (byte)((flags[index] & (byte)~PageTracking.Dirty) | (byte)PageTracking.DirtyLog);
                    if (!watched)
                    {
                        RemoveWriteTags(firstPage + index);
                    }
                }
            }
        }

        return any;
    }
}
