namespace Emu.Devices.Timers;

/// <summary>
/// One counter of the 8254 (Intel 8254 data sheet, order 231164): all six modes, binary and BCD, as a closed formula over the input clock, so that
/// nothing runs while nobody looks.
/// </summary>
/// <remarks>
/// <see cref="_anchor"/> is the CLK pulse that moved the count register (CR) into the counting element (CE). The state at any later pulse
/// follows from it. Between a write and that next pulse, CE reads as the new count.
/// </remarks>
internal sealed class PitCounter
{
    private const int BinaryBase = 0x10000;
    private const int BcdBase = 10000;
    private const byte ControlBits = 0x3F;

    private byte _control;
    private int _access = 3;
    private bool _bcd;
    private bool _gate;

    private byte _writtenLow;
    private bool _writeHighNext;
    private bool _readHighNext;
    private bool _halfWritten;

    private ushort _countLatch;
    private int _latchedBytes;
    private byte _statusLatch;
    private bool _statusLatched;

    private bool _programmed;
    private bool _triggered;
    private int _reload = BinaryBase;
    private int _pending;
    private long _anchor;
    private bool _anchorIsEdge;
    private long _switchAt;
    private bool _switchIsEdge;
    private long _frozen;
    private bool _outputBeforeLoad;

    public PitCounter(bool gate) => _gate = gate;

    /// <summary>Mode 0-5.</summary>
    public int Mode { get; private set; } = 3;

    /// <summary>Initial count in effect: 1 to 65536 (10000 in BCD).</summary>
    public int Reload => _reload;

    public bool Gate => _gate;

    private bool IsPeriodic => Mode is 2 or 3;

    private bool IsHardwareTriggered => Mode is 1 or 5;

    /// <summary>The counter advances with CLK: the gate stops modes 0, 2, 3 and 4 (8254, "Gate Pin Operations Summary").</summary>
    private bool IsRunning => _programmed && (IsHardwareTriggered ? _triggered : _gate);

    private int Base => _bcd ? BcdBase : BinaryBase;

    /// <summary>As QEMU (the 8254 is undefined until programmed): a square wave of 65536.</summary>
    public void Reset(long now, bool gate)
    {
        _gate = gate;
        WriteControl(0x36, now);
        LoadCount(0, now);
    }

    /// <summary>Control word for this counter: bits 5-4 RW, 3-1 mode, 0 BCD.</summary>
    public void WriteControl(byte control, long now)
    {
        int access = control >> 4 & 3;
        if (access == 0)
        {
            LatchCount(now);
            return;
        }
        _control = (byte)(control & ControlBits);
        _access = access;
        int mode = control >> 1 & 7;
        Mode = mode > 5 ? mode - 4 : mode;
        _bcd = (control & 1) != 0;
        _programmed = false;
        _triggered = false;
        _pending = 0;
        _writtenLow = 0;
        _writeHighNext = _readHighNext = _halfWritten = false;
        _latchedBytes = 0;
        _statusLatched = false;
        _frozen = 0;
        _anchorIsEdge = false;
        _outputBeforeLoad = Mode != 0;
    }

    /// <summary>A byte of the initial count.</summary>
    public void WriteCount(byte data, long now)
    {
        switch (_access)
        {
            case 1:
                LoadCount(data, now);
                break;
            case 2:
                LoadCount(data << 8, now);
                break;
            default:
                if (_writeHighNext)
                {
                    _writeHighNext = _halfWritten = false;
                    LoadCount(_writtenLow | data << 8, now);
                }
                else
                {
                    _writtenLow = data;
                    _writeHighNext = true;
                    // Mode 0: the first byte stops counting and drives OUT low at once.
                    if (Mode == 0)
                    {
                        _frozen = IsRunning ? Math.Max(now - _anchor, 0) : _frozen;
                        _halfWritten = true;
                    }
                }
                break;
        }
    }

    private void LoadCount(int raw, long now)
    {
        int count = _bcd ? FromBcd(raw) : raw;
        if (count == 0)
            count = Base;
        // A count of 1 is illegal in modes 2 and 3.
        if (IsPeriodic)
            count = Math.Max(count, 2);
        Synchronize(now);
        if (!_programmed && !IsHardwareTriggered)
        {
            _programmed = true;
            Start(count, now);
        }
        else if (Mode is 0 or 4)
        {
            Start(count, now);
        }
        else if (IsHardwareTriggered)
        {
            _programmed = true;
            _pending = count;
        }
        else if (!_gate || now < _anchor)
        {
            Start(count, now);
        }
        else
        {
            ScheduleSwitch(now);
            _pending = count;
        }
    }

    private void Start(int count, long now)
    {
        _outputBeforeLoad = Mode switch
        {
            0 => false,
            1 => IsRunning && Output(now),
            _ => true,
        };
        if (Mode == 1 && !_triggered)
            _outputBeforeLoad = true;
        _reload = count;
        _pending = 0;
        _anchor = now + 1;
        _anchorIsEdge = false;
        _frozen = 0;
    }

    /// <summary>GATE input.</summary>
    public void SetGate(bool level, long now)
    {
        if (level == _gate)
            return;
        Synchronize(now);
        if (!level && _programmed && !IsHardwareTriggered && !_halfWritten)
            _frozen = Math.Max(now - _anchor, 0);
        _gate = level;
        if (!level || !_programmed)
            return;
        if (IsHardwareTriggered || IsPeriodic)
        {
            int count = _pending != 0 ? _pending : _reload;
            Start(count, now);
            _triggered = true;
        }
        else if (!_halfWritten)
        {
            _anchor = now - _frozen;
        }
    }

    /// <summary>Notes at which pulse a count written during counting takes over: the end of the period (mode 2) or half period (mode 3).</summary>
    private void ScheduleSwitch(long now)
    {
        long phase = (now - _anchor) % _reload;
        long start = now - phase;
        int high = (_reload + 1) / 2;
        bool endOfHigh = Mode == 3 && phase < high;
        _switchAt = start + (endOfHigh ? high : _reload);
        _switchIsEdge = !endOfHigh;
    }

    private void Synchronize(long now)
    {
        if (_pending == 0 || !IsPeriodic || !IsRunning || now < _switchAt)
            return;
        // After the high half of mode 3 the low half follows, already with the new count.
        _anchor = _switchIsEdge ? _switchAt : _switchAt - (_pending + 1) / 2;
        _anchorIsEdge = _switchIsEdge;
        _reload = _pending;
        _pending = 0;
    }

    private long Elapsed(long now) => IsRunning && !_halfWritten ? now - _anchor : _frozen;

    /// <summary>OUT pin.</summary>
    public bool Output(long now)
    {
        Synchronize(now);
        if (!_programmed || (IsHardwareTriggered && !_triggered))
            return Mode != 0;
        if (Mode == 0 && _halfWritten)
            return false;
        if (IsPeriodic && !_gate)
            return true;
        long elapsed = Elapsed(now);
        if (elapsed < 0)
            return _outputBeforeLoad;
        return Mode switch
        {
            0 or 1 => elapsed >= _reload,
            2 => elapsed % _reload != _reload - 1,
            3 => elapsed % _reload < (_reload + 1) / 2,
            _ => elapsed != _reload,
        };
    }

    /// <summary>Counting element, 0-65535 or four BCD digits.</summary>
    public ushort Count(long now)
    {
        Synchronize(now);
        long elapsed = _programmed ? Math.Max(Elapsed(now), 0) : 0;
        long value;
        if (Mode == 3)
        {
            long phase = elapsed % _reload;
            int high = (_reload + 1) / 2;
            value = (_reload & ~1) - 2 * (phase < high ? phase : phase - high);
        }
        else
        {
            value = _reload - (Mode == 2 ? elapsed % _reload : elapsed % Base);
        }
        value = ((value % Base) + Base) % Base;
        return (ushort)(_bcd ? ToBcd((int)value) : (int)value);
    }

    /// <summary>Next pulse after <paramref name="now"/> at which OUT rises or (except the one-pulse strobes) falls; long.MaxValue if none.</summary>
    public long NextTransition(long now)
    {
        Synchronize(now);
        if (!IsRunning || _halfWritten)
            return long.MaxValue;
        if (_pending != 0 && IsPeriodic)
            return _switchAt;
        long elapsed = now - _anchor;
        switch (Mode)
        {
            case 0:
                return elapsed < _reload ? _anchor + _reload : long.MaxValue;
            case 1:
                return elapsed < 0 ? _anchor : elapsed < _reload ? _anchor + _reload : long.MaxValue;
            case 2:
                return _anchor + (elapsed < 0 ? 1 : elapsed / _reload + 1) * _reload;
            case 3:
                int high = (_reload + 1) / 2;
                long start = elapsed < 0 ? _anchor : now - elapsed % _reload;
                return now < start + high ? start + high : start + _reload;
            default:
                return elapsed <= _reload ? _anchor + _reload + 1 : long.MaxValue;
        }
    }

    /// <summary>Latest pulse up to <paramref name="now"/> at which counting made OUT rise, or long.MinValue.</summary>
    public long LastRisingEdge(long now)
    {
        Synchronize(now);
        if (!IsRunning || _halfWritten)
            return long.MinValue;
        long elapsed = now - _anchor;
        switch (Mode)
        {
            case 0 or 1:
                return elapsed >= _reload ? _anchor + _reload : long.MinValue;
            case 2 or 3:
                long periods = elapsed < 0 ? -1 : elapsed / _reload;
                return periods > 0 || (periods == 0 && _anchorIsEdge) ? _anchor + periods * _reload : long.MinValue;
            default:
                return elapsed > _reload ? _anchor + _reload + 1 : long.MinValue;
        }
    }

    /// <summary>Counter latch command; ignored while a latched count is unread.</summary>
    public void LatchCount(long now)
    {
        if (_latchedBytes != 0)
            return;
        _countLatch = Count(now);
        _latchedBytes = _access == 3 ? 2 : 1;
    }

    /// <summary>Read-back command with STATUS#: bit 7 OUT, 6 null count, 5-0 as in the last control word.</summary>
    public void LatchStatus(long now)
    {
        if (_statusLatched)
            return;
        _statusLatched = true;
        bool output = Output(now);
        bool nullCount = !_programmed || _pending != 0 || _writeHighNext || (IsRunning && now < _anchor);
        _statusLatch = (byte)((output ? 0x80 : 0) | (nullCount ? 0x40 : 0) | _control);
    }

    /// <summary>A read of the counter's port.</summary>
    public byte Read(long now)
    {
        if (_statusLatched)
        {
            _statusLatched = false;
            return _statusLatch;
        }
        if (_latchedBytes != 0)
        {
            bool high = _access == 2 || (_access == 3 && _latchedBytes == 1);
            _latchedBytes--;
            return (byte)(high ? _countLatch >> 8 : _countLatch);
        }
        ushort count = Count(now);
        bool readHigh = _access == 2 || (_access == 3 && _readHighNext);
        _readHighNext = _access == 3 && !_readHighNext;
        return (byte)(readHigh ? count >> 8 : count);
    }

    private static int FromBcd(int raw) => (raw >> 12 & 0xF) * 1000 + (raw >> 8 & 0xF) * 100 + (raw >> 4 & 0xF) * 10 + (raw & 0xF);

    private static int ToBcd(int value) => value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;

    public void SaveState(BinaryWriter writer)
    {
        writer.Write(_control);
        writer.Write((byte)Mode);
        writer.Write((byte)_access);
        writer.Write(_bcd);
        writer.Write(_gate);
        writer.Write(_writtenLow);
        writer.Write(_writeHighNext);
        writer.Write(_readHighNext);
        writer.Write(_halfWritten);
        writer.Write(_countLatch);
        writer.Write((byte)_latchedBytes);
        writer.Write(_statusLatch);
        writer.Write(_statusLatched);
        writer.Write(_programmed);
        writer.Write(_triggered);
        writer.Write(_reload);
        writer.Write(_pending);
        writer.Write(_anchor);
        writer.Write(_anchorIsEdge);
        writer.Write(_switchAt);
        writer.Write(_switchIsEdge);
        writer.Write(_frozen);
        writer.Write(_outputBeforeLoad);
    }

    public void LoadState(BinaryReader reader)
    {
        _control = (byte)(reader.ReadByte() & ControlBits);
        Mode = Math.Min((int)reader.ReadByte(), 5);
        _access = Math.Clamp((int)reader.ReadByte(), 1, 3);
        _bcd = reader.ReadBoolean();
        _gate = reader.ReadBoolean();
        _writtenLow = reader.ReadByte();
        _writeHighNext = reader.ReadBoolean();
        _readHighNext = reader.ReadBoolean();
        _halfWritten = reader.ReadBoolean();
        _countLatch = reader.ReadUInt16();
        _latchedBytes = Math.Min((int)reader.ReadByte(), 2);
        _statusLatch = reader.ReadByte();
        _statusLatched = reader.ReadBoolean();
        _programmed = reader.ReadBoolean();
        _triggered = reader.ReadBoolean();
        _reload = Math.Clamp(reader.ReadInt32(), 1, BinaryBase);
        _pending = Math.Clamp(reader.ReadInt32(), 0, BinaryBase);
        _anchor = reader.ReadInt64();
        _anchorIsEdge = reader.ReadBoolean();
        _switchAt = reader.ReadInt64();
        _switchIsEdge = reader.ReadBoolean();
        _frozen = reader.ReadInt64();
        _outputBeforeLoad = reader.ReadBoolean();
    }
}
