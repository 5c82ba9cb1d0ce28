using Emu.Cpu;
using Emu.Devices.Serial;

namespace Emu.Machine;

/// <summary>
/// Runs a second machine beside one with translated code, from the same start, with the same inputs at the same moments, but in tier 0, and compares
/// everything they have every now and then. At the first difference both go back to where they last agreed, and look for it there, block by block.
/// </summary>
internal sealed unsafe class Lockstep : IDisposable
{
    /// <summary>Instructions after which both are compared, when the piece of the run that is under way is over.</summary>
    private const ulong Interval = 500_000;

    private readonly Machine machine;
    private readonly Machine shadow;
    private readonly InputLog inputs;
    private readonly InputLog repeated;
    private readonly HistoryMemory memory;
    private readonly HistoryMemory shadowMemory;

    /// <summary>The last moment at which both were the same, with all of memory.</summary>
    private Checkpoint agreed;

    /// <summary>Pages written by either since then, as far as it is known.</summary>
    private readonly HashSet<uint> touched = [];

    private ulong nextComparison;
    private bool searching;

    /// <summary>Builds the second machine; the first is in its state after power-on.</summary>
    public Lockstep(Machine machine, InputLog inputs)
    {
        this.machine = machine;
        this.inputs = inputs;
        shadow = new Machine(ShadowOf(machine.Configuration), follows: true);
        repeated = shadow.Inputs ?? throw new InvalidOperationException("A machine that follows another has inputs.");
        inputs.Recorded = repeated.Add;
        memory = new HistoryMemory(machine.Board.GuestMemory);
        shadowMemory = new HistoryMemory(shadow.Board.GuestMemory);
        shadow.Board.GuestMemory.StartCheckpointLog();
        agreed = Checkpoint(memory.Start());
        nextComparison = Interval;
    }

    /// <summary>Comparisons that found no difference.</summary>
    public long Comparisons { get; private set; }

    /// <summary>What the difference was, if there was one.</summary>
    public string? Report { get; private set; }

    /// <summary>What a machine must be for another to follow it: a clock that counts instructions, translation on the spot, disks that keep changes apart.</summary>
    public static MachineConfiguration Prepare(MachineConfiguration configuration) => configuration with
    {
        Clock = configuration.Clock with { InstructionShift = configuration.Clock.InstructionShift ?? 0 },
        Translator = configuration.Translator with { Synchronous = true },
        Drives = [.. configuration.Drives.Select(d => d with { Snapshot = true })],
    };

    private static MachineConfiguration ShadowOf(MachineConfiguration configuration) => configuration with
    {
        Accelerator = Accelerator.Interpreter,
        Serial = [.. configuration.Serial.Select(Unconnected)],
        Parallel = [.. configuration.Parallel.Select(Unconnected)],
        FirmwareLog = configuration.FirmwareLog == null ? null : new NullCharacterDevice(),
        PortE9 = configuration.PortE9 == null ? null : new NullCharacterDevice(),
        StartPaused = false,
    };

    private static Func<Action<Action>, ICharacterDevice>? Unconnected(Func<Action<Action>, ICharacterDevice>? line) => line == null ? null : static _ => new NullCharacterDevice();

    /// <summary>Called by the machine behind each piece of its run.</summary>
    public void AfterPiece()
    {
        if (searching || Report != null || (machine.RetiredInstructions < nextComparison && machine.IsRunning)) return;
        Compare();
    }

    /// <summary>Compares the machines where the first one is, unless it is where they were last compared.</summary>
    public void Compare()
    {
        if (searching || Report != null || machine.Position == agreed.Position) return;
        nextComparison = machine.RetiredInstructions + Interval;
        Catchup();
        if (FindDifferences(keep: true) is { Count: 0 })
        {
            Comparisons++;
            return;
        }

        searching = true;
        Report = new LockstepSearch(this).Run();
        searching = false;
        machine.QuitForDifference();
    }

    /// <summary>The machine with translated code.</summary>
    internal Machine Translated => machine;

    /// <summary>The one in tier 0.</summary>
    internal Machine Interpreted => shadow;

    /// <summary>Where both last agreed.</summary>
    internal Position Agreed => agreed.Position;

    /// <summary>Lets the second machine run up to where the first is.</summary>
    internal void Catchup()
    {
        repeated.End = machine.Position;
        shadow.RepeatTo(machine.Position);
    }

    /// <summary>Puts both machines back to where they last agreed, ready to live through the same again.</summary>
    internal void GoBack()
    {
        Position now = machine.Position;
        if (now > inputs.Heard) inputs.Heard = now;
        if (!inputs.Repeats) inputs.End = now;
        inputs.Repeats = true;
        TakeWritten();
        GoBack(machine, memory, inputs);
        GoBack(shadow, shadowMemory, repeated);
        touched.Clear();
    }

    private void GoBack(Machine which, HistoryMemory pages, InputLog log)
    {
        Checkpoint present = Checkpoint(touched.ToDictionary(static page => page, static _ => default(PageCopy)));
        pages.Restore([agreed, present], 1, 0);
        which.Board.Drives.RestoreContents(agreed.Disks);
        using BinaryReader reader = new(new MemoryStream(agreed.State));
        MachineState.Load(which, reader);
        log.Cursor = agreed.InputsBefore;
    }

    /// <summary>What differs now, in words; if nothing does and <paramref name="keep"/> is set, this becomes the moment to go back to.</summary>
    internal List<string> FindDifferences(bool keep)
    {
        List<string> differences = [];
        if (machine.Position != shadow.Position) differences.Add($"time: {shadow.Position} in tier 0, {machine.Position} translated");
        for (int i = 0; i < machine.Board.Processors.Count; i++)
        {
            Vcpu left = shadow.Board.Processors[i], right = machine.Board.Processors[i];
            if (ProcessorComparison.Image(left).AsSpan().SequenceEqual(ProcessorComparison.Image(right))) continue;
            foreach ((string name, string tier0, string translated) in ProcessorComparison.Differences(left, right))
            {
                differences.Add($"processor {i} {name}: {tier0} in tier 0, {translated} translated");
            }
        }

        TakeWritten();
        foreach (uint page in touched) ComparePage(page, differences);
        if (differences.Count == 0 && !MachineState.Save(machine).AsSpan().SequenceEqual(MachineState.Save(shadow))) differences.Add("devices: " + string.Join(", ", DifferingDevices()));
        if (differences.Count == 0 && keep) Keep();
        return differences;
    }

    private void TakeWritten()
    {
        List<uint> pages = [];
        machine.Board.GuestMemory.TakeCheckpointLog(pages);
        touched.UnionWith(pages);
        pages.Clear();
        shadow.Board.GuestMemory.TakeCheckpointLog(pages);
        touched.UnionWith(pages);
    }

    private void Keep()
    {
        Checkpoint previous = agreed;
        agreed = Checkpoint(touched.ToDictionary(static page => page, memory.CopyPage));
        memory.Merge(previous, agreed);
        touched.Clear();
    }

    private Checkpoint Checkpoint(Dictionary<uint, PageCopy> pages) => new()
    {
        Position = machine.Position,
        State = MachineState.Save(machine),
        Pages = pages,
        Disks = machine.Board.Drives.KeepContents(),
        InputsBefore = inputs.Cursor,
    };

    private void ComparePage(uint page, List<string> differences)
    {
        ReadOnlySpan<byte> left = new(shadow.Board.GuestMemory.HostOf(page), Emu.Mmu.GuestMemory.PageSize);
        ReadOnlySpan<byte> right = new(machine.Board.GuestMemory.HostOf(page), Emu.Mmu.GuestMemory.PageSize);
        int at = left.CommonPrefixLength(right);
        if (at == left.Length) return;
        int length = Math.Min(16, left.Length - at);
        differences.Add($"memory at RAM offset {((ulong)page << 12) + (ulong)at:x}: {Convert.ToHexStringLower(left.Slice(at, length))} in tier 0, {Convert.ToHexStringLower(right.Slice(at, length))} translated");
    }

    private IEnumerable<string> DifferingDevices()
    {
        foreach ((Emu.Devices.ISnapshotable left, Emu.Devices.ISnapshotable right) in shadow.Board.Snapshotables.Zip(machine.Board.Snapshotables))
        {
            if (!Image(left).AsSpan().SequenceEqual(Image(right))) yield return left.GetType().Name;
        }

        static byte[] Image(Emu.Devices.ISnapshotable device)
        {
            using MemoryStream stream = new();
            using (BinaryWriter writer = new(stream, System.Text.Encoding.UTF8, leaveOpen: true)) device.SaveState(writer);
            return stream.ToArray();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        shadow.Board.GuestMemory.StopCheckpointLog();
        machine.Board.GuestMemory.StopCheckpointLog();
        memory.Dispose();
        shadowMemory.Dispose();
        shadow.Dispose();
    }
}
