namespace Emu.Cpu;

// The time-stamp counter (SDM Vol. 3B 17.17).
public sealed unsafe partial class Vcpu
{
    /// <summary>Frequency of the always-running crystal clock, which also drives the local APIC timer: 1 GHz, a tick a nanosecond.</summary>
    public const long CrystalFrequency = 1_000_000_000;

    private IClock clock;
    private long tscFrequency = 2 * CrystalFrequency;
    private ulong tscOffset;

    /// <summary>
    /// The machine's clock. Until one is set, time is the number of instructions retired and timers do not fire.
    /// </summary>
    public IClock Clock
    {
        get => clock;
        set
        {
            // The counter goes on from where it is.
            ulong now = TimeStampCounter;
            clock = value;
            tscOffset += now - TimeStampCounter;
            Apic.Connect(value);
        }
    }

    /// <summary>Ticks of the TSC a second; what CPUID leaf 15h reports. A multiple of a megahertz, 1 MHz to 100 GHz.</summary>
    public long TscFrequency
    {
        get => tscFrequency;
        set
        {
            if (value is < 1_000_000 or > 100_000_000_000 || value % 1_000_000 != 0)
            {
                throw new ArgumentOutOfRangeException(nameof(value), value, "The TSC frequency is a multiple of 1 MHz between 1 MHz and 100 GHz.");
            }

            tscFrequency = value;
        }
    }

    /// <summary>The time-stamp counter.</summary>
    public ulong TimeStampCounter => TicksAt(clock.Nanoseconds) + tscOffset;

    private ulong TicksAt(long nanoseconds)
    {
        ulong megahertz = (ulong)tscFrequency / 1_000_000;
        ulong ns = (ulong)nanoseconds;
        // Split so that the product cannot overflow in the machine's lifetime.
        return (ns / 1000 * megahertz) + (ns % 1000 * megahertz / 1000);
    }

    /// <summary>Virtual time at which the counter reaches a value, for the TSC deadline; the past for values it has passed.</summary>
    internal long NanosecondsOfTsc(ulong value)
    {
        ulong now = TimeStampCounter;
        if (value <= now) return clock.Nanoseconds;
        UInt128 distance = ((UInt128)(value - now) * 1_000_000_000 + (ulong)tscFrequency - 1) / (ulong)tscFrequency;
        UInt128 due = distance + (ulong)clock.Nanoseconds;
        return due > long.MaxValue - 1 ? long.MaxValue - 1 : (long)due;
    }

    /// <summary>WRMSR to IA32_TIME_STAMP_COUNTER: IA32_TSC_ADJUST moves with it.</summary>
    private void WriteTimeStampCounter(ulong value)
    {
        ulong difference = value - TimeStampCounter;
        tscOffset += difference;
        tscAdjust += difference;
        Apic.OnTimeStampCounterChanged();
    }

    private ulong tscAdjust;

    private void WriteTscAdjust(ulong value)
    {
        tscOffset += value - tscAdjust;
        tscAdjust = value;
        Apic.OnTimeStampCounterChanged();
    }

    /// <summary>RDTSC outside CPL 0 needs CR4.TSD clear.</summary>
    internal void CheckTimeStampAccess()
    {
        if ((State->Cr4 & Cr4.Tsd) != 0 && State->Cpl != 0) RaiseGeneralProtection();
    }

    /// <summary>The clock of a processor that no machine has given one: a nanosecond an instruction, and timers never fire.</summary>
    internal sealed class RetirementClock(Vcpu cpu) : IClock
    {
        public long Nanoseconds => (long)cpu.RetiredInstructions;

        public IClockTimer CreateTimer(Action expired) => new IdleTimer();

        private sealed class IdleTimer : IClockTimer
        {
            public long Deadline { get; private set; } = long.MaxValue;

            public void Arm(long deadlineNanoseconds) => Deadline = deadlineNanoseconds;

            public void Cancel() => Deadline = long.MaxValue;
        }
    }
}
