using Emu.Cpu;
using Iced.Intel;

namespace Emu.Stepper.Explain;

/// <summary>
/// Tells what an instruction did, with the values it met: from Iced's description of its accesses, the instruction table's sentence about it, and
/// the state before and after. It claims nothing that is not in one of these.
/// </summary>
/// <param name="text">How instructions are written.</param>
public sealed unsafe partial class Explainer(InstructionText text)
{
    private static readonly (string Name, uint Bit, RflagsBits Iced)[] StatusFlags =
    [
        ("CF", Eflags.Cf, RflagsBits.CF), ("PF", Eflags.Pf, RflagsBits.PF), ("AF", Eflags.Af, RflagsBits.AF),
        ("ZF", Eflags.Zf, RflagsBits.ZF), ("SF", Eflags.Sf, RflagsBits.SF), ("OF", Eflags.Of, RflagsBits.OF),
    ];

    /// <summary>How instructions are written.</summary>
    public InstructionText Text => text;

    /// <summary>Tells what an instruction is about to do.</summary>
    public Explanation Preview(PendingExplanation pending)
    {
        List<ExplanationLine> lines = [];
        Summary(pending, lines);
        List<OperandValue> operands = Operands(pending, null);
        AddOperands(pending, operands, lines);
        AddAddresses(pending, lines);
        AddCondition(pending, lines);
        return new Explanation { Instruction = pending.Instruction, Text = text.Format(pending.Instruction), Address = pending.Address, Lines = InOrder(lines), Operands = operands };
    }

    /// <summary>Tells what an instruction has done.</summary>
    /// <param name="pending">What was noted before it ran.</param>
    /// <param name="cpu">The processor after it.</param>
    /// <param name="events">Exceptions and interrupts delivered meanwhile.</param>
    /// <param name="note">A system call in words, or null.</param>
    public Explanation Account(PendingExplanation pending, Vcpu cpu, IReadOnlyList<DeliveredEvent> events, string? note = null)
    {
        List<ExplanationLine> lines = [];
        foreach (MemoryOperand operand in pending.Memory) operand.ReadAfter(cpu);
        CpuState after = *cpu.State;
        bool faulted = events.Any(e => !e.Software);
        Summary(pending, lines);
        List<OperandValue> operands = Operands(pending, faulted ? null : &after);
        AddOperands(pending, operands, lines);
        AddAddresses(pending, lines);
        List<FlagAccount> flags = [];
        if (!faulted)
        {
            AddResult(pending, operands, after, lines);
            // What a system call or the called code did to the flags is not this instruction's doing.
            if (events.Count == 0 && note == null) flags = AddFlags(pending, operands, after, lines);
            AddCondition(pending, lines);
            AddControl(pending, after, lines);
        }

        foreach (DeliveredEvent e in events)
        {
            foreach (string line in ExceptionAccount.Describe(e, pending.Before, pending.Instruction, pending.Memory, cpu)) lines.Add(new(ExplanationKind.Exception, line));
        }

        if (cpu.State->Activity == ActivityState.Shutdown) lines.Add(new(ExplanationKind.Exception, "triple fault: an exception, then another while its handler and that of the double fault could not be reached; the processor shuts down"));
        if (note != null) lines.Add(new(ExplanationKind.System, note));
        AddStack(pending, after, cpu, lines);
        if (note == null)
        {
            foreach (string change in SystemChanges.Between(pending.Before, after)) lines.Add(new(ExplanationKind.System, change));
        }

        return new Explanation { Instruction = pending.Instruction, Text = text.Format(pending.Instruction), Address = pending.Address, Lines = InOrder(lines), Operands = operands, Flags = flags, Executed = !faulted };
    }

    /// <summary>What was done comes first, how the addresses came about behind it: a page walk is long.</summary>
    private static IReadOnlyList<ExplanationLine> InOrder(List<ExplanationLine> lines) => [.. lines.OrderBy(l => Rank(l.Kind))];

    private static int Rank(ExplanationKind kind) => kind switch
    {
        ExplanationKind.Summary => 0,
        ExplanationKind.Operand => 1,
        ExplanationKind.Result => 2,
        ExplanationKind.Flag => 3,
        ExplanationKind.Control => 4,
        ExplanationKind.Exception => 5,
        ExplanationKind.Stack => 6,
        ExplanationKind.System => 7,
        _ => 8,
    };

    private void Summary(PendingExplanation pending, List<ExplanationLine> lines)
    {
        if (pending.Instruction.IsInvalid)
        {
            lines.Add(new(ExplanationKind.Summary, pending.Bytes.Count == 0 ? $"There is no memory at {Numbers.Hex(pending.Address)} to fetch an instruction from." : $"The bytes at {Numbers.Hex(pending.Address)} are no instruction."));
            return;
        }

        if (InstructionTable.Instance.ExplanationOf(pending.Instruction.Code) is not { } explanation)
        {
            lines.Add(new(ExplanationKind.Summary, "This processor does not know the instruction: #UD."));
            return;
        }

        string sentence = Fill(explanation.Sentence, pending.Instruction, i => text.Operand(pending.Instruction, i), result: "");
        if (pending.Instruction.HasRepPrefix || pending.Instruction.HasRepnePrefix)
        {
            bool comparing = explanation.FlagRule == "string";
            if (pending.Instruction.IsStringInstruction) sentence += comparing ? $" Repeated until rCX is zero or the two {(pending.Instruction.HasRepnePrefix ? "are equal" : "differ")}." : " Repeated until rCX is zero.";
        }

        if (Clears(pending.Instruction)) sentence += " Combined with itself, a register becomes 0: the usual way to clear one.";
        if (pending.Instruction.HasLockPrefix) sentence += " LOCK: no other processor comes in between.";
        lines.Add(new(ExplanationKind.Summary, sentence));
    }

    /// <summary>XOR or SUB of a register with itself.</summary>
    private static bool Clears(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Xor or Mnemonic.Sub or Mnemonic.Pxor or Mnemonic.Xorps or Mnemonic.Xorpd or Mnemonic.Vpxor or Mnemonic.Vxorps or Mnemonic.Vxorpd
        && instruction.GetOpKind(instruction.OpCount - 1) == OpKind.Register && instruction.GetOpKind(instruction.OpCount - 2) == OpKind.Register
        && instruction.GetOpRegister(instruction.OpCount - 1) == instruction.GetOpRegister(instruction.OpCount - 2);

    /// <summary>Puts operands into a sentence or formula.</summary>
    private static string Fill(string pattern, in Instruction instruction, Func<int, string> operand, string result, string carry = "")
    {
        if (!pattern.Contains('%', StringComparison.Ordinal)) return pattern;
        int count = instruction.OpCount;
        // VEX forms have the sources behind the destination; legacy forms have it as the first source.
        bool three = count >= 3 && instruction.GetOpKind(1) == OpKind.Register && instruction.Code.Encoding() == EncodingKind.VEX;
        System.Text.StringBuilder output = new();
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%' || i + 1 == pattern.Length)
            {
                output.Append(pattern[i]);
                continue;
            }

            char which = pattern[++i];
            string piece = which switch
            {
                'r' => result,
                'c' => carry,
                'a' => operand(three ? 1 : 0),
                'b' => operand(three ? 2 : 1),
                's' => operand(count > 1 ? 1 : 0),
                'd' => count > 1 ? operand(0) : operand(-1),
                't' => operand(-1),
                _ => which - '0' < count ? operand(which - '0') : "1",
            };
            output.Append(piece);
        }

        return output.ToString();
    }

    private List<OperandValue> Operands(PendingExplanation pending, CpuState* after)
    {
        List<OperandValue> result = [];
        Instruction instruction = pending.Instruction;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpAccess access = pending.Info.GetOpAccess(i);
            bool written = access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
            string name = text.Operand(instruction, i);
            OpKind kind = instruction.GetOpKind(i);
            if (kind == OpKind.Register)
            {
                byte[]? before = RegisterFile.Read(pending.Before, instruction.GetOpRegister(i));
                byte[]? now = after == null ? null : RegisterFile.Read(*after, instruction.GetOpRegister(i));
                result.Add(new OperandValue(name, before?.Length ?? 0, before, now, null, written));
            }
            else if (pending.Memory.Find(m => m.Index == i) is { } memory)
            {
                result.Add(new OperandValue(name, memory.Size, memory.Before, after == null ? null : memory.After, memory.Linear, written));
            }
            else if (kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64)
            {
                int size = OperandSize(instruction, i);
                byte[] value = BitConverter.GetBytes(Numbers.Truncate(instruction.GetImmediate(i), size))[..size];
                result.Add(new OperandValue(name, size, value, value, null, false));
            }
            else
            {
                result.Add(new OperandValue(name, 0, null, null, null, false));
            }
        }

        return result;
    }

    /// <summary>Bytes of an immediate: those of the operand it goes with.</summary>
    private static int OperandSize(in Instruction instruction, int index)
    {
        OpKind kind = instruction.GetOpKind(index);
        int own = kind switch { OpKind.Immediate8 or OpKind.Immediate8_2nd => 1, OpKind.Immediate16 => 2, OpKind.Immediate32 => 4, OpKind.Immediate64 => 8, _ => 0 };
        return own != 0 ? own : kind switch { OpKind.Immediate8to16 => 2, OpKind.Immediate8to32 => 4, _ => 8 };
    }

    private void AddOperands(PendingExplanation pending, List<OperandValue> operands, List<ExplanationLine> lines)
    {
        string lanes = LanesOf(pending.Instruction);
        for (int i = 0; i < operands.Count; i++)
        {
            OperandValue operand = operands[i];
            OpAccess access = pending.Info.GetOpAccess(i);
            bool reads = access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
            if (!reads || operand.Size == 0 || pending.Instruction.GetOpKind(i) is >= OpKind.Immediate8 and <= OpKind.Immediate32to64) continue;
            string value = operand.Before == null ? "cannot be read" : Numbers.Operand(operand.Before, LanesFor(operand, lanes));
            ExplanationLine line = new(ExplanationKind.Operand, $"{operand.Name} {(operand.Before == null ? "" : "is ")}{value}");
            // One operand may be both, as in add al, al.
            if (!lines.Contains(line)) lines.Add(line);
        }
    }

    private static string LanesOf(in Instruction instruction) => InstructionTable.Instance.ExplanationOf(instruction.Code)?.Lanes ?? "";

    /// <summary>General registers and integers in memory are numbers even in vector instructions.</summary>
    private static string LanesFor(OperandValue operand, string lanes) =>
        lanes == "x80" || operand.Size > 8 ? lanes : lanes is "f32" && operand.Size is 4 or 8 && operand.Linear != null ? lanes : lanes is "f64" && operand.Size == 8 && operand.Linear != null ? lanes : "";

    private static void AddAddresses(PendingExplanation pending, List<ExplanationLine> lines)
    {
        CpuState before = pending.Before;
        foreach (MemoryOperand memory in pending.Memory)
        {
            string what = memory.Index >= 0 ? memory.Name : memory.Writes ? "stack or table (write)" : "stack or table (read)";
            if (memory.Formula.Length > 0) lines.Add(new(ExplanationKind.Address, $"address of {what}: {memory.Formula}"));
            if (pending.Instruction.Mnemonic == Mnemonic.Lea) continue;
            lines.Add(new(ExplanationKind.Segment, $"{(memory.Formula.Length > 0 ? "" : memory.Name + ": ")}{AddressAccount.Segment(&before, memory.Segment, memory.Offset, memory.Size, memory.Writes)}"));
            foreach (string step in memory.Walk) lines.Add(new(ExplanationKind.Page, step));
        }
    }
}
