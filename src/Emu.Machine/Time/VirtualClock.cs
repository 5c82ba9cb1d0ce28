using System.Diagnostics;
using Emu.Cpu;

namespace Emu.Machine;

/// <summary>
/// The machine's virtual time and its timers. Driven by host time, or by the number of instructions the machine has
/// retired, in which case everything that happens is a function of the start state and the input.
/// </summary>
/// <remarks>
/// Host time is followed with care: when the host gives the emulator no processor for a while, a guest that is busy must not see the clock jump.
/// It would lose ticks (a second edge of the PIT is nothing to an interrupt controller that still holds the first) while its time stamp counter goes
/// on, and kernels that compare the two conclude that the timer is not connected. So time between two looks at the clock counts
/// <see cref="LargestStep"/> at most; the rest is owed, and comes back little by little, or as fast as timers allow when the guest idles (<see cref="CatchUp"/>).
/// </remarks>
public sealed class VirtualClock : IClock
{
    private const int FirstHostTimer = 1 << 30;

    /// <summary>Nanoseconds that a busy guest's time may advance by at once: a tick of a kernel with 250 of them a second.</summary>
    private const long LargestStep = 4_000_000;

    /// <summary>Nanoseconds that are paid back at once when the guest idles.</summary>
    private const long LargestPayment = 1_000_000_000;

    /// <summary>What is owed comes back at an eighth of the speed of time.</summary>
    private const int CatchUpShift = 3;

    private readonly PriorityQueue<(Timer Timer, long Generation), (long Deadline, int Number)> queue = new();
    private readonly Func<long>? instructions;
    private readonly int shift;
    private readonly Stopwatch host = new();
    private readonly List<Timer> timers = [];
    private readonly Func<long> hostTime;
    private readonly Lock hostGate = new();
    private long offset, lastHost, owed;
    private long? held;
    private int hostTimers;

    /// <summary>A clock that follows host time while it is running (<see cref="Start"/>).</summary>
    public VirtualClock()
        : this(null)
    {
    }

    /// <summary>A clock that follows another source of host time.</summary>
    /// <param name="hostTime">Nanoseconds, or null for the host's own.</param>
    internal VirtualClock(Func<long>? hostTime) => this.hostTime = hostTime ?? (() => (long)(host.ElapsedTicks * (1e9 / Stopwatch.Frequency)));

    /// <summary>A clock that follows an instruction counter: one instruction takes 2^<paramref name="shift"/> ns.</summary>
    /// <param name="instructions">Instructions retired since power-on.</param>
    /// <param name="shift">0..10.</param>
    public VirtualClock(Func<long> instructions, int shift)
        : this(null)
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
            if (held is { } time) return time;
            if (instructions != null) return offset + (instructions() << shift);
            return FollowHost();
        }
    }

    /// <summary>
    /// Pays back at once what is owed, up to the next timer: nothing runs in the guest that could miss it, but a device that is busy must be ready before
    /// its driver's patience is at an end, and a kernel whose clock jumps by its watchdog's patience reports a lockup (so it is a second at most). On the
    /// machine's thread, before and after a wait.
    /// </summary>
    public void CatchUp()
    {
        if (instructions != null) return;
        long deadline = NextDeadline;
        lock (hostGate)
        {
            long now = hostTime(), step = now - lastHost;
            long late = step - Math.Max(LargestStep, deadline - (offset + lastHost));
            lastHost = now;
            if (late > 0)
            {
                offset -= late;
                owed += late;
            }

            long paid = Math.Clamp(deadline - (offset + now), 0, Math.Min(owed, LargestPayment));
            offset += paid;
            owed -= paid;
        }
    }

    private long FollowHost()
    {
        lock (hostGate)
        {
            long now = hostTime(), step = now - lastHost;
            lastHost = now;
            long correction = step > LargestStep ? LargestStep - step : Math.Min(owed, Math.Min(step >> CatchUpShift, LargestStep - step));
            offset += correction;
            owed -= correction;
            return offset + now;
        }
    }

    /// <summary>Earliest deadline, or <see cref="long.MaxValue"/>.</summary>
    public long NextDeadline
    {
        get
        {
            while (queue.TryPeek(out (Timer Timer, long Generation) head, out (long Deadline, int Number) key))
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
    /// <remarks>Timers that are due at the same time fire in the order in which they were made.</remarks>
    public IClockTimer CreateTimer(Action expired)
    {
        Timer timer = new(this, expired, timers.Count);
        timers.Add(timer);
        return timer;
    }

    /// <summary>
    /// Makes a timer that is no part of the machine: of a monitor that types keys, of a debugger. Snapshots leave it alone, and it fires behind
    /// the machine's own.
    /// </summary>
    public IClockTimer CreateHostTimer(Action expired) => new Timer(this, expired, FirstHostTimer + hostTimers++);

    /// <summary>Writes the time and the deadlines of the machine's timers.</summary>
    internal void SaveState(BinaryWriter writer)
    {
        writer.Write(Nanoseconds);
        writer.Write(timers.Count);
        foreach (Timer timer in timers) writer.Write(timer.Deadline);
    }

    /// <summary>
    /// Reads what <see cref="SaveState"/> wrote and holds the clock at that time, so that devices and processors can be loaded; end it with
    /// <see cref="EndLoad"/>.
    /// </summary>
    /// <returns>The deadlines.</returns>
    internal long[] BeginLoad(BinaryReader reader)
    {
        held = reader.ReadInt64();
        int count = reader.ReadInt32();
        if (count != timers.Count) throw new InvalidDataException("The snapshot was made by a machine with other devices.");
        long[] deadlines = new long[count];
        for (int i = 0; i < count; i++) deadlines[i] = reader.ReadInt64();
        return deadlines;
    }

    /// <summary>Sets all timers and lets the time go on from where it was held.</summary>
    internal void EndLoad(long[] deadlines)
    {
        for (int i = 0; i < deadlines.Length; i++) timers[i].Set(deadlines[i]);
        if (held is not { } time) return;
        held = null;
        Set(time);
    }

    private sealed class Timer(VirtualClock clock, Action expired, int number) : IClockTimer
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
            clock.queue.Enqueue((this, Generation), (deadlineNanoseconds, number));
            if (earliest) clock.EarliestChanged?.Invoke();
        }

        public void Cancel()
        {
            Generation++;
            Deadline = long.MaxValue;
        }

        public void Set(long deadlineNanoseconds)
        {
            if (deadlineNanoseconds == long.MaxValue) Cancel();
            else Arm(deadlineNanoseconds);
        }

        public void Fire()
        {
            Cancel();
            expired();
        }
    }
}
