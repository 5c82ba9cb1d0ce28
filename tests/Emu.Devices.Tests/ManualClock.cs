using Emu.Cpu;

namespace Emu.Devices.Tests;

/// <summary>A clock that moves when told and fires timers on the way, in order.</summary>
internal sealed class ManualClock : IClock
{
    private readonly List<Timer> _timers = [];

    public long Nanoseconds { get; private set; }

    public IClockTimer CreateTimer(Action expired)
    {
        Timer timer = new(expired);
        _timers.Add(timer);
        return timer;
    }

    public void Advance(long nanoseconds)
    {
        long end = Nanoseconds + nanoseconds;
        while (_timers.Where(t => t.Deadline <= end).MinBy(t => t.Deadline) is { } next)
        {
            Nanoseconds = Math.Max(Nanoseconds, next.Deadline);
            next.Fire();
        }
        Nanoseconds = end;
    }

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
