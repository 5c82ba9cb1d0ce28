using System.Numerics;
using Emu.Mmu;

namespace Emu.Devices.Pci;

/// <summary>What a base address register decodes.</summary>
public enum PciBarKind
{
    /// <summary>I/O ports; bit 0 of the register reads 1.</summary>
    Port,

    /// <summary>Memory below 4 GiB.</summary>
    Memory32,

    /// <summary>Memory anywhere; takes two registers.</summary>
    Memory64,

    /// <summary>Expansion ROM at offset 0x30, with its own enable bit.</summary>
    ExpansionRom,
}

/// <summary>
/// One base address register: its size, what stands behind it, and where the guest has put it (PCI 3.0, 6.2.5). The
/// function maps and unmaps it whenever the register or the command register changes.
/// </summary>
public sealed class PciBar
{
    /// <summary>Above the rest of the PCI address space, below RAM and the chipset's own registers.</summary>
    private const int MappingPriority = 1;

    private readonly MemoryRegion? _memory;
    private readonly IPortDevice? _ports;
    private readonly string _name;
    private PciBus? _bus;
    private PortMapping? _portMapping;

    private PciBar(string name, int index, PciBarKind kind, ulong size, bool prefetchable, MemoryRegion? memory, IPortDevice? ports)
    {
        _name = name;
        Index = index;
        Kind = kind;
        Size = size;
        IsPrefetchable = prefetchable;
        _memory = memory;
        _ports = ports;
    }

    /// <summary>0-5; the expansion ROM is 6.</summary>
    public int Index { get; }

    public PciBarKind Kind { get; }

    /// <summary>Bytes (or ports), a power of two.</summary>
    public ulong Size { get; }

    public bool IsPrefetchable { get; }

    /// <summary>Where the guest sees it now, or null while it is not decoded.</summary>
    public ulong? MappedAddress { get; private set; }

    /// <summary>Offset of the register in configuration space.</summary>
    public int Offset => Kind == PciBarKind.ExpansionRom ? PciRegister.ExpansionRom : PciRegister.BaseAddress0 + 4 * Index;

    /// <summary>Read-only low bits of the register.</summary>
    internal uint TypeBits => Kind switch
    {
        PciBarKind.Port => 1u,
        PciBarKind.Memory64 => 4u | (IsPrefetchable ? 8u : 0u),
        PciBarKind.Memory32 => IsPrefetchable ? 8u : 0u,
        _ => 0u,
    };

    internal static PciBar ForPorts(string name, int index, int count, IPortDevice device)
    {
        if (count < 4 || count > 256 || !BitOperations.IsPow2(count))
            throw new ArgumentOutOfRangeException(nameof(count), count, "A port BAR decodes 4 to 256 ports, a power of two (PCI 3.0, 6.2.5.1).");
        return new PciBar(name, index, PciBarKind.Port, (ulong)count, false, null, device);
    }

    internal static PciBar ForMemory(int index, PciBarKind kind, bool prefetchable, MemoryRegion region)
    {
        CheckMemorySize(kind, region.Size);
        return new PciBar(region.Name, index, kind, region.Size, prefetchable, region, null);
    }

    private static void CheckMemorySize(PciBarKind kind, ulong size)
    {
        ulong smallest = kind == PciBarKind.ExpansionRom ? 2048u : 16u;
        ulong largest = kind == PciBarKind.Memory64 ? 1ul << 62 : 1ul << 31;
        if (size < smallest || size > largest || !BitOperations.IsPow2(size))
            throw new ArgumentOutOfRangeException(nameof(size), size, $"A memory BAR's size is a power of two from {smallest} to {largest}.");
    }

    /// <summary>
    /// The address the register asks for, or null if it does not decode: not enabled, never programmed (0), or all ones as
    /// written while sizing.
    /// </summary>
    internal ulong? Decode(ulong register, PciCommand command)
    {
        PciCommand needed = Kind == PciBarKind.Port ? PciCommand.IoSpace : PciCommand.MemorySpace;
        if ((command & needed) == 0 || (Kind == PciBarKind.ExpansionRom && (register & 1) == 0))
            return null;
        ulong address = register & ~(Size - 1);
        ulong limit = Kind switch
        {
            PciBarKind.Port => 0xFFFF,
            PciBarKind.Memory64 => (1ul << 52) - 1,
            _ => 0xFFFF_FFFF,
        };
        ulong last = address + Size - 1;
        bool sizing = last >= limit;
        return address == 0 || last < address || sizing ? null : address;
    }

    internal void MoveTo(ulong? address, PciBus? bus)
    {
        ulong? wanted = bus is null ? null : address;
        if (wanted == MappedAddress && bus == _bus)
            return;
        Unmap();
        _bus = bus;
        MappedAddress = wanted;
        if (bus is null || wanted is not { } target)
            return;
        if (_memory is not null)
            bus.Memory.AddSubregion(target, _memory, MappingPriority);
        else if (_ports is not null)
            _portMapping = bus.Ports.Map((ushort)target, (int)Size, _ports, _name, MappingPriority);
    }

    private void Unmap()
    {
        _portMapping?.Dispose();
        _portMapping = null;
        if (_memory?.Container is { } container)
            container.Remove(_memory);
    }
}
