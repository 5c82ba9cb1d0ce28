using System.Runtime.CompilerServices;

namespace Emu.Mmu;

/// <content>TLB misses.</content>
public sealed unsafe partial class SoftMmu
{
    private enum Outcome
    {
        Done,
        Fault,
        Retry,
        NotInMemory,
    }

    /// <summary>
    /// Translates an address that missed the TLB: checks permissions, sets accessed and dirty flags, and puts what is permitted into the TLB of
    /// the class. False with the fault in <paramref name="t"/>.
    /// </summary>
    /// <param name="linear">Linear address of the first byte; 32 bits outside IA-32e mode. An access that crosses a page needs a call a page.</param>
    /// <param name="kind">What is done; <see cref="AccessKind.Write"/> for read-modify-write.</param>
    /// <param name="accessClass">On whose behalf.</param>
    /// <param name="t">The translation, or the fault.</param>
    public bool Fill(ulong linear, AccessKind kind, AccessClass accessClass, out Translation t)
    {
        Unsafe.SkipInit(out t);
        if (_format.Mode < PagingMode.Level4)
        {
            linear = (uint)linear;
        }

        t.Linear = linear;
        t.Host = null;
        t.ExitInformation = 0;
        t.Error = 0;
        t.Fault = TranslationFault.None;
        t.PageShift = 12;
        if (_current.Stale)
        {
            _shadow.RemoveContext(_current);
            _current.Stale = false;
        }

        if (_format.Mode == PagingMode.None)
        {
            return FillUnpaged(linear, kind, accessClass, ref t);
        }

        if (!IsCanonical(linear))
        {
            t.Fault = TranslationFault.NonCanonical;
            t.Rights = PageRights.None;
            t.Physical = t.GuestPhysical = 0;
            return false;
        }

        while (true)
        {
            Outcome outcome = WalkShadow(linear, kind, accessClass, ref t);
            if (outcome <= Outcome.Fault)
            {
                return outcome == Outcome.Done;
            }

            if (outcome == Outcome.NotInMemory)
            {
                return WalkUncached(linear, kind, accessClass, ref t, probe: false, null);
            }
        }
    }

    /// <summary>
    /// Translates without any side effect, for debuggers: no accessed or dirty flag is set, no TLB entry made. With a list, also records
    /// every paging-structure entry read, in order.
    /// </summary>
    public bool Probe(ulong linear, AccessKind kind, AccessClass accessClass, out Translation t, List<WalkStep>? trace = null)
    {
        t = new Translation { Linear = linear, PageShift = 12 };
        if (!IsCanonical(linear))
        {
            t.Fault = TranslationFault.NonCanonical;
            return false;
        }

        if (_format.Mode != PagingMode.None)
        {
            return WalkUncached(linear, kind, accessClass, ref t, probe: true, trace);
        }

        t.Physical = t.GuestPhysical = (uint)linear & _addressMask;
        t.Rights = PageRights.Read | PageRights.Write | PageRights.Execute;
        if (_nested is not null && !TranslateNested(kind, GuestPageRights.All, probe: true, ref t, out _, trace))
        {
            return false;
        }

        SetHost(kind, ref t);
        return true;
    }

    private bool WalkUncached(ulong linear, AccessKind kind, AccessClass accessClass, ref Translation t, bool probe, List<WalkStep>? trace)
    {
        var request = new WalkRequest
        {
            Root = _controls.Cr3,
            Pdptes = _controls.Pdptes,
            Linear = linear,
            Kind = kind,
            Class = accessClass,
            Pkru = _controls.Pkru,
            Pkrs = _controls.Pkrs,
            AddressMask = _addressMask,
            Probe = probe,
        };
        if (!new PageWalker(_space, _format, _nested).Walk(in request, ref t, out _, out _, trace))
        {
            return false;
        }

        SetHost(kind, ref t);
        return true;
    }

    private bool FillUnpaged(ulong linear, AccessKind kind, AccessClass accessClass, ref Translation t)
    {
        t.Physical = t.GuestPhysical = (uint)linear & _addressMask;
        t.Rights = PageRights.Read | PageRights.Write | PageRights.Execute;
        PageRights cacheable = t.Rights;
        if (_nested is not null && !TranslateNested(kind, GuestPageRights.All, probe: false, ref t, out cacheable, null))
        {
            return false;
        }

        InstallHost(linear, kind, accessClass, cacheable, ref t);
        return true;
    }

    private Outcome WalkShadow(ulong linear, AccessKind kind, AccessClass accessClass, ref Translation t)
    {
        PagingFormat format = _format;
        TableNode* node = _shadow.Find(_current.Id, 1, linear & (ulong.MaxValue << format.Shift(2)));
        if (node == null)
        {
            Outcome outcome = FindNode(linear, kind, accessClass, ref t, out node);
            if (outcome != Outcome.Done)
            {
                return outcome;
            }
        }

        int level = node->Level;
        int index = (int)(linear >> format.Shift(level)) & ((1 << format.BitsPerLevel) - 1);
        byte* address = node->Table + (index << format.EntryShift);
        ulong entry = format.EntryShift == 2 ? Volatile.Read(ref *(uint*)address) : Volatile.Read(ref *(ulong*)address);
        if ((entry & PagingFormat.Present) == 0)
        {
            return Fail(kind, accessClass, PageFaultError.None, ref t);
        }

        bool leaf = format.IsLeaf(entry, level);
        if ((entry & format.Reserved(level, leaf)) != 0)
        {
            return Fail(kind, accessClass, PageFaultError.Present | PageFaultError.ReservedBit, ref t);
        }

        if (!leaf)
        {
            // Another agent replaced the entry between the two reads.
            return Outcome.Retry;
        }

        return UseLeaf(node, index, address, entry, linear, kind, accessClass, ref t);
    }

    private Outcome UseLeaf(
        TableNode* node, int index, byte* address, ulong entry, ulong linear, AccessKind kind, AccessClass accessClass, ref Translation t)
    {
        PagingFormat format = _format;
        uint rights = node->Rights & format.RightsOf(entry);
        uint allowed = format.Allowed(rights, accessClass);
        uint forbidden = 0;
        if (format.AnyKeys)
        {
            forbidden = format.KeyForbids(entry, rights, accessClass, _controls.Pkru, _controls.Pkrs);
            allowed &= ~forbidden;
        }

        int shift = format.Shift(node->Level);
        t.PageShift = (byte)shift;
        t.Rights = (PageRights)allowed;
        t.Physical = (format.PageAddress(entry, node->Level) | (linear & ((1UL << shift) - 1))) & _addressMask;
        t.GuestPhysical = t.Physical;
        uint need = 1u << (int)kind;
        if ((allowed & need) == 0)
        {
            PageFaultError key = (forbidden & need) != 0 ? PageFaultError.ProtectionKey : PageFaultError.None;
            return Fail(kind, accessClass, PageFaultError.Present | key, ref t);
        }

        ulong flags = PagingFormat.Accessed | (kind == AccessKind.Write ? PagingFormat.Dirty : 0);
        if ((entry & flags) != flags && !node->InRom)
        {
            Outcome outcome = SetFlags(node, address, entry, flags, rights, ref t);
            if (outcome != Outcome.Done)
            {
                return outcome;
            }

            entry |= flags;
        }

        var cacheable = (PageRights)allowed;
        if ((entry & PagingFormat.Dirty) == 0 && !node->InRom)
        {
            cacheable &= ~PageRights.Write;
        }

        if (_nested is not null)
        {
            if (!TranslateNested(kind, (GuestPageRights)rights, probe: false, ref t, out PageRights nested, null))
            {
                return Outcome.Fault;
            }

            cacheable &= nested;
        }

        _shadow.MarkUsed(node, index, entry);
        InstallHost(linear, kind, accessClass, cacheable, ref t);
        return Outcome.Done;
    }

    /// <summary>Finds the host address and makes the TLB entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void InstallHost(ulong linear, AccessKind kind, AccessClass accessClass, PageRights cacheable, ref Translation t)
    {
        byte* host = _space.TryGetRam(t.Physical, out bool writable);
        if (host == null)
        {
            return;
        }

        if (!writable)
        {
            cacheable &= ~PageRights.Write;
        }
        else if (_memory.IsTracked(_memory.PageOf(host)))
        {
            cacheable &= ~PageRights.Write;
        }

        t.Host = writable || kind != AccessKind.Write ? host : null;
        if ((_uncached.Length != 0 && IsUncached(linear)) || _current.Stale)
        {
            return;
        }

        if (kind == AccessKind.Execute)
        {
            if ((cacheable & PageRights.Execute) != 0)
            {
                _current.InstallCode(accessClass, linear, host);
            }
        }
        else
        {
            _current.InstallData(accessClass, linear, host, cacheable);
        }
    }

    private void SetHost(AccessKind kind, ref Translation t)
    {
        byte* host = _space.TryGetRam(t.Physical, out bool writable);
        t.Host = writable || kind != AccessKind.Write ? host : null;
    }

    private bool IsUncached(ulong linear) => Array.IndexOf(_uncached, linear & ~0xFFFUL) >= 0;

    private bool TranslateNested(
        AccessKind kind, GuestPageRights guestRights, bool probe, ref Translation t, out PageRights cacheable, List<WalkStep>? trace)
    {
        cacheable = PageRights.None;
        if (_nested is null)
        {
            return true;
        }

        var access = new NestedAccess(kind, false, true, guestRights, probe);
        t.GuestPhysical = t.Physical;
        if (!_nested.Translate(t.Physical, access, out NestedTranslation result, trace))
        {
            t.Fault = result.Fault;
            t.ExitInformation = result.ExitInformation;
            return false;
        }

        cacheable = result.Rights;
        t.Physical = result.Physical & _addressMask;
        return true;
    }

    /// <summary>Sets flags in an entry; under nested paging that is a write to the guest-physical address of the entry.</summary>
    private Outcome SetFlags(TableNode* node, byte* address, ulong entry, ulong flags, uint rights, ref Translation t)
    {
        if (!node->Writable)
        {
            if (_nested is null)
            {
                return Outcome.Done;
            }

            ulong guestPhysical = node->GuestPhysical + (ulong)(address - node->Table);
            var access = new NestedAccess(AccessKind.Write, true, true, (GuestPageRights)rights, false);
            if (!_nested.Translate(guestPhysical, access, out NestedTranslation result))
            {
                t.GuestPhysical = guestPhysical;
                t.Fault = result.Fault;
                t.ExitInformation = result.ExitInformation;
                return Outcome.Fault;
            }

            node->Writable = true;
        }

        if (!EntryAccess.TrySetFlags(address, node->EntryShift, entry, flags))
        {
            return Outcome.Retry;
        }

        _memory.NotifyFlagsSet(address, 1 << node->EntryShift);
        return Outcome.Done;
    }

    private Outcome Fail(AccessKind kind, AccessClass accessClass, PageFaultError cause, ref Translation t)
    {
        t.Fault = TranslationFault.PageFault;
        t.Error = _format.Error(kind, accessClass, cause);
        return Outcome.Fault;
    }
}
