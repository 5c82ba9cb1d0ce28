using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Interrupts;

/// <summary>
/// I/O APIC with 24 inputs (82093AA data sheet, order 290566), with the EOI register of later parts (ICH: version 20h).
/// </summary>
/// <remarks>
/// An <see cref="IInterruptLine"/> carries "asserted", whatever its electrical level, so the polarity bit of a redirection
/// entry is stored but does not invert. Edges on a masked input are ignored; a level on a masked input is remembered.
/// </remarks>
public sealed class IoApic : IMemoryDevice, IApicEoiListener, ISnapshotable, IResettable, IDescribable
{
    /// <summary>Default base address (82093AA 3.0).</summary>
    public const ulong DefaultAddress = 0xFEC0_0000;

    /// <summary>Bytes the board decodes for it.</summary>
    public const ulong RegionSize = 0x1000;

    public const int InputCount = 24;

    // Memory-mapped registers.
    private const ulong RegisterSelect = 0x00;
    private const ulong Window = 0x10;
    private const ulong PinAssertion = 0x20;
    private const ulong EndOfInterruptRegister = 0x40;

    // Indirect registers.
    private const int IdRegister = 0x00;
    private const int VersionRegister = 0x01;
    private const int ArbitrationRegister = 0x02;
    private const int RedirectionTable = 0x10;

    private const byte Version = 0x20;
    private const uint IdMask = 0x0F00_0000;

    // Redirection table entry (82093AA 3.2.4).
    private const ulong VectorMask = 0xFF;
    private const int DeliveryModeShift = 8;
    private const ulong DestinationModeLogical = 1ul << 11;
    private const ulong DeliveryStatus = 1ul << 12;
    private const ulong RemoteIrr = 1ul << 14;
    private const ulong LevelTriggered = 1ul << 15;
    private const ulong Masked = 1ul << 16;
    private const int DestinationShift = 56;
    private const ulong ReadOnlyBits = DeliveryStatus | RemoteIrr;
    private const ulong WritableBits = 0xFF00_0000_0001_AFFF;

    private readonly IApicBus _bus;
    private readonly ulong[] _entries = new ulong[InputCount];
    private readonly IInterruptLine[] _inputs = new IInterruptLine[InputCount];
    private readonly long[] _delivered = new long[InputCount];
    private uint _lines;
    private uint _id;
    private byte _select;

    public IoApic(IApicBus bus)
    {
        _bus = bus;
        for (int i = 0; i < InputCount; i++)
        {
            int pin = i;
            _inputs[i] = InterruptLines.From(level => SetInput(pin, level));
        }
        bus.AddEoiListener(this);
        Reset();
    }

    /// <summary>8-byte accesses arrive as two dwords.</summary>
    public int MaxAccessSize => 4;

    /// <summary>Input INTIN<paramref name="pin"/>, 0-23.</summary>
    public IInterruptLine Input(int pin) => _inputs[pin];

    /// <inheritdoc/>
    public bool TryPeekMemory(ulong offset, int size, out ulong value)
    {
        value = ReadMemory(offset, size);
        return true;
    }

    /// <summary>Messages sent for an input since power-on.</summary>
    public long DeliveredCount(int pin) => _delivered[pin];

    public ulong ReadMemory(ulong offset, int size)
    {
        ulong register = offset & ~3ul;
        uint value = register switch
        {
            RegisterSelect => _select,
            Window => ReadIndirect(),
            _ => 0,
        };
        return value >> 8 * (int)(offset & 3);
    }

    public void WriteMemory(ulong offset, int size, ulong value)
    {
        switch (offset)
        {
            case RegisterSelect:
                _select = (byte)value;
                break;
            case Window when size >= 4:
                WriteIndirect((uint)value);
                break;
            case PinAssertion:
                if ((value & 0xFF) < InputCount)
                    RaiseEdge((int)(value & 0xFF));
                break;
            case EndOfInterruptRegister:
                EndOfInterrupt((byte)value);
                break;
            default:
                break;
        }
    }

    private uint ReadIndirect()
    {
        int entry = _select - RedirectionTable >> 1;
        if (_select >= RedirectionTable && entry < InputCount)
            return (uint)(_entries[entry] >> 32 * (_select & 1));
        return _select switch
        {
            IdRegister or ArbitrationRegister => _id,
            VersionRegister => (InputCount - 1) << 16 | Version,
            _ => 0,
        };
    }

    private void WriteIndirect(uint value)
    {
        int entry = _select - RedirectionTable >> 1;
        if (_select == IdRegister)
        {
            _id = value & IdMask;
        }
        else if (_select >= RedirectionTable && entry < InputCount)
        {
            int shift = 32 * (_select & 1);
            ulong half = 0xFFFF_FFFFul << shift;
            ulong writable = WritableBits & half;
            ulong updated = _entries[entry] & ~writable | (ulong)value << shift & writable;
            // Remote IRR has no meaning for edges; software without an EOI register clears it by a trip through edge mode.
            if ((updated & LevelTriggered) == 0)
                updated &= ~RemoteIrr;
            _entries[entry] = updated;
            ServiceLevel(entry);
        }
    }

    private void SetInput(int pin, bool level)
    {
        uint bit = 1u << pin;
        if (level)
        {
            _lines |= bit;
            if ((_entries[pin] & LevelTriggered) != 0)
                ServiceLevel(pin);
            else
                RaiseEdge(pin);
        }
        else
        {
            _lines &= ~bit;
        }
    }

    private void RaiseEdge(int pin)
    {
        ulong entry = _entries[pin];
        if ((entry & Masked) != 0)
            return;
        if ((entry & LevelTriggered) != 0)
            ServiceLevel(pin, true);
        else
            Send(pin, entry, false);
    }

    private void ServiceLevel(int pin, bool asserted = false)
    {
        ulong entry = _entries[pin];
        bool line = asserted || (_lines & 1u << pin) != 0;
        if (!line || (entry & (Masked | RemoteIrr)) != 0 || (entry & LevelTriggered) == 0)
            return;
        // Set first: a local APIC may end the interrupt before Deliver returns.
        _entries[pin] = entry | RemoteIrr;
        ApicDeliveryMode mode = ModeOf(entry);
        bool accepted = Send(pin, entry, true);
        if (!accepted || mode is not (ApicDeliveryMode.Fixed or ApicDeliveryMode.LowestPriority))
            _entries[pin] &= ~RemoteIrr;
    }

    private static ApicDeliveryMode ModeOf(ulong entry) => (ApicDeliveryMode)((entry >> DeliveryModeShift) & 7);

    private bool Send(int pin, ulong entry, bool level)
    {
        _delivered[pin]++;
        return _bus.Deliver(new ApicMessage(
            (uint)(entry >> DestinationShift),
            (entry & DestinationModeLogical) != 0,
            ModeOf(entry),
            (byte)(entry & VectorMask),
            true,
            level));
    }

    /// <summary>EOI message (or EOI register): ends the level interrupts with this vector; one whose line is still high is sent again.</summary>
    public void EndOfInterrupt(byte vector)
    {
        for (int pin = 0; pin < InputCount; pin++)
        {
            ulong entry = _entries[pin];
            if ((entry & VectorMask) != vector || (entry & (LevelTriggered | RemoteIrr)) != (LevelTriggered | RemoteIrr))
                continue;
            _entries[pin] = entry & ~RemoteIrr;
            ServiceLevel(pin);
        }
    }

    /// <summary>Every input masked, ID 0. The levels on the inputs belong to their drivers and stay.</summary>
    public void Reset()
    {
        Array.Fill(_entries, Masked);
        _id = 0;
        _select = 0;
    }

    public void SaveState(BinaryWriter writer)
    {
        foreach (ulong entry in _entries)
            writer.Write(entry);
        writer.Write(_lines);
        writer.Write(_id);
        writer.Write(_select);
    }

    public void LoadState(BinaryReader reader)
    {
        for (int i = 0; i < InputCount; i++)
            _entries[i] = reader.ReadUInt64() & (WritableBits | ReadOnlyBits);
        _lines = reader.ReadUInt32();
        _id = reader.ReadUInt32();
        _select = reader.ReadByte();
    }

    public void Describe(TextWriter writer)
    {
        writer.WriteLine($"ioapic: id={_id >> 24} select={_select:x2} irr={_lines:x6}");
        for (int pin = 0; pin < InputCount; pin++)
        {
            ulong entry = _entries[pin];
            writer.WriteLine($"  pin {pin,2} 0x{entry:x16} dest={entry >> DestinationShift:x2} vec={entry & VectorMask:x2} " +
                $"{((entry & LevelTriggered) != 0 ? "level" : "edge")} {ModeOf(entry)}{((entry & Masked) != 0 ? " masked" : "")}" +
                $"{((entry & RemoteIrr) != 0 ? " remote-irr" : "")}{((_lines & 1u << pin) != 0 ? " asserted" : "")}");
        }
    }

    /// <summary>Monitor "info irq": inputs that sent at least one message.</summary>
    public void DescribeStatistics(TextWriter writer)
    {
        for (int pin = 0; pin < InputCount; pin++)
        {
            if (_delivered[pin] != 0)
                writer.WriteLine($"{pin,2}: {_delivered[pin]}");
        }
    }
}
