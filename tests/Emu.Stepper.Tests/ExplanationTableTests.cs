using Emu.Cpu;
using Iced.Intel;
using Xunit;

namespace Emu.Stepper.Tests;

public sealed class ExplanationTableTests
{
    [Fact]
    public void EveryMnemonicTheTableKnowsHasAnExplanationAndNoOther()
    {
        InstructionTable table = InstructionTable.Instance;
        HashSet<Mnemonic> known = [.. Enum.GetValues<Code>().Where(c => table[c] != null).Select(c => c.Mnemonic())];
        HashSet<Mnemonic> explained = [.. table.ExplainedMnemonics];
        Assert.Empty(known.Except(explained));
        Assert.Empty(explained.Except(known));
    }

    [Fact]
    public void SentencesNameOnlyOperandsThatSomeFormHas()
    {
        InstructionTable table = InstructionTable.Instance;
        foreach (IGrouping<Mnemonic, Code> family in Enum.GetValues<Code>().Where(c => table[c] != null).GroupBy(c => c.Mnemonic()))
        {
            InstructionExplanation explanation = table.ExplanationOf(family.First())!;
            int most = family.Max(c => c.ToOpCode().OpCount);
            for (int i = most; i < 4; i++) Assert.DoesNotContain($"%{i}", explanation.Sentence, StringComparison.Ordinal);
            Assert.EndsWith(".", explanation.Sentence.TrimEnd(')'), StringComparison.Ordinal);
        }
    }
}
