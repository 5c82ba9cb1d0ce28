using Emu.Conformance.Generation;
using Emu.Cpu;
using Iced.Intel;
using Xunit;

namespace Emu.Cpu.Conformance.Interpreter;

/// <summary>
/// Handlers call each other without ever returning, so one that leaves a frame behind would exhaust the stack in a long run. RyuJIT
/// turns a call into a jump only if no local of the handler has its address taken, which inlining can bring about unseen.
/// </summary>
public class TailCallTests
{
    private const int TriesPerForm = 16;

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    [InlineData(16)]
    public void Every_handler_of_every_row_leaves_the_stack_to_the_next_as_it_found_it(int bits)
    {
        using HandlerProbe probe = new(bits);
        InstructionBuilder builder = new(bits);
        List<string> growing = [], unreached = [];
        int reached = 0;
        foreach (Code code in Enum.GetValues<Code>().Where(code => Exists(code, bits)))
        {
            HashSet<HandlerProbe.Outcome> outcomes = [];
            for (ulong i = 0; i < TriesPerForm; i++)
            {
                if (!TryMake(builder, code, i, out Instruction instruction)) continue;
                HandlerProbe.Outcome outcome = probe.Try(instruction);
                if (outcome == HandlerProbe.Outcome.Called) growing.Add($"{code}: {instruction}");
                outcomes.Add(outcome);
            }

            if (outcomes.Contains(HandlerProbe.Outcome.TailCalled)) reached++;
            else if (outcomes.Contains(HandlerProbe.Outcome.Returned) && !MayNeverGoOn(code)) unreached.Add(code.ToString());
        }

        Assert.Empty(growing);
        Assert.Empty(unreached);
        Assert.True(reached > 1000, $"only {reached} forms reached the next handler");
    }

    private static bool Exists(Code code, int bits)
    {
        OpCodeInfo info = code.ToOpCode();
        return InstructionTable.Instance[code] != null && info.IsInstruction
            && (bits == 64 ? info.Mode64 : bits == 32 ? info.Mode32 : info.Mode16);
    }

    // Branches that return to the dispatcher, and what faults with these operands or at this privilege level.
    private static bool MayNeverGoOn(Code code)
    {
        OpCodeInfo info = code.ToOpCode();
        return info.IsPrivileged || info.Mnemonic is Mnemonic.Idiv or Mnemonic.Div or Mnemonic.Bound
            || code.FlowControl() != FlowControl.Next || info.Mnemonic is Mnemonic.Jcxz or Mnemonic.Jecxz or Mnemonic.Jrcxz;
    }

    private static bool TryMake(InstructionBuilder builder, Code code, ulong number, out Instruction instruction)
    {
        Random64 random = new(1, (ulong)code, number);
        if (!builder.TryBuild(code, ref random, out instruction)) return false;
        instruction.SegmentPrefix = Register.None;
        InstructionBuilder.SetBranchTarget(ref instruction, 0x10);
        if (!builder.TryEncode(instruction, 0, out byte[]? bytes)) return false;
        instruction = builder.Decode(bytes, 0);
        return instruction.Code == code;
    }
}
