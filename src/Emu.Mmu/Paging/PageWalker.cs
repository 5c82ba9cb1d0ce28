namespace Emu.Mmu;

/// <summary>What to walk and for whom.</summary>
internal readonly struct WalkRequest
{
    /// <summary>CR3, or nCR3.</summary>
    public required ulong Root { get; init; }

    /// <summary>The PDPTE registers, or null to read the PDPT from memory (nested PAE tables).</summary>
    public Pdptes? Pdptes { get; init; }

    public required ulong Linear { get; init; }

    public required AccessKind Kind { get; init; }

    public required AccessClass Class { get; init; }

    public uint Pkru { get; init; }

    public uint Pkrs { get; init; }

    /// <summary>Physical address bits that are decoded (A20).</summary>
    public ulong AddressMask { get; init; }

    /// <summary>Leaves accessed and dirty flags alone.</summary>
    public bool Probe { get; init; }
}

/// <summary>
/// The page walk of SDM Vol. 3A chapter 4 without any cache, read from physical memory entry by entry: for debuggers and
/// teaching, for tables that are not in RAM, and for the nested tables of AMD.
/// </summary>
internal readonly struct PageWalker(AddressSpace space, PagingFormat format, NestedStage? nested)
{
    /// <summary>
    /// Walks. False with the fault; <paramref name="rights"/> are the combined rights of the entries read, <paramref name="dirty"/> tells
    /// whether the leaf has its dirty flag set.
    /// </summary>
    public bool Walk(in WalkRequest request, ref Translation t, out uint rights, out bool dirty, List<WalkStep>? trace)
    {
        while (true)
        {
            WalkOutcome outcome = TryWalk(in request, ref t, out rights, out dirty, trace);
            if (outcome != WalkOutcome.Retry)
            {
                return outcome == WalkOutcome.Done;
            }

            trace?.Clear();
        }
    }

    private enum WalkOutcome
    {
        Done,
        Fault,
        Retry,
    }

    private WalkOutcome TryWalk(in WalkRequest request, ref Translation t, out uint rights, out bool dirty, List<WalkStep>? trace)
    {
        dirty = false;
        rights = PagingFormat.AllRights;
        int level = format.TopLevel;
        ulong table = format.Mode == PagingMode.Bits32 ? request.Root & 0xFFFF_F000 : PagingFormat.TableAddress(request.Root);
        if (format.Mode == PagingMode.Pae)
        {
            if (request.Pdptes is { } pdptes)
            {
                ulong pdpte = pdptes[(int)(request.Linear >> 30) & 3];
                trace?.Add(new WalkStep(0, 0, pdpte, false, false));
                if ((pdpte & PagingFormat.Present) == 0)
                {
                    return Fail(in request, ref t, PageFaultError.None);
                }

                table = PagingFormat.TableAddress(pdpte);
                level = 2;
            }
            else
            {
                table = request.Root & 0xFFFF_FFE0;
            }
        }

        while (true)
        {
            ulong index = (request.Linear >> format.Shift(level)) & ((1UL << format.BitsPerLevel) - 1);
            if (level == 3 && format.Mode == PagingMode.Pae)
            {
                index &= 3;
            }

            ulong entryAddress = table + (index << format.EntryShift);
            if (!Reach(entryAddress, in request, AccessKind.Read, rights, ref t, trace, out ulong entryPhysical))
            {
                return WalkOutcome.Fault;
            }

            ulong entry = EntryAccess.Read(space, entryPhysical, format.EntryShift);
            bool leaf = format.IsLeaf(entry, level);
            trace?.Add(new WalkStep(level, entryAddress, entry, leaf, false));
            if ((entry & PagingFormat.Present) == 0)
            {
                return Fail(in request, ref t, PageFaultError.None);
            }

            bool pdpteInMemory = level == 3 && format.Mode == PagingMode.Pae;
            ulong reserved = pdpteInMemory ? (0x1E6UL | (format.Reserved(1, true) & ~0xFFFUL) | (1UL << 63)) : format.Reserved(level, leaf);
            if ((entry & reserved) != 0)
            {
                return Fail(in request, ref t, PageFaultError.Present | PageFaultError.ReservedBit);
            }

            if (!pdpteInMemory)
            {
                rights &= format.RightsOf(entry);
            }

            if (leaf)
            {
                dirty = request.Kind == AccessKind.Write || (entry & PagingFormat.Dirty) != 0;
                return Finish(in request, ref t, entryAddress, entryPhysical, entry, level, rights, trace);
            }

            if (!pdpteInMemory && !request.Probe && (entry & PagingFormat.Accessed) == 0)
            {
                WalkOutcome outcome = SetFlags(in request, ref t, entryAddress, entryPhysical, entry, PagingFormat.Accessed, rights, trace);
                if (outcome != WalkOutcome.Done)
                {
                    return outcome;
                }
            }

            table = PagingFormat.TableAddress(entry);
            level--;
        }
    }

    private WalkOutcome Finish(
        in WalkRequest request, ref Translation t, ulong entryAddress, ulong entryPhysical, ulong entry, int level, uint rights, List<WalkStep>? trace)
    {
        uint forbidden = format.AnyKeys ? format.KeyForbids(entry, rights, request.Class, request.Pkru, request.Pkrs) : 0;
        uint need = 1u << (int)request.Kind;
        uint allowed = format.Allowed(rights, request.Class) & ~forbidden;
        t.Rights = (PageRights)allowed;
        t.PageShift = (byte)format.Shift(level);
        ulong offset = request.Linear & ((1UL << t.PageShift) - 1);
        t.Physical = (format.PageAddress(entry, level) | offset) & request.AddressMask;
        t.GuestPhysical = t.Physical;
        if ((allowed & need) == 0)
        {
            PageFaultError key = (forbidden & need) != 0 ? PageFaultError.ProtectionKey : PageFaultError.None;
            return Fail(in request, ref t, PageFaultError.Present | key);
        }

        ulong flags = PagingFormat.Accessed | (request.Kind == AccessKind.Write ? PagingFormat.Dirty : 0);
        if (!request.Probe && (entry & flags) != flags)
        {
            WalkOutcome outcome = SetFlags(in request, ref t, entryAddress, entryPhysical, entry, flags, rights, trace);
            if (outcome != WalkOutcome.Done)
            {
                return outcome;
            }
        }

        if (nested is not null)
        {
            var access = new NestedAccess(request.Kind, false, true, (GuestPageRights)rights, request.Probe);
            t.GuestPhysical = t.Physical;
            if (!nested.Translate(t.Physical, access, out NestedTranslation result, trace))
            {
                t.Fault = result.Fault;
                t.ExitInformation = result.ExitInformation;
                return WalkOutcome.Fault;
            }

            t.Physical = result.Physical;
            t.Rights &= result.Rights;
        }

        t.Fault = TranslationFault.None;
        return WalkOutcome.Done;
    }

    private WalkOutcome SetFlags(
        in WalkRequest request, ref Translation t, ulong entryAddress, ulong entryPhysical, ulong entry, ulong flags, uint rights, List<WalkStep>? trace)
    {
        if (nested is not null && !Reach(entryAddress, in request, AccessKind.Write, rights, ref t, trace, out entryPhysical))
        {
            return WalkOutcome.Fault;
        }

        return EntryAccess.TrySetFlags(space, entryPhysical, format.EntryShift, entry, flags) ? WalkOutcome.Done : WalkOutcome.Retry;
    }

    /// <summary>Physical address of a paging-structure entry, through the nested stage if there is one.</summary>
    private bool Reach(
        ulong address, in WalkRequest request, AccessKind kind, uint rights, ref Translation t, List<WalkStep>? trace, out ulong physical)
    {
        physical = address & request.AddressMask;
        if (nested is null)
        {
            return true;
        }

        var access = new NestedAccess(kind, true, true, (GuestPageRights)rights, request.Probe);
        if (!nested.Translate(physical, access, out NestedTranslation result, trace))
        {
            t.GuestPhysical = physical;
            t.Fault = result.Fault;
            t.ExitInformation = result.ExitInformation;
            return false;
        }

        physical = result.Physical;
        return true;
    }

    private WalkOutcome Fail(in WalkRequest request, ref Translation t, PageFaultError cause)
    {
        t.Fault = TranslationFault.PageFault;
        t.Error = format.Error(request.Kind, request.Class, cause);
        return WalkOutcome.Fault;
    }
}
