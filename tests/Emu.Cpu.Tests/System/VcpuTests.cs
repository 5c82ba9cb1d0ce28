using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>What a program that uses the processor as a library does with it.</summary>
public sealed unsafe class VcpuTests
{
    // mov ecx, 1000; again: inc ebx; dec ecx; jnz again; hlt
    private static LongMachine Loop()
    {
        LongMachine m = new();
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.mov(ecx, 1000);
            Iced.Intel.Label again = c.CreateLabel();
            c.Label(ref again);
            c.inc(ebx);
            c.dec(ecx);
            c.jne(again);
            c.hlt();
        });
        return m;
    }

    [Fact]
    public void A_step_retires_one_instruction()
    {
        using LongMachine m = Loop();
        foreach (ulong rip in (ulong[])[5, 7, 9, 5, 7])
        {
            Assert.Equal(1, m.Cpu.Step());
            Assert.Equal(LongMachine.Code + rip, m.State->Rip);
        }
        Assert.Equal(5UL, m.Cpu.InstructionCount);
        Assert.Equal((2UL, 999UL), (m.State->Gpr[3], m.State->Gpr[1]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(500)]
    [InlineData(1234)]
    [InlineData(3001)]
    public void N_instructions_are_exactly_N_however_the_code_is_cut_into_blocks(long count)
    {
        using LongMachine m = Loop();
        Assert.Equal(count, m.Cpu.Run(count));
        Assert.Equal((ulong)count, m.Cpu.InstructionCount);
        Assert.Equal((ulong)(count + 1) / 3, m.State->Gpr[3]);
    }

    [Fact]
    public void A_run_ends_at_HLT_and_a_halted_processor_retires_nothing()
    {
        using LongMachine m = Loop();
        Assert.Equal(3002, m.Cpu.Run(1_000_000));
        Assert.Equal(ActivityState.Halted, m.State->Activity);
        Assert.Equal(0, m.Cpu.Run(1_000_000));
        Assert.Equal(0, m.Cpu.Step());
    }

    [Fact]
    public void Until_a_predicate_holds_is_before_the_instruction_at_which_it_does()
    {
        using LongMachine m = Loop();
        Assert.True(m.Cpu.RunUntil(cpu => cpu.State->Gpr[3] == 700, 1_000_000));
        Assert.Equal((300UL + 1, LongMachine.Code + 7), (m.State->Gpr[1], m.State->Rip));
        Assert.False(m.Cpu.RunUntil(cpu => cpu.State->Gpr[3] == 5000, 100));
        Assert.False(m.Cpu.RunUntil(cpu => cpu.State->Gpr[3] == 5000, 1_000_000));
        Assert.Equal(ActivityState.Halted, m.State->Activity);
    }

    [Fact]
    public void A_request_to_exit_from_another_thread_ends_an_endless_loop()
    {
        using LongMachine m = new();
        m.Machine.Load(LongMachine.Code, 0xEB, 0xFE);
        using var started = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            started.Wait();
            m.Cpu.RequestExit();
        });
        other.Start();
        started.Set();
        Assert.InRange(m.Cpu.Run(long.MaxValue / 2), 0, long.MaxValue / 4);
        other.Join();
        Assert.Equal(LongMachine.Code, m.State->Rip);
    }

    [Fact]
    public void Registers_and_memory_set_from_outside_are_what_the_code_sees()
    {
        using LongMachine m = new();
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.add(rax, __qword_ptr[rsi]);
            c.mov(__qword_ptr[rsi + 8], rax);
            c.hlt();
        });
        (m.State->Gpr[0], m.State->Gpr[6]) = (40, 0x5000);
        m.Cpu.WriteLinear(0x5000, 2UL);
        m.Cpu.Run(10);
        Assert.Equal(42UL, m.Cpu.ReadLinear<ulong>(0x5008));
        // Code that is written from outside is decoded anew.
        m.Machine.Load(LongMachine.Code, 0x48, 0x2B, 0x06); // sub rax, [rsi]
        (m.State->Rip, m.State->Activity) = (LongMachine.Code, ActivityState.Active);
        m.Cpu.Run(10);
        Assert.Equal(40UL, m.Cpu.ReadLinear<ulong>(0x5008));
    }

    [Fact]
    public void Five_levels_of_page_tables_reach_57_bit_addresses_and_four_do_not()
    {
        foreach (bool five in (bool[])[true, false])
        {
            using LongMachine m = new();
            const ulong top = 0x7A000, address = 0x00FF_0000_0040_0000;
            m.Machine.Poke(top, 8, LongMachine.Tables | 7);
            m.Machine.Poke(top + 0xFF * 8, 8, LongMachine.Tables | 7);
            m.Machine.Poke(0x400000, 8, 0x1122334455667788);
            if (five) (m.State->Cr3, m.State->Cr4) = (top, m.State->Cr4 | Cr4.La57);
            m.Cpu.UpdatePaging();
            m.Cpu.UpdateMode();
            m.Handle(13, c =>
            {
                c.mov(r15d, 13);
                c.hlt();
            });
            m.Run(c =>
            {
                c.mov(rsi, address);
                c.mov(rax, __qword_ptr[rsi]);
                c.hlt();
            });
            Assert.Equal(five ? (0x1122334455667788UL, 0UL) : (0UL, 13UL), (m.State->Gpr[0], m.State->Gpr[15]));
        }
    }
}
