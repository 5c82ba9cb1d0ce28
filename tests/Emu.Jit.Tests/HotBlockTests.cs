using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>When blocks are offered to a translator.</summary>
public sealed unsafe class HotBlockTests
{
    [Fact]
    public void A_refused_block_is_offered_again_after_as_many_executions_as_the_translator_says()
    {
        Refuser translator = new(10, [3, 7, 10]);
        Run(translator, 60);

        // The loop's block begins to count with its second round, for the first is part of the block before it.
        Assert.Equal([(10, 10), (13, 3), (20, 7), (30, 10)], translator.Offers.Select(o => ((int)o.Executions, (int)o.SinceLast)));
        // Three instructions a round.
        Assert.Equal([3 * 3, 7 * 3, 10 * 3], translator.Offers.Skip(1).Select(o => (int)o.Within));
    }

    [Fact]
    public void A_block_that_has_been_taken_is_not_offered_any_more()
    {
        Refuser translator = new(10, []);
        Run(translator, 60);

        Assert.Single(translator.Offers);
    }

    private static void Run(ICodeTranslator translator, int rounds)
    {
        using LongMachine guest = new();
        guest.Machine.Cpu.Code.Translator = translator;
        guest.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            Label loop = c.CreateLabel();
            c.xor(ecx, ecx);
            c.Label(ref loop);
            c.inc(ecx);
            c.cmp(ecx, rounds);
            c.jb(loop);
            c.hlt();
        });
        guest.Machine.Run(1_000);
        Assert.Equal((ulong)rounds, guest.Machine.Cpu.State->Gpr[1]);
    }

    private readonly record struct Offer(ulong Executions, ulong SinceLast, ulong Within);

    /// <summary>Answers with the given numbers, then takes everything, and translates nothing.</summary>
    private sealed class Refuser(uint threshold, uint[] answers) : ICodeTranslator
    {
        public List<Offer> Offers { get; } = [];

        public uint Threshold => threshold;

        public uint OnHot(Vcpu cpu, Block block, ulong executions, ulong within)
        {
            Assert.False(block.Counts);
            Offers.Add(new Offer(block.Executions!.Value, executions, within));
            return Offers.Count <= answers.Length ? answers[Offers.Count - 1] : 0;
        }

        public void OnRetired(Block block)
        {
        }

        public void BetweenBlocks(Vcpu running)
        {
        }

        public void OnReleasing()
        {
        }

        public void Dispose()
        {
        }
    }
}
