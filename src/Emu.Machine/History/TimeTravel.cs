using Emu.Cpu;

namespace Emu.Machine;

/// <summary>
/// Goes back and forth in a machine's history. Everything happens on the machine's thread, with the machine paused between two instructions; each
/// method returns with the machine paused at another position, its processors, memory, disks and devices exactly as they were then.
/// </summary>
/// <remarks>
/// <para>The machine takes a checkpoint of itself every few million instructions; memory is copied page by page, as far as it has been written. To get to
/// any other moment, it goes back to the checkpoint before it and runs again. The clock counts instructions and inputs are
/// repeated at the moments at which they came, so it arrives at the same state, whatever happens on the way.</para>
/// <para>In the past nothing reaches the outside: serial output, for one, is not sent again. Input waits until the machine has run to the
/// <see cref="End"/> again, or until <see cref="ForgetFuture"/> makes the position the new end.</para>
/// </remarks>
public sealed partial class TimeTravel : IDisposable
{
    /// <summary>Most checkpoints kept; each costs some hundred kilobytes besides its pages.</summary>
    private const int MaxCheckpoints = 256;

    /// <summary>Checkpoints closer than this are not worth their cost.</summary>
    private const ulong NearestCheckpoint = 2_000;

    private readonly Machine machine;
    private readonly HistoryConfiguration configuration;
    private readonly HistoryMemory memory;
    private readonly InputLog inputs;
    private readonly List<Checkpoint> checkpoints = [];

    /// <summary>The checkpoint that memory was derived from.</summary>
    private Checkpoint basis;

    /// <summary>Where the machine is being moved to.</summary>
    private Position? target;

    private ulong nextCheckpoint;
    private int edits;

    internal TimeTravel(Machine machine, InputLog inputs, HistoryConfiguration configuration)
    {
        this.machine = machine;
        this.inputs = inputs;
        this.configuration = configuration;
        memory = new HistoryMemory(machine.Board.GuestMemory);
        basis = MakeCheckpoint(memory.Start(), isEdit: false);
        checkpoints.Add(basis);
        nextCheckpoint = machine.RetiredInstructions + configuration.CheckpointInterval;
    }

    /// <summary>Where the machine is.</summary>
    public Position Position => machine.Position;

    /// <summary>The earliest moment that can be gone back to: where recording began, or later when the memory budget is used up.</summary>
    public Position Start => checkpoints[0].Position;

    /// <summary>The latest moment the machine has been at.</summary>
    public Position End => inputs.Repeats ? inputs.End : machine.Position;

    /// <summary>The machine is in its past: it repeats what has happened until it reaches <see cref="End"/>.</summary>
    public bool InPast => inputs.Repeats;

    /// <summary>A method of this class is moving the machine.</summary>
    internal bool IsMoving => target != null;

    /// <summary>Moments that can be reached without running, earliest first.</summary>
    public IReadOnlyList<Position> Checkpoints => [.. checkpoints.Select(c => c.Position)];

    /// <summary>Bytes that copies of memory pages take.</summary>
    public long MemoryUse => memory.Size;

    /// <summary>
    /// Raised after the machine has been put at another position by a method of this class: whatever shows its state must look again.
    /// </summary>
    public event Action? Moved;

    /// <summary>Goes to a moment in the past, or back to the present.</summary>
    /// <param name="target">
    /// A position between <see cref="Start"/> and <see cref="End"/>. With zeros for deliveries and time it is the first moment with that count of
    /// instructions. If nothing happened exactly then, the machine stops at the first moment behind it.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">It is outside of the history.</exception>
    /// <exception cref="InvalidOperationException">The machine is not paused.</exception>
    public void GoTo(Position target)
    {
        Prepare();
        if (target < Start || target > End) throw new ArgumentOutOfRangeException(nameof(target), target, $"The history reaches from instruction {Start.Instructions} to {End.Instructions}.");
        MoveTo(target, leaveTrail: true);
        Moved?.Invoke();
    }

    /// <summary>Goes back by a number of instructions, of all processors together; to the <see cref="Start"/> if there are not so many.</summary>
    /// <returns>Whether it went that far.</returns>
    public bool StepBack(ulong instructions = 1)
    {
        ulong now = machine.RetiredInstructions;
        Position first = Start;
        bool possible = now >= instructions && now - instructions >= first.Instructions;
        Position target = possible ? new Position(now - instructions) : first;
        GoTo(target < first ? first : target);
        return possible;
    }

    /// <summary>Makes the position the end of history: what came later is forgotten, and the machine goes on with new inputs.</summary>
    public void ForgetFuture()
    {
        if (!inputs.Repeats) return;
        inputs.Truncate();
        Position now = machine.Position;
        for (int i = checkpoints.Count - 1; i > 0 && checkpoints[i].Position > now; i--)
        {
            memory.Forget(checkpoints[i]);
            checkpoints.RemoveAt(i);
        }

        ReachEnd();
    }

    /// <summary>
    /// To be called after registers or memory have been changed from outside (a debugger, a monitor): the present state becomes part of the history, and a
    /// future that followed from the old one is forgotten.
    /// </summary>
    public void NoteChange()
    {
        ForgetFuture();
        AddCheckpoint(isEdit: true);
        edits++;
    }

    /// <summary>
    /// To be called when something has changed that cannot be gone back over, such as the medium of a drive: history begins anew at the present moment.
    /// </summary>
    public void Restart()
    {
        ForgetFuture();
        foreach (Checkpoint checkpoint in checkpoints) memory.Forget(checkpoint);
        checkpoints.Clear();
        edits = 0;
        basis = MakeCheckpoint(memory.Start(), isEdit: false);
        checkpoints.Add(basis);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        machine.Board.GuestMemory.StopCheckpointLog();
        memory.Dispose();
    }

    /// <summary>
    /// Called by the machine before each piece of a run, with the timers that are due done: takes checkpoints, applies recorded inputs, and makes the piece
    /// end where the next of these is due.
    /// </summary>
    /// <param name="limits">How far the piece may go.</param>
    /// <returns>Whether the piece may be run; false when something has happened that must be looked at first.</returns>
    internal bool BeforeRun(ref RunLimits limits)
    {
        Position now = machine.Position;
        if (inputs.Repeats)
        {
            if (inputs.ApplyDue(now) || ApplyEdit(now, ref limits)) return false;
            if (now >= inputs.End && target == null)
            {
                ReachEnd();
                return false;
            }

            limits.StopAt(now, inputs.End);
            if (inputs.NextPosition is { } next) limits.StopAt(now, next);
            if (target is { } stop) limits.StopAt(now, stop);
            return true;
        }

        if (now.Instructions >= nextCheckpoint)
        {
            AddCheckpoint(isEdit: false);
            nextCheckpoint = now.Instructions + configuration.CheckpointInterval;
        }

        limits.StopAt(now, new Position(nextCheckpoint));
        return true;
    }

    /// <summary>Goes on from a state that was changed by hand, if it was here; else ends the piece where it was.</summary>
    private bool ApplyEdit(Position now, ref RunLimits limits)
    {
        if (edits == 0) return false;
        int next = checkpoints.FindIndex(checkpoints.IndexOf(basis) + 1, c => c.IsEdit);
        if (next < 0) return false;
        limits.StopAt(now, checkpoints[next].Position);
        if (now < checkpoints[next].Position || target is { } stop && stop == now) return false;
        Restore(next);
        return true;
    }

    /// <summary>Where the state was changed by hand, it is the changed one that is seen on arrival.</summary>
    internal void ApplyEditHere()
    {
        if (edits == 0 || !inputs.Repeats) return;
        int nearest = FindCheckpoint(machine.Position);
        if (checkpoints[nearest].Position == machine.Position && IsBehindEdit(nearest)) Restore(nearest);
    }

    private void Prepare()
    {
        if (!machine.IsPaused) throw new InvalidOperationException("Only a paused machine can go back in time.");
    }

    private void ReachEnd()
    {
        inputs.Repeats = false;
        inputs.ApplyWaiting();
        nextCheckpoint = machine.RetiredInstructions + configuration.CheckpointInterval;
    }

    /// <summary>Leaves the present, or moves within the past.</summary>
    private void MoveTo(Position goal, bool leaveTrail)
    {
        Position now = machine.Position;
        if (goal == now) return;
        if (now > inputs.Heard) inputs.Heard = now;
        if (!inputs.Repeats)
        {
            inputs.End = now;
            if (now.Instructions - basis.Position.Instructions > NearestCheckpoint) AddCheckpoint(isEdit: false);
            inputs.Repeats = true;
        }

        int nearest = FindCheckpoint(goal);
        if (goal < now || checkpoints[nearest].Position > now || IsBehindEdit(nearest)) Restore(nearest);
        if (leaveTrail) LeaveTrail(goal);
        RunTo(goal);
        ApplyEditHere();
        if (machine.Position >= inputs.End) ReachEnd();
    }

    /// <summary>
    /// Runs to a position not far from checkpoints, each a tenth as far from it as the one before: going back further from there is then a matter of a
    /// few instructions most of the time.
    /// </summary>
    private void LeaveTrail(Position goal)
    {
        ulong distance = goal.Instructions - Math.Min(goal.Instructions, machine.RetiredInstructions);
        while (distance / 10 >= NearestCheckpoint)
        {
            distance /= 10;
            RunTo(new Position(goal.Instructions - distance));
            AddCheckpoint(isEdit: false);
        }
    }

    /// <summary>Runs to a position at or behind the present one, repeating history.</summary>
    private void RunTo(Position goal)
    {
        target = goal;
        machine.RepeatTo(goal);
        target = null;
        inputs.ApplyDue(machine.Position);
    }

    /// <summary>Index of the last checkpoint at or before a position.</summary>
    private int FindCheckpoint(Position position)
    {
        int index = checkpoints.Count - 1;
        while (index > 0 && checkpoints[index].Position > position) index--;
        return index;
    }

    /// <summary>The state was changed by hand at a checkpoint, and the machine has not been there: nothing but going there leads on.</summary>
    private bool IsBehindEdit(int index) => checkpoints[index].IsEdit && checkpoints.IndexOf(basis) < index;

    private void Restore(int index)
    {
        Checkpoint checkpoint = checkpoints[index];
        memory.Restore(checkpoints, checkpoints.IndexOf(basis), index);
        basis = checkpoint;
        machine.Board.Drives.RestoreContents(checkpoint.Disks);
        using BinaryReader reader = new(new MemoryStream(checkpoint.State));
        MachineState.Load(machine, reader);
        inputs.Cursor = checkpoint.InputsBefore;
    }

    /// <summary>Takes a checkpoint of the present moment, in the past or at the end.</summary>
    private void AddCheckpoint(bool isEdit)
    {
        Position now = machine.Position;
        int index = FindCheckpoint(now);
        if (!isEdit && checkpoints[index].Position == now) return;
        Dictionary<uint, PageCopy> pages = memory.TakeWritten();
        // Checkpoints between the basis and here, if any, have copies of pages of their own; what was written since the basis is all that differs from it.
        for (int i = checkpoints.IndexOf(basis) + 1; i <= index; i++)
        {
            foreach (uint page in checkpoints[i].Pages.Keys)
            {
                if (!pages.ContainsKey(page)) pages.Add(page, memory.CopyPage(page));
            }
        }

        Checkpoint made = MakeCheckpoint(pages, isEdit);
        checkpoints.Insert(index + 1, made);
        basis = made;
        KeepWithinBudget();
    }

    private Checkpoint MakeCheckpoint(Dictionary<uint, PageCopy> pages, bool isEdit) => new()
    {
        Position = machine.Position,
        State = MachineState.Save(machine),
        Pages = pages,
        Disks = machine.Board.Drives.KeepContents(),
        InputsBefore = inputs.Cursor,
        IsEdit = isEdit,
    };

    /// <summary>Drops checkpoints until the rest fits: those that are close to their neighbours, compared with how long ago they were.</summary>
    private void KeepWithinBudget()
    {
        while (checkpoints.Count > 2 && (memory.Size > configuration.MemoryBudget || checkpoints.Count > MaxCheckpoints))
        {
            int victim = ChooseVictim();
            // When nothing else is left to give, it is the beginning.
            if (checkpoints[victim] == basis) return;
            memory.Merge(checkpoints[victim], checkpoints[victim + 1]);
            checkpoints.RemoveAt(victim);
        }
    }

    private int ChooseVictim()
    {
        ulong now = machine.RetiredInstructions;
        int victim = 0;
        double smallest = double.MaxValue;
        for (int i = 1; i < checkpoints.Count - 1; i++)
        {
            if (checkpoints[i].IsEdit || checkpoints[i] == basis) continue;
            ulong at = checkpoints[i].Position.Instructions;
            double gap = checkpoints[i + 1].Position.Instructions - checkpoints[i - 1].Position.Instructions;
            double age = Math.Abs((double)now - at) + 1;
            if (gap / age >= smallest) continue;
            smallest = gap / age;
            victim = i;
        }

        return victim;
    }
}
