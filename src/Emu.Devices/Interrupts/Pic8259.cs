using System.Numerics;
using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Interrupts;

/// <summary>
/// One 8259A programmable interrupt controller as built into the PIIX3 (Intel 8259A data sheet, order 231468; PIIX3 data sheet 2.5.4).
/// </summary>
/// <remarks>
/// PIIX3 deviations kept here: ICW1.LTIM is ignored, trigger mode comes from the ELCR; the vector is always delivered in
/// 8086 mode. A request that falls before its acknowledge is gone, in both trigger modes, and an acknowledge that finds none yields
/// IR7 without an in-service bit (8259A, "Edge and Level Triggered Modes").
/// </remarks>
public sealed class Pic8259 : IPortDevice, ISnapshotable, IResettable, IDescribable
{
    // ICW1 (A0 = 0, bit 4 = 1).
    private const byte Icw1Select = 1 << 4;
    private const byte Icw1NeedIcw4 = 1 << 0;
    private const byte Icw1Single = 1 << 1;

    // ICW4.
    private const byte Icw4AutoEoi = 1 << 1;
    private const byte Icw4SpecialFullyNested = 1 << 4;

    // OCW3 (A0 = 0, bits 4:3 = 01).
    private const byte Ocw3Select = 1 << 3;
    private const byte Ocw3ReadIsr = 1 << 0;
    private const byte Ocw3ReadRegister = 1 << 1;
    private const byte Ocw3Poll = 1 << 2;
    private const byte Ocw3SpecialMask = 1 << 5;
    private const byte Ocw3EnableSpecialMask = 1 << 6;

    private const int SpuriousLevel = 7;
    private const byte PollInterrupt = 0x80;

    private enum InitializationWord
    {
        None,
        Icw2,
        Icw3,
        Icw4,
    }

    private readonly string _name;
    private readonly bool _isMaster;
    private readonly IInterruptLine _output;

    private byte _lines;
    private byte _request;
    private byte _inService;
    private byte _mask;
    private byte _levelTriggered;
    private byte _vectorBase;
    private byte _cascade;
    private int _lowestPriority = 7;
    private InitializationWord _expected;
    private bool _needIcw4;
    private bool _single;
    private bool _autoEoi;
    private bool _rotateOnAutoEoi;
    private bool _specialFullyNested;
    private bool _specialMask;
    private bool _readInService;
    private bool _poll;

    /// <param name="name">"pic0" or "pic1", for the monitor.</param>
    /// <param name="isMaster">The one whose INT reaches the processor.</param>
    /// <param name="output">The INT pin.</param>
    public Pic8259(string name, bool isMaster, IInterruptLine output)
    {
        _name = name;
        _isMaster = isMaster;
        _output = output;
    }

    /// <summary>Interrupts acknowledged per input since power-on.</summary>
    public long[] AcknowledgeCounts { get; } = new long[8];

    /// <summary>Acknowledge cycles that found no request (default IR7).</summary>
    public long SpuriousCount { get; private set; }

    /// <summary>Interrupt request register (8259A, "Interrupt Request Register").</summary>
    public byte RequestRegister => _request;

    /// <summary>In-service register.</summary>
    public byte InServiceRegister => _inService;

    /// <summary>Interrupt mask register.</summary>
    public byte MaskRegister => _mask;

    /// <summary>Edge/level control register of this controller (PIIX3 data sheet 2.5.4.9): bit set = level.</summary>
    public byte EdgeLevelControl
    {
        get => _levelTriggered;
        set
        {
            byte toLevel = (byte)(value & ~_levelTriggered);
            _levelTriggered = value;
            _request = (byte)(_request & ~toLevel | _lines & toLevel);
            Update();
        }
    }

    /// <summary>Drives input IR<paramref name="input"/>.</summary>
    public void SetInput(int input, bool level)
    {
        byte bit = (byte)(1 << input);
        bool was = (_lines & bit) != 0;
        if (was == level)
            return;
        if (level)
        {
            _lines |= bit;
            _request |= bit;
        }
        else
        {
            _lines &= (byte)~bit;
            _request &= (byte)~bit;
        }
        Update();
    }

    /// <summary>INT pin level.</summary>
    public bool Output => HighestRequest() >= 0;

    /// <summary>
    /// The pair of INTA# pulses: freezes priorities, moves the winner to service and names it; -1 for a default IR7.
    /// </summary>
    public int Acknowledge()
    {
        int level = HighestRequest();
        if (level < 0)
        {
            SpuriousCount++;
            return -1;
        }
        AcknowledgeCounts[level]++;
        byte bit = (byte)(1 << level);
        if ((_levelTriggered & bit) == 0)
            _request &= (byte)~bit;
        if (!_autoEoi)
            _inService |= bit;
        else if (_rotateOnAutoEoi)
            _lowestPriority = level;
        Update();
        return level;
    }

    /// <summary>Vector that stands for an input, 7 for a spurious acknowledge.</summary>
    public byte VectorOf(int level) => (byte)(_vectorBase | (level < 0 ? SpuriousLevel : level));

    public uint ReadPort(ushort offset, int size)
    {
        if (_poll)
        {
            _poll = false;
            int level = HighestRequest();
            if (level < 0)
                return 0;
            Acknowledge();
            return (uint)(PollInterrupt | level);
        }
        if ((offset & 1) != 0)
            return _mask;
        return _readInService ? _inService : _request;
    }

    public void WritePort(ushort offset, int size, uint value)
    {
        byte data = (byte)value;
        if ((offset & 1) != 0)
            WriteData(data);
        else if ((data & Icw1Select) != 0)
            StartInitialization(data);
        else if ((data & Ocw3Select) != 0)
            WriteOcw3(data);
        else
            WriteOcw2(data);
        Update();
    }

    private void StartInitialization(byte icw1)
    {
        ClearProgramming();
        _needIcw4 = (icw1 & Icw1NeedIcw4) != 0;
        _single = (icw1 & Icw1Single) != 0;
        _expected = InitializationWord.Icw2;
    }

    /// <summary>8259A, "Initialization Command Words 1 and 2", items a-f: edge inputs need a new low-to-high transition.</summary>
    private void ClearProgramming()
    {
        _request = (byte)(_lines & _levelTriggered);
        _inService = 0;
        _mask = 0;
        _lowestPriority = 7;
        _specialMask = false;
        _readInService = false;
        _poll = false;
        _autoEoi = false;
        _rotateOnAutoEoi = false;
        _specialFullyNested = false;
        _expected = InitializationWord.None;
    }

    private void WriteData(byte data)
    {
        switch (_expected)
        {
            case InitializationWord.None:
                _mask = data;
                break;
            case InitializationWord.Icw2:
                _vectorBase = (byte)(data & 0xF8);
                _expected = !_single ? InitializationWord.Icw3 : _needIcw4 ? InitializationWord.Icw4 : InitializationWord.None;
                break;
            case InitializationWord.Icw3:
                _cascade = data;
                _expected = _needIcw4 ? InitializationWord.Icw4 : InitializationWord.None;
                break;
            default:
                _autoEoi = (data & Icw4AutoEoi) != 0;
                _specialFullyNested = (data & Icw4SpecialFullyNested) != 0;
                _expected = InitializationWord.None;
                break;
        }
    }

    /// <summary>OCW2: bits 7-5 are R, SL, EOI; bits 2-0 the level.</summary>
    private void WriteOcw2(byte data)
    {
        int level = data & 7;
        switch (data >> 5)
        {
            case 0b000:
                _rotateOnAutoEoi = false;
                break;
            case 0b100:
                _rotateOnAutoEoi = true;
                break;
            case 0b001:
            case 0b101:
                int highest = HighestInService(_specialMask ? (byte)(_inService & ~_mask) : _inService);
                if (highest < 0)
                    break;
                _inService &= (byte)~(1 << highest);
                if (data >> 5 == 0b101)
                    _lowestPriority = highest;
                break;
            case 0b011:
                _inService &= (byte)~(1 << level);
                break;
            case 0b111:
                _inService &= (byte)~(1 << level);
                _lowestPriority = level;
                break;
            case 0b110:
                _lowestPriority = level;
                break;
            default:
                break;
        }
    }

    private void WriteOcw3(byte data)
    {
        if ((data & Ocw3Poll) != 0)
            _poll = true;
        else if ((data & Ocw3ReadRegister) != 0)
            _readInService = (data & Ocw3ReadIsr) != 0;
        if ((data & Ocw3EnableSpecialMask) != 0)
            _specialMask = (data & Ocw3SpecialMask) != 0;
    }

    /// <summary>Position in the priority ring, 0 highest.</summary>
    private int PriorityOf(byte bits)
    {
        if (bits == 0)
            return 8;
        int first = (_lowestPriority + 1) & 7;
        byte rotated = (byte)(bits >> first | bits << 8 - first);
        return BitOperations.TrailingZeroCount((uint)rotated);
    }

    private int LevelAt(int priority) => (priority + _lowestPriority + 1) & 7;

    private int HighestInService(byte inService)
    {
        int priority = PriorityOf(inService);
        return priority == 8 ? -1 : LevelAt(priority);
    }

    private int HighestRequest()
    {
        int request = PriorityOf((byte)(_request & ~_mask));
        if (request == 8)
            return -1;
        int current = PriorityOf(_specialMask ? (byte)(_inService & ~_mask) : _inService);
        int level = LevelAt(request);
        // Special fully nested mode: a slave in service does not lock out its own higher inputs.
        bool sameSlave = _isMaster && _specialFullyNested && (_cascade & 1 << level) != 0;
        return request < current || (request == current && sameSlave) ? level : -1;
    }

    private void Update() => _output.Set(Output);

    /// <summary>Power-on. The levels on the inputs belong to their drivers and stay.</summary>
    public void Reset()
    {
        ClearProgramming();
        _levelTriggered = 0;
        _request = 0;
        _vectorBase = 0;
        _cascade = 0;
        _needIcw4 = false;
        _single = false;
        Update();
    }

    public void SaveState(BinaryWriter writer)
    {
        writer.Write([_lines, _request, _inService, _mask, _levelTriggered, _vectorBase, _cascade, (byte)_lowestPriority, (byte)_expected]);
        writer.Write(_needIcw4);
        writer.Write(_single);
        writer.Write(_autoEoi);
        writer.Write(_rotateOnAutoEoi);
        writer.Write(_specialFullyNested);
        writer.Write(_specialMask);
        writer.Write(_readInService);
        writer.Write(_poll);
    }

    public void LoadState(BinaryReader reader)
    {
        _lines = reader.ReadByte();
        _request = reader.ReadByte();
        _inService = reader.ReadByte();
        _mask = reader.ReadByte();
        _levelTriggered = reader.ReadByte();
        _vectorBase = reader.ReadByte();
        _cascade = reader.ReadByte();
        _lowestPriority = reader.ReadByte() & 7;
        _expected = (InitializationWord)(reader.ReadByte() & 3);
        _needIcw4 = reader.ReadBoolean();
        _single = reader.ReadBoolean();
        _autoEoi = reader.ReadBoolean();
        _rotateOnAutoEoi = reader.ReadBoolean();
        _specialFullyNested = reader.ReadBoolean();
        _specialMask = reader.ReadBoolean();
        _readInService = reader.ReadBoolean();
        _poll = reader.ReadBoolean();
        Update();
    }

    public void Describe(TextWriter writer) => writer.WriteLine(
        $"{_name}: irr={_request:x2} imr={_mask:x2} isr={_inService:x2} hprio={(_lowestPriority + 1) & 7} irq_base={_vectorBase:x2} " +
        $"rr_sel={(_readInService ? 1 : 0)} elcr={_levelTriggered:x2} fnm={(_specialFullyNested ? 1 : 0)}");
}
