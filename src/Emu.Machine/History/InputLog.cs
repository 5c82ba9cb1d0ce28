namespace Emu.Machine;

/// <summary>
/// What has reached the machine from outside, and when. Inputs go in while history is being made, and come out of it again while a piece of
/// history is repeated; those that arrive meanwhile wait until the present is reached.
/// </summary>
internal sealed class InputLog(Machine machine)
{
    private readonly List<(Position Position, MachineInput Input)> entries = [];
    private readonly Queue<MachineInput> waiting = new();
    private bool applying;

    /// <summary>History is being repeated: inputs come from the log.</summary>
    public bool Repeats { get; set; }

    /// <summary>The machine repeats what another one is just living through: at <see cref="End"/> it waits for more.</summary>
    public bool Follows { get; init; }

    /// <summary>Where the history that is being repeated ends.</summary>
    public Position End { get; set; }

    /// <summary>The latest moment whose output has reached the outside; none is sent twice.</summary>
    public Position Heard { get; set; }

    /// <summary>Output of this moment has been sent before.</summary>
    public bool IsMuted => Repeats && machine.Position <= Heard;

    /// <summary>Number of inputs that have been applied.</summary>
    public int Cursor { get; set; }

    /// <summary>Inputs recorded.</summary>
    public int Count => entries.Count;

    /// <summary>When the next recorded input is due, or null.</summary>
    public Position? NextPosition => Cursor < entries.Count ? entries[Cursor].Position : null;

    /// <summary>Told of every input that is recorded.</summary>
    public Action<Position, MachineInput>? Recorded { get; set; }

    /// <summary>Asked by devices about an input: true lets it in now.</summary>
    public bool Admit(MachineInput input)
    {
        if (applying) return true;
        if (Repeats)
        {
            waiting.Enqueue(input);
            return false;
        }

        Record(input);
        return true;
    }

    /// <summary>An input that no device asks about.</summary>
    public void Submit(MachineInput input)
    {
        if (Admit(input)) Apply(input);
    }

    /// <summary>Applies recorded inputs that are due; true if there were any.</summary>
    public bool ApplyDue(Position now)
    {
        bool any = false;
        while (Repeats && Cursor < entries.Count && entries[Cursor].Position <= now)
        {
            machine.Clock.RunExpired();
            Apply(entries[Cursor++].Input);
            any = true;
        }

        return any;
    }

    /// <summary>For a machine that replays a recording and cannot go back: as <see cref="TimeTravel.BeforeRun"/>.</summary>
    public bool BeforeRun(ref RunLimits limits)
    {
        if (!Repeats) return true;
        Position now = machine.Position;
        if (ApplyDue(now)) return false;
        if (now >= End)
        {
            if (Follows) return false;
            Repeats = false;
            machine.Quit(StopReason.ReplayEnd);
            return false;
        }

        limits.StopAt(now, End);
        if (NextPosition is { } next) limits.StopAt(now, next);
        return true;
    }

    /// <summary>The present has been reached: lets the inputs in that have waited for it.</summary>
    public void ApplyWaiting()
    {
        while (!Repeats && waiting.TryDequeue(out MachineInput? input)) Submit(input);
    }

    /// <summary>Forgets all inputs behind the present moment.</summary>
    public void Truncate() => entries.RemoveRange(Cursor, entries.Count - Cursor);

    /// <summary>Adds an input read from a file.</summary>
    public void Add(Position position, MachineInput input) => entries.Add((position, input));

    private void Record(MachineInput input)
    {
        // Timers that are due go first, here and when the input is repeated.
        machine.Clock.RunExpired();
        entries.Add((machine.Position, input));
        Cursor = entries.Count;
        Recorded?.Invoke(machine.Position, input);
    }

    private void Apply(MachineInput input)
    {
        applying = true;
        input.Apply(machine);
        applying = false;
    }
}
