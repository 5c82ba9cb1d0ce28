using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>Between which two instructions an event is taken, however the code around them is cut into blocks.</summary>
public sealed unsafe class EventBoundaryTests
{
    private const byte Vector = 0x20;

    /// <summary>A machine whose interrupt handler keeps RBX in RDX and the saved RFLAGS in RSI, and stops.</summary>
    private static LongMachine Machine()
    {
        LongMachine m = new();
        m.Handle(Vector, c =>
        {
            c.mov(rdx, rbx);
            c.mov(rsi, __qword_ptr[rsp + 16]);
            c.hlt();
        });
        return m;
    }

    // SDM Vol. 2B, STI: the next instruction is performed before an interrupt that waits.
    [Fact]
    public void STI_lets_one_instruction_pass_that_is_on_the_next_page()
    {
        using LongMachine m = Machine();
        m.Machine.Assemble(0x11FFF, 64, c =>
        {
            c.sti();
            c.mov(ebx, 1);
            c.mov(ebx, 2);
            c.hlt();
        });
        m.State->Rip = 0x11FFF;
        m.Cpu.SetInterruptLine(true);
        m.Machine.Run();
        Assert.Equal(1UL, m.State->Gpr[2]);
    }

    [Fact]
    public void An_interrupt_raised_by_the_instruction_behind_STI_is_taken_behind_that()
    {
        using LongMachine m = Machine();
        m.Machine.PortInput = (_, _) =>
        {
            m.Cpu.SetInterruptLine(true);
            return 0;
        };
        m.Run(c =>
        {
            c.mov(ebx, 1);
            c.sti();
            c.@in(al, 0x60);
            c.mov(ebx, 2);
            c.hlt();
        });
        Assert.Equal(1UL, m.State->Gpr[2]);
    }

    [Fact]
    public void POPF_that_enables_interrupts_is_followed_by_the_one_that_waits()
    {
        using LongMachine m = Machine();
        m.Cpu.SetInterruptLine(true);
        m.Run(c =>
        {
            c.mov(ebx, 1);
            c.push((int)(Eflags.If | Eflags.Reserved1));
            c.popfq();
            c.cli();
            c.mov(ebx, 2);
            c.hlt();
        });
        Assert.Equal(1UL, m.State->Gpr[2]);
        Assert.Equal((ulong)Eflags.If, m.State->Gpr[6] & Eflags.If);
    }

    // SDM Vol. 3B 17.3.1.1: RF is cleared by the successful execution of the instruction behind IRET; until then an interrupt saves it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RF_set_by_IRET_lasts_for_one_instruction(bool interruptWaits)
    {
        using LongMachine m = Machine();
        m.Handle(0x40, c =>
        {
            c.mov(rsi, __qword_ptr[rsp + 16]);
            c.hlt();
        });
        m.Machine.Assemble(0x11000, 64, c =>
        {
            c.nop();
            c.@int(0x40);
        });
        m.Cpu.SetInterruptLine(interruptWaits);
        m.Run(c =>
        {
            c.push(LongMachine.Data0);
            c.push((int)LongMachine.Stack0);
            c.push((int)(Eflags.Rf | Eflags.If | Eflags.Reserved1));
            c.push(LongMachine.Code0);
            c.push(0x11000);
            c.iretq();
        });
        Assert.Equal(interruptWaits, (m.State->Gpr[6] & Eflags.Rf) != 0);
    }

    [Fact]
    public void RDTSC_in_the_middle_of_a_block_sees_the_exact_count_of_instructions()
    {
        using LongMachine m = new();
        m.Cpu.Clock = new Vcpu.RetirementClock(m.Cpu);
        m.Run(c =>
        {
            c.rdtsc();
            c.mov(ebx, eax);
            c.nop();
            c.rdtsc();
            c.sub(eax, ebx);
            c.hlt();
        });
        Assert.Equal(3 * (ulong)m.Cpu.TscFrequency / Vcpu.CrystalFrequency, m.State->Gpr[0]);
    }
}
