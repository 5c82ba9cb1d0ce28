using System.Runtime.CompilerServices;

namespace Emu.Mmu;

/// <content>
/// The reverse map from a page of RAM to the TLB entries with a write tag for it: a doubly linked list through all TLBs, so that a page
/// that becomes tracked loses its write tags in time proportional to their number.
/// </content>
public sealed unsafe partial class GuestMemory
{
    private const int SlotBits = ShadowContext.SlotBits;
    private const uint SlotMask = (1 << SlotBits) - 1;

    private readonly uint* _writeTagHeads;
    private readonly List<ShadowContext?> _contexts = [];
    private ulong _useCounter;

    internal ShadowContext CreateContext(SoftMmu owner)
    {
        int id = _contexts.IndexOf(null);
        if (id < 0)
        {
            id = _contexts.Count;
            _contexts.Add(null);
        }

        var context = new ShadowContext(this, id, owner);
        _contexts[id] = context;
        return context;
    }

    internal void FreeContext(ShadowContext context)
    {
        Shadow.RemoveContext(context);
        context.InvalidateAll();
        _contexts[context.Id] = null;
        context.Free();
    }

    /// <summary>A stamp for the order in which contexts of all processors were used.</summary>
    internal ulong NextUse() => ++_useCounter;

    /// <summary>Empties the context, of any processor, that was not used for longest. False if all are in use.</summary>
    internal bool EvictOldestContext()
    {
        ShadowContext? oldest = null;
        foreach (ShadowContext? context in _contexts)
        {
            if (context is { InUse: true } && !context.Owner.IsCurrent(context) && (oldest is null || context.LastUse < oldest.LastUse))
            {
                oldest = context;
            }
        }

        oldest?.Owner.Evict(oldest);
        return oldest is not null;
    }

    internal ShadowContext Context(int id) => _contexts[id] ?? throw new InvalidOperationException("a freed shadow context is still referred to");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void LinkWriteTag(ShadowContext context, int slot, uint ramPage)
    {
        uint self = context.GlobalSlot(slot);
        uint next = _writeTagHeads[ramPage];
        context.Links[slot] = new SlotLink { Next = next };
        if (next != 0)
        {
            LinkOf(next).Previous = self;
        }

        _writeTagHeads[ramPage] = self;
    }

    internal void UnlinkWriteTag(ShadowContext context, int slot)
    {
        SlotLink link = context.Links[slot];
        if (link.Next != 0)
        {
            LinkOf(link.Next).Previous = link.Previous;
        }

        if (link.Previous != 0)
        {
            LinkOf(link.Previous).Next = link.Next;
        }
        else
        {
            _writeTagHeads[context.PageOfWriteTag(slot)] = link.Next;
        }
    }

    /// <summary>Removes all write tags for a page, from all TLBs of all processors.</summary>
    private void RemoveWriteTags(uint ramPage)
    {
        uint self = _writeTagHeads[ramPage];
        _writeTagHeads[ramPage] = 0;
        while (self != 0)
        {
            ShadowContext context = Context((int)((self - 1) >> SlotBits));
            int slot = (int)((self - 1) & SlotMask);
            context.Tlb[slot].WriteTag = TlbEntry.Invalid;
            self = context.Links[slot].Next;
        }
    }

    private ref SlotLink LinkOf(uint globalSlot) =>
        ref Context((int)((globalSlot - 1) >> SlotBits)).Links[(globalSlot - 1) & SlotMask];
}
