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
