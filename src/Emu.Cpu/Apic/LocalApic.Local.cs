namespace Emu.Cpu;

/// <content>The local vector table, the LINT pins and the timer (SDM Vol. 3A 10.5).</content>
public sealed partial class LocalApic
{
    private const uint LvtMasked = 1 << 16;
    private const uint LvtRemoteIrr = 1 << 14;

    private enum Lvt
    {
        Cmci,
        Timer,
        Thermal,
        Performance,
        Lint0,
        Lint1,
        Error,
    }

    /// <summary>Bits software can write, by entry.</summary>
    private static readonly uint[] LvtWritable = [0x107FF, 0x700FF, 0x107FF, 0x107FF, 0x1A7FF, 0x1A7FF, 0x100FF];

    private readonly uint[] lvt = new uint[7];
    private readonly bool[] pins = new bool[2];
    private IClock clock;
    private IClockTimer timer;
    private uint initialCount;
    private uint divideConfiguration;
    private long countStart;
    private ulong tscDeadline;

    /// <summary>The count has reached 0 in one-shot mode: only a new initial count starts it again, not another mode.</summary>
    private bool counted;

    private enum TimerMode
    {
        OneShot,
        Periodic,
        TscDeadline,
        Reserved,
    }

    private TimerMode Mode => (TimerMode)((lvt[(int)Lvt.Timer] >> 17) & 3);

    private bool TimerMasked => (lvt[(int)Lvt.Timer] & LvtMasked) != 0;

    /// <summary>Input clocks (nanoseconds) a count: 1 to 128.</summary>
    private long Divider
    {
        get
        {
            uint code = (divideConfiguration & 3) | ((divideConfiguration >> 1) & 4);
            return code == 7 ? 1 : 2L << (int)code;
        }
    }

    /// <summary>Derives the timer from a clock. A running count restarts from its initial value.</summary>
    internal void Connect(IClock newClock)
    {
        timer.Cancel();
        clock = newClock;
        timer = newClock.CreateTimer(OnTimer);
        countStart = newClock.Nanoseconds;
        ArmTimer();
    }

    private void ResetTimer()
    {
        initialCount = 0;
        counted = false;
        divideConfiguration = 0;
        tscDeadline = 0;
        timer.Cancel();
    }

    /// <summary>Whether the external 8259A's request reaches the core: through LINT0 in ExtINT mode, or directly when the APIC is off.</summary>
    private bool HasExternalInterrupt
    {
        get
        {
            if (externalInterrupt) return true;
            if (!pins[0]) return false;
            if (!IsEnabled) return true;
            uint entry = lvt[(int)Lvt.Lint0];
            return (entry & LvtMasked) == 0 && ((entry >> 8) & 7) == (uint)ApicDeliveryMode.ExternalInterrupt;
        }
    }

    /// <summary>Level of a local interrupt pin: 0 LINT0 (INTR), 1 LINT1 (NMI).</summary>
    public void SetLocalInterrupt(int pin, bool asserted)
    {
        if (pins[pin] == asserted) return;
        pins[pin] = asserted;
        if (!IsEnabled)
        {
            if (pin == 1 && asserted) cpu.RaiseNmi();
        }
        else
        {
            Lvt entry = pin == 0 ? Lvt.Lint0 : Lvt.Lint1;
            if (asserted) TriggerLocal(entry);
        }

        UpdateRequest();
    }

    /// <summary>Delivers a local interrupt as its table entry says, unless it is masked.</summary>
    private void TriggerLocal(Lvt which)
    {
        uint entry = lvt[(int)which];
        if ((entry & LvtMasked) != 0) return;
        ApicDeliveryMode mode = which is Lvt.Timer or Lvt.Error ? ApicDeliveryMode.Fixed : (ApicDeliveryMode)((entry >> 8) & 7);
        switch (mode)
        {
            case ApicDeliveryMode.Fixed:
                bool level = which is Lvt.Lint0 or Lvt.Lint1 && (entry & (1u << 15)) != 0;
                if (level && (entry & LvtRemoteIrr) != 0) return;
                if (level) lvt[(int)which] |= LvtRemoteIrr;
                if (IsSoftwareEnabled) RequestVector((byte)entry, level);
                break;
            case ApicDeliveryMode.Smi:
                cpu.RaiseSmi();
                break;
            case ApicDeliveryMode.Nmi:
                cpu.RaiseNmi();
                break;
            case ApicDeliveryMode.Init:
                cpu.Init();
                break;
            default:
                // ExtINT follows the pin; see HasExternalInterrupt.
                break;
        }
    }

    /// <summary>After EOI of a level-triggered pin: still asserted means again.</summary>
    private void EndLevelInterrupt(int pin)
    {
        Lvt which = pin == 0 ? Lvt.Lint0 : Lvt.Lint1;
        if ((lvt[(int)which] & LvtRemoteIrr) == 0) return;
        lvt[(int)which] &= ~LvtRemoteIrr;
        if (pins[pin]) TriggerLocal(which);
    }

    private void WriteLvt(Lvt which, uint value)
    {
        uint entry = (value & LvtWritable[(int)which]) | (lvt[(int)which] & LvtRemoteIrr);
        // While the APIC is disabled by software, entries stay masked; ExtINT is the reset-time exception.
        if (!IsSoftwareEnabled) entry |= LvtMasked;
        TimerMode oldMode = Mode;
        if (which == Lvt.Timer) counted = CurrentCount == 0;
        lvt[(int)which] = entry;
        if (which == Lvt.Timer)
        {
            if (Mode != oldMode && (Mode == TimerMode.TscDeadline || oldMode == TimerMode.TscDeadline))
            {
                // Entering or leaving TSC-deadline mode disarms the timer (SDM Vol. 3A 10.5.4.1).
                initialCount = 0;
                tscDeadline = 0;
            }

            ArmTimer();
        }

        UpdateRequest();
    }

    private void WriteSpurious(uint value)
    {
        spurious = value & 0x13FF;
        if ((spurious & 0x100) == 0)
        {
            for (int i = 0; i < lvt.Length; i++) lvt[i] |= LvtMasked;
            ArmTimer();
        }

        UpdateRequest();
    }

    private void WriteInitialCount(uint value)
    {
        if (Mode == TimerMode.TscDeadline) return;
        initialCount = value;
        counted = false;
        countStart = clock.Nanoseconds;
        ArmTimer();
    }

    private void WriteDivideConfiguration(uint value)
    {
        // The count goes on from where it is, at the new rate.
        uint current = CurrentCount;
        divideConfiguration = value & 0xB;
        countStart = clock.Nanoseconds - ((initialCount - current) * Divider);
        ArmTimer();
    }

    private uint CurrentCount
    {
        get
        {
            if (initialCount == 0 || counted || Mode == TimerMode.TscDeadline) return 0;
            long elapsed = (clock.Nanoseconds - countStart) / Divider;
            if (Mode == TimerMode.Periodic) return initialCount - (uint)(elapsed % initialCount);
            return elapsed >= initialCount ? 0 : initialCount - (uint)elapsed;
        }
    }

    /// <summary>IA32_TSC_DEADLINE; 0 when not armed.</summary>
    internal ulong TscDeadline
    {
        get => tscDeadline;
        set
        {
            if (Mode != TimerMode.TscDeadline) return;
            tscDeadline = value;
            ArmTimer();
        }
    }

    internal void OnTimeStampCounterChanged()
    {
        if (Mode == TimerMode.TscDeadline) ArmTimer();
    }

    /// <summary>Sets the clock's timer to the next moment an unmasked interrupt is due.</summary>
    private void ArmTimer()
    {
        timer.Cancel();
        if (Mode == TimerMode.TscDeadline)
        {
            if (tscDeadline != 0) timer.Arm(cpu.NanosecondsOfTsc(tscDeadline));
            return;
        }

        if (initialCount == 0 || counted || TimerMasked) return;
        long period = initialCount * Divider;
        long now = clock.Nanoseconds;
        long due = countStart + period;
        if (due <= now)
        {
            if (Mode != TimerMode.Periodic) return;
            due = now + period - ((now - countStart) % period);
        }

        timer.Arm(due);
    }

    private void OnTimer()
    {
        if (Mode == TimerMode.TscDeadline)
        {
            // The counter may have been set back since the timer was armed.
            if (tscDeadline > cpu.TimeStampCounter)
            {
                ArmTimer();
                return;
            }

            tscDeadline = 0;
        }

        TriggerLocal(Lvt.Timer);
        if (Mode == TimerMode.Periodic) ArmTimer();
    }
}
