using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>An instruction that must run alone does so even where it branches to code the processor knows well.</summary>
public sealed unsafe class HotCodeStepTests
{
    /// <summary>Calls a function often enough for every branch of it to find its target by itself.</summary>
    private static Label WarmUp(Assembler c, Action<Assembler> function)
    {
        Label entry = c.CreateLabel(), loop = c.CreateLabel(), start = c.CreateLabel();
        c.jmp(start);
        c.Label(ref entry);
        function(c);
        c.ret();
        c.Label(ref start);
        c.mov(ecx, 20);
        c.Label(ref loop);
        c.call(entry);
        c.nop();
        c.nop();
        c.nop();
        c.dec(ecx);
        c.jne(loop);
        return entry;
    }

    [Fact]
    public void A_single_step_trap_follows_every_instruction_of_a_hot_loop()
    {
        using LongMachine m = new();
        m.Handle(1, c =>
        {
            c.inc(r15);
            c.iretq();
        });
        m.Run(c =>
        {
            Label entry = WarmUp(c, static c => c.inc(rax));
            Label loop = c.CreateLabel();
            c.mov(ecx, 4);
            c.pushfq();
            c.or(__qword_ptr[rsp], (int)Eflags.Tf);
            c.popfq();
            c.Label(ref loop);
            c.call(entry);
            c.nop();
            c.nop();
            c.nop();
            c.dec(ecx);
            c.jne(loop);
            c.pushfq();
            c.and(__qword_ptr[rsp], ~(int)Eflags.Tf);
            c.popfq();
            c.hlt();
        });
        // Four rounds of eight instructions, and three more up to POPF, which traps once more.
        Assert.Equal((4 * 8) + 3UL, m.State->Gpr[15]);
    }

    [Fact]
    public void An_interrupt_comes_right_behind_the_RET_that_follows_STI()
    {
        using LongMachine m = new();
        m.Handle(0x20, c =>
        {
            c.mov(r15, __qword_ptr[rsp]);
            c.hlt();
        });
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            Label enable = c.CreateLabel(), loop = c.CreateLabel(), start = c.CreateLabel();
            c.jmp(start);
            c.Label(ref enable);
            c.sti();
            c.ret();
            c.Label(ref start);
            c.mov(ecx, 20);
            c.Label(ref loop);
            c.cli();
            c.@out(0x80, al);
            c.call(enable);
            c.mov(ebx, ecx);
            c.dec(ecx);
            c.jne(loop);
            c.hlt();
        });
        // The loop runs in one go, so that all of it is known, up to the last CLI.
        m.Machine.PortWritten = () =>
        {
            if (m.Machine.Writes.Count == 20) m.Cpu.SetInterruptLine(true);
        };
        m.Machine.Run();
        Assert.Equal(2UL, m.State->Gpr[3]);
    }
}
