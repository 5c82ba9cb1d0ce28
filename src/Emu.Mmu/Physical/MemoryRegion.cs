namespace Emu.Mmu;

/// <summary>What answers an access to a <see cref="MemoryRegion"/>.</summary>
public enum MemoryRegionKind
{
    /// <summary>Only its subregions; transparent elsewhere.</summary>
    Container,

    /// <summary>RAM: reads and writes are direct.</summary>
    Ram,

    /// <summary>ROM: reads are direct; writes go to the device, if there is one, or nowhere.</summary>
    Rom,

    /// <summary>An <see cref="IMemoryDevice"/>.</summary>
    Device,

    /// <summary>A window on part of another region.</summary>
    Alias,
}

/// <summary>
/// A node of the tree that describes a physical address space. Where siblings overlap the higher priority wins, and among
/// equals the one added last; a region's own contents lie below all of its subregions. A change takes effect at once for the next access.
/// </summary>
public sealed class MemoryRegion
{
    private readonly List<MemoryRegion> _children = [];
    private readonly List<MemoryRegion> _aliases = [];
    private readonly List<AddressSpace> _spaces = [];
    private bool _enabled = true;
    private bool _readOnly;
    private bool _directReads = true;
    private ulong _offset;
    private ulong _size;
    private ulong _aliasOffset;

    private MemoryRegion(string name, MemoryRegionKind kind, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, AddressSpace.MaxSize);
        Name = name;
        Kind = kind;
        _size = size;
    }

    /// <summary>Name for the monitor.</summary>
    public string Name { get; }

    /// <summary>What answers an access.</summary>
    public MemoryRegionKind Kind { get; }

    /// <summary>The block shown, for RAM and ROM.</summary>
    public GuestRam? MemoryBlock { get; private init; }

    /// <summary>First byte of the block that is shown.</summary>
    public ulong BlockOffset { get; private init; }

    /// <summary>The device, for device regions and for ROM whose writes matter (flash).</summary>
    public IMemoryDevice? Target { get; private init; }

    /// <summary>The region an alias shows a part of.</summary>
    public MemoryRegion? AliasOf { get; private init; }

    /// <summary>The container it is in, or null.</summary>
    public MemoryRegion? Container { get; private set; }

    /// <summary>Priority among its siblings.</summary>
    public int Priority { get; private set; }

    /// <summary>Subregions, in the order in which they were added.</summary>
    public IReadOnlyList<MemoryRegion> Subregions => _children;

    /// <summary>Size in bytes. Growing a RAM or ROM region beyond its block is an error.</summary>
    public ulong Size
    {
        get => _size;
        set
        {
            ArgumentOutOfRangeException.ThrowIfZero(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, AddressSpace.MaxSize);
            if (MemoryBlock is { } block && value > block.Size - BlockOffset)
            {
                throw new ArgumentOutOfRangeException(nameof(value), $"{Name} would reach past its memory block");
            }

            Change(ref _size, value);
        }
    }

    /// <summary>Address of the first byte within the container; setting it moves the region (a PCI BAR).</summary>
    public ulong Offset
    {
        get => _offset;
        set => Change(ref _offset, value);
    }

    /// <summary>First byte of the aliased region that is shown (a banked window).</summary>
    public ulong AliasOffset
    {
        get => _aliasOffset;
        set => Change(ref _aliasOffset, value);
    }

    /// <summary>Whether it is decoded. A disabled region, with all its subregions, is as if it were not there.</summary>
    public bool Enabled
    {
        get => _enabled;
        set => Change(ref _enabled, value);
    }

    /// <summary>Drops writes to RAM below this region (write-protected shadow RAM).</summary>
    public bool ReadOnly
    {
        get => _readOnly;
        set => Change(ref _readOnly, value);
    }

    /// <summary>For ROM with a device: whether reads see the memory (true) or go to the device too (flash in command mode).</summary>
    public bool DirectReads
    {
        get => _directReads;
        set => Change(ref _directReads, value);
    }

    /// <summary>A region with only subregions.</summary>
    public static MemoryRegion CreateContainer(string name, ulong size = AddressSpace.MaxSize) => new(name, MemoryRegionKind.Container, size);

    /// <summary>RAM: all of a block, or a part of it.</summary>
    public static MemoryRegion CreateRam(string name, GuestRam block, ulong blockOffset = 0, ulong size = 0) =>
        CreateMemory(name, MemoryRegionKind.Ram, block, blockOffset, size, null);

    /// <summary>ROM: all of a block, or a part of it; writes go to <paramref name="writes"/>, if given, with offsets in this region.</summary>
    public static MemoryRegion CreateRom(string name, GuestRam block, IMemoryDevice? writes = null, ulong blockOffset = 0, ulong size = 0) =>
        CreateMemory(name, MemoryRegionKind.Rom, block, blockOffset, size, writes);

    /// <summary>Registers of a device.</summary>
    public static MemoryRegion CreateDevice(string name, ulong size, IMemoryDevice device) =>
        new(name, MemoryRegionKind.Device, size) { Target = device };

    /// <summary>A window on part of another region, which may be changed and moved later.</summary>
    public static MemoryRegion CreateAlias(string name, MemoryRegion target, ulong offset, ulong size)
    {
        var alias = new MemoryRegion(name, MemoryRegionKind.Alias, size) { AliasOf = target, _aliasOffset = offset };
        target._aliases.Add(alias);
        return alias;
    }

    /// <summary>Puts a region into this one at an offset.</summary>
    /// <exception cref="InvalidOperationException">It already is in a container, or would contain itself.</exception>
    public void AddSubregion(ulong offset, MemoryRegion child, int priority = 0)
    {
        if (child.Container is not null)
        {
            throw new InvalidOperationException($"{child.Name} already is in {child.Container.Name}");
        }

        if (child.Shows(this))
        {
            throw new InvalidOperationException($"{child.Name} cannot contain itself");
        }

        child.Container = this;
        child.Priority = priority;
        child._offset = offset;
        _children.Add(child);
        child.Changed();
    }

    /// <summary>Takes a subregion out.</summary>
    /// <exception cref="InvalidOperationException">It is not in this region.</exception>
    public void Remove(MemoryRegion child)
    {
        if (child.Container != this)
        {
            throw new InvalidOperationException($"{child.Name} is not in {Name}");
        }

        child.Container = null;
        _children.Remove(child);
        Changed();
    }

    internal void Attach(AddressSpace space) => _spaces.Add(space);

    internal void Detach(AddressSpace space) => _spaces.Remove(space);

    private static MemoryRegion CreateMemory(string name, MemoryRegionKind kind, GuestRam block, ulong offset, ulong size, IMemoryDevice? writes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, block.Size);
        ulong length = size == 0 ? block.Size - offset : size;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, block.Size - offset, nameof(size));
        return new MemoryRegion(name, kind, length) { MemoryBlock = block, BlockOffset = offset, Target = writes };
    }

    private bool Shows(MemoryRegion other) =>
        this == other || (AliasOf?.Shows(other) ?? false) || _children.Any(child => child.Shows(other));

    private void Change<T>(ref T field, T value)
    {
        if (!EqualityComparer<T>.Default.Equals(field, value))
        {
            field = value;
            Changed();
        }
    }

    /// <summary>Tells every address space in which this region is visible, directly or through aliases.</summary>
    private void Changed()
    {
        foreach (AddressSpace space in _spaces)
        {
            space.Invalidate();
        }

        foreach (MemoryRegion alias in _aliases)
        {
            alias.Changed();
        }

        Container?.Changed();
    }
}
