using System.Runtime.CompilerServices;

namespace Emu.Mmu;

/// <summary>Someone who keeps results of <see cref="AddressSpace"/> look-ups, such as a software TLB.</summary>
public interface IAddressSpaceListener
{
    /// <summary>The map of the address space changed or is about to be re-read; every pointer obtained from it is void.</summary>
    void OnMapChanged(AddressSpace space);
}

/// <summary>
/// A physical address space: a tree of regions seen as a flat map. Changes of the tree are cheap: they tell listeners and mark
/// the map stale; it is flattened again at the next access, so any number of changes in a row cost one flattening.
/// </summary>
/// <remarks>Addresses are 52 bits wide (SDM Vol. 3A 4.1.4); nothing is decoded above.</remarks>
public sealed unsafe partial class AddressSpace : IBusMemory, IDisposable
{
    /// <summary>Size in bytes of the largest physical address space.</summary>
    public const ulong MaxSize = 1UL << 52;

    private readonly GuestMemory _memory;
    private FlatRange[] _ranges = [];
    private IAddressSpaceListener[] _listeners = [];
    private bool _stale = true;
    private int _transactionDepth;
    private bool _changedInTransaction;

    // The ranges hit last. RAM and devices alternate in a running guest, so each has its own.
    private int _lastMemory;
    private int _lastDevice;

    /// <summary>Shows a tree of regions as an address space.</summary>
    public AddressSpace(string name, GuestMemory memory, MemoryRegion root)
    {
        Name = name;
        _memory = memory;
        Root = root;
        root.Attach(this);
    }

    /// <summary>Name for the monitor.</summary>
    public string Name { get; }

    /// <summary>The region that covers everything.</summary>
    public MemoryRegion Root { get; }

    /// <summary>The memory whose pages are shown.</summary>
    public GuestMemory Memory => _memory;

    /// <summary>Told of every access that reaches a device; for logs.</summary>
    public DeviceAccessObserver? DeviceObserver { get; set; }

    /// <summary>Counts changes of the map; a cached look-up is valid while it stays the same.</summary>
    public uint Generation { get; private set; }

    /// <summary>Adds someone to be told of changes.</summary>
    public void AddListener(IAddressSpaceListener listener) => _listeners = [.. _listeners, listener];

    /// <summary>Removes a listener.</summary>
    public void RemoveListener(IAddressSpaceListener listener) => _listeners = [.. _listeners.Where(l => l != listener)];

    /// <summary>
    /// Groups changes: listeners are told once, when the outermost transaction is disposed. Accesses in between see the old map.
    /// </summary>
    public Transaction BeginTransaction()
    {
        if (_transactionDepth++ == 0 && _stale)
        {
            Flatten();
        }

        return new Transaction(this);
    }

    /// <summary>Ends a group of changes when disposed.</summary>
    public readonly ref struct Transaction
    {
        private readonly AddressSpace _space;

        internal Transaction(AddressSpace space) => _space = space;

        /// <summary>Applies the changes.</summary>
        public void Dispose() => _space.EndTransaction();
    }

    /// <summary>Detaches from the tree; the regions stay.</summary>
    public void Dispose() => Root.Detach(this);

    internal void Invalidate()
    {
        if (_transactionDepth != 0)
        {
            _changedInTransaction = true;
            return;
        }

        Generation++;
        if (!_stale)
        {
            _stale = true;
            foreach (IAddressSpaceListener listener in _listeners)
            {
                listener.OnMapChanged(this);
            }
        }
    }

    private void EndTransaction()
    {
        if (--_transactionDepth == 0 && _changedInTransaction)
        {
            _changedInTransaction = false;
            Invalidate();
        }
    }

    /// <summary>
    /// Host address of a byte of RAM or ROM if the whole 4-KByte page around it is direct memory of one region, else null.
    /// </summary>
    /// <param name="physical">Physical address.</param>
    /// <param name="writable">Whether writes are direct too. Whoever writes must call <see cref="GuestMemory.NotifyWrite"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* TryGetRam(ulong physical, out bool writable)
    {
        if (!_stale && (uint)_lastMemory < (uint)_ranges.Length)
        {
            ref FlatRange range = ref _ranges[_lastMemory];
            ulong offset = (physical & ~0xFFFUL) - range.Start;
            if (range.Size >= GuestMemory.PageSize && offset <= range.Size - GuestMemory.PageSize && range.Host != null)
            {
                writable = range.Writable;
                return range.Host + (physical - range.Start);
            }
        }

        return TryGetRamSlow(physical, out writable);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* TryGetRamSlow(ulong physical, out bool writable)
    {
        int index = Find(physical);
        if (index >= 0)
        {
            ref FlatRange range = ref _ranges[index];
            ulong page = physical & ~0xFFFUL;
            if (range.Host != null && page >= range.Start && range.End - page >= GuestMemory.PageSize)
            {
                writable = range.Writable;
                return range.Host + (physical - range.Start);
            }
        }

        writable = false;
        return null;
    }

    /// <summary>
    /// The run of direct memory from an address on, for bulk copies: null and the length of the run that is not direct
    /// memory where there is none.
    /// </summary>
    /// <param name="physical">Physical address.</param>
    /// <param name="length">Bytes wanted; on return, the bytes the answer holds for (at least 1 when it was).</param>
    /// <param name="writable">Whether writes are direct too.</param>
    public byte* TryGetRun(ulong physical, ref ulong length, out bool writable)
    {
        int index = Find(physical);
        if (index < 0)
        {
            int next = ~index;
            ulong end = next < _ranges.Length ? _ranges[next].Start : MaxSize;
            length = physical >= MaxSize ? length : Math.Min(length, end - physical);
            writable = false;
            return null;
        }

        ref FlatRange range = ref _ranges[index];
        length = Math.Min(length, range.End - physical);
        writable = range.Writable;
        return range.Host == null ? null : range.Host + (physical - range.Start);
    }

    /// <summary>The region that answers at an address and the offset in it, or null.</summary>
    public MemoryRegion? FindRegion(ulong physical, out ulong offset)
    {
        int index = Find(physical);
        if (index < 0)
        {
            offset = 0;
            return null;
        }

        offset = _ranges[index].RegionOffset + (physical - _ranges[index].Start);
        return _ranges[index].Region;
    }

    /// <summary>Index of the range that holds an address, or the complement of the index of the first range above it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(ulong physical)
    {
        if (!_stale)
        {
            FlatRange[] ranges = _ranges;
            int index = _lastMemory;
            if ((uint)index < (uint)ranges.Length && physical - ranges[index].Start < ranges[index].Size)
            {
                return index;
            }

            index = _lastDevice;
            if ((uint)index < (uint)ranges.Length && physical - ranges[index].Start < ranges[index].Size)
            {
                return index;
            }
        }

        return Search(physical);
    }

    private int Search(ulong physical)
    {
        if (_stale && _transactionDepth == 0)
        {
            Flatten();
        }

        int low = 0, high = _ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            ref FlatRange range = ref _ranges[middle];
            if (physical < range.Start)
            {
                high = middle - 1;
            }
            else if (physical - range.Start >= range.Size)
            {
                low = middle + 1;
            }
            else
            {
                if (range.Host != null)
                {
                    _lastMemory = middle;
                }
                else
                {
                    _lastDevice = middle;
                }

                return middle;
            }
        }

        return ~low;
    }

    private void Flatten()
    {
        _ranges = FlatViewBuilder.Build(Root);
        _lastMemory = _lastDevice = 0;
        _stale = false;
    }
}
