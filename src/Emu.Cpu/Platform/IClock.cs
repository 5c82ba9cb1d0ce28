namespace Emu.Cpu;

/// <summary>The machine's one virtual clock. Every timer of the guest derives from it (host time, or instruction-counted).</summary>
public interface IClock
{
    /// <summary>Virtual nanoseconds since power-on. Never runs backwards.</summary>
    long Nanoseconds { get; }

    /// <summary>Makes a timer, not armed; <paramref name="expired"/> runs under the machine's lock on the machine's thread.</summary>
    IClockTimer CreateTimer(Action expired);
}

/// <summary>A one-shot timer on a <see cref="IClock"/>.</summary>
public interface IClockTimer
{
    /// <summary>Virtual time in nanoseconds at which it fires, or <see cref="long.MaxValue"/> when not armed.</summary>
    long Deadline { get; }

    /// <summary>Arms or re-arms it. A deadline in the past fires as soon as the machine's loop runs.</summary>
    void Arm(long deadlineNanoseconds);

    /// <summary>Disarms it; nothing happens if it is not armed.</summary>
    void Cancel();
}
