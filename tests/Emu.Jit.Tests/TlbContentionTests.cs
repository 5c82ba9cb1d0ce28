using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Code whose pages contend for an entry of the TLB.</summary>
public sealed unsafe class TlbContentionTests
{
    /// <summary>Where the first GByte is to be seen as well: pages there differ in high bits only, which the first ways to spread them do not tell apart.</summary>
    private const ulong High = 0x7F80_0000_0000;

    [Fact]
    public void Two_pages_that_meet_in_the_TLB_are_parted()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            Label forever = c.CreateLabel();
            c.mov(ebx, 0x10_0000);
            c.mov(rsi, High + 0x10_0000);
            c.Label(ref forever);
            c.Loop(1000, static c =>
            {
                c.add(__qword_ptr[rbx], 1);
                c.mov(rax, __qword_ptr[rsi]);
                c.add(__qword_ptr[rbx + 8], rax);
                c.add(__qword_ptr[rsi + 16], 3);
            });
            c.jmp(forever);
        });
        twins.Both(static m =>
        {
            m.Machine.Poke(LongMachine.Tables + (8 * (High >> 39)), 8, (LongMachine.Tables + 0x1000) | 7);
            m.Machine.Cpu.Mmu.FlushTlb();
        });
        for (int i = 0; i < 10; i++) twins.Run(20_000);
        ulong rehashes = twins.Machine.Cpu.Mmu.Statistics.Rehashes;
        Assert.InRange(rehashes, 1UL, 4UL);
        for (int i = 0; i < 10; i++) twins.Run(20_000);
        Assert.Equal(rehashes, twins.Machine.Cpu.Mmu.Statistics.Rehashes);
        Assert.NotEqual(Emu.Mmu.TlbEntry.FoldShift, twins.State->FoldShift);
    }
}
