using Emu.Jit.Analysis;
using Iced.Intel;

namespace Emu.Jit.X87;

/// <summary>
/// x87 instructions that follow one another and are performed by the host's unit in one go, if the registers they need are there and those they push to
/// are empty. Registers are known by <em>slot</em>: their distance from TOP as the run begins, modulo 8.
/// </summary>
internal sealed class X87Run
{
    /// <summary>Most memory operands of a run; their host addresses are passed in <see cref="Cpu.CpuState.Scratch"/>.</summary>
    public const int MaxOperands = 8;

    private const int Registers = 8;

    private readonly List<X87Step> steps = [];
    private int empty, written, highest;

    /// <summary>A run of one instruction.</summary>
    public X87Run(RegionInstruction first)
    {
        if (!TryAdd(first)) throw new InvalidOperationException($"{first.Iced} alone fits into every run.");
    }

    /// <summary>The instructions, in order.</summary>
    public IReadOnlyList<X87Step> Steps => steps;

    /// <summary>Slots that have to hold something as the run begins; a bit each.</summary>
    public int Required { get; private set; }

    /// <summary>Slots that have to be empty as the run begins; a bit each.</summary>
    public int RequiredEmpty { get; private set; }

    /// <summary>Registers from ST(0) on that are put on the host's stack.</summary>
    public int Loaded { get; private set; }

    /// <summary>TOP at the end minus TOP at the beginning.</summary>
    public int TopChange { get; private set; }

    /// <summary>Slots that hold something in the end whatever they did before; a bit each.</summary>
    public int Filled { get; private set; }

    /// <summary>Slots that are empty in the end whatever they were before; a bit each.</summary>
    public int Emptied => empty;

    /// <summary>Slots whose contents have changed, and are not empty in the end; a bit each.</summary>
    public int Changed => written & ~empty;

    /// <summary>Memory operands.</summary>
    public int Operands { get; private set; }

    /// <summary>What the last instruction compares to.</summary>
    public X87Outcome Outcome => steps.Count == 0 ? X87Outcome.None : steps[^1].Form.Outcome;

    /// <summary>C1 is what it was before.</summary>
    public bool KeepsC1 => steps.Count == 1 && Outcome == X87Outcome.Flags;

    /// <summary>
    /// Adds an instruction. False, with nothing changed, when another run has to begin with it: behind a comparison, or when it needs more of the host's
    /// stack or more operands than there are, or a register that cannot hold anything there.
    /// </summary>
    public bool TryAdd(RegionInstruction instruction)
    {
        if (Outcome != X87Outcome.None) return false;
        ref readonly Instruction i = ref instruction.Iced;
        X87Form form = X87Form.Of(i);
        bool memory = i.OpCount > 0 && i.Op0Kind == OpKind.Memory;
        if (memory && Operands == MaxOperands) return false;
        int other = OtherRegister(i);
        if (!CanAccess(form, other)) return false;
        highest = HighestWith(form);
        Access(form, other);
        List<X87Pop> pops = [];
        for (int n = 0; n < form.Pops; n++) pops.Add(Pop());
        steps.Add(new X87Step(instruction, form, other, memory ? Operands : -1, pops));
        if (memory) Operands++;
        return true;
    }

    /// <summary>The stack register that is named besides ST(0), or 0.</summary>
    private static int OtherRegister(in Instruction i)
    {
        if (i.Code is Code.Fcompp or Code.Fucompp) return 1;
        if (i.OpCount == 0 || i.Op0Kind == OpKind.Memory) return 0;
        int first = i.Op0Register - Register.ST0;
        return first != 0 || i.OpCount == 1 ? first : i.Op1Register - Register.ST0;
    }

    private int Slot(int register) => (TopChange + register) & (Registers - 1);

    private bool CanAccess(X87Form form, int other)
    {
        // Registers beyond the eighth from where TOP was are the same as those above it again.
        int deepest = TopChange + (form.Effect == X87Effect.Push ? -1 : other);
        if (deepest >= Registers) return false;
        if (Math.Max(Loaded, deepest + 1) + HighestWith(form) > Registers) return false;
        if (form.Effect is X87Effect.Push or X87Effect.PushCopy)
        {
            int bit = 1 << Slot(-1);
            bool knownEmpty = (empty & bit) != 0;
            if (!knownEmpty && ((Required | Filled) & bit) != 0) return false;
            return form.Effect == X87Effect.Push || CanRead(other);
        }

        return CanRead(0) && (form.Effect == X87Effect.Copy || CanRead(other));
    }

    /// <summary>How far the host's stack will have grown beyond what is loaded, at the most.</summary>
    private int HighestWith(X87Form form) =>
        Math.Max(highest, (form.Effect is X87Effect.Push or X87Effect.PushCopy || form.PopsItself ? 1 : 0) - TopChange);

    /// <summary>Whether a register may hold something.</summary>
    private bool CanRead(int register) => ((empty | (RequiredEmpty & ~Filled)) & (1 << Slot(register))) == 0;

    private void Access(X87Form form, int other)
    {
        switch (form.Effect)
        {
            case X87Effect.Push:
                Push();
                return;
            case X87Effect.PushCopy:
                Read(other);
                Push();
                return;
            case X87Effect.Copy:
                Read(0);
                Load(other);
                Write(other);
                return;
        }

        Read(0);
        Read(other);
        if (form.Effect == X87Effect.Exchange)
        {
            Write(0);
            Write(other);
        }
        else if (form.Effect == X87Effect.Change)
        {
            Write(0);
        }
        else if (form.Effect == X87Effect.Combine)
        {
            Write(form.Code.ToOpCode().Op0Kind == OpCodeOperandKind.st0 ? 0 : other);
        }
    }

    private void Load(int register)
    {
        if (TopChange + register >= 0) Loaded = Math.Max(Loaded, TopChange + register + 1);
    }

    private void Read(int register)
    {
        Load(register);
        int bit = 1 << Slot(register);
        if ((Filled & bit) == 0) Required |= bit;
    }

    private void Write(int register)
    {
        int bit = 1 << Slot(register);
        written |= bit;
        Filled |= bit;
        empty &= ~bit;
    }

    private void Push()
    {
        TopChange--;
        int bit = 1 << Slot(0);
        if ((empty & bit) == 0) RequiredEmpty |= bit;
        // What was left there by a register popped before is gone.
        foreach (X87Step step in steps)
        {
            foreach (X87Pop pop in step.Pops) pop.IsSeen &= pop.Slot != Slot(0);
        }

        Write(0);
    }

    private X87Pop Pop()
    {
        int bit = 1 << Slot(0);
        X87Pop pop = new(Slot(0)) { IsSeen = (written & bit) != 0 };
        empty |= bit;
        Filled &= ~bit;
        TopChange++;
        return pop;
    }
}

/// <summary>A register that is popped. It keeps its contents, which FXSAVE shows though the register is empty.</summary>
/// <param name="slot">Which one.</param>
internal sealed class X87Pop(int slot)
{
    /// <summary>Which one, as a distance from TOP at the beginning.</summary>
    public int Slot { get; } = slot;

    /// <summary>Its contents are new, and stay until the end of the run.</summary>
    public bool IsSeen { get; set; }
}

/// <summary>An instruction of a run.</summary>
/// <param name="Instruction">The guest's instruction.</param>
/// <param name="Form">How the host performs it.</param>
/// <param name="Other">The stack register besides ST(0), or 0.</param>
/// <param name="Operand">Number of its memory operand, or -1.</param>
/// <param name="Pops">What it pops.</param>
internal sealed record X87Step(RegionInstruction Instruction, X87Form Form, int Other, int Operand, IReadOnlyList<X87Pop> Pops);
