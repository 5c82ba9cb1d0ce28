namespace Emu.Mmu;

/// <summary>
/// Nested paging of AMD (APM Vol. 2 15.25): the host's own paging format, walked as user accesses with write protection always in
/// force; accesses to guest paging structures count as writes.
/// </summary>
public sealed class NptStage : NestedStage
{
    /// <summary>EXITINFO1 bit 32: the fault was on the final guest-physical address.</summary>
    public const ulong FinalAddress = 1UL << 32;

    /// <summary>EXITINFO1 bit 33: the fault was on a guest paging structure.</summary>
    public const ulong GuestTableAccess = 1UL << 33;

    private const ulong KeptControls = PagingControls.Cr4Pae | PagingControls.Cr4Pse | PagingControls.Cr4La57;

    private readonly PagingFormat _format;
    private readonly PageWalker _walker;
    private readonly GuestPhysicalCache _cache = new();

    /// <summary>Makes the stage for a VMRUN.</summary>
    /// <param name="space">Where the tables lie.</param>
    /// <param name="nestedCr3">nCR3.</param>
    /// <param name="hostCr4">The host's CR4 at VMRUN: selects the paging mode.</param>
    /// <param name="hostEfer">The host's EFER at VMRUN: LMA and NXE.</param>
    /// <param name="features">What the processor model says of paging.</param>
    /// <param name="asid">Address-space identifier.</param>
    public NptStage(AddressSpace space, ulong nestedCr3, ulong hostCr4, ulong hostEfer, PagingFeatures features, uint asid)
    {
        NestedCr3 = nestedCr3;
        _format = new PagingFormat(PagingControls.Cr0Pg | PagingControls.Cr0Wp, hostCr4 & KeptControls, hostEfer, features);
        _walker = new PageWalker(space, _format, null);
        Key = new NestedKey(nestedCr3, ((ulong)asid << 8) | ((ulong)_format.Mode << 1) | (_format.ExecuteDisable ? 1UL : 0));
    }

    /// <summary>nCR3.</summary>
    public ulong NestedCr3 { get; }

    /// <inheritdoc/>
    public override NestedKey Key { get; }

    /// <inheritdoc/>
    public override void Flush() => _cache.Clear();

    /// <inheritdoc/>
    public override bool Translate(ulong guestPhysical, NestedAccess access, out NestedTranslation result, List<WalkStep>? trace = null)
    {
        result = default;
        AccessKind kind = access.GuestTable ? AccessKind.Write : access.Kind;
        var needed = (PageRights)(1 << (int)kind);
        ref GuestPhysicalCache.Entry cached = ref _cache.At(guestPhysical);
        if (cached.Tag == GuestPhysicalCache.TagOf(guestPhysical) && !access.Probe && ((PageRights)cached.Permissions & needed) != 0)
        {
            result.Physical = cached.PhysicalPage | (guestPhysical & 0xFFF);
            result.Rights = (PageRights)cached.Permissions;
            return true;
        }

        if (guestPhysical >> _format.LinearBits != 0)
        {
            // The tables cannot map it (APM Vol. 2 15.25.5: reported as not present).
            return Fail(access, _format.Error(kind, AccessClass.User, PageFaultError.None), out result);
        }

        var request = new WalkRequest
        {
            Root = NestedCr3,
            Linear = guestPhysical,
            Kind = kind,
            Class = AccessClass.User,
            AddressMask = ulong.MaxValue,
            Probe = access.Probe,
        };
        var t = default(Translation);
        var steps = trace is null ? null : new List<WalkStep>();
        bool ok = _walker.Walk(in request, ref t, out _, out bool dirty, steps);
        if (steps is not null)
        {
            trace?.AddRange(steps.Select(step => step with { Nested = true }));
        }

        if (!ok)
        {
            return Fail(access, t.Error, out result);
        }

        PageRights rights = dirty ? t.Rights : t.Rights & ~PageRights.Write;
        result.Physical = t.Physical;
        result.Rights = rights;
        if (!access.Probe)
        {
            _cache.At(guestPhysical) = new GuestPhysicalCache.Entry
            {
                Tag = GuestPhysicalCache.TagOf(guestPhysical),
                PhysicalPage = t.Physical & ~0xFFFUL,
                Permissions = (ulong)rights,
                Dirty = dirty,
            };
        }

        return true;
    }

    private static bool Fail(NestedAccess access, PageFaultError error, out NestedTranslation result)
    {
        result = new NestedTranslation
        {
            Fault = TranslationFault.NestedPageFault,
            ExitInformation = (ulong)error | (access.GuestTable ? GuestTableAccess : FinalAddress),
        };
        return false;
    }
}
