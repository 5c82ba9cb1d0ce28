using Emu.Cpu;
using Emu.Cpu.Tests;
using Emu.Jit.Regions;
using Emu.Mmu;
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
        Vcpu cpu = guest.Machine.Cpu;
        Translator.Attach(cpu.Code, options);
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
        guest.Machine.Run(10_000);
        cpu.State->Rip = LongMachine.Code;
        TlbEntry* tlb = cpu.State->CodeTlb + TlbEntry.Index(LongMachine.Code);
        Block entry = cpu.Code.Find((nint)(LongMachine.Code + (ulong)tlb->Addend), cpu.State->Mode)!;

        RegionPlan plan = new RegionPlanner(cpu.Code, options).Plan(cpu, entry);

        Assert.Equal(blocks, plan.Blocks.Count);
        Assert.Equal(linkable, plan.IsLinkable(0x1000));
    }
}
