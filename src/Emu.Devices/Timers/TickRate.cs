namespace Emu.Devices.Timers;

/// <summary>A crystal: converts between virtual nanoseconds and whole periods of a frequency, without rounding drift.</summary>
/// <param name="Hertz">Frequency, 1 Hz to 1 GHz.</param>
public readonly record struct TickRate(long Hertz)
{
    public const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Timer input clock of the PC: 14.31818 MHz / 12.</summary>
    public static readonly TickRate Pit = new(1_193_182);

    /// <summary>ACPI power-management timer: 14.31818 MHz / 4 (ACPI 6.5, 4.8.3.3).</summary>
    public static readonly TickRate AcpiTimer = new(3_579_545);

    /// <summary>Watch crystal of the RTC.</summary>
    public static readonly TickRate Rtc = new(32_768);

    /// <summary>Whole periods completed at a time.</summary>
    public long TicksAt(long nanoseconds)
    {
        (long seconds, long rest) = Math.DivRem(nanoseconds, NanosecondsPerSecond);
        return seconds * Hertz + rest * Hertz / NanosecondsPerSecond;
    }

    /// <summary>Earliest time at which <see cref="TicksAt"/> reaches <paramref name="ticks"/>; saturates.</summary>
    public long TimeOf(long ticks)
    {
        (long seconds, long rest) = Math.DivRem(ticks, Hertz);
        if (seconds >= long.MaxValue / NanosecondsPerSecond)
            return long.MaxValue - 1;
        return seconds * NanosecondsPerSecond + (rest * NanosecondsPerSecond + Hertz - 1) / Hertz;
    }
}
