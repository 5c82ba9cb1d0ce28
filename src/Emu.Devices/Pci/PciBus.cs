using Emu.Mmu;

namespace Emu.Devices.Pci;

/// <summary>A PCI bus: 32 devices of 8 functions, four interrupt nets, and the address spaces its functions decode.</summary>
/// <remarks>
/// Interrupt pins rotate by device number as on the PC's root bus (Intel's PIIX boards, and QEMU's pc): pin p of device d
/// drives PIRQ (p - 1 + d - 1) mod 4.
/// </remarks>
public sealed class PciBus : IDescribable
{
    public const int DeviceCount = 32;
    public const int FunctionCount = 8;
    public const int PirqCount = 4;

    private readonly PciDevice?[] _functions = new PciDevice?[DeviceCount * FunctionCount];
    private readonly int[] _pirqAsserted = new int[PirqCount];
    private IPciInterruptRouter? _router;

    /// <param name="memory">Container of the memory BARs; the board shows it beneath RAM and its own registers.</param>
    /// <param name="ports">Port space of the port BARs.</param>
    /// <param name="busMemory">What bus masters reach.</param>
    /// <param name="number">Bus number.</param>
    public PciBus(MemoryRegion memory, PortSpace ports, IBusMemory busMemory, int number = 0)
    {
        Memory = memory;
        Ports = ports;
        BusMemory = busMemory;
        Number = number;
    }

    /// <summary>Bus number, 0 for the root.</summary>
    public int Number { get; }

    /// <summary>PCI memory space: where memory BARs appear.</summary>
    public MemoryRegion Memory { get; }

    /// <summary>I/O space.</summary>
    public PortSpace Ports { get; }

    /// <summary>What a bus master reaches that no IOMMU stands in front of.</summary>
    public IBusMemory BusMemory { get; }

    /// <summary>An IOMMU: gives each function its own view of memory. Null: all see <see cref="BusMemory"/>.</summary>
    public Func<PciDevice, IBusMemory>? DmaRemapping { get; set; }

    /// <summary>Receiver of the interrupt nets (the ISA bridge). Setting it replays the levels of the nets.</summary>
    public IPciInterruptRouter? InterruptRouter
    {
        get => _router;
        set
        {
            _router = value;
            for (int i = 0; i < PirqCount; i++)
                value?.SetPirq(i, _pirqAsserted[i] > 0);
        }
    }

    /// <summary>Receiver of message-signalled interrupts, null where the board has none.</summary>
    public IMessageInterruptTarget? MessageInterrupts { get; set; }

    /// <summary>All functions in order of device and function number.</summary>
    public IEnumerable<PciDevice> Functions => _functions.OfType<PciDevice>();

    /// <summary>Plugs in a function; without a device number it takes the first free slot.</summary>
    /// <exception cref="InvalidOperationException">The slot is taken, or the bus is full.</exception>
    public T Add<T>(T function, int? device = null, int functionNumber = 0)
        where T : PciDevice
    {
        int slot = device ?? FirstFreeDevice();
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot, DeviceCount, nameof(device));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(functionNumber, FunctionCount);
        int index = slot * FunctionCount + functionNumber;
        if (_functions[index] is { } other)
            throw new InvalidOperationException($"PCI address {slot:x2}.{functionNumber} is taken by {other.Name}.");
        _functions[index] = function;
        function.Attach(this, slot, functionNumber);
        if (functionNumber != 0)
            _functions[slot * FunctionCount]?.MarkMultifunction();
        else if (Enumerable.Range(1, FunctionCount - 1).Any(f => _functions[index + f] is not null))
            function.MarkMultifunction();
        return function;
    }

    private int FirstFreeDevice()
    {
        for (int slot = 0; slot < DeviceCount; slot++)
        {
            if (!Enumerable.Range(0, FunctionCount).Any(f => _functions[slot * FunctionCount + f] is not null))
                return slot;
        }
        throw new InvalidOperationException("The PCI bus has no free slot.");
    }

    /// <summary>The function at a slot, or null.</summary>
    public PciDevice? Find(int device, int function) => _functions[device * FunctionCount + function];

    /// <summary>A configuration read; all ones where nobody answers (master abort).</summary>
    /// <param name="bus">Target bus number.</param>
    /// <param name="deviceFunction">Device in bits 7-3, function in bits 2-0.</param>
    /// <param name="offset">Register; the access does not cross a dword.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    public uint ReadConfiguration(int bus, int deviceFunction, int offset, int size) =>
        bus == Number && _functions[deviceFunction & 0xFF] is { } function
            ? function.ReadConfiguration(offset, size)
            : uint.MaxValue >> 32 - 8 * size;

    /// <summary>A configuration write; lost where nobody answers.</summary>
    public void WriteConfiguration(int bus, int deviceFunction, int offset, int size, uint value)
    {
        if (bus == Number)
            _functions[deviceFunction & 0xFF]?.WriteConfiguration(offset, size, value);
    }

    /// <summary>Which net pin 1-4 of a device drives.</summary>
    public static int PirqOf(int device, int pin) => (pin - 1 + device - 1) & (PirqCount - 1);

    internal IBusMemory MemoryOf(PciDevice device) => DmaRemapping?.Invoke(device) ?? BusMemory;

    internal void ChangePin(int device, int pin, bool asserted)
    {
        int pirq = PirqOf(device, pin);
        _pirqAsserted[pirq] += asserted ? 1 : -1;
        _router?.SetPirq(pirq, _pirqAsserted[pirq] > 0);
    }

    /// <summary>RST# to every function.</summary>
    public void Reset()
    {
        foreach (PciDevice function in Functions)
            function.Reset();
    }

    public void Describe(TextWriter writer)
    {
        foreach (PciDevice function in Functions)
            function.Describe(writer);
    }
}
