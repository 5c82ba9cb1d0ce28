using System.Text;
using Emu.Cpu;
using Emu.Stepper.Explain;

namespace Emu.Stepper.Session;

/// <summary>A remark of the user's.</summary>
/// <param name="Position">Instructions run until then.</param>
/// <param name="Address">Linear address of the next instruction.</param>
/// <param name="Text">The remark.</param>
public sealed record Note(ulong Position, ulong Address, string Text);

// What the program has done so far: steps taken, output, notes, bookmarks.
public sealed unsafe partial class StepperSession
{
    private const int StepsKept = 20_000;
    private readonly List<Explanation> steps = [];
    private readonly List<ulong> stepPositions = [];

    /// <summary>The steps explained so far, oldest first: what a transcript is made of.</summary>
    public IReadOnlyList<Explanation> Steps => steps;

    /// <summary>Positions at which the steps began.</summary>
    public IReadOnlyList<ulong> StepPositions => stepPositions;

    /// <summary>Remarks.</summary>
    public List<Note> Notes { get; } = [];

    /// <summary>Named positions.</summary>
    public SortedDictionary<string, ulong> Bookmarks { get; } = [];

    /// <summary>Something has run, so that <see cref="Previous"/> means something.</summary>
    public bool HasMoved { get; private set; }

    /// <summary>What the program has printed: of a Linux program its standard output and error, of a PC its first serial port.</summary>
    public string Output => Program.Process is { } process ? Encoding.UTF8.GetString(process.Output) : Program.Serial?.Text ?? "";

    /// <summary>The text on a PC's screen; nothing in graphics modes, or without a display.</summary>
    public IReadOnlyList<string> ScreenText => Machine.Board.Display?.ReadText() ?? [];

    /// <summary>Whether the last step wrote to a range of linear memory.</summary>
    public bool WasWritten(ulong linear, int size) =>
        written.Exists(w => linear - w.Linear < (uint)w.Size || w.Linear - linear < (uint)size);

    private readonly List<(ulong Linear, int Size)> written = [];

    private ulong began;

    private void Remember()
    {
        if (Last == null && Position == 0 && steps.Count == 0) return;
        HasMoved = true;
        written.Clear();
        if (Last is not { } last) return;
        foreach (OperandValue operand in last.Operands)
        {
            if (operand is { Linear: { } linear, Written: true }) written.Add((linear, operand.Size));
        }

        // What a push or call stored has no operand of its own.
        CpuState previous = Previous;
        ulong stack = cpu.State->Gpr[4], old = previous.Gpr[4];
        if (stack < old && old - stack <= 256) written.Add(((cpu.State->Mode & CodeMode.Code64) != 0 ? stack : cpu.State->Segment(SegmentIndex.Ss).Base + stack, (int)(old - stack)));
        if (steps.Count == StepsKept)
        {
            steps.RemoveRange(0, StepsKept / 10);
            stepPositions.RemoveRange(0, StepsKept / 10);
        }

        steps.Add(last);
        stepPositions.Add(began);
    }
}
