using Emu.Cpu;
using Emu.Cpu.Tests;
using Emu.Jit.Regions;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>What becomes part of a region.</summary>
public sealed unsafe class RegionPlannerTests
{
    [Theory]
    [InlineData(4, 1, false)]
    [InlineData(64, 2, true)]
    public void Links_to_a_page_are_allowed_only_where_a_block_of_the_region_begins(int maxInstructions, int blocks, bool linkable)
    {
        TranslatorOptions options = new() { Threshold = 1_000_000, MaxInstructions = maxInstructions };
        using LongMachine guest = new();
        Translator.Attach(guest.Machine.Cpu.Code, options);
        guest.Machine.Assemble(LongMachine.Code, 64, static c =>
        {
            Label start = c.CreateLabel(), elsewhere = c.CreateLabel();
            c.Label(ref start);
            c.inc(eax);
            c.jmp(elsewhere);
            c.db(new byte[0x1000]);
            c.Label(ref elsewhere);
            for (int i = 0; i < 8; i++) c.inc(ebx);
            c.cmp(ebx, 800);
            c.jb(start);
            c.hlt();
        });
        RegionPlan plan = Plans.Make(guest, options, static _ => 0);

        Assert.Equal(blocks, plan.Blocks.Count);
        Assert.Equal(linkable, plan.IsLinkable(0x1000));
    }

    [Fact]
    public void A_region_is_entered_at_its_loops_and_behind_calls_that_leave_it()
    {
        TranslatorOptions options = new() { Threshold = 1_000_000, MaxPages = 1 };
        using LongMachine guest = new();
        Translator.Attach(guest.Machine.Cpu.Code, options);
        guest.Machine.Assemble(LongMachine.Code, 64, static c =>
        {
            Label inner = c.CreateLabel(), near = c.CreateLabel(), far = c.CreateLabel(), start = c.CreateLabel();
            c.Label(ref start);
            c.mov(edx, 3);
            c.Label(ref inner);
            c.dec(edx);
            c.jne(inner);
            c.call(near);
            c.call(far);
            c.inc(ebx);
            c.cmp(ebx, 100);
            c.jb(start);
            c.hlt();
            c.Label(ref near);
            c.ret();
            c.db(new byte[0x1000]);
            c.Label(ref far);
            c.ret();
        });

        RegionPlan plan = Plans.Make(guest, options, static _ => 0);

        List<long> entries = [.. plan.Entries.Select(e => plan.Blocks[e].Start)];
        // What the first block is, the loop in it, and what follows the call to the other page; not what follows the call within the region.
        Assert.Equal(3, entries.Count);
        Assert.Equal([0, 5, 19], entries);
    }

    [Fact]
    public void A_block_that_two_regions_have_is_linked_to_where_one_is_entered()
    {
        TranslatorOptions options = new() { Threshold = 1_000_000 };
        using LongMachine guest = new();
        Translator.Attach(guest.Machine.Cpu.Code, options);
        guest.Machine.Assemble(LongMachine.Code, 64, static c =>
        {
            Label function = c.CreateLabel(), start = c.CreateLabel();
            c.Label(ref start);
            c.call(function);
            c.inc(ebx);
            c.cmp(ebx, 100);
            c.jb(start);
            c.hlt();
            c.Label(ref function);
            c.ret();
        });
        Assert.Equal(3, Plans.Make(guest, options, static _ => 2).Blocks.Count);
        // As a region does that is entered at the function.
        Block function = Plans.BlockAt(guest, LongMachine.Code + 13);
        function.StopCounting();

        Assert.Equal(3, Plans.Make(guest, options, static _ => 1).Blocks.Count);
        Assert.Equal(2, Plans.Make(guest, options, static _ => 2).Blocks.Count);
    }
}
