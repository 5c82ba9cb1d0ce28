using Emu.Cpu.Tests;
using Emu.Jit.Analysis;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Which memory accesses share a check.</summary>
public sealed unsafe class AccessGroupingTests
{
    [Fact]
    public void A_few_pushes_do_without_a_group()
    {
        Assert.Empty(GroupSizes(static c =>
        {
            c.push(rax);
            c.push(rbx);
            c.pop(rcx);
        }, instructions: 3));
    }

    [Fact]
    public void A_row_of_pushes_is_a_group()
    {
        Assert.Equal([4], GroupSizes(static c =>
        {
            c.push(rax);
            c.push(rbx);
            c.push(rcx);
            c.push(rdx);
        }, instructions: 4));
    }

    [Fact]
    public void Pushes_and_other_accesses_near_the_stack_pointer_are_a_group()
    {
        Assert.Equal([2], GroupSizes(static c =>
        {
            c.push(rax);
            c.mov(rbx, __qword_ptr[rsp + 16]);
        }, instructions: 2));
    }

    [Fact]
    public void Accesses_of_code_to_data_near_it_are_a_group_on_each_page()
    {
        Assert.Equal([2, 2], GroupSizes(static c =>
        {
            Label start = c.CreateLabel();
            Label[] data = [c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel()];
            c.jmp(start);
            c.db(new byte[0xFF0 - 5]);
            foreach (ref Label label in data.AsSpan())
            {
                c.Label(ref label);
                c.dq(0);
            }

            c.Label(ref start);
            c.mov(rax, __qword_ptr[data[0]]);
            c.mov(rbx, __qword_ptr[data[3]]);
            c.mov(rcx, __qword_ptr[data[1]]);
            c.mov(rdx, __qword_ptr[data[2]]);
        }, instructions: 5));
    }

    [Fact]
    public void Accesses_that_keep_lying_across_two_pages_get_a_check_each()
    {
        using Twins<LongMachine> twins = RunAcrossTwoPages(static c =>
        {
            c.add(__qword_ptr[rbx], 1);
            c.mov(rax, __qword_ptr[rbx]);
            c.add(__qword_ptr[rbx + 32], rax);
        });
        uint before = twins.State->Crossings;
        twins.Run(20_000);
        // Those of the way into the loop.
        Assert.InRange(twins.State->Crossings - before, 0U, 50U);
        Assert.Equal(1, twins.Translator.Statistics.RegionsReplaced);
    }

    [Fact]
    public void Accesses_that_seldom_lie_across_two_pages_keep_their_check()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            Label forever = c.CreateLabel();
            c.Label(ref forever);
            c.mov(ebx, 0x100000 + 32);
            c.Loop(1024, static c =>
            {
                c.add(__qword_ptr[rbx], 1);
                c.mov(rax, __qword_ptr[rbx]);
                c.add(__qword_ptr[rbx + 56], rax);
                c.add(rbx, 64);
                for (int i = 0; i < 6; i++) c.inc(rdx);
            });
            c.jmp(forever);
        });
        uint most = 0;
        for (int i = 0; i < 100; i++)
        {
            twins.Both(static m => m.Machine.Cpu.Run(100_000));
            most = Math.Max(most, twins.State->Crossings);
        }

        twins.Compare();
        Assert.True(most > 9_000, $"only {most} accesses crossed pages");
        Assert.True(twins.State->Crossings < most, "it was not looked at");
        Assert.Equal(0, twins.Translator.Statistics.RegionsReplaced);
    }

    [Fact]
    public void Code_that_has_been_translated_again_may_still_change()
    {
        using Twins<LongMachine> twins = RunAcrossTwoPages(static c =>
        {
            c.add(__qword_ptr[rbx], 1);
            c.add(__qword_ptr[rbx + 32], 1);
        });

        // The immediate of the loop's first addition.
        twins.Both(static m => m.Machine.Load(LongMachine.Code + 13, 0x02));
        for (int i = 0; i < 10; i++) twins.Run(20_000);
        Assert.True(twins.Translator.RegionsInvalidated > 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(24)]
    public void A_recursion_with_frames_across_two_pages_runs_as_interpreted(int offset)
    {
        using Twins<LongMachine> twins = Twins.Long(c =>
        {
            Label recurse = c.CreateLabel(), done = c.CreateLabel();
            c.mov(esp, 0x9000 + 0x80 + offset);
            c.mov(eax, 12);
            c.call(recurse);
            c.hlt();
            c.Label(ref recurse);
            c.push(rbp);
            c.push(rbx);
            c.mov(rbx, rax);
            c.sub(rsp, 8);
            c.cmp(rax, 1);
            c.jbe(done);
            c.lea(rax, __[rbx - 1]);
            c.call(recurse);
            c.mov(rbp, rax);
            c.lea(rax, __[rbx - 2]);
            c.call(recurse);
            c.lea(rbx, __[rbp + rax]);
            c.Label(ref done);
            c.add(rsp, 8);
            c.mov(rax, rbx);
            c.pop(rbx);
            c.pop(rbp);
            c.ret();
        });
        twins.Run();
        Assert.Equal(144UL, twins.State->Gpr[0]);
    }

    /// <summary>Runs accesses relative to RBX, 16 bytes before the end of a page, in a loop for ever, until their region has been translated again.</summary>
    private static Twins<LongMachine> RunAcrossTwoPages(Action<Assembler> accesses)
    {
        Twins<LongMachine> twins = Twins.Long(c =>
        {
            Label forever = c.CreateLabel();
            c.mov(ebx, 0xA000 - 16);
            c.Label(ref forever);
            c.Loop(1000, accesses);
            c.jmp(forever);
        });
        for (int i = 0; i < 10; i++) twins.Run(20_000);
        Assert.Equal(1, twins.Translator.Statistics.RegionsReplaced);
        return twins;
    }

    /// <summary>Sizes of the groups among the first instructions of some code.</summary>
    private static List<int> GroupSizes(Action<Assembler> code, int instructions)
    {
        using LongMachine guest = new();
        TranslatorOptions options = new() { Threshold = 1_000_000 };
        Translator.Attach(guest.Machine.Cpu.Code, options);
        guest.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            code(c);
            c.hlt();
        });
        RegionGraph graph = new(Plans.Make(guest, options, static _ => 0));
        AccessGrouping.Analyze(graph, static _ => true);
        return [.. graph.Blocks.SelectMany(static b => b.Instructions).Take(instructions).Select(static i => i.Group).OfType<AccessGroup>().Distinct().Select(static g => g.Count)];
    }
}
