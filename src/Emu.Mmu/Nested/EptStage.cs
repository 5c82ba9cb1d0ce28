namespace Emu.Mmu;

/// <summary>What the processor's IA32_VMX_EPT_VPID_CAP and VM-execution controls say of EPT.</summary>
/// <param name="PhysicalAddressBits">MAXPHYADDR.</param>
/// <param name="ExecuteOnly">Execute-only translations are supported (capability bit 0).</param>
/// <param name="GigabytePages">1-GByte pages are supported (capability bit 17).</param>
/// <param name="ModeBasedExecute">The "mode-based execute control for EPT" VM-execution control.</param>
/// <param name="AdvancedExitInformation">Exit qualification bits 11:9 are reported (capability bit 22).</param>
public readonly record struct EptFeatures(
    int PhysicalAddressBits, bool ExecuteOnly, bool GigabytePages, bool ModeBasedExecute, bool AdvancedExitInformation);

/// <summary>
/// Extended page tables (SDM Vol. 3C 28.3): 4 or 5 levels, permissions, misconfigurations, accessed and dirty flags, and the
/// exit qualification of violations.
/// </summary>
public sealed class EptStage : NestedStage
{
    private const ulong Read = 1, Write = 2, Execute = 4, ExecuteUser = 1 << 10;
    private const ulong LargePage = 1 << 7, AccessedFlag = 1 << 8, DirtyFlag = 1 << 9;
    private const ulong FlagsEnabled = 1 << 6;
    private const ulong LinearValidBit = 1 << 7, LinearTranslationBit = 1 << 8;

    private readonly AddressSpace _space;
    private readonly EptFeatures _features;
    private readonly GuestPhysicalCache _cache = new();
    private readonly int _topLevel;
    private readonly bool _flags;

    /// <summary>Makes the stage of an EPTP that passed the checks at VM entry.</summary>
    /// <param name="space">Where the tables lie.</param>
    /// <param name="eptp">EPT pointer (SDM Vol. 3C 24.6.11).</param>
    /// <param name="features">Capabilities and controls.</param>
    /// <param name="tag">Anything else that keeps its translations apart, such as the VPID.</param>
    public EptStage(AddressSpace space, ulong eptp, EptFeatures features, ulong tag = 0)
    {
        _space = space;
        _features = features;
        Eptp = eptp;
        _topLevel = (int)((eptp >> 3) & 7) + 1;
        _flags = (eptp & FlagsEnabled) != 0;
        Key = new NestedKey(eptp, (tag << 1) | (features.ModeBasedExecute ? 1UL : 0));
    }

    /// <summary>The EPT pointer.</summary>
    public ulong Eptp { get; }

    /// <inheritdoc/>
    public override NestedKey Key { get; }

    /// <summary>Whether an EPTP may be loaded (SDM Vol. 3C 26.2.1.1): memory type UC or WB, walk length 4 or 5, reserved bits clear.</summary>
    public static bool IsValidPointer(ulong eptp, int physicalAddressBits, bool fiveLevels, bool accessedDirty)
    {
        ulong type = eptp & 7, length = (eptp >> 3) & 7;
        return (type is 0 or 6)
            && (length == 3 || (length == 4 && fiveLevels))
            && (accessedDirty || (eptp & FlagsEnabled) == 0)
            && (eptp & 0xF80) == 0
            && (eptp & (physicalAddressBits >= 64 ? 0 : ulong.MaxValue << physicalAddressBits)) == 0;
    }

    /// <inheritdoc/>
    public override void Flush() => _cache.Clear();

    /// <inheritdoc/>
    public override bool Translate(ulong guestPhysical, NestedAccess access, out NestedTranslation result, List<WalkStep>? trace = null)
    {
        result = default;
        // With accessed and dirty flags, an access to a guest paging structure counts as a write (SDM Vol. 3C 28.3.5).
        bool write = access.Kind == AccessKind.Write || (access.GuestTable && _flags);
        ulong needed = Needed(access, write);
        ref GuestPhysicalCache.Entry cached = ref _cache.At(guestPhysical);
        if (cached.Tag == GuestPhysicalCache.TagOf(guestPhysical) && !access.Probe
            && (cached.Permissions & needed) == needed && (!write || cached.Dirty))
        {
            result.Physical = cached.PhysicalPage | (guestPhysical & 0xFFF);
            result.Rights = RightsOf(cached.Permissions, access.GuestRights, cached.Dirty);
            return true;
        }

        while (true)
        {
            Outcome outcome = Walk(guestPhysical, access, needed, write, ref result, trace);
            if (outcome != Outcome.Retry)
            {
                return outcome == Outcome.Done;
            }
        }
    }

    private enum Outcome
    {
        Done,
        Fault,
        Retry,
    }

    private Outcome Walk(ulong guestPhysical, NestedAccess access, ulong needed, bool write, ref NestedTranslation result, List<WalkStep>? trace)
    {
        ulong permissions = Read | Write | Execute | (_features.ModeBasedExecute ? ExecuteUser : 0);
        ulong present = permissions;
        ulong table = PagingFormat.TableAddress(Eptp);
        // Above bit 47 (or 56) of the guest-physical address the tables say nothing.
        if (guestPhysical >> (12 + (9 * _topLevel)) != 0)
        {
            return Violation(access, write, 0, ref result);
        }

        Span<ulong> addresses = stackalloc ulong[5];
        Span<ulong> values = stackalloc ulong[5];
        for (int level = _topLevel; ; level--)
        {
            int shift = 12 + (9 * (level - 1));
            ulong entryAddress = table + (((guestPhysical >> shift) & 0x1FF) << 3);
            ulong entry = EntryAccess.Read(_space, entryAddress, 3);
            bool leaf = level == 1 || ((entry & LargePage) != 0 && (level == 2 || (level == 3 && _features.GigabytePages)));
            trace?.Add(new WalkStep(level, entryAddress, entry, leaf, true));
            if ((entry & present) == 0)
            {
                return Violation(access, write, 0, ref result);
            }

            if (IsMisconfigured(entry, level, leaf))
            {
                result.Fault = TranslationFault.EptMisconfiguration;
                return Outcome.Fault;
            }

            permissions &= entry;
            addresses[level - 1] = entryAddress;
            values[level - 1] = entry;
            if (!leaf)
            {
                table = PagingFormat.TableAddress(entry);
                continue;
            }

            if ((permissions & needed) != needed)
            {
                // Bits 5:3 of the qualification tell of all entries used, so the walk had to reach the leaf.
                return Violation(access, write, permissions, ref result);
            }

            if (_flags && !access.Probe && !SetFlags(addresses, values, level, write))
            {
                return Outcome.Retry;
            }

            bool dirty = !_flags || write || (values[level - 1] & DirtyFlag) != 0;
            ulong pageMask = (1UL << shift) - 1;
            result.Physical = (PagingFormat.TableAddress(entry) & ~pageMask) | (guestPhysical & pageMask);
            result.Rights = RightsOf(permissions, access.GuestRights, dirty);
            result.Fault = TranslationFault.None;
            if (!access.Probe)
            {
                _cache.At(guestPhysical) = new GuestPhysicalCache.Entry
                {
                    Tag = GuestPhysicalCache.TagOf(guestPhysical),
                    PhysicalPage = result.Physical & ~0xFFFUL,
                    Permissions = permissions,
                    Dirty = dirty,
                };
            }

            return Outcome.Done;
        }
    }

    private bool SetFlags(ReadOnlySpan<ulong> addresses, ReadOnlySpan<ulong> values, int leafLevel, bool write)
    {
        for (int level = _topLevel; level >= leafLevel; level--)
        {
            ulong flags = AccessedFlag | (level == leafLevel && write ? DirtyFlag : 0);
            ulong entry = values[level - 1];
            if ((entry & flags) != flags && !EntryAccess.TrySetFlags(_space, addresses[level - 1], 3, entry, flags))
            {
                return false;
            }
        }

        return true;
    }

    private ulong Needed(NestedAccess access, bool write)
    {
        if (write)
        {
            return access.GuestTable && access.Kind == AccessKind.Read ? Read | Write : Write;
        }

        return access.Kind == AccessKind.Execute ? ExecuteBit(access.GuestRights) : Read;
    }

    /// <summary>Mode-based execute control has a bit for supervisor-mode and one for user-mode linear addresses.</summary>
    private ulong ExecuteBit(GuestPageRights rights) =>
        _features.ModeBasedExecute && (rights & GuestPageRights.User) != 0 ? ExecuteUser : Execute;

    private PageRights RightsOf(ulong permissions, GuestPageRights guest, bool dirty)
    {
        PageRights rights = (permissions & Read) != 0 ? PageRights.Read : PageRights.None;
        if ((permissions & Write) != 0 && dirty)
        {
            rights |= PageRights.Write;
        }

        return (permissions & ExecuteBit(guest)) != 0 ? rights | PageRights.Execute : rights;
    }

    /// <summary>SDM Vol. 3C 28.3.3.1.</summary>
    private bool IsMisconfigured(ulong entry, int level, bool leaf)
    {
        if ((entry & (Read | Write)) == Write)
        {
            return true;
        }

        ulong execute = Execute | (_features.ModeBasedExecute ? ExecuteUser : 0);
        if ((entry & Read) == 0 && (entry & execute) != 0 && !_features.ExecuteOnly)
        {
            return true;
        }

        ulong reserved = _features.PhysicalAddressBits >= 52 ? 0 : ((1UL << 52) - 1) & (ulong.MaxValue << _features.PhysicalAddressBits);
        if (!leaf)
        {
            // A PS bit that does not make a page is reserved too.
            return (entry & (reserved | 0xF8)) != 0;
        }

        reserved |= ((1UL << (12 + (9 * (level - 1)))) - 1) & ~0xFFFUL;
        ulong type = (entry >> 3) & 7;
        return (entry & reserved) != 0 || type is 2 or 3 or 7;
    }

    /// <summary>Exit qualification for EPT violations (SDM Vol. 3C table 27-7).</summary>
    private Outcome Violation(NestedAccess access, bool write, ulong permissions, ref NestedTranslation result)
    {
        ulong qualification = 0;
        if (access.Kind == AccessKind.Execute && !access.GuestTable)
        {
            qualification |= 4;
        }
        else
        {
            qualification |= access.Kind == AccessKind.Read ? 1UL : 0;
            qualification |= write ? 2UL : 0;
        }

        qualification |= (permissions & 7) << 3;
        if (_features.ModeBasedExecute && (permissions & ExecuteUser) != 0)
        {
            qualification |= 1 << 6;
        }

        if (access.LinearValid)
        {
            qualification |= LinearValidBit;
            if (!access.GuestTable)
            {
                qualification |= LinearTranslationBit;
                if (_features.AdvancedExitInformation)
                {
                    GuestPageRights rights = access.GuestRights;
                    qualification |= (rights & GuestPageRights.User) != 0 ? 1UL << 9 : 0;
                    qualification |= (rights & GuestPageRights.Writable) != 0 ? 1UL << 10 : 0;
                    qualification |= (rights & GuestPageRights.Executable) == 0 ? 1UL << 11 : 0;
                }
            }
        }

        result.Fault = TranslationFault.EptViolation;
        result.ExitInformation = qualification;
        return Outcome.Fault;
    }
}
