using System.Text;
using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Emu.Conformance.Comparison;
using Emu.Conformance.Generation;
using Iced.Intel;
using Decoder = Iced.Intel.Decoder;

namespace Emu.Conformance.Run;

/// <summary>Describes a mismatch so that it can be understood, and reproduced from seed, form and number.</summary>
internal static unsafe class MismatchDescription
{
    private const int ShownMemory = 64;

    /// <summary>The parts that differ, without their values.</summary>
    public static string Signature(IReadOnlyList<Difference> differences) =>
        string.Join(", ", differences.Select(d => d.Part.StartsWith("memory", StringComparison.Ordinal) ? "memory"
            : d.Part == "outcome" ? $"host {Kind(d.Expected)}, got {Kind(d.Actual)}"
            : d.Part.StartsWith("YMM", StringComparison.Ordinal) ? "YMM" : d.Part.StartsWith("ST", StringComparison.Ordinal) ? "ST" : d.Part).Distinct());

    /// <summary>The whole description.</summary>
    public static string Text(string form, ulong seed, CaseInput* input, CaseResult* expected, IReadOnlyList<Difference> differences)
    {
        var text = new StringBuilder();
        var code = new ReadOnlySpan<byte>(input->Code, (int)input->TestedLength).ToArray();
        text.Append($"{form} {input->Bits}-bit seed {seed} case {input->CaseNumber}\n");
        foreach (string line in Disassemble(code, input)) text.Append("  ").Append(line).Append('\n');
        text.Append("  input: ");
        int registers = input->Bits == 64 ? 16 : 8;
        for (int i = 0; i < registers; i++) text.Append($"{Register.RAX + i}={input->State.Gpr[i]:X} ");
        text.Append($"\n         RFLAGS={FlagNames.Values(input->State.Rflags)} MXCSR={input->State.Mxcsr:X4} FCW={input->State.Fcw:X4} FSW={input->State.Fsw:X4} FTW={input->State.Ftw:X2}");
        text.Append($" segments={string.Join(',', Enumerable.Range(0, 6).Select(i => input->State.Segments[i].ToString("X")))} FS.base={input->State.FsBase:X} GS.base={input->State.GsBase:X}\n");
        if (input->InstructionCount == 1) AppendOperands(text, code, input);
        text.Append($"  host: {(expected->Outcome == CaseOutcome.Fault ? $"{VectorNames.Of(expected->Vector)} error {expected->ErrorCode:X}{(expected->Vector == 14 ? $" at {expected->Cr2:X}" : "")}" : "completed")} RIP {expected->State.Rip:X}\n");
        foreach (Difference difference in differences) text.Append("  differs in ").Append(difference).Append('\n');
        return text.ToString();
    }

    private static IEnumerable<string> Disassemble(byte[] code, CaseInput* input)
    {
        var formatter = new NasmFormatter();
        var output = new StringOutput();
        var lines = new List<string>();
        Decoder decoder = HostFeatures.CreateDecoder((int)input->Bits, code, input->State.Rip);
        ulong start = input->State.Rip;
        while (decoder.IP < start + (ulong)code.Length && lines.Count < 64)
        {
            decoder.Decode(out Instruction instruction);
            formatter.Format(instruction, output);
            int from = (int)(instruction.IP - start);
            int length = instruction.IsInvalid ? code.Length - from : instruction.Length;
            lines.Add($"{instruction.IP:X} {Convert.ToHexString(code, from, Math.Min(length, code.Length - from))} {output.ToStringAndReset()}");
            if (instruction.IsInvalid) break;
        }
        return lines;
    }

    private static void AppendOperands(StringBuilder text, byte[] code, CaseInput* input)
    {
        Instruction instruction = HostFeatures.CreateDecoder((int)input->Bits, code, input->State.Rip).Decode();
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Memory)
            {
                ulong linear = EffectiveAddress.Linear(instruction, input);
                int size = Math.Clamp(instruction.MemorySize.GetSize(), 1, ShownMemory);
                ulong offset = linear - input->WindowAddress;
                text.Append($"         [{linear:X}] = ");
                text.Append(offset + (ulong)size <= input->WindowLength && offset < input->WindowLength
                    ? Convert.ToHexString(new ReadOnlySpan<byte>(input->Memory + offset, size)) : "outside the window").Append('\n');
            }
            else if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i) is var register && register.IsVectorRegister())
            {
                int number = register.GetNumber();
                byte* image = input->State.Xsave;
                text.Append($"         YMM{number} = {((ulong*)(image + MachineState.YmmhOffset))[number * 2 + 1]:X16}_{((ulong*)(image + MachineState.YmmhOffset))[number * 2]:X16}")
                    .Append($"_{((ulong*)(image + MachineState.XmmOffset))[number * 2 + 1]:X16}_{((ulong*)(image + MachineState.XmmOffset))[number * 2]:X16}\n");
            }
            else if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i) is var st && (st.IsST() || st.IsMM()))
            {
                AppendStack(text, input, st.IsST() ? st.GetNumber() : st.GetNumber() - (input->State.Fsw >> 11) & 7, st.ToString());
            }
        }
        if (instruction.Code.CpuidFeatures().Contains(CpuidFeature.FPU) || instruction.Code.CpuidFeatures().Contains(CpuidFeature.FPU387))
        {
            AppendStack(text, input, 0, "ST0");
            AppendStack(text, input, 1, "ST1");
        }
    }

    private static void AppendStack(StringBuilder text, CaseInput* input, int index, string name)
    {
        byte* register = input->State.Xsave + MachineState.StOffset + index * 16;
        text.Append($"         {name} = {*(ushort*)(register + 8):X4}_{*(ulong*)register:X16}\n");
    }

    private static string Kind(string outcome)
    {
        int end = outcome.IndexOf(' ', StringComparison.Ordinal);
        return end < 0 ? outcome : outcome[..end];
    }
}
