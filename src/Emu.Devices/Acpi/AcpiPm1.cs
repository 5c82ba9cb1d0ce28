using Emu.Cpu;
using Emu.Devices.Chipset;
using Emu.Devices.Timers;

namespace Emu.Devices.Acpi;

/// <summary>What woke the machine from S3, as PM1 status shows it.</summary>
public enum WakeReason
{
    PowerButton,
    RealTimeClock,
    Other,
}

/// <summary>
/// The ACPI fixed hardware: PM1 event block, PM1 control block and PM timer (ACPI 6.5, 4.8.3; PIIX4 data sheet 7.2.1-7.2.4).
/// </summary>
public sealed class AcpiPm1 : ISnapshotable, IResettable, IDescribable
{
    // PM1 status and enable.
    private const ushort Timer = 1 << 0;
    private const ushort GlobalLock = 1 << 5;
    private const ushort PowerButton = 1 << 8;
    private const ushort RealTimeClock = 1 << 10;
    private const ushort Wake = 1 << 15;
    private const ushort BusMasterStatus = 1 << 4;
    private const ushort StatusBits = Timer | BusMasterStatus | GlobalLock | PowerButton | RealTimeClock | Wake;
    private const ushort EnableBits = Timer | GlobalLock | PowerButton | RealTimeClock;

    // PM1 control.
    private const ushort SciEnable = 1 << 0;
    private const int SleepTypeShift = 10;
    private const ushort SleepTypeMask = 7 << SleepTypeShift;
    private const ushort SleepEnable = 1 << 13;
    private const ushort ControlBits = SciEnable | 1 << 1 | SleepTypeMask;

    private const int TimerBits = 24;
    private const uint TimerMask = (1u << TimerBits) - 1;

    /// <summary>The status bit is set each time bit 23 changes.</summary>
    private const int TimerHalf = TimerBits - 1;

    private readonly IClock _clock;
    private readonly IClockTimer _overflow;
    private readonly IPowerControl _power;
    private readonly Action _changed;
    private readonly byte _suspendType;
    private readonly byte[] _offTypes;
    private ushort _status;
    private ushort _enable;
    private ushort _control;
    private long _settledHalf;

    /// <param name="clock">The machine's clock.</param>
    /// <param name="power">Receiver of sleep requests.</param>
    /// <param name="changed">Called when the SCI may have changed; see <see cref="EventPending"/>.</param>
    /// <param name="suspendType">SLP_TYP of S3.</param>
    /// <param name="offTypes">SLP_TYP values that turn the machine off (S5 and S4).</param>
    public AcpiPm1(IClock clock, IPowerControl power, Action changed, byte suspendType, params byte[] offTypes)
    {
        _clock = clock;
        _power = power;
        _changed = changed;
        _suspendType = suspendType;
        _offTypes = offTypes;
        _overflow = clock.CreateTimer(OnOverflow);
        _settledHalf = Half;
    }

    /// <summary>PM1_STS &amp; PM1_EN is not 0.</summary>
    public bool EventPending
    {
        get
        {
            SettleTimer();
            return (_status & _enable & EnableBits) != 0;
        }
    }

    /// <summary>The operating system owns the registers: events raise SCI, not SMI.</summary>
    public bool SciEnabled
    {
        get => (_control & SciEnable) != 0;
        set
        {
            _control = (ushort)(value ? _control | SciEnable : _control & ~SciEnable);
            Update();
        }
    }

    private long Ticks => TickRate.AcpiTimer.TicksAt(_clock.Nanoseconds);

    private long Half => Ticks >> TimerHalf;

    /// <summary>PM timer: 24 bits at 3.579545 MHz.</summary>
    public uint TimerValue => (uint)Ticks & TimerMask;

    public ushort ReadStatus()
    {
        SettleTimer();
        return _status;
    }

    /// <summary>Writes clear: bits 0, 4, 5, 8, 10 and 15.</summary>
    public void WriteStatus(ushort value)
    {
        SettleTimer();
        _status &= (ushort)~(value & StatusBits);
        Update();
    }

    public ushort Enable
    {
        get => _enable;
        set
        {
            SettleTimer();
            _enable = (ushort)(value & EnableBits);
            Update();
        }
    }

    public ushort ReadControl() => _control;

    /// <summary>SLP_EN acts and reads as 0; GBL_RLS reads as 0 and has nobody to tell, as no firmware here takes the global lock.</summary>
    public void WriteControl(ushort value)
    {
        _control = (ushort)(value & ControlBits);
        Update();
        if ((value & SleepEnable) == 0)
            return;
        byte type = (byte)((value & SleepTypeMask) >> SleepTypeShift);
        if (type == _suspendType)
            _power.RequestSuspend();
        else if (_offTypes.Contains(type))
            _power.RequestPowerOff();
    }

    /// <summary>The user pressed the power button: PWRBTN_STS, and SCI if enabled.</summary>
    public void PressPowerButton()
    {
        _status |= PowerButton;
        Update();
    }

    /// <summary>The BIOS released the global lock towards the operating system (BIOS_RLS): GBL_STS.</summary>
    public void RaiseGlobalStatus()
    {
        _status |= GlobalLock;
        Update();
    }

    /// <summary>Called after the reset that ends S3, so that firmware and system see why.</summary>
    public void SetWakeStatus(WakeReason reason)
    {
        _status |= Wake;
        _status |= reason switch
        {
            WakeReason.PowerButton => PowerButton,
            WakeReason.RealTimeClock => RealTimeClock,
            _ => 0,
        };
        Update();
    }

    private void SettleTimer()
    {
        long half = Half;
        if (half == _settledHalf)
            return;
        _settledHalf = half;
        _status |= Timer;
    }

    private void OnOverflow() => Update();

    private void Update()
    {
        SettleTimer();
        if ((_enable & ~_status & Timer) != 0)
            _overflow.Arm(TickRate.AcpiTimer.TimeOf((_settledHalf + 1) << TimerHalf));
        else
            _overflow.Cancel();
        _changed();
    }

    public void Reset()
    {
        _status = 0;
        _enable = 0;
        _control = 0;
        _settledHalf = Half;
        Update();
    }

    public void SaveState(BinaryWriter writer)
    {
        SettleTimer();
        writer.Write(_status);
        writer.Write(_enable);
        writer.Write(_control);
        writer.Write(_settledHalf);
    }

    public void LoadState(BinaryReader reader)
    {
        _status = reader.ReadUInt16();
        _enable = reader.ReadUInt16();
        _control = reader.ReadUInt16();
        _settledHalf = reader.ReadInt64();
        Update();
    }

    public void Describe(TextWriter writer) =>
        writer.WriteLine($"acpi: pm1_sts={_status:x4} pm1_en={_enable:x4} pm1_cnt={_control:x4} timer={TimerValue:x6}");
}
