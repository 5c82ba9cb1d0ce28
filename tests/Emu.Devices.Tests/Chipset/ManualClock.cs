using Emu.Cpu;

namespace Emu.Devices.Tests.Chipset;

/// <summary>A clock that stands still until a test moves it.</summary>
internal sealed class ManualClock : IClock
{
    private readonly List<Timer> _timers = [];

    public long Nanoseconds { get; private set; }

    public IClockTimer CreateTimer(Action expired)
    {
        var timer = new Timer(expired);
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Moves time forward, firing each timer at its deadline.</summary>
    public void Advance(long nanoseconds) => AdvanceTo(Nanoseconds + nanoseconds);

    public void AdvanceTo(long target)
    {
        while (_timers.MinBy(t => t.Deadline) is { } next && next.Deadline <= target)
        {
            Nanoseconds = Math.Max(Nanoseconds, next.Deadline);
            next.Fire();
        }
        Nanoseconds = target;
    }

    /// <summary>Moves time without firing, as a host that was late; timers fire at the next <see cref="Advance"/>.</summary>
    public void Stall(long nanoseconds) => Nanoseconds += nanoseconds;

    private sealed class Timer(Action expired) : IClockTimer
    {
        public long Deadline { get; private set; } = long.MaxValue;

        public void Arm(long deadlineNanoseconds) => Deadline = deadlineNanoseconds;

        public void Cancel() => Deadline = long.MaxValue;

        public void Fire()
        {
            Deadline = long.MaxValue;
            expired();
        }
    }
}
