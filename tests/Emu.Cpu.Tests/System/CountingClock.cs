namespace Emu.Cpu.Tests;

/// <summary>Time that is the number of instructions retired, in nanoseconds; timers never fire.</summary>
internal sealed class CountingClock(Vcpu cpu) : IClock
{
    public long Nanoseconds => (long)cpu.RetiredInstructions;

    public IClockTimer CreateTimer(Action expired) => new Timer();

    private sealed class Timer : IClockTimer
    {
        public long Deadline { get; private set; } = long.MaxValue;

        public void Arm(long deadlineNanoseconds) => Deadline = deadlineNanoseconds;

        public void Cancel() => Deadline = long.MaxValue;
    }
}
