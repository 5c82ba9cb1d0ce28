using System.Runtime.CompilerServices;

namespace Emu.Mmu;

/// <summary>
/// Address translation of one logical processor: paging in all modes, a software TLB for each access class, and shadow contexts that stay
/// warm across changes of CR3 and of mode bits.
/// </summary>
/// <remarks>
/// Used under the machine's lock. The processor calls <see cref="SetControls"/> whenever a register in <see cref="PagingControls"/>
/// changed, then takes new pointers from <see cref="Tlb"/>; between such calls the pointers stay the same.
/// </remarks>
public sealed unsafe partial class SoftMmu : IAddressSpaceListener, IDisposable
{
    /// <summary>Contexts kept by default.</summary>
    public const int DefaultMaxContexts = 64;

    private readonly GuestMemory _memory;
    private readonly ShadowTables _shadow;
    private readonly PagingFeatures _features;
    private readonly int _maxContexts;
    private readonly Dictionary<ulong, PagingFormat> _formats = [];
    private readonly Dictionary<ContextKey, ShadowContext> _byKey = [];
    private readonly List<ShadowContext> _contexts = [];
    private readonly List<AddressSpace> _spaces = [];

    private AddressSpace _space;
    private PagingFormat _format;
    private ShadowContext _current;
    private PagingControls _controls;
    private NestedStage? _nested;
    private ulong _addressMask = ulong.MaxValue;
    private ulong[] _uncached = [];
    private bool _disposed;

    /// <summary>Makes the unit for one processor, with paging off.</summary>
    /// <param name="space">Physical address space it sees.</param>
    /// <param name="features">What its CPUID model says.</param>
    /// <param name="maxContexts">Shadow contexts kept, at least 2; each takes about 370 KB once used.</param>
    public SoftMmu(AddressSpace space, PagingFeatures features, int maxContexts = DefaultMaxContexts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxContexts, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(features.PhysicalAddressBits, 32);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(features.PhysicalAddressBits, 52);
        _memory = space.Memory;
        _shadow = _memory.Shadow;
        _features = features;
        _maxContexts = maxContexts;
        _space = space;
        Listen(space);
        _format = FormatOf(in _controls);
        _current = Activate(KeyOf(in _controls));
    }

    /// <summary>The physical address space in use.</summary>
    public AddressSpace Space => _space;

    /// <summary>What the CPUID model says of paging.</summary>
    public PagingFeatures Features => _features;

    /// <summary>The registers as last set.</summary>
    public ref readonly PagingControls Controls => ref _controls;

    /// <summary>Paging mode in effect.</summary>
    public PagingMode Mode => _format.Mode;

    /// <summary>Counts of the shadow machinery, for the whole machine.</summary>
    public ShadowStatistics Statistics => _shadow.Statistics;

    /// <summary>
    /// The TLB for data accesses of a class in the current context: <see cref="TlbEntry.Count"/> entries. Changes at
    /// <see cref="SetControls"/>, <see cref="SetAddressSpace"/> and <see cref="SetNested"/>, and at nothing else.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TlbEntry* Tlb(AccessClass accessClass) => _current.Data(accessClass);

    /// <summary>As <see cref="Tlb"/>, for instruction fetches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TlbEntry* CodeTlb(AccessClass accessClass) => _current.Code(accessClass);

    /// <summary>
    /// How the current context's TLBs fold the higher bits of a page number (<see cref="TlbEntry.Index"/>). Changes where <see cref="Tlb"/> does, and at
    /// <see cref="Rehash"/>.
    /// </summary>
    public int FoldShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _current.FoldShift;
    }

    /// <summary>The entry for data accesses of a class at a linear address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TlbEntry* DataEntry(AccessClass accessClass, ulong linear) => _current.Data(accessClass) + TlbEntry.Index(linear, _current.FoldShift);

    /// <summary>The entry for instruction fetches of a class at a linear address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TlbEntry* CodeEntry(AccessClass accessClass, ulong linear) => _current.Code(accessClass) + TlbEntry.Index(linear, _current.FoldShift);

    /// <summary>Pages that are used in turn contend for an entry of the TLB: time for <see cref="Rehash"/>.</summary>
    public bool Thrashes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _current.Thrashes;
    }

    /// <summary>Spreads the pages over the current context's TLBs in another way. All that has been derived from <see cref="FoldShift"/> is void.</summary>
    public void Rehash()
    {
        _current.Rehash();
        _shadow.Statistics.Rehashes++;
    }

    /// <summary>Whether a linear address is canonical in the current mode; always true outside IA-32e mode (SDM Vol. 1 3.3.7.1).</summary>
    public bool IsCanonical(ulong linear)
    {
        int unused = 64 - _format.LinearBits;
        return _format.Mode < PagingMode.Level4 || (ulong)((long)(linear << unused) >> unused) == linear;
    }

    /// <summary>
    /// The processor's registers changed. Selects the shadow context that belongs to them, with all the flushing that a change of CR0,
    /// CR3 or CR4 asks for (SDM Vol. 3A 4.10.4.1). For MOV to CR3 use <see cref="LoadCr3"/>: writing the old value again flushes too.
    /// </summary>
    public void SetControls(in PagingControls controls)
    {
        if (controls == _controls)
        {
            return;
        }

        bool formatChanged = controls.Cr0 != _controls.Cr0 || controls.Cr4 != _controls.Cr4 || controls.Efer != _controls.Efer;
        if (controls.Cr3 != _controls.Cr3 || formatChanged)
        {
            FlushTlb();
        }

        _controls = controls;
        if (formatChanged)
        {
            _format = FormatOf(in controls);
        }

        Switch();
    }

    /// <summary>
    /// MOV to CR3 (SDM Vol. 3A 4.10.4.1): loads CR3 and honours bit 63 of the operand with CR4.PCIDE. For PAE paging the
    /// PDPTE registers come with it.
    /// </summary>
    /// <param name="value">The operand, checked by the processor.</param>
    /// <param name="pdptes">PDPTEs of <see cref="TryLoadPdptes"/>; ignored outside PAE paging.</param>
    public void LoadCr3(ulong value, in Pdptes pdptes)
    {
        bool keep = (value & PagingControls.Cr3NoFlush) != 0 && (_controls.Cr4 & PagingControls.Cr4Pcide) != 0;
        if (!keep)
        {
            FlushTlb();
        }

        _controls.Cr3 = value & ~PagingControls.Cr3NoFlush;
        if (_format.Mode == PagingMode.Pae)
        {
            _controls.Pdptes = pdptes;
        }

        Switch();
    }

    /// <summary>Physical address bits the processor drives: all ones, or with bit 20 clear while A20M# is asserted.</summary>
    public void SetAddressMask(ulong mask)
    {
        if (mask != _addressMask)
        {
            _addressMask = mask;
            FlushAll();
        }
    }

    /// <summary>Chooses another physical address space (system-management mode).</summary>
    public void SetAddressSpace(AddressSpace space)
    {
        if (space != _space)
        {
            if (space.Memory != _memory)
            {
                throw new ArgumentException("the address space belongs to another machine", nameof(space));
            }

            Listen(space);
            _space = space;
            Switch();
        }
    }

    /// <summary>Puts a second stage of translation behind the guest's paging, or takes it away (VM entry and exit).</summary>
    public void SetNested(NestedStage? nested)
    {
        if (nested != _nested)
        {
            _nested = nested;
            Switch();
        }
    }

    /// <summary>
    /// Linear pages for which no TLB entry may be made, so that every access to them takes the slow path (pages with data breakpoints armed).
    /// </summary>
    /// <param name="linearPages">Page addresses, bits 11:0 clear.</param>
    public void SetUncachedPages(ReadOnlySpan<ulong> linearPages)
    {
        if (linearPages.SequenceEqual(_uncached))
        {
            return;
        }

        _uncached = linearPages.ToArray();
        foreach (ulong page in linearPages)
        {
            foreach (ShadowContext context in _contexts)
            {
                context.InvalidatePage(page);
            }
        }
    }

    /// <summary>
    /// Reads the four PDPTEs for a MOV to CR3 (or CR0, CR4) that enables or reloads PAE paging (SDM Vol. 3A 4.4.1). False if one has a
    /// reserved bit set: #GP(0), nothing changes; or if the nested stage refuses, with the fault in <paramref name="fault"/>.
    /// </summary>
    public bool TryLoadPdptes(ulong cr3, out Pdptes pdptes, out Translation fault)
    {
        fault = default;
        Span<ulong> entries = stackalloc ulong[4];
        ulong address = cr3 & 0xFFFF_FFE0;
        ulong physical = address & _addressMask;
        pdptes = default;
        if (_nested is not null)
        {
            var access = new NestedAccess(AccessKind.Read, true, false, GuestPageRights.All, false);
            if (!_nested.Translate(physical, access, out NestedTranslation nested))
            {
                fault.Fault = nested.Fault;
                fault.GuestPhysical = physical;
                fault.ExitInformation = nested.ExitInformation;
                return false;
            }

            physical = nested.Physical;
        }

        for (int i = 0; i < 4; i++)
        {
            entries[i] = _space.Read(physical + (ulong)(8 * i), 8);
            if (!Pdptes.IsValid(entries[i], _features.PhysicalAddressBits))
            {
                return false;
            }
        }

        pdptes = new Pdptes(entries[0], entries[1], entries[2], entries[3]);
        return true;
    }

    /// <inheritdoc/>
    public void OnMapChanged(AddressSpace space)
    {
        foreach (ShadowContext context in _contexts)
        {
            if (context.InUse && context.Key.Space == space)
            {
                context.Stale = true;
            }
        }

        // The nodes of the current context go at the next miss, since a walk may be under way.
        _current.InvalidateAll();
    }

    /// <summary>Gives all contexts back.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (AddressSpace space in _spaces)
        {
            space.RemoveListener(this);
        }

        foreach (ShadowContext context in _contexts)
        {
            _memory.FreeContext(context);
        }

        _contexts.Clear();
        _byKey.Clear();
    }

    private void Listen(AddressSpace space)
    {
        if (!_spaces.Contains(space))
        {
            _spaces.Add(space);
            space.AddListener(this);
        }
    }

    private PagingFormat FormatOf(in PagingControls controls)
    {
        ulong key = ModeKey(in controls);
        if (!_formats.TryGetValue(key, out PagingFormat? format))
        {
            format = new PagingFormat(controls.Cr0, controls.Cr4, controls.Efer, _features);
            _formats.Add(key, format);
        }

        return format;
    }

    /// <summary>The mode bits that give a paging-structure entry another meaning.</summary>
    private static ulong ModeKey(in PagingControls controls)
    {
        const ulong Cr4Bits = PagingControls.Cr4Smep | PagingControls.Cr4Smap;
        ulong mode = (ulong)PagingFormat.ModeOf(controls.Cr0, controls.Cr4, controls.Efer);
        if (mode == (ulong)PagingMode.None)
        {
            return 0;
        }

        ulong cr4 = controls.Cr4 & Cr4Bits;
        if (mode == (ulong)PagingMode.Bits32)
        {
            cr4 |= controls.Cr4 & PagingControls.Cr4Pse;
        }
        else
        {
            mode |= controls.Efer & PagingControls.EferNxe;
        }

        if (mode >= (ulong)PagingMode.Level4)
        {
            cr4 |= controls.Cr4 & (PagingControls.Cr4Pke | PagingControls.Cr4Pks);
        }

        return mode | (controls.Cr0 & PagingControls.Cr0Wp) | (cr4 << 32);
    }

    private ContextKey KeyOf(in PagingControls controls)
    {
        ulong root = _format.Mode switch
        {
            PagingMode.None => 0,
            PagingMode.Bits32 => controls.Cr3 & 0xFFFF_F000,
            PagingMode.Pae => controls.Cr3 & 0xFFFF_FFE0,
            _ => PagingFormat.TableAddress(controls.Cr3),
        };
        ulong keys = (_format.UserKeys ? controls.Pkru : 0) | (_format.SupervisorKeys ? (ulong)controls.Pkrs << 32 : 0);
        return new ContextKey(root, ModeKey(in controls), keys, _nested?.Key ?? default, _nested is not null, _space);
    }

    private void Switch()
    {
        ContextKey key = KeyOf(in _controls);
        if (key != _current.Key || _current.Stale)
        {
            _current = Activate(key);
        }

        if (_format.Mode == PagingMode.Pae && _current.Pdptes != _controls.Pdptes)
        {
            for (int i = 0; i < 4; i++)
            {
                if (_current.Pdptes[i] != _controls.Pdptes[i])
                {
                    _shadow.RemoveRoot(_current, i);
                }
            }

            _current.Pdptes = _controls.Pdptes;
        }
    }

    /// <summary>The context of a key, emptied if what it holds is void; a new or reused one if there is none.</summary>
    private ShadowContext Activate(ContextKey key)
    {
        if (!_byKey.TryGetValue(key, out ShadowContext? context))
        {
            context = TakeContext();
            context.Key = key;
            context.InUse = true;
            context.Pdptes = default;
            context.ResetHash();
            _byKey.Add(key, context);
        }

        if (context.Stale)
        {
            _shadow.RemoveContext(context);
            context.Stale = false;
        }

        context.LastUse = _memory.NextUse();
        return context;
    }

    private ShadowContext TakeContext()
    {
        if (_contexts.Count < _maxContexts)
        {
            ShadowContext made = _memory.CreateContext(this);
            _contexts.Add(made);
            return made;
        }

        ShadowContext? oldest = null;
        foreach (ShadowContext context in _contexts)
        {
            if (context != _current && (oldest is null || context.LastUse < oldest.LastUse))
            {
                oldest = context;
            }
        }

        ShadowContext taken = oldest ?? throw new InvalidOperationException("no shadow context can be reused");
        Evict(taken);
        return taken;
    }

    /// <summary>Whether a context is the one in use, which nobody may evict.</summary>
    internal bool IsCurrent(ShadowContext context) => context == _current;

    internal void Evict(ShadowContext context)
    {
        if (context.InUse)
        {
            _byKey.Remove(context.Key);
            _shadow.RemoveContext(context);
            _shadow.Statistics.ContextsEvicted++;
            context.InUse = false;
            context.Stale = false;
            context.LastUse = 0;
        }
    }
}
