using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Devices.Timers;

/// <summary>
/// MC146818 real-time clock with 128 bytes of battery-backed memory at ports 70h/71h (Motorola MC146818 data sheet; PIIX3 data sheet 2.5.5).
/// </summary>
/// <remarks>
/// Time runs relative to the clock; the bytes are derived when read, and are plain memory while SET or the divider holds time. Flags are settled lazily from the elapsed time, and the
/// clock is armed only for interrupts that are enabled. Periodic ticks missed by a late host collapse into one. The bytes change at the end of the
/// update cycle; UIP rises 244 microseconds before the cycle, which takes 1984 microseconds with a 32.768 kHz crystal.
/// </remarks>
public sealed class Rtc146818 : IPortDevice, ISnapshotable, IResettable, IDescribable
{
    public const ushort FirstPort = 0x70;
    public const int PortCount = 2;
    public const int Irq = 8;

    private const int Size = 128;
    private const int Seconds = 0x0;
    private const int SecondsAlarm = 0x1;
    private const int Minutes = 0x2;
    private const int MinutesAlarm = 0x3;
    private const int Hours = 0x4;
    private const int HoursAlarm = 0x5;
    private const int DayOfWeek = 0x6;
    private const int DayOfMonth = 0x7;
    private const int Month = 0x8;
    private const int Year = 0x9;
    private const int RegisterA = 0xA;
    private const int RegisterB = 0xB;
    private const int RegisterC = 0xC;
    private const int RegisterD = 0xD;
    private const int Century = 0x32;
    private const int Ps2Century = 0x37;

    private const byte UpdateInProgress = 0x80;
    private const byte RateMask = 0x0F;
    private const int DividerShift = 4;
    private const int DividerNormal = 0b010;
    private const int DividerResetMask = 0b110;

    private const byte HoldTime = 0x80;
    private const byte PeriodicEnable = 0x40;
    private const byte AlarmEnable = 0x20;
    private const byte UpdateEnable = 0x10;
    private const byte SquareWaveEnable = 0x08;
    private const byte BinaryMode = 0x04;
    private const byte Hours24 = 0x02;

    private const byte InterruptRequest = 0x80;
    private const byte PeriodicFlag = 0x40;
    private const byte AlarmFlag = 0x20;
    private const byte UpdateFlag = 0x10;
    private const byte FlagMask = PeriodicFlag | AlarmFlag | UpdateFlag;

    private const byte ValidRamAndTime = 0x80;
    private const byte AlarmDoNotCare = 0xC0;
    private const byte IndexMask = 0x7F;
    private const byte NmiMask = 0x80;

    private const long Second = TickRate.NanosecondsPerSecond;
    private const long UpdateInProgressLength = 244_000 + 1_984_000;

    private readonly IClock _clock;
    private readonly IInterruptLine _interrupt;
    private readonly IClockTimer _timer;
    private readonly byte[] _memory = new byte[Size];
    private byte _index;
    // Seconds since 1970 = floor((clock + _fractionOffset) / 1 s) + _secondOffset; split, as a guest may set the year 9999.
    private long _secondOffset;
    private long _fractionOffset;
    private long _frozenFraction;
    private bool _isFrozen;
    private long _settledSecond;
    private long _settledPeriod;

    /// <param name="clock">Virtual time, or another clock where "-rtc clock=" asks for one.</param>
    /// <param name="interrupt">IRQ 8.</param>
    /// <param name="configuration">Contents of the battery-backed memory.</param>
    /// <param name="startTime">What the clock shows now: UTC or local time as the user chose.</param>
    public Rtc146818(IClock clock, IInterruptLine interrupt, CmosConfiguration configuration, DateTime startTime)
    {
        _clock = clock;
        _interrupt = interrupt;
        _timer = clock.CreateTimer(OnTimer);
        _memory[RegisterA] = DividerNormal << DividerShift | 0x6;
        _memory[RegisterB] = Hours24;
        _memory[RegisterD] = ValidRamAndTime;
        configuration.Apply((index, value) => _memory[index] = value);
        (long seconds, long ticks) = Math.DivRem((startTime - DateTime.UnixEpoch).Ticks, TimeSpan.TicksPerSecond);
        SetTime(seconds, ticks * TimeSpan.NanosecondsPerTick);
        Restart();
    }

    /// <summary>Port 70h bit 7: NMI is masked.</summary>
    public bool NmiMasked { get; private set; }

    /// <summary>Raised with the new state when port 70h bit 7 changes.</summary>
    public event Action<bool>? NmiMaskChanged;

    /// <summary>Battery-backed byte as the guest would read it, without side effects; for fw_cfg, the monitor and tests.</summary>
    public byte Peek(int index)
    {
        if (IsTimeRegister(index))
            ShowTime();
        return _memory[index & IndexMask];
    }

    /// <summary>Sets a byte from the host side, e.g. a disk's geometry after a change of configuration.</summary>
    public void Poke(int index, byte value) => _memory[index & IndexMask] = value;

    /// <summary>Seconds since 1970-01-01 that it shows.</summary>
    public long UnixSeconds => _isFrozen ? SecondsFromBytes() : RunningSeconds;

    private long RunningSeconds => FloorDivide(_clock.Nanoseconds + _fractionOffset, Second) + _secondOffset;

    /// <summary>Nanoseconds into the current second.</summary>
    private long Fraction => _isFrozen ? _frozenFraction : Modulo(_clock.Nanoseconds + _fractionOffset, Second);

    private bool IsBinary => (_memory[RegisterB] & BinaryMode) != 0;

    private bool Is24Hours => (_memory[RegisterB] & Hours24) != 0;

    /// <summary>Port 70h is write-only on the PIIX3.</summary>
    public uint ReadPort(ushort offset, int size) => (offset & 1) == 0 ? 0xFFu : ReadRegister(_index);

    public void WritePort(ushort offset, int size, uint value)
    {
        if ((offset & 1) != 0)
        {
            WriteRegister(_index, (byte)value);
            return;
        }
        _index = (byte)(value & IndexMask);
        bool masked = (value & NmiMask) != 0;
        if (masked == NmiMasked)
            return;
        NmiMasked = masked;
        NmiMaskChanged?.Invoke(masked);
    }

    private static bool IsTimeRegister(int index) =>
        index is Seconds or Minutes or Hours or DayOfWeek or DayOfMonth or Month or Year or Century or Ps2Century;

    private byte ReadRegister(int index)
    {
        switch (index)
        {
            case RegisterA:
                return (byte)(_memory[RegisterA] | (IsUpdateInProgress ? UpdateInProgress : 0));
            case RegisterC:
                Settle();
                byte flags = _memory[RegisterC];
                _memory[RegisterC] = 0;
                DriveInterrupt();
                Arm();
                return flags;
            default:
                if (IsTimeRegister(index))
                    ShowTime();
                return _memory[index];
        }
    }

    private bool IsUpdateInProgress => !_isFrozen && Fraction >= Second - UpdateInProgressLength;

    private void WriteRegister(int index, byte value)
    {
        switch (index)
        {
            case RegisterA:
                WriteRegisterA(value);
                break;
            case RegisterB:
                WriteRegisterB(value);
                break;
            case RegisterC:
            case RegisterD:
                break;
            case SecondsAlarm:
            case MinutesAlarm:
            case HoursAlarm:
                Settle();
                _memory[index] = value;
                Arm();
                break;
            default:
                if (!IsTimeRegister(index))
                {
                    _memory[index] = value;
                    break;
                }
                Settle();
                ShowTime();
                _memory[index] = value;
                // The two century bytes are one clock; whichever was written counts.
                if (index == Century)
                    _memory[Ps2Century] = value;
                else if (index == Ps2Century)
                    _memory[Century] = value;
                if (!_isFrozen)
                    SetTime(SecondsFromBytes(), Fraction);
                Arm();
                break;
        }
    }

    private void WriteRegisterA(byte value)
    {
        Settle();
        bool wasReset = IsDividerReset;
        _memory[RegisterA] = (byte)(value & ~UpdateInProgress);
        // The first update comes half a second after the divider is released.
        if (wasReset && !IsDividerReset)
            _frozenFraction = Second / 2;
        HoldOrRelease();
        Restart();
    }

    private void WriteRegisterB(byte value)
    {
        Settle();
        ShowTime();
        bool formatChanged = ((_memory[RegisterB] ^ value) & (BinaryMode | Hours24)) != 0;
        // SET turns the update-ended interrupt off.
        _memory[RegisterB] = (byte)((value & HoldTime) != 0 ? value & ~UpdateEnable : value);
        // A change of format does not convert what is stored.
        if (formatChanged && !_isFrozen)
            SetTime(SecondsFromBytes(), Fraction);
        HoldOrRelease();
        DriveInterrupt();
        Arm();
    }

    private bool IsDividerReset => (_memory[RegisterA] >> DividerShift & DividerResetMask) == DividerResetMask;

    /// <summary>Stops time, or restarts it from the bytes, as SET and the divider ask.</summary>
    private void HoldOrRelease()
    {
        bool hold = IsDividerReset || (_memory[RegisterB] & HoldTime) != 0;
        if (hold == _isFrozen)
            return;
        if (hold)
        {
            ShowTime();
            _frozenFraction = Fraction;
            _isFrozen = true;
        }
        else
        {
            long seconds = SecondsFromBytes();
            _isFrozen = false;
            SetTime(seconds, _frozenFraction);
        }
    }

    private static long Modulo(long value, long divisor)
    {
        long rest = value % divisor;
        return rest < 0 ? rest + divisor : rest;
    }

    private static long FloorDivide(long value, long divisor) => (value - Modulo(value, divisor)) / divisor;

    /// <summary>Writes the current time into the bytes, unless they are held.</summary>
    private void ShowTime()
    {
        if (_isFrozen)
            return;
        long seconds = RunningSeconds;
        long ofDay = Modulo(seconds, RtcTime.SecondsPerDay);
        long days = FloorDivide(seconds, RtcTime.SecondsPerDay);
        (int year, int month, int day) = RtcTime.CivilFromDays(days);
        bool binary = IsBinary;
        _memory[Seconds] = RtcTime.Encode((int)(ofDay % 60), binary);
        _memory[Minutes] = RtcTime.Encode((int)(ofDay / 60 % 60), binary);
        _memory[Hours] = RtcTime.EncodeHour((int)(ofDay / 3600), binary, Is24Hours);
        _memory[DayOfWeek] = RtcTime.Encode(RtcTime.DayOfWeek(days), binary);
        _memory[DayOfMonth] = RtcTime.Encode(day, binary);
        _memory[Month] = RtcTime.Encode(month, binary);
        _memory[Year] = RtcTime.Encode((int)Modulo(year, 100), binary);
        _memory[Century] = _memory[Ps2Century] = RtcTime.Encode((int)Modulo(FloorDivide(year, 100), 100), binary);
    }

    /// <summary>The time the bytes stand for. The day of the week follows from the date.</summary>
    private long SecondsFromBytes()
    {
        bool binary = IsBinary;
        int year = RtcTime.Decode(_memory[Century], binary) % 100 * 100 + RtcTime.Decode(_memory[Year], binary) % 100;
        return RtcTime.DaysFromCivil(year, RtcTime.Decode(_memory[Month], binary), RtcTime.Decode(_memory[DayOfMonth], binary))
            * RtcTime.SecondsPerDay
            + RtcTime.DecodeHour(_memory[Hours], binary, Is24Hours) * 3600
            + RtcTime.Decode(_memory[Minutes], binary) * 60
            + RtcTime.Decode(_memory[Seconds], binary);
    }

    private void SetTime(long seconds, long fraction)
    {
        long now = _clock.Nanoseconds;
        _fractionOffset = Modulo(fraction - now, Second);
        _secondOffset = seconds - FloorDivide(now + _fractionOffset, Second);
        _settledSecond = seconds;
    }

    /// <summary>Input clocks of 32.768 kHz per periodic interrupt, 0 for none (MC146818, table 5).</summary>
    private int PeriodTicks
    {
        get
        {
            int rate = _memory[RegisterA] & RateMask;
            if (rate == 0 || IsDividerReset)
                return 0;
            return 1 << (rate <= 2 ? rate + 7 : rate) - 1;
        }
    }

    private long CurrentPeriod => PeriodTicks is > 0 and int period ? TickRate.Rtc.TicksAt(_clock.Nanoseconds) / period : 0;

    private void Restart()
    {
        _settledSecond = UnixSeconds;
        _settledPeriod = CurrentPeriod;
        Arm();
    }

    /// <summary>Sets the flags of everything that happened since the last call.</summary>
    private void Settle()
    {
        long period = CurrentPeriod;
        if (period != _settledPeriod)
            _memory[RegisterC] |= PeriodicFlag;
        _settledPeriod = period;
        if (!_isFrozen)
        {
            long second = RunningSeconds;
            if (second > _settledSecond)
            {
                _memory[RegisterC] |= UpdateFlag;
                if (NextAlarm(_settledSecond) <= second)
                    _memory[RegisterC] |= AlarmFlag;
            }
            _settledSecond = second;
        }
        DriveInterrupt();
    }

    /// <summary>First second after <paramref name="second"/> at which the alarm bytes match.</summary>
    private long NextAlarm(long second)
    {
        bool binary = IsBinary;
        long start = second + 1;
        long ofDay = Modulo(start, RtcTime.SecondsPerDay);
        int wantedSecond = Alarm(SecondsAlarm, value => RtcTime.Decode(value, binary));
        int wantedMinute = Alarm(MinutesAlarm, value => RtcTime.Decode(value, binary));
        int wantedHour = Alarm(HoursAlarm, value => RtcTime.DecodeHour(value, binary, Is24Hours));
        if (wantedSecond > 59 || wantedMinute > 59 || wantedHour > 23)
            return long.MaxValue;
        long candidate = ofDay;
        while (candidate < 2 * RtcTime.SecondsPerDay)
        {
            int hour = (int)(candidate / 3600 % 24);
            int minute = (int)(candidate / 60 % 60);
            int sec = (int)(candidate % 60);
            if (wantedHour >= 0 && hour != wantedHour)
                candidate = (candidate / 3600 + 1) * 3600;
            else if (wantedMinute >= 0 && minute != wantedMinute)
                candidate = (candidate / 60 + 1) * 60;
            else if (wantedSecond >= 0 && sec != wantedSecond)
                candidate++;
            else
                return start + candidate - ofDay;
        }
        return long.MaxValue;
    }

    private int Alarm(int register, Func<byte, int> decode)
    {
        byte value = _memory[register];
        return (value & AlarmDoNotCare) == AlarmDoNotCare ? -1 : decode(value);
    }

    private void DriveInterrupt()
    {
        if ((_memory[RegisterC] & _memory[RegisterB] & FlagMask) != 0)
            _memory[RegisterC] |= InterruptRequest;
        else
            _memory[RegisterC] &= unchecked((byte)~InterruptRequest);
        _interrupt.Set((_memory[RegisterC] & InterruptRequest) != 0);
    }

    private void OnTimer()
    {
        Settle();
        Arm();
    }

    /// <summary>Arms the clock for the earliest enabled interrupt whose flag is not up already.</summary>
    private void Arm()
    {
        byte wanted = (byte)(_memory[RegisterB] & ~_memory[RegisterC] & FlagMask);
        long deadline = long.MaxValue;
        if ((wanted & PeriodicEnable) != 0 && PeriodTicks is > 0 and int period)
            deadline = TickRate.Rtc.TimeOf((_settledPeriod + 1) * period);
        if (!_isFrozen && (wanted & UpdateEnable) != 0)
            deadline = Math.Min(deadline, TimeOfSecond(_settledSecond + 1));
        if (!_isFrozen && (wanted & AlarmEnable) != 0 && NextAlarm(_settledSecond) is not long.MaxValue and long alarm)
            deadline = Math.Min(deadline, TimeOfSecond(alarm));
        if (deadline == long.MaxValue)
            _timer.Cancel();
        else
            _timer.Arm(deadline);
    }

    private long TimeOfSecond(long second) => (second - _secondOffset) * Second - _fractionOffset;

    /// <summary>RESET#: interrupts and square wave off, flags cleared (MC146818, "RESET"). Time and memory live on the battery.</summary>
    public void Reset()
    {
        Settle();
        _memory[RegisterB] &= unchecked((byte)~(PeriodicEnable | AlarmEnable | UpdateEnable | SquareWaveEnable));
        _memory[RegisterC] = 0;
        WritePort(0, 1, 0);
        DriveInterrupt();
        Arm();
    }

    public void SaveState(BinaryWriter writer)
    {
        Settle();
        writer.Write(_memory);
        writer.Write(_index);
        writer.Write(NmiMasked);
        writer.Write(_secondOffset);
        writer.Write(_fractionOffset);
        writer.Write(_frozenFraction);
        writer.Write(_isFrozen);
        writer.Write(_settledSecond);
        writer.Write(_settledPeriod);
    }

    public void LoadState(BinaryReader reader)
    {
        reader.BaseStream.ReadExactly(_memory);
        _index = (byte)(reader.ReadByte() & IndexMask);
        NmiMasked = reader.ReadBoolean();
        _secondOffset = reader.ReadInt64();
        _fractionOffset = reader.ReadInt64();
        _frozenFraction = reader.ReadInt64();
        _isFrozen = reader.ReadBoolean();
        _settledSecond = reader.ReadInt64();
        _settledPeriod = reader.ReadInt64();
        NmiMaskChanged?.Invoke(NmiMasked);
        DriveInterrupt();
        Arm();
    }

    public void Describe(TextWriter writer)
    {
        long seconds = UnixSeconds;
        (int year, int month, int day) = RtcTime.CivilFromDays(FloorDivide(seconds, RtcTime.SecondsPerDay));
        long ofDay = Modulo(seconds, RtcTime.SecondsPerDay);
        writer.WriteLine($"rtc: {year:0000}-{month:00}-{day:00} {ofDay / 3600:00}:{ofDay / 60 % 60:00}:{ofDay % 60:00}{(_isFrozen ? " (held)" : "")} " +
            $"A={_memory[RegisterA]:x2} B={_memory[RegisterB]:x2} C={_memory[RegisterC]:x2}");
    }
}
