using System.Diagnostics;
using Emu.Cpu;

namespace Emu.Machine;

/// <summary>
/// The machine's virtual time and its timers. Driven by host time, or by the number of instructions the machine has
/// retired, in which case everything that happens is a function of the start state and the input.
/// </summary>
public sealed class VirtualClock : IClock
{
    private readonly PriorityQueue<(Timer Timer, long Generation), (long Deadline, long Sequence)> queue = new();
    private readonly Func<long>? instructions;
    private readonly int shift;
    private readonly Stopwatch host = new();
    private long offset;
    private long sequence;

    /// <summary>A clock that follows host time while it is running (<see cref="Start"/>).</summary>
    public VirtualClock()
    {
    }

    /// <summary>A clock that follows an instruction counter: one instruction takes 2^<paramref name="shift"/> ns.</summary>
    /// <param name="instructions">Instructions retired since power-on.</param>
    /// <param name="shift">0..10.</param>
    public VirtualClock(Func<long> instructions, int shift)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shift);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shift, 10);
        this.instructions = instructions;
        this.shift = shift;
    }

    /// <summary>Called when a timer was armed to expire before all others.</summary>
    public Action? EarliestChanged { get; set; }

    /// <summary>Time is counted in instructions.</summary>
    public bool CountsInstructions => instructions != null;

    /// <inheritdoc/>
    public long Nanoseconds
    {
        get
        {
            if (instructions != null) return offset + (instructions() << shift);
            return offset + (long)(host.ElapsedTicks * (1e9 / Stopwatch.Frequency));
        }
    }

    /// <summary>Earliest deadline, or <see cref="long.MaxValue"/>.</summary>
    public long NextDeadline
    {
        get
        {
            while (queue.TryPeek(out (Timer Timer, long Generation) head, out (long Deadline, long Sequence) key))
            {
                if (head.Timer.Generation == head.Generation) return key.Deadline;
                queue.Dequeue();
            }

            return long.MaxValue;
        }
    }

    /// <summary>Lets host time flow.</summary>
    public void Start() => host.Start();

    /// <summary>Stops host time (the machine is paused).</summary>
    public void Stop() => host.Stop();

    /// <summary>Sets the time; used when a snapshot is loaded.</summary>
    public void Set(long nanoseconds) => offset += nanoseconds - Nanoseconds;

    /// <summary>Jumps to the next deadline when everything is idle; with an instruction-driven clock nothing else moves time then.</summary>
    public void WarpTo(long nanoseconds)
    {
        long now = Nanoseconds;
        if (nanoseconds > now) offset += nanoseconds - now;
    }

    /// <summary>Instructions until a deadline, rounded up; at least 1. Only with an instruction-driven clock.</summary>
    public long InstructionsUntil(long deadline)
    {
        long left = deadline - Nanoseconds;
        return left <= 0 ? 1 : Math.Max(1, (left + (1L << shift) - 1) >> shift);
    }

    /// <summary>Runs every timer whose deadline has passed. Returns whether any ran.</summary>
    public bool RunExpired()
    {
        bool any = false;
        long now = Nanoseconds;
        while (NextDeadline <= now)
        {
            Timer timer = queue.Dequeue().Timer;
            timer.Fire();
            any = true;
        }

        return any;
    }

    /// <inheritdoc/>
    public IClockTimer CreateTimer(Action expired) => new Timer(this, expired);

    private sealed class Timer(VirtualClock clock, Action expired) : IClockTimer
    {
        public long Generation { get; private set; }

        public long Deadline { get; private set; } = long.MaxValue;

        public void Arm(long deadlineNanoseconds)
        {
            if (deadlineNanoseconds == Deadline) return;
            bool earliest = deadlineNanoseconds < clock.NextDeadline;
            Generation++;
            Deadline = deadlineNanoseconds;
            if (deadlineNanoseconds == long.MaxValue) return;
            clock.queue.Enqueue((this, Generation), (deadlineNanoseconds, clock.sequence++));
            if (earliest) clock.EarliestChanged?.Invoke();
        }

        public void Cancel()
        {
            Generation++;
            Deadline = long.MaxValue;
        }

        public void Fire()
        {
            Cancel();
            expired();
        }
    }
}
