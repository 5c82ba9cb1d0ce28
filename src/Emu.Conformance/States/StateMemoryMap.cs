using Emu.Conformance.Emulated;

namespace Emu.Conformance.States;

/// <summary>The memory of a state test: its regions, and the pages they make.</summary>
internal sealed class StateMemoryMap
{
    private const ulong PageSize = 4096;
    private const long LargestRegion = 1 << 28;

    private readonly SortedDictionary<ulong, (bool Write, bool Execute)> _pages = [];
    private readonly List<(ulong Address, ulong Size)> _regions = [];
    private readonly bool _real;
    private readonly ulong _limit;

    /// <summary>Lays out the memory of a test.</summary>
    /// <exception cref="StateTestException">It cannot be; the message does not name the test.</exception>
    public StateMemoryMap(StateTest test)
    {
        _real = test.Mode == 16;
        _limit = test.Mode switch { 16 => RealModeMachine.MemorySize, 32 => 1UL << 32, _ => 1UL << 47 };
        Code = (StateNumbers.Parse64(test.Address, "address"), StateNumbers.Bytes(test.Code, "code"));
        if (_real && Code.Address + (ulong)Code.Bytes.Length > 0x1_0000) throw new StateTestException("code in mode 16 must lie in the first 64 KiB: give an 'address' below 0x10000");
        CheckRange(Code.Address, (ulong)Code.Bytes.Length, "the code");
        foreach (StateMemory? region in test.Memory) Add(region ?? throw new StateTestException("memory holds something that is not an object"));
        AddCode();
    }

    /// <summary>The code, which lies over what regions have there.</summary>
    public (ulong Address, byte[] Bytes) Code { get; }

    /// <summary>Contents of the regions.</summary>
    public List<(ulong Address, byte[] Bytes)> Data { get; } = [];

    /// <summary>The pages: each has the rights of all regions on it.</summary>
    public IReadOnlyList<MappedPages> Pages => [.. _pages.Select(p => new MappedPages(p.Key, PageSize, p.Value.Write, p.Value.Execute))];

    /// <summary>Whether there is memory at an address.</summary>
    public bool Contains(ulong address) => _real ? address < _limit : _pages.ContainsKey(address & ~(PageSize - 1));

    /// <summary>Address and data of a region, or of expected contents.</summary>
    public static (ulong Address, byte[] Data) Contents(StateMemory region, string what)
    {
        if (region.Address.Length == 0) throw new StateTestException($"{what} has no address");
        ulong address = StateNumbers.Parse64(region.Address, $"{what}: address");
        return (address, StateNumbers.Bytes(region.Data, $"{what} at {address:X}"));
    }

    private void Add(StateMemory region)
    {
        StateTestChecks.Known("a memory region", region.Unknown, "address, size, access, data");
        (ulong address, byte[] data) = Contents(region, "memory");
        string where = $"memory at {address:X}";
        if (region.Access.Any(c => c is not ('r' or 'w' or 'x'))) throw new StateTestException($"{where}: access '{region.Access}' is not made of r, w and x");
        long size = region.Size ?? data.Length;
        if (size is <= 0 or > LargestRegion) throw new StateTestException($"{where}: the size must be 1 byte to 256 MiB");
        if (size < data.Length) throw new StateTestException($"{where}: {data.Length} bytes of data in a region of {size}");
        CheckRange(address, (ulong)size, where);
        foreach ((ulong other, ulong otherSize) in _regions)
        {
            if (address < other + otherSize && other < address + (ulong)size)
                throw new StateTestException($"memory at {address:X} (size {size:X}) and at {other:X} (size {otherSize:X}) overlap");
        }
        _regions.Add((address, (ulong)size));
        if (data.Length > 0) Data.Add((address, data));
        Map(address, (ulong)size, region.Access.Contains('w'), region.Access.Contains('x'));
    }

    // Code outside of all regions can be executed, whatever else is on its page.
    private void AddCode()
    {
        for (int i = 0; i < Code.Bytes.Length; i++)
        {
            ulong address = Code.Address + (ulong)i;
            if (!_regions.Any(r => address - r.Address < r.Size)) Map(address, 1, write: false, execute: true);
        }
    }

    private void Map(ulong address, ulong size, bool write, bool execute)
    {
        for (ulong page = address & ~(PageSize - 1); page < address + size; page += PageSize)
        {
            (bool w, bool x) = _pages.GetValueOrDefault(page);
            _pages[page] = (w || write, x || execute);
        }
    }

    private void CheckRange(ulong address, ulong size, string what)
    {
        if (address >= _limit || size > _limit - address) throw new StateTestException($"{what} is outside the address space: it ends at {_limit - 1:X}");
        if (_real && address < RealModeMachine.Reserved + PageSize && address + size > RealModeMachine.Reserved)
            throw new StateTestException($"{what}: the page at {RealModeMachine.Reserved:X} is reserved in real mode");
    }
}
