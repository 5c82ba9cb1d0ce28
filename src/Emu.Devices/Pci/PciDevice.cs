using System.Buffers.Binary;
using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Pci;

/// <summary>
/// One PCI function: its configuration space with a write mask per bit, base address registers that follow the guest's
/// programming, the INTx# wire and the way to memory.
/// </summary>
/// <remarks>
/// A concrete function declares its registers in its constructor with <see cref="DefineRegister"/>, <see cref="AddPortBar"/>,
/// <c>AddMemoryBar</c> and <see cref="AddCapability"/>, and overrides <see cref="ConfigurationWritten"/> to act
/// on the ones with side effects.
/// </remarks>
public abstract class PciDevice : ISnapshotable, IResettable, IDescribable
{
    private readonly byte[] _configuration;
    private readonly byte[] _resetValues;
    private readonly byte[] _writable;
    private readonly byte[] _writeOneToClear;
    private readonly List<PciBar> _bars = [];
    private int _lastCapability;
    private bool _interruptPending;
    private bool _interruptDriven;

    /// <param name="name">Short name for messages and the monitor, e.g. "piix3-ide".</param>
    /// <param name="identity">Read-only identification words.</param>
    /// <param name="configurationSize">256, or 4096 for a PCI Express function.</param>
    protected PciDevice(string name, PciIdentity identity, int configurationSize = 256)
    {
        Name = name;
        Identity = identity;
        _configuration = new byte[configurationSize];
        _resetValues = new byte[configurationSize];
        _writable = new byte[configurationSize];
        _writeOneToClear = new byte[configurationSize];
        Interrupt = new InterruptPinLine(this);
        BusMemory = new BusMasterMemory(this);

        DefineRegister(PciRegister.VendorId, 2, identity.VendorId);
        DefineRegister(PciRegister.DeviceId, 2, identity.DeviceId);
        DefineRegister(PciRegister.Command, 2, 0, (uint)(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster
            | PciCommand.SerrEnable | PciCommand.InterruptDisable));
        DefineRegister(PciRegister.Status, 2, 0, 0, (uint)PciStatus.WriteOneToClear);
        DefineRegister(PciRegister.RevisionId, 4, identity.RevisionId | identity.ClassCode << 8);
        DefineRegister(PciRegister.CacheLineSize, 1, 0, 0xFF);
        DefineRegister(PciRegister.SubsystemVendorId, 2, identity.SubsystemVendorId);
        DefineRegister(PciRegister.SubsystemId, 2, identity.SubsystemId);
        DefineRegister(PciRegister.InterruptLine, 1, 0, 0xFF);
        DefineRegister(PciRegister.InterruptPin, 1, identity.InterruptPin);
    }

    public string Name { get; }

    public PciIdentity Identity { get; }

    /// <summary>The bus it is plugged into, null until <see cref="PciBus.Add"/>.</summary>
    public PciBus? Bus { get; private set; }

    /// <summary>Device number on the bus, 0-31.</summary>
    public int DeviceNumber { get; private set; }

    /// <summary>Function of the device, 0-7.</summary>
    public int Function { get; private set; }

    /// <summary>Bus, device and function as the processor addresses them in CONFADD (bits 15-0: bus 8, device 5, function 3).</summary>
    public ushort RequesterId => (ushort)((Bus?.Number ?? 0) << 8 | DeviceNumber << 3 | Function);

    /// <summary>The base address registers in order of definition.</summary>
    public IReadOnlyList<PciBar> Bars => _bars;

    /// <summary>This function's INTx# wire (high = asserted). It respects COMMAND.InterruptDisable and shows in STATUS.</summary>
    public IInterruptLine Interrupt { get; }

    /// <summary>Memory for DMA: transfers nothing while the guest has not set COMMAND.BusMaster.</summary>
    public IBusMemory BusMemory { get; }

    /// <summary>Current command register.</summary>
    public PciCommand Command => (PciCommand)ReadWord(PciRegister.Command);

    /// <summary>Size of the configuration space in bytes.</summary>
    public int ConfigurationSize => _configuration.Length;

    /// <summary>Configuration space as it stands.</summary>
    protected Span<byte> Configuration => _configuration;

    /// <summary>
    /// A configuration read. <paramref name="offset"/> is naturally aligned; <paramref name="size"/> is 1, 2 or 4.
    /// </summary>
    public virtual uint ReadConfiguration(int offset, int size)
    {
        uint value = 0;
        for (int i = 0; i < size; i++)
        {
            int at = offset + i;
            value |= (uint)(at < _configuration.Length ? _configuration[at] : 0xFF) << 8 * i;
        }
        return value;
    }

    /// <summary>A configuration write; only bits declared writable change.</summary>
    public void WriteConfiguration(int offset, int size, uint value)
    {
        for (int i = 0; i < size && offset + i < _configuration.Length; i++)
        {
            int at = offset + i;
            byte data = (byte)(value >> 8 * i);
            int kept = _configuration[at] & ~_writable[at];
            _configuration[at] = (byte)((kept | data & _writable[at]) & ~(data & _writeOneToClear[at]));
        }
        if (Overlaps(offset, size, PciRegister.Command, 2))
            DriveInterrupt();
        if (Overlaps(offset, size, PciRegister.Command, 2) || Overlaps(offset, size, PciRegister.BaseAddress0, 24)
            || Overlaps(offset, size, PciRegister.ExpansionRom, 4))
            UpdateMappings();
        ConfigurationWritten(offset, size);
    }

    /// <summary>Called after a configuration write has changed what it may.</summary>
    protected virtual void ConfigurationWritten(int offset, int size)
    {
    }

    /// <summary>Whether a write to [offset, offset+size) touches the register at <paramref name="register"/>.</summary>
    protected static bool Overlaps(int offset, int size, int register, int registerSize) =>
        offset < register + registerSize && register < offset + size;

    protected byte ReadByte(int offset) => _configuration[offset];

    protected ushort ReadWord(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_configuration.AsSpan(offset));

    protected uint ReadDword(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_configuration.AsSpan(offset));

    /// <summary>Declares (or redeclares) a register: its reset value, the bits a guest can write and those a written 1 clears.</summary>
    protected void DefineRegister(int offset, int size, uint resetValue, uint writable = 0, uint writeOneToClear = 0)
    {
        for (int i = 0; i < size; i++)
        {
            _configuration[offset + i] = _resetValues[offset + i] = (byte)(resetValue >> 8 * i);
            _writable[offset + i] = (byte)(writable >> 8 * i);
            _writeOneToClear[offset + i] = (byte)(writeOneToClear >> 8 * i);
        }
    }

    /// <summary>Changes which bits of a byte a guest can write, e.g. when a lock bit is set.</summary>
    protected void SetWritable(int offset, byte writable) => _writable[offset] = writable;

    /// <summary>Adds an I/O BAR (index 0-5) of <paramref name="count"/> ports.</summary>
    protected PciBar AddPortBar(int index, int count, IPortDevice device) =>
        Add(PciBar.ForPorts($"{Name}.bar{index}", index, count, device));

    /// <summary>Adds a memory BAR of registers; a 64-bit one also takes index + 1.</summary>
    protected PciBar AddMemoryBar(int index, ulong size, IMemoryDevice device, bool prefetchable = false, bool is64Bit = false) =>
        AddMemoryBar(index, MemoryRegion.CreateDevice($"{Name}.bar{index}", size, device), prefetchable, is64Bit);

    /// <summary>Adds a memory BAR that shows a region: RAM such as a frame buffer, or a container of several things.</summary>
    protected PciBar AddMemoryBar(int index, MemoryRegion region, bool prefetchable = false, bool is64Bit = false) =>
        Add(PciBar.ForMemory(index, is64Bit ? PciBarKind.Memory64 : PciBarKind.Memory32, prefetchable, region));

    /// <summary>Adds the expansion ROM; its size is rounded up to a power of two.</summary>
    protected PciBar AddExpansionRom(ReadOnlyMemory<byte> image)
    {
        ulong size = Math.Max(2048, System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)image.Length));
        return Add(PciBar.ForMemory(6, PciBarKind.ExpansionRom, false,
            MemoryRegion.CreateDevice($"{Name}.rom", size, new RomImage(image))));
    }

    private PciBar Add(PciBar bar)
    {
        _bars.Add(bar);
        ulong mask = ~(bar.Size - 1);
        uint enable = bar.Kind == PciBarKind.ExpansionRom ? 1u : 0u;
        DefineRegister(bar.Offset, 4, bar.TypeBits, (uint)mask | enable);
        if (bar.Kind == PciBarKind.Memory64)
            DefineRegister(bar.Offset + 4, 4, 0, (uint)(mask >> 32));
        return bar;
    }

    /// <summary>
    /// Links a capability of <paramref name="size"/> bytes (header included) at <paramref name="offset"/> into the list and
    /// returns that offset. Its registers are then declared with <see cref="DefineRegister"/>.
    /// </summary>
    protected int AddCapability(byte id, int offset, int size)
    {
        if (offset < PciRegister.DeviceSpecific || (offset & 3) != 0 || offset + size > 256)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, "A capability lies dword-aligned in 0x40-0xFF.");
        if (_lastCapability == 0)
        {
            DefineRegister(PciRegister.CapabilitiesPointer, 1, (uint)offset);
            DefineRegister(PciRegister.Status, 2, ReadWord(PciRegister.Status) | (uint)PciStatus.CapabilitiesList, 0,
                (uint)PciStatus.WriteOneToClear);
        }
        else
        {
            DefineRegister(_lastCapability + 1, 1, (uint)offset);
        }
        DefineRegister(offset, 2, id);
        _lastCapability = offset;
        return offset;
    }

    /// <summary>
    /// Adds an MSI capability of <paramref name="messages"/> (1-32, a power of two). The function sends with the returned object, and calls its
    /// <see cref="MsiCapability.ConfigurationWritten"/> from <see cref="ConfigurationWritten"/>.
    /// </summary>
    protected MsiCapability AddMsiCapability(int offset, int messages, bool perVectorMasking)
    {
        var msi = new MsiCapability(this, _configuration, offset, messages, perVectorMasking);
        AddCapability(PciCapabilityId.Msi, offset, perVectorMasking ? MsiCapability.SizeWithMasking : MsiCapability.Size);
        DefineRegister(offset + 2, 2, msi.ControlResetValue, MsiCapability.ControlWritable);
        DefineRegister(offset + 4, 4, 0, 0xFFFF_FFFC);
        DefineRegister(offset + 8, 4, 0, 0xFFFF_FFFF);
        DefineRegister(offset + 12, 2, 0, 0xFFFF);
        if (perVectorMasking)
            DefineRegister(offset + 16, 4, 0, messages == 32 ? uint.MaxValue : (1u << messages) - 1);
        return msi;
    }

    /// <summary>Hard reset (RST#): registers take their reset values, BARs stop decoding, INTx# is released.</summary>
    public virtual void Reset()
    {
        _resetValues.CopyTo(_configuration, 0);
        Interrupt.Set(false);
        UpdateMappings();
    }

    internal void Attach(PciBus bus, int device, int function)
    {
        Bus = bus;
        DeviceNumber = device;
        Function = function;
        UpdateMappings();
        Attached();
    }

    /// <summary>Called once the function sits on its bus.</summary>
    protected virtual void Attached()
    {
    }

    internal void MarkMultifunction() => DefineRegister(PciRegister.HeaderType, 1, ReadByte(PciRegister.HeaderType) | 0x80u);

    private void UpdateMappings()
    {
        foreach (PciBar bar in _bars)
        {
            ulong register = ReadDword(bar.Offset);
            if (bar.Kind == PciBarKind.Memory64)
                register |= (ulong)ReadDword(bar.Offset + 4) << 32;
            bar.MoveTo(bar.Decode(register, Command), Bus);
        }
    }

    private void SetInterrupt(bool level)
    {
        _interruptPending = level;
        if (level)
            _configuration[PciRegister.Status] |= (byte)PciStatus.InterruptStatus;
        else
            _configuration[PciRegister.Status] &= unchecked((byte)~(int)PciStatus.InterruptStatus);
        DriveInterrupt();
    }

    private void DriveInterrupt()
    {
        bool level = _interruptPending && (Command & PciCommand.InterruptDisable) == 0;
        if (level == _interruptDriven || Bus is null || ReadByte(PciRegister.InterruptPin) == 0)
            return;
        _interruptDriven = level;
        Bus.ChangePin(DeviceNumber, ReadByte(PciRegister.InterruptPin), level);
    }

    public virtual void SaveState(BinaryWriter writer)
    {
        writer.Write(_configuration);
        writer.Write(_interruptPending);
    }

    public virtual void LoadState(BinaryReader reader)
    {
        reader.BaseStream.ReadExactly(_configuration);
        SetInterrupt(reader.ReadBoolean());
        UpdateMappings();
    }

    public virtual void Describe(TextWriter writer)
    {
        writer.WriteLine($"  Bus {Bus?.Number ?? 0,2}, device {DeviceNumber,3}, function {Function}:");
        writer.WriteLine($"    {Name}: class {Identity.ClassCode >> 8:x4}, PCI device {Identity.VendorId:x4}:{Identity.DeviceId:x4}, " +
            $"command {(ushort)Command:x4}");
        if (Identity.InterruptPin != 0)
            writer.WriteLine($"      IRQ {ReadByte(PciRegister.InterruptLine)}, pin {(char)('A' + Identity.InterruptPin - 1)}" +
                $"{(_interruptPending ? ", asserted" : "")}");
        foreach (PciBar bar in _bars)
        {
            string kind = bar.Kind switch
            {
                PciBarKind.Port => "I/O",
                PciBarKind.Memory64 => "64 bit memory",
                PciBarKind.ExpansionRom => "expansion ROM",
                _ => "32 bit memory",
            };
            string where = bar.MappedAddress is { } address ? $"at 0x{address:x} [0x{address + bar.Size - 1:x}]" : "not mapped";
            writer.WriteLine($"      BAR{bar.Index}: {kind}{(bar.IsPrefetchable ? " prefetchable" : "")} {where}");
        }
    }

    private sealed class InterruptPinLine(PciDevice device) : IInterruptLine
    {
        public void Set(bool level)
        {
            if (level != device._interruptPending)
                device.SetInterrupt(level);
        }
    }

    private sealed class RomImage(ReadOnlyMemory<byte> image) : IMemoryDevice
    {
        public int MaxAccessSize => 8;

        public ulong ReadMemory(ulong offset, int size)
        {
            ulong value = 0;
            for (int i = size - 1; i >= 0; i--)
            {
                ulong at = offset + (ulong)i;
                value = value << 8 | (at < (ulong)image.Length ? image.Span[(int)at] : 0xFFul);
            }
            return value;
        }

        public void WriteMemory(ulong offset, int size, ulong value)
        {
        }
    }
}
