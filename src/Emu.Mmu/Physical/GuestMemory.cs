using System.Runtime.CompilerServices;

namespace Emu.Mmu;

/// <summary>
/// All RAM of one machine. Every <see cref="GuestRam"/> lies in one host reservation, so any host address of guest memory
/// has a page number (<see cref="PageOf"/>), by which writes are tracked whatever guest-physical addresses show the page.
/// </summary>
/// <remarks>Not thread-safe: used under the machine's lock, like devices.</remarks>
public sealed unsafe partial class GuestMemory : IDisposable
{
    /// <summary>Size in bytes of the unit of tracking and of a small page.</summary>
    public const int PageSize = 4096;

    private const ulong SmallestReservation = 1UL << 30;
    private const ulong HugePage = 2UL << 20;

    private readonly byte* _base;
    private readonly ulong _reserved;
    private readonly byte* _flags;
    private ulong _used;
    private bool _disposed;

    /// <summary>Reserves host address space for all blocks of the machine (nothing is committed yet).</summary>
    /// <param name="reserveBytes">Most bytes all blocks together may have.</param>
    /// <exception cref="HostMemoryException">The host refuses even a small reservation.</exception>
    public GuestMemory(ulong reserveBytes = 1UL << 39)
    {
        ulong size = Math.Max((reserveBytes + HugePage - 1) & ~(HugePage - 1), SmallestReservation);
        byte* address = HostMapping.TryReserve(size + HugePage);
        while (address == null && size > SmallestReservation)
        {
            // A host with a limit on address space (ulimit -v) gets a smaller machine, not a failure.
            size >>= 1;
            address = HostMapping.TryReserve(size + HugePage);
        }

        if (address == null)
        {
            throw new HostMemoryException("the host refused to reserve address space for guest memory");
        }

        _mapping = address;
        _mappingSize = size + HugePage;
        _base = (byte*)(((ulong)address + HugePage - 1) & ~(HugePage - 1));
        _reserved = size;
        ulong pages = size >> 12;
        _flags = AllocateSideTable(pages);
        _writeTagHeads = (uint*)AllocateSideTable(pages * sizeof(uint));
        _tablePages = (uint*)AllocateSideTable(pages * sizeof(uint));
        Shadow = new ShadowTables(this, _tablePages);
    }

    private readonly byte* _mapping;
    private readonly ulong _mappingSize;
    private readonly uint* _tablePages;

    internal ShadowTables Shadow { get; }

    /// <summary>Host address of page number 0.</summary>
    public byte* Base => _base;

    /// <summary>Allocates a block, zero-filled. It costs host memory only where it is touched.</summary>
    /// <param name="name">Name for the monitor.</param>
    /// <param name="size">Bytes, above 0; rounded up to whole pages.</param>
    /// <exception cref="HostMemoryException">The reservation is used up, or the host refuses.</exception>
    public GuestRam AllocateRam(string name, ulong size)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ulong rounded = size > _reserved ? ulong.MaxValue : (size + PageSize - 1) & ~(ulong)(PageSize - 1);
        if (rounded > _reserved - _used)
        {
            throw new HostMemoryException($"no room for {size >> 20} MiB of {name}: {(_reserved - _used) >> 20} MiB of address space are left");
        }

        byte* start = _base + _used;
        HostMapping.Commit(start, rounded, hugePages: rounded >= HugePage);
        // Blocks start on huge-page boundaries so that the host can back them with huge pages.
        _used = Math.Min(_reserved, (_used + rounded + HugePage - 1) & ~(HugePage - 1));
        var block = new GuestRam(this, name, start, rounded);
        _blocks.Add(block);
        return block;
    }

    /// <summary>Page number of a host address inside a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint PageOf(byte* host) => (uint)((ulong)(host - _base) >> 12);

    /// <summary>Host address of the first byte of a page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* HostOf(uint ramPage) => _base + ((ulong)ramPage << 12);

    /// <summary>Who tracks a page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageTracking TrackingOf(uint ramPage) => (PageTracking)_flags[ramPage];

    /// <summary>Whether a write to the page must be reported with <see cref="NotifyWrite"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsTracked(uint ramPage) => (_flags[ramPage] & (byte)PageTracking.Any) != 0;

    internal void Free(GuestRam ram)
    {
        uint first = ram.FirstPage;
        uint count = (uint)(ram.Size >> 12);
        NotifyWrite(ram.Base, ram.Size);
        for (uint page = first; page < first + count; page++)
        {
            Shadow.RemovePage(page);
            RemoveWriteTags(page);
            _flags[page] = 0;
        }

        _blocks.Remove(ram);
        HostMapping.Decommit(ram.Base, ram.Size);
    }

    /// <summary>Releases everything. No pointer into guest memory may be used afterwards.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Shadow.Dispose();
        foreach (ShadowContext? context in _contexts)
        {
            context?.Free();
        }

        _contexts.Clear();
        HostMapping.Release(_mapping, _mappingSize);
        ulong pages = _reserved >> 12;
        HostMapping.Release(_flags, pages);
        HostMapping.Release((byte*)_writeTagHeads, pages * sizeof(uint));
        HostMapping.Release((byte*)_tablePages, pages * sizeof(uint));
    }

    private static byte* AllocateSideTable(ulong size)
    {
        byte* table = HostMapping.TryReserve(size);
        if (table == null)
        {
            throw new HostMemoryException("the host refused to reserve address space for page tracking");
        }

        HostMapping.Commit(table, size, hugePages: false);
        return table;
    }
}
