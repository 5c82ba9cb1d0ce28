namespace Emu.Cpu;

/// <summary>
/// The breakpoints and watchpoints of a machine's debuggers; the guest's own DR0-DR7 have nothing to do with them. Changed only
/// while no processor runs, on the machine's thread.
/// </summary>
/// <remarks>
/// <para>Breakpoints are linear addresses, code is cached by physical page, and mappings come and go; so predecoded code is
/// prepared by the one thing both have in common, the offset in the page. Where an instruction starts at the page offset of a
/// breakpoint, its block ends and a new one begins with a <see cref="OpFlags.Breakpoint"/> pseudo-operation, which compares the
/// linear address. All other code runs as always, and translated regions must not go across such an operation.</para>
/// <para>Pages with watchpoints have no TLB entries, so accesses to them take the slow path, which looks here.</para>
/// <para>A page offset stays prepared when its breakpoint is removed, since debuggers remove and insert all their breakpoints at
/// every stop; <see cref="Trim"/> ends that.</para>
/// </remarks>
public sealed class DebugPoints
{
    /// <summary>The longest range a watchpoint may have, in bytes.</summary>
    public const ulong MaxWatchLength = 256 << 10;

    private const int PageSize = 0x1000;

    private readonly List<Breakpoint> breakpoints = [];
    private readonly List<Watchpoint> watchpoints = [];
    private readonly Dictionary<ulong, int> addresses = [];
    private readonly Action<int> prepare;
    private bool[]? offsets;

    /// <summary>Makes an empty set.</summary>
    /// <param name="prepare">Drops all code that covers a page offset (0..4095), so that it is decoded anew.</param>
    internal DebugPoints(Action<int> prepare) => this.prepare = prepare;

    /// <summary>Breakpoints in the order in which they were added.</summary>
    public IReadOnlyList<Breakpoint> Breakpoints => breakpoints;

    /// <summary>Watchpoints in the order in which they were added.</summary>
    public IReadOnlyList<Watchpoint> Watchpoints => watchpoints;

    /// <summary>Raised after watchpoints have changed.</summary>
    internal event Action? WatchpointsChanged;

    /// <summary>Arms a breakpoint. Several may have one address.</summary>
    public void Add(Breakpoint breakpoint)
    {
        breakpoints.Add(breakpoint);
        addresses[breakpoint.Address] = addresses.GetValueOrDefault(breakpoint.Address) + 1;
        int offset = (int)(breakpoint.Address & (PageSize - 1));
        offsets ??= new bool[PageSize];
        if (offsets[offset]) return;
        offsets[offset] = true;
        prepare(offset);
    }

    /// <summary>Arms a watchpoint. Several may overlap.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is empty, longer than <see cref="MaxWatchLength"/>, or wraps.</exception>
    public void Add(Watchpoint watchpoint)
    {
        ArgumentOutOfRangeException.ThrowIfZero(watchpoint.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(watchpoint.Length, MaxWatchLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(watchpoint.Length - 1, ulong.MaxValue - watchpoint.Address);
        watchpoints.Add(watchpoint);
        WatchpointsChanged?.Invoke();
    }

    /// <summary>Disarms a breakpoint; false if it was not armed.</summary>
    public bool Remove(Breakpoint breakpoint)
    {
        if (!breakpoints.Remove(breakpoint)) return false;
        if (--addresses[breakpoint.Address] == 0) addresses.Remove(breakpoint.Address);
        return true;
    }

    /// <summary>Disarms a watchpoint; false if it was not armed.</summary>
    public bool Remove(Watchpoint watchpoint)
    {
        if (!watchpoints.Remove(watchpoint)) return false;
        WatchpointsChanged?.Invoke();
        return true;
    }

    /// <summary>Lets code run at full speed again where breakpoints have been: for a debugger that goes.</summary>
    public void Trim()
    {
        if (offsets == null) return;
        for (int offset = 0; offset < PageSize; offset++)
        {
            if (!offsets[offset] || addresses.Keys.Any(a => (int)(a & (PageSize - 1)) == offset)) continue;
            offsets[offset] = false;
            prepare(offset);
        }

        if (addresses.Count == 0) offsets = null;
    }

    /// <summary>Whether an instruction at this page offset begins a block with a breakpoint check.</summary>
    internal bool IsPrepared(int pageOffset) => offsets != null && offsets[pageOffset & (PageSize - 1)];

    /// <summary>The first breakpoint at an address whose condition holds, or null.</summary>
    internal Breakpoint? FindBreakpoint(Vcpu cpu, ulong linear) => addresses.ContainsKey(linear)
        ? breakpoints.Find(b => b.Address == linear && b.Condition?.Invoke(cpu) != false)
        : null;

    /// <summary>The first watchpoint that an access meets, or null.</summary>
    internal Watchpoint? FindWatchpoint(ulong linear, int size, bool isWrite) => watchpoints.Find(w => w.Matches(linear, size, isWrite));

    /// <summary>Adds the pages of all watchpoints to a list.</summary>
    internal void AddWatchedPages(List<ulong> pages)
    {
        foreach (Watchpoint watchpoint in watchpoints)
        {
            ulong last = (watchpoint.Address + (watchpoint.Length - 1)) & ~(ulong)(PageSize - 1);
            for (ulong page = watchpoint.Address & ~(ulong)(PageSize - 1); ; page += PageSize)
            {
                if (!pages.Contains(page)) pages.Add(page);
                if (page == last) break;
            }
        }
    }
}
