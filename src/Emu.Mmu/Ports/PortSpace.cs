namespace Emu.Mmu;

/// <summary>The claim of a device on a range of I/O ports. Disposing it gives the ports up.</summary>
public sealed class PortMapping : IDisposable
{
    private readonly PortSpace _space;
    private bool _enabled = true;

    internal PortMapping(PortSpace space, ushort first, int count, IPortDevice device, string name, int priority)
    {
        _space = space;
        First = first;
        Count = count;
        Device = device;
        Name = name;
        Priority = priority;
        MaxAccessSize = Math.Clamp(device.MaxPortAccessSize, 1, 4);
    }

    /// <summary>First port.</summary>
    public ushort First { get; private set; }

    /// <summary>Number of ports.</summary>
    public int Count { get; }

    /// <summary>Who answers.</summary>
    public IPortDevice Device { get; }

    /// <summary>Name for the monitor.</summary>
    public string Name { get; }

    /// <summary>Where claims overlap, the highest priority wins; among equals the newest.</summary>
    public int Priority { get; }

    internal int MaxAccessSize { get; }

    internal bool Removed { get; private set; }

    /// <summary>Whether the device decodes its ports.</summary>
    public bool Enabled
    {
        get => _enabled;
        set
        {
            if (_enabled != value)
            {
                _enabled = value;
                _space.Rebuild(First, Count);
            }
        }
    }

    /// <summary>Moves the range (a PCI I/O BAR).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range would reach past port FFFFh.</exception>
    public void Move(ushort first)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + Count, PortSpace.PortCount, nameof(first));
        ushort old = First;
        First = first;
        _space.Rebuild(old, Count);
        _space.Rebuild(first, Count);
    }

    /// <summary>Gives the ports up.</summary>
    public void Dispose()
    {
        if (!Removed)
        {
            Removed = true;
            _space.Remove(this);
        }
    }
}

/// <summary>The 64-KByte I/O port space (SDM Vol. 1 chapter 19).</summary>
public sealed class PortSpace
{
    /// <summary>Number of ports.</summary>
    public const int PortCount = 0x10000;

    private readonly List<PortMapping> _mappings = [];
    private readonly PortMapping?[] _ports = new PortMapping?[PortCount];

    /// <summary>Claims a range of ports for a device.</summary>
    /// <param name="first">First port.</param>
    /// <param name="count">Number of ports, at least 1.</param>
    /// <param name="device">Who answers; it sees offsets from <paramref name="first"/>.</param>
    /// <param name="name">Name for the monitor.</param>
    /// <param name="priority">Where claims overlap, the highest wins; among equals the newest.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty or reaches past port FFFFh.</exception>
    public PortMapping Map(ushort first, int count, IPortDevice device, string name, int priority = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, PortCount, nameof(count));
        var mapping = new PortMapping(this, first, count, device, name, priority);
        _mappings.Add(mapping);
        Rebuild(first, count);
        return mapping;
    }

    /// <summary>IN: reads 1, 2 or 4 bytes; ports nobody claims read as all ones. Bits above the size are 0.</summary>
    public uint Read(ushort port, int size)
    {
        PortMapping? mapping = _ports[port];
        if (mapping is not null && size <= mapping.MaxAccessSize && Covers(mapping, port, size))
        {
            uint value = mapping.Device.ReadPort((ushort)(port - mapping.First), size);
            if (size != 4)
            {
                value &= (1u << (8 * size)) - 1;
            }

            Observer?.Invoke(mapping.Name, port, size, value, isWrite: false);
            return value;
        }

        if (size == 1)
        {
            Observer?.Invoke("(nobody)", port, size, 0xFF, isWrite: false);
            return 0xFF;
        }

        int half = size / 2;
        uint low = Read(port, half);
        return low | (Read((ushort)(port + half), half) << (8 * half));
    }

    /// <summary>OUT: writes the low 1, 2 or 4 bytes of a value; nothing happens at ports nobody claims.</summary>
    public void Write(ushort port, int size, uint value)
    {
        PortMapping? mapping = _ports[port];
        if (mapping is not null && size <= mapping.MaxAccessSize && Covers(mapping, port, size))
        {
            value = size == 4 ? value : value & ((1u << (8 * size)) - 1);
            Observer?.Invoke(mapping.Name, port, size, value, isWrite: true);
            mapping.Device.WritePort((ushort)(port - mapping.First), size, value);
            return;
        }

        if (size == 1)
        {
            Observer?.Invoke("(nobody)", port, size, (byte)value, isWrite: true);
        }
        else
        {
            int half = size / 2;
            Write(port, half, value & (half == 2 ? 0xFFFFu : 0xFFu));
            Write((ushort)(port + half), half, value >> (8 * half));
        }
    }

    /// <summary>Told of every access that has reached a device, or nobody; for logs.</summary>
    public DeviceAccessObserver? Observer { get; set; }

    /// <summary>The claim that answers at a port, or null.</summary>
    public PortMapping? Find(ushort port) => _ports[port];

    /// <summary>Prints who answers at which ports.</summary>
    public void Dump(TextWriter output)
    {
        output.WriteLine("address-space: I/O");
        for (int port = 0; port < PortCount;)
        {
            PortMapping? mapping = _ports[port];
            int end = port + 1;
            while (end < PortCount && _ports[end] == mapping)
            {
                end++;
            }

            if (mapping is not null)
            {
                string offset = port == mapping.First ? "" : $" @{port - mapping.First:x4}";
                output.WriteLine($"  {port:x4}-{end - 1:x4} (prio {mapping.Priority}): {mapping.Name}{offset}");
            }

            port = end;
        }
    }

    internal void Remove(PortMapping mapping)
    {
        _mappings.Remove(mapping);
        Rebuild(mapping.First, mapping.Count);
    }

    internal void Rebuild(int first, int count)
    {
        Array.Clear(_ports, first, count);
        foreach (PortMapping mapping in _mappings)
        {
            if (mapping.Enabled && !mapping.Removed)
            {
                int from = Math.Max(first, mapping.First);
                int to = Math.Min(first + count, mapping.First + mapping.Count);
                for (int port = from; port < to; port++)
                {
                    if (_ports[port] is not { } other || other.Priority <= mapping.Priority)
                    {
                        _ports[port] = mapping;
                    }
                }
            }
        }
    }

    private bool Covers(PortMapping mapping, ushort port, int size)
    {
        for (int i = 1; i < size; i++)
        {
            if (port + i >= PortCount || _ports[port + i] != mapping)
            {
                return false;
            }
        }

        return true;
    }
}
