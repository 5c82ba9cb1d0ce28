using Emu.Jit;
using Xunit;

namespace Emu.Machine.Tests;

/// <summary>Translations stay within their memory, and giving them up changes nothing for the guest.</summary>
public sealed class TranslationBudgetTests
{
    private const ulong Instructions = 450_000;

    [Theory]
    [InlineData(1)]
    [InlineData(30_000)]
    public void A_guest_does_the_same_when_its_translations_are_given_up_again_and_again(long budget)
    {
        using HotGuest interpreted = new(Accelerator.Interpreter);
        using HotGuest translated = new(Accelerator.Translator, new TranslatorOptions { Threshold = 20, Synchronous = true, MemoryBudget = budget });
        Translator translator = translated.Machine.Board.Translator ?? throw new InvalidOperationException();
        long largest = 0, regions = 0, compiledBefore = 0;
        translator.Installed += _ => largest = Math.Max(largest, translator.Statistics.Memory);
        translator.Released += (count, bytes) =>
        {
            regions += count;
            Assert.True(bytes > budget, $"released {bytes} bytes within a budget of {budget}");
        };
        for (ulong at = Instructions / 3; at <= Instructions; at += Instructions / 3)
        {
            interpreted.Machine.RunInstructions(at - interpreted.Machine.RetiredInstructions);
            translated.Machine.RunInstructions(at - translated.Machine.RetiredInstructions);
            MachineParts.AssertSame(interpreted.Parts(), translated.Parts(), at);
            long compiled = translator.RegionsCompiled;
            Assert.True(compiled > compiledBefore, "nothing is translated any more");
            compiledBefore = compiled;
        }

        TranslatorStatistics statistics = translator.Statistics;
        Assert.True(statistics.Generations > 3, $"{statistics.Generations} generations");
        Assert.Equal(regions, statistics.RegionsReleased);
        // Of those compiled, counted when they are taken over.
        Assert.Equal(statistics.RegionsCompiled, statistics.Regions + statistics.RegionsReleased + statistics.RegionsInvalidated + statistics.RegionsDiscarded);
        // What is installed at one time between two checks is a few regions of this small guest.
        Assert.InRange(largest, 1, budget + 400_000);
    }

    [Fact]
    public void Translations_made_on_another_thread_are_given_up_without_harm_too()
    {
        const ulong most = 100_000_000;
        using HotGuest interpreted = new(Accelerator.Interpreter);
        using HotGuest translated = new(Accelerator.Translator, new TranslatorOptions { Threshold = 20, MemoryBudget = 1 });
        Translator translator = translated.Machine.Board.Translator ?? throw new InvalidOperationException();
        for (ulong at = Instructions; at <= most && translator.Statistics.Generations < 5; at += Instructions)
        {
            interpreted.Machine.RunInstructions(at - interpreted.Machine.RetiredInstructions);
            translated.Machine.RunInstructions(at - translated.Machine.RetiredInstructions);
            MachineParts.AssertSame(interpreted.Parts(), translated.Parts(), at);
        }

        Assert.True(translator.Statistics.Generations >= 5, $"{translator.Statistics.Generations} generations");
    }

    [Fact]
    public void The_code_of_translations_given_up_is_collected()
    {
        using HotGuest guest = new(Accelerator.Translator, new TranslatorOptions { Threshold = 20, Synchronous = true, MemoryBudget = 1 });
        Translator translator = guest.Machine.Board.Translator ?? throw new InvalidOperationException();
        guest.Machine.RunInstructions(Instructions);
        // Two more regions at most may be in use or on somebody's stack.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.True(translator.Statistics.RegionsReleased > 10, $"{translator.Statistics.RegionsReleased} released");
        Assert.InRange(translator.Statistics.Uncollected, 0, 2);
    }

    [Fact]
    public void With_enough_memory_nothing_is_given_up()
    {
        using HotGuest guest = new(Accelerator.Translator, new TranslatorOptions { Threshold = 20, Synchronous = true });
        guest.Machine.RunInstructions(Instructions);
        TranslatorStatistics statistics = guest.Machine.Board.Translator?.Statistics ?? throw new InvalidOperationException();
        Assert.Equal(0, statistics.RegionsReleased);
        Assert.Equal(0, statistics.Generations);
        Assert.Equal(statistics.Regions, statistics.Sizes.Sum(s => s.Count));
        Assert.InRange(statistics.HostBytesInUse, statistics.Regions * 100, statistics.HostBytes);
        Assert.True(statistics.Memory > statistics.HostBytesInUse + statistics.IlBytesInUse, "memory leaves out what it lists");
        Assert.True(statistics.OffersAccepted >= statistics.RegionsCompiled, "more was compiled than asked for");
        // The handler's IRET and the main loop's accesses to ports are not for translated code.
        Assert.Contains(statistics.CalledByMnemonic, c => c.Mnemonic is "movsd" or "iretd" or "out" or "rdtsc" or "invlpg");
    }
}
