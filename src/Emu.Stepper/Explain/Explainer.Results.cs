using System.Numerics;
using Emu.Cpu;
using Emu.Debugging;
using Iced.Intel;

namespace Emu.Stepper.Explain;

// Results, flags, conditions, control flow, stack.
public sealed unsafe partial class Explainer
{
    private static readonly string[] GeneralNames = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    private void AddResult(PendingExplanation pending, List<OperandValue> operands, CpuState after, List<ExplanationLine> lines)
    {
        Instruction instruction = pending.Instruction;
        InstructionExplanation? explanation = InstructionTable.Instance.ExplanationOf(instruction.Code);
        string lanes = explanation?.Lanes ?? "";
        if (explanation is { Formula.Length: > 0 }) AddFormula(pending, operands, explanation, after, lines);
        foreach (string line in MultiplicationOrDivision(pending, operands, after)) lines.Add(new(ExplanationKind.Result, line));
        HashSet<int> shown = [];
        for (int i = 0; i < operands.Count; i++)
        {
            OperandValue operand = operands[i];
            if (!operand.Written || operand.After == null) continue;
            if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i).IsGPR() && IsWholeChange(instruction.GetOpRegister(i), pending.Before, after)) shown.Add(instruction.GetOpRegister(i).GetFullRegister().GetNumber());
            string now = Numbers.Operand(operand.After, LanesFor(operand, lanes));
            bool same = operand.Before != null && operand.Before.AsSpan().SequenceEqual(operand.After);
            lines.Add(new(ExplanationKind.Result, same ? $"{operand.Name} stays {now}" : $"{operand.Name} becomes {now}"));
        }

        CpuState before = pending.Before;
        for (int i = 0; i < operands.Count; i++)
        {
            if (!operands[i].Written || instruction.GetOpKind(i) != OpKind.Register || !instruction.GetOpRegister(i).IsGPR32()) continue;
            int number = instruction.GetOpRegister(i).GetFullRegister().GetNumber();
            if (before.Gpr[number] >> 32 != 0 && after.Gpr[number] >> 32 == 0) lines.Add(new(ExplanationKind.Result, $"the upper half of {GeneralNames[number]} becomes zero, as for every write to a 32-bit register"));
        }

        for (int i = 0; i < 16; i++)
        {
            if (before.Gpr[i] == after.Gpr[i] || i == 4 || shown.Contains(i)) continue;
            lines.Add(new(ExplanationKind.Result, $"{GeneralNames[i]}: {Numbers.Hex(before.Gpr[i])} becomes {Numbers.Value(after.Gpr[i], 8)}"));
        }

        AddFloatingPointState(before, after, lanes, lines);
    }

    /// <summary>Nothing of the full register has changed outside of the part that is the operand: CMPXCHG AH, DH may change AL as well.</summary>
    private static bool IsWholeChange(Register register, CpuState before, CpuState after)
    {
        int number = register.GetFullRegister().GetNumber();
        ulong part = register is >= Register.AH and <= Register.BH ? 0xFF00ul : register.GetSize() switch { 1 => 0xFF, 2 => 0xFFFF, _ => ulong.MaxValue };
        return ((before.Gpr[number] ^ after.Gpr[number]) & ~part) == 0;
    }

    private static void AddFloatingPointState(CpuState before, CpuState after, string lanes, List<ExplanationLine> lines)
    {
        if (lanes == "x80" && (before.Fsw != after.Fsw || before.Ftw != after.Ftw))
        {
            int top = (after.Fsw >> 11) & 7;
            string value = (after.Ftw >> top & 1) != 0 ? Numbers.Float80(after.Fpr[2 * top], (ushort)after.Fpr[(2 * top) + 1]) : "empty";
            lines.Add(new(ExplanationKind.Result, $"x87: top of stack is register {top}, ST(0) is {value}; status word 0x{after.Fsw:x4} (C3={after.Fsw >> 14 & 1} C2={after.Fsw >> 10 & 1} C1={after.Fsw >> 9 & 1} C0={after.Fsw >> 8 & 1})"));
        }

        if (before.Mxcsr != after.Mxcsr)
        {
            string[] names = ["invalid operation", "denormal", "division by zero", "overflow", "underflow", "inexact"];
            uint raised = after.Mxcsr & ~before.Mxcsr & 0x3F;
            string what = raised == 0 ? "" : ": " + string.Join(", ", names.Where((_, i) => (raised >> i & 1) != 0));
            lines.Add(new(ExplanationKind.Result, $"MXCSR: 0x{before.Mxcsr:x4} becomes 0x{after.Mxcsr:x4}{what}"));
        }
    }

    private void AddFormula(PendingExplanation pending, List<OperandValue> operands, InstructionExplanation explanation, CpuState after, List<ExplanationLine> lines)
    {
        Instruction instruction = pending.Instruction;
        string[] words = explanation.Formula.Split(' ');
        if (words[0] is "lane" or "low")
        {
            AddLanes(instruction, operands, explanation.Lanes, words[1], words[0] == "low", lines);
            return;
        }

        string lanes = explanation.Lanes;
        if (operands.Count == 0 && lanes != "x80") return;
        // Copies say it all with their result.
        if (explanation.Formula is "%r" or "%r = %1" or "%0") return;
        CpuState before = pending.Before;
        string Value(int i)
        {
            if (i < 0) return RegisterFile.Read(before, Register.ST0) is { } top ? Numbers.Float80(top) : "?";
            return operands[i].Before is { } bytes ? lanes == "x80" ? Numbers.Operand(bytes, MemoryLanes(instruction, i, lanes)) : Short(bytes) : operands[i].Name;
        }

        byte[]? result = lanes == "x80" ? RegisterFile.Read(after, operands.Count > 1 ? instruction.Op0Register : Register.ST0) : operands.Count > 0 ? operands[0].After : null;
        string text = Fill(explanation.Formula, instruction, Value, result == null ? "?" : lanes == "x80" ? Numbers.Float80(result) : Short(result), before.Carry.ToString(System.Globalization.CultureInfo.InvariantCulture));
        lines.Add(new(ExplanationKind.Result, text));
    }

    private static string MemoryLanes(in Instruction instruction, int index, string lanes) =>
        instruction.GetOpKind(index) == OpKind.Memory && !instruction.Mnemonic.ToString().StartsWith("Fi", StringComparison.Ordinal) ? lanes : instruction.GetOpKind(index) == OpKind.Memory ? "" : lanes;

    private static string Short(byte[] bytes) => bytes.Length <= 8 ? Numbers.Hex(Numbers.FromBytes(bytes)) : Numbers.Operand(bytes, "");

    private static void AddLanes(in Instruction instruction, List<OperandValue> operands, string lanes, string symbol, bool lowOnly, List<ExplanationLine> lines)
    {
        const int most = 8;
        bool three = operands.Count >= 3 && instruction.Code.Encoding() == EncodingKind.VEX;
        if (operands.Count < 2 || operands[three ? 1 : 0].Before is not { } first || operands[three ? 2 : 1].Before is not { } second || operands[0].After is not { } result) return;
        IReadOnlyList<string> a = Numbers.Lanes(first, lanes), b = Numbers.Lanes(second, lanes), r = Numbers.Lanes(result, lanes);
        int count = lowOnly ? 1 : Math.Min(Math.Min(a.Count, b.Count), r.Count);
        for (int i = 0; i < Math.Min(count, most); i++) lines.Add(new(ExplanationKind.Result, $"lane {i}: {Combined(symbol, a[i], b[i])} = {r[i]}"));
        if (count > most) lines.Add(new(ExplanationKind.Result, $"and {count - most} more lanes"));
    }

    private static string Combined(string symbol, string a, string b) => symbol is "min" or "max" ? $"{symbol}({a}, {b})" : symbol == "ANDN" ? $"(NOT {a}) AND {b}" : symbol is "==" or ">" ? $"{a} {symbol} {b} ?" : $"{a} {symbol} {b}";

    private static IEnumerable<string> MultiplicationOrDivision(PendingExplanation pending, List<OperandValue> operands, CpuState after)
    {
        Instruction instruction = pending.Instruction;
        CpuState before = pending.Before;
        bool signed = instruction.Mnemonic is Mnemonic.Imul or Mnemonic.Idiv;
        if (instruction.Mnemonic is not (Mnemonic.Mul or Mnemonic.Imul or Mnemonic.Div or Mnemonic.Idiv or Mnemonic.Mulx)) return [];
        BigInteger Number(ulong value, int bytes) => signed ? Numbers.Signed(value, bytes) : Numbers.Truncate(value, bytes);
        int last = operands.Count - 1;
        if (operands.Count > 1 && instruction.Mnemonic == Mnemonic.Imul)
        {
            OperandValue left = operands[operands.Count == 2 ? 0 : 1], right = operands[last];
            if (left.Before == null || right.Before == null) return [];
            BigInteger x = Number(Numbers.FromBytes(left.Before), left.Size), y = Number(Numbers.FromBytes(right.Before), right.Size);
            return [$"{x} * {y} = {x * y}"];
        }

        if (operands[last].Before is not { } bytes) return [];
        int size = bytes.Length;
        BigInteger operand = Number(Numbers.FromBytes(bytes), size);
        if (instruction.Mnemonic is Mnemonic.Mul or Mnemonic.Imul)
        {
            BigInteger accumulator = Number(before.Gpr[0], size);
            return [$"{Accumulator(size)} * {operands[0].Name} = {accumulator} * {operand} = {accumulator * operand}, kept in {(size == 1 ? "ax" : $"{High(size)}:{Accumulator(size)}")}"];
        }

        if (instruction.Mnemonic == Mnemonic.Mulx) return [$"{High(size)} * {operands[last].Name} = {Number(before.Gpr[2], size)} * {operand} = {Number(before.Gpr[2], size) * operand}"];
        ulong low = Numbers.Truncate(before.Gpr[0], size), high = size == 1 ? (byte)(before.Gpr[0] >> 8) : Numbers.Truncate(before.Gpr[2], size);
        BigInteger dividend = (Number(high, size) << (8 * size)) + low;
        BigInteger quotient = Number(after.Gpr[0], size), remainder = Number(size == 1 ? after.Gpr[0] >> 8 : after.Gpr[2], size);
        return [$"{(size == 1 ? "ax" : $"{High(size)}:{Accumulator(size)}")} = {dividend}; {dividend} / {operand} = {quotient} ({Accumulator(size)}), remainder {remainder} ({(size == 1 ? "ah" : High(size))})"];
    }

    private static string Accumulator(int size) => size switch { 1 => "al", 2 => "ax", 4 => "eax", _ => "rax" };

    private static string High(int size) => size switch { 2 => "dx", 4 => "edx", _ => "rdx" };

    private static List<FlagAccount> AddFlags(PendingExplanation pending, List<OperandValue> operands, CpuState after, List<ExplanationLine> lines)
    {
        List<FlagAccount> accounts = [];
        Instruction instruction = pending.Instruction;
        RflagsBits defined = instruction.RflagsWritten | instruction.RflagsCleared | instruction.RflagsSet;
        RflagsBits undefined = instruction.RflagsUndefined;
        string rule = InstructionTable.Instance.ExplanationOf(instruction.Code)?.FlagRule ?? "";
        CpuState before = pending.Before;
        if (rule.Length == 0 && (defined | undefined) == RflagsBits.None) return accounts;
        // A shift by zero changes no flag.
        bool shift = rule is "shl" or "shr" or "sar" or "rol" or "ror" or "rcl" or "rcr" or "shld" or "shrd";
        FlagInputs inputs = InputsOf(instruction, rule, operands, before);
        bool idle = shift && inputs.Count == 0;
        foreach ((string name, uint bit, RflagsBits iced) in StatusFlags)
        {
            if (((defined | undefined) & iced) == 0) continue;
            bool was = (before.Eflags & bit) != 0, now = (after.Eflags & bit) != 0;
            bool isUndefined = !idle && (undefined & iced) != 0 && (defined & iced) == 0 && !(name == "OF" && shift && inputs.Count == 1);
            (bool? value, string reason) = idle ? (was, "a count of zero changes no flag")
                : isUndefined ? ((bool?)null, "left undefined by the manuals")
                : (instruction.RflagsCleared & iced) != 0 ? (false, "always cleared")
                : (instruction.RflagsSet & iced) != 0 ? (true, "always set")
                : FlagRule.Derive(rule, name, inputs);
            accounts.Add(new FlagAccount(name, was, now, isUndefined, value, reason));
            lines.Add(new(ExplanationKind.Flag, $"{name} = {(now ? 1 : 0)}{(was != now ? $" (was {(was ? 1 : 0)})" : "")}: {reason}"));
        }

        return accounts;
    }

    private static FlagInputs InputsOf(in Instruction instruction, string rule, List<OperandValue> operands, CpuState before)
    {
        ulong Number(int i) => i < operands.Count && operands[i].Before is { } bytes ? Numbers.FromBytes(bytes) : 0;
        int size = operands.Count > 0 && operands[0].Size is > 0 and <= 8 ? operands[0].Size : 8;
        ulong a = Number(0), b = operands.Count > 1 ? Number(1) : 1;
        if (rule is "andn" or "bextr" or "bzhi") (a, b) = (Number(1), Number(2));
        if (rule is "shld" or "shrd") b = Number(2);
        if (rule is "cmpxchg") (a, b) = (Numbers.Truncate(before.Gpr[0], size), Number(0));
        if (rule is "bt" or "result" or "decimal") size = Math.Max(1, size);
        ulong result = rule switch
        {
            "sub" when instruction.Mnemonic == Mnemonic.Cmp => a - b,
            "cmpxchg" => a - b,
            "test" => a & b,
            "result" or "decimal" => 0,
            _ => operands.Count > 0 && operands[0].After is { } bytes ? Numbers.FromBytes(bytes) : 0,
        };
        if (rule is "cmpxchg") rule = "sub";
        return new FlagInputs(a, Numbers.Truncate(b, Math.Max(size, 1)), Numbers.Truncate(result, size), 8 * size, before.Carry != 0, (before.Eflags & Eflags.Of) != 0);
    }

    private static void AddCondition(PendingExplanation pending, List<ExplanationLine> lines)
    {
        Instruction instruction = pending.Instruction;
        CpuState before = pending.Before;
        if (Condition.Describe(instruction, before) is { } described) lines.Add(new(ExplanationKind.Control, described.Text));
    }

    private void AddControl(PendingExplanation pending, CpuState after, List<ExplanationLine> lines)
    {
        Instruction instruction = pending.Instruction;
        CpuState before = pending.Before;
        ulong next = instruction.NextIP;
        bool sameSegment = before.Segment(SegmentIndex.Cs).Selector == after.Segment(SegmentIndex.Cs).Selector;
        if (sameSegment && Numbers.Truncate(next, 8) == after.Rip) return;
        if (sameSegment && after.Rip == before.Rip && instruction.IsStringInstruction)
        {
            lines.Add(new(ExplanationKind.Control, "not finished: the same instruction goes on"));
            return;
        }

        string target = sameSegment ? Numbers.Hex(after.Rip) : $"0x{after.Segment(SegmentIndex.Cs).Selector:x4}:{Numbers.Hex(after.Rip)}";
        string? symbol = text.Symbol(after.Rip);
        lines.Add(new(ExplanationKind.Control, $"goes on at {target}{(symbol == null ? "" : $" ({symbol})")}"));
    }

    private static void AddStack(PendingExplanation pending, CpuState after, Vcpu cpu, List<ExplanationLine> lines)
    {
        const int mostShown = 8;
        CpuState before = pending.Before;
        ulong old = before.Gpr[4], now = after.Gpr[4];
        if (old == now) return;
        long change = (long)(now - old);
        bool wide = (after.Mode & CodeMode.Code64) != 0;
        if (Math.Abs(change) > 1 << 16)
        {
            lines.Add(new(ExplanationKind.Stack, $"stack pointer: {Numbers.Hex(old)} becomes {Numbers.Hex(now)}"));
            return;
        }

        lines.Add(new(ExplanationKind.Stack, $"{(wide ? "rsp" : (after.Mode & CodeMode.Stack32) != 0 ? "esp" : "sp")}: {Numbers.Hex(old)} {(change < 0 ? "-" : "+")} {Math.Abs(change)} = {Numbers.Hex(now)}"));
        bool push = pending.Instruction.Mnemonic is Mnemonic.Push or Mnemonic.Call || pending.Instruction.StackPointerIncrement < 0;
        if (!push || change >= 0 || change < -64) return;
        int size = change is -2 or -4 or -8 ? (int)-change : wide ? 8 : (after.Mode & CodeMode.Stack32) != 0 ? 4 : 2;
        ulong at = wide ? now : (uint)(after.Segment(SegmentIndex.Ss).Base + now);
        byte[] bytes = new byte[size];
        for (int i = 0; i < Math.Min(-change / size, mostShown); i++)
        {
            if (GuestView.ReadLinear(cpu, at + (ulong)(i * size), bytes) < size) return;
            lines.Add(new(ExplanationKind.Stack, $"pushed [{Numbers.Hex(now + (ulong)(i * size))}] = {Numbers.Value(Numbers.FromBytes(bytes), size)}{(pending.Instruction.Mnemonic == Mnemonic.Call && i == 0 ? ", the return address" : "")}"));
        }
    }
}
