using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>Breakpoints, watchpoints and steps of debuggers outside the guest.</summary>
public sealed unsafe class DebugPointTests
{
    private const int Rax = 0, Rcx = 1, Rbx = 3;

    private static Breakpoint Break(Vcpu cpu, ulong address, Func<Vcpu, bool>? condition = null)
    {
        Breakpoint breakpoint = new(address, condition);
        cpu.Code.DebugPoints.Add(breakpoint);
        return breakpoint;
    }

    private static Watchpoint Watch(Vcpu cpu, ulong address, ulong length, WatchKind kind, Func<Vcpu, bool>? condition = null)
    {
        Watchpoint watchpoint = new(address, length, kind, condition);
        cpu.Code.DebugPoints.Add(watchpoint);
        return watchpoint;
    }

    private static long Continue(Vcpu cpu, long limit = 100_000)
    {
        cpu.PassBreakpoint();
        return cpu.Run(limit);
    }

    /// <summary>mov ecx, 1000 / loop: inc rax / inc rbx / dec ecx / jnz loop / hlt, with the addresses of all of them.</summary>
    private static ulong[] AssembleLoop(LongMachine m)
    {
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            Label loop = c.CreateLabel();
            c.mov(ecx, 1000);
            c.Label(ref loop);
            c.inc(rax);
            c.inc(rbx);
            c.dec(ecx);
            c.jne(loop);
            c.hlt();
        });
        ulong at = LongMachine.Code;
        return [at, at + 5, at + 8, at + 11, at + 13, at + 15];
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 4)] // the branch of a pair that would be fused
    public void A_breakpoint_in_a_loop_stops_before_its_instruction_at_every_arrival(int instruction, long retiredFirst)
    {
        using LongMachine m = new();
        ulong[] addresses = AssembleLoop(m);
        Break(m.Cpu, addresses[instruction]);
        Assert.Equal(retiredFirst, Continue(m.Cpu));
        for (int i = 1; i <= 10; i++)
        {
            Assert.Equal(addresses[instruction], m.State->Rip);
            Assert.Equal(addresses[instruction], m.Cpu.DebugHit?.Address);
            Assert.Equal((ulong)(instruction > 1 ? i : i - 1), m.State->Gpr[Rax]);
            Assert.Equal((ulong)(instruction > 2 ? i : i - 1), m.State->Gpr[Rbx]);
            Assert.Equal(4, Continue(m.Cpu));
        }
    }

    [Fact]
    public void A_breakpoint_set_in_code_that_has_run_counts_from_then_on_and_not_after_its_removal()
    {
        using LongMachine m = new();
        ulong[] addresses = AssembleLoop(m);
        m.Cpu.Run(400);
        Breakpoint breakpoint = Break(m.Cpu, addresses[2]);
        Continue(m.Cpu);
        Assert.Same(breakpoint, m.Cpu.DebugHit?.Breakpoint);
        Assert.Equal(addresses[2], m.State->Rip);
        Assert.InRange(m.State->Gpr[Rax], 100u, 110u);
        Assert.True(m.Cpu.Code.DebugPoints.Remove(breakpoint));
        m.Cpu.Code.DebugPoints.Trim();
        m.Machine.Run();
        Assert.Equal(1000u, m.State->Gpr[Rax]);
        Assert.Null(m.Cpu.DebugHit);
    }

    [Fact]
    public void Without_being_passed_a_breakpoint_at_RIP_stops_at_once()
    {
        using LongMachine m = new();
        ulong[] addresses = AssembleLoop(m);
        Break(m.Cpu, addresses[0]);
        Assert.Equal(0, m.Cpu.Run(100));
        Assert.NotNull(m.Cpu.DebugHit);
        Assert.Equal(1, m.Cpu.Run(1) + Continue(m.Cpu, 1));
    }

    [Fact]
    public void A_condition_is_asked_with_exact_registers_and_decides()
    {
        using LongMachine m = new();
        ulong[] addresses = AssembleLoop(m);
        int asked = 0;
        Break(m.Cpu, addresses[3], cpu =>
        {
            asked++;
            return cpu.State->Gpr[Rbx] == 500;
        });
        Assert.Equal(1 + (499 * 4) + 2, Continue(m.Cpu));
        Assert.Equal(500, asked);
        Assert.Equal(501u, (uint)m.State->Gpr[Rcx]);
    }

    [Fact]
    public void A_breakpoint_is_a_linear_address_not_a_place_in_memory()
    {
        using LongMachine m = new();
        // 2 MByte pages 0 and 3 are the same memory.
        m.Machine.Poke(LongMachine.Tables + 0x2000 + (3 * 8), 8, 0x87);
        ulong[] addresses = AssembleLoop(m);
        Break(m.Cpu, addresses[1] + 0x600000);
        m.Machine.Run();
        Assert.Equal(1000u, m.State->Gpr[Rax]);
        m.State->Activity = ActivityState.Active;
        m.State->Rip = LongMachine.Code + 0x600000;
        Assert.Equal(1, Continue(m.Cpu));
        Assert.Equal(addresses[1] + 0x600000, m.State->Rip);
    }

    [Fact]
    public void In_real_mode_the_base_of_CS_is_part_of_the_address()
    {
        using TestMachine m = new();
        m.EnterReal(0x100);
        m.SetSegment(SegmentIndex.Cs, 0x1000, 0x10000, 0xFFFF, 0x9B);
        m.Cpu.UpdateMode();
        m.Assemble(0x10100, 16, c =>
        {
            c.nop();
            c.nop();
            c.hlt();
        }, 0x100);
        Break(m.Cpu, 0x101);
        Break(m.Cpu, 0x10102);
        Assert.Equal(2, m.Cpu.Run(100));
        Assert.Equal(0x10102u, m.Cpu.DebugHit?.Address);
        Assert.Equal(0x102u, m.State->Rip);
    }

    [Fact]
    public void Behind_MOV_SS_a_breakpoint_stops_and_the_shadow_lasts()
    {
        using LongMachine m = new();
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.mov(ss, ecx);
            c.nop();
            c.hlt();
        });
        m.State->Gpr[Rcx] = LongMachine.Data0;
        Break(m.Cpu, LongMachine.Code + 2);
        Assert.Equal(1, m.Cpu.Run(100));
        Assert.Equal(InterruptShadow.MovSs, m.State->Shadow);
        Assert.Equal(2, Continue(m.Cpu));
    }

    [Theory]
    [InlineData(WatchKind.Write, 0x50004, 2)]
    [InlineData(WatchKind.Read, 0x50104, 3)]
    [InlineData(WatchKind.ReadWrite, 0x50004, 2)]
    [InlineData(WatchKind.ReadWrite, 0x50104, 3)]
    [InlineData(WatchKind.Read, 0x50004, 0)]
    [InlineData(WatchKind.Write, 0x50104, 0)]
    [InlineData(WatchKind.Write, 0x50002, 0)]
    [InlineData(WatchKind.Write, 0x5000B, 2)]
    [InlineData(WatchKind.Write, 0x5000C, 0)]
    public void A_watchpoint_stops_behind_the_instruction_that_makes_the_access(WatchKind kind, ulong address, int behind)
    {
        using LongMachine m = new();
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.mov(edx, 0x50004);
            c.mov(__qword_ptr[rdx], rdx);
            c.mov(rax, __qword_ptr[rdx + 0x100]);
            c.inc(ebx);
            c.hlt();
        });
        Watch(m.Cpu, address, address == 0x50002 ? 2u : 1u, kind);
        long retired = m.Cpu.Run(1000);
        if (behind == 0)
        {
            Assert.Null(m.Cpu.DebugHit);
            Assert.Equal(ActivityState.Halted, m.State->Activity);
            return;
        }

        Assert.Equal(behind, retired);
        Assert.Equal(behind == 2, m.Cpu.DebugHit?.IsWrite);
        Assert.Equal(behind == 2 ? 0x50004u : 0x50104u, m.Cpu.DebugHit?.Address);
        Assert.Equal(0u, m.State->Gpr[Rbx]);
        Assert.Equal(0x50004UL, m.Machine.Peek(0x50004, 8));
        Assert.Equal(5 - behind, Continue(m.Cpu));
    }

    [Fact]
    public void A_watchpoint_stops_a_repeated_string_behind_the_iteration()
    {
        using LongMachine m = new();
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.mov(edi, 0x50000);
            c.mov(ecx, 0x3000);
            c.rep.stosb();
            c.hlt();
        });
        Watch(m.Cpu, 0x51234, 1, WatchKind.Write);
        m.Cpu.Run(1_000_000);
        Assert.Equal(0x51234u, m.Cpu.DebugHit?.Address);
        Assert.Equal(0x51235u, m.State->Gpr[7]);
        Assert.Equal(0x3000u - 0x1235, m.State->Gpr[Rcx]);
        Assert.Equal(LongMachine.Code + 10, m.State->Rip);
        m.Machine.Run(1_000_000);
        Assert.Equal(0x53000u, m.State->Gpr[7]);
    }

    [Fact]
    public void A_watchpoint_sees_what_the_processor_pushes_itself()
    {
        using LongMachine m = new();
        ulong handler = m.Handle(6, c => c.hlt());
        m.Machine.Assemble(LongMachine.Code, 64, c => c.ud2());
        Watch(m.Cpu, LongMachine.Stack0 - 8, 8, WatchKind.Write);
        m.Cpu.Run(100);
        Assert.NotNull(m.Cpu.DebugHit?.Watchpoint);
        Assert.Equal(handler, m.State->Rip);
    }

    [Fact]
    public void A_condition_on_a_watchpoint_sees_the_new_value()
    {
        using LongMachine m = new();
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            Label loop = c.CreateLabel();
            c.mov(ecx, 100);
            c.Label(ref loop);
            c.mov(__dword_ptr[0x50000], ecx);
            c.dec(ecx);
            c.jne(loop);
            c.hlt();
        });
        Watch(m.Cpu, 0x50000, 4, WatchKind.Write, _ => m.Machine.Peek(0x50000, 4) == 42);
        Continue(m.Cpu);
        Assert.NotNull(m.Cpu.DebugHit);
        Assert.Equal(42u, (uint)m.State->Gpr[Rcx]);
    }

    [Fact]
    public void The_guests_own_data_breakpoints_work_beside_a_watchpoint_on_the_page()
    {
        using LongMachine m = new();
        m.Handle(1, c =>
        {
            c.inc(ebx);
            c.iretq();
        });
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.mov(eax, 0x50010);
            c.mov(dr0, rax);
            c.mov(eax, 0x10002);
            c.mov(dr7, rax);
            c.mov(__byte_ptr[0x50010], 1);
            c.mov(__byte_ptr[0x50020], 1);
            c.hlt();
        });
        Watchpoint watchpoint = Watch(m.Cpu, 0x50020, 1, WatchKind.Write);
        m.Cpu.Run(1000);
        Assert.Same(watchpoint, m.Cpu.DebugHit?.Watchpoint);
        Assert.Equal(1u, m.State->Gpr[Rbx]);
        m.Cpu.Code.DebugPoints.Remove(watchpoint);
        m.Machine.Run();
        Assert.Equal(1u, m.State->Gpr[Rbx]);
    }

    [Fact]
    public void A_step_over_a_faulting_instruction_ends_at_the_handlers_first_instruction()
    {
        using LongMachine m = new();
        ulong handler = m.Handle(6, c =>
        {
            c.nop();
            c.hlt();
        });
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.nop();
            c.ud2();
        });
        Assert.Equal(1, m.Cpu.Step());
        Assert.Equal(LongMachine.Code + 1, m.State->Rip);
        Assert.Equal(0, m.Cpu.Step());
        Assert.Equal(handler, m.State->Rip);
        Assert.Equal(1, m.Cpu.Step());
    }

    [Fact]
    public void Held_interrupts_wait_until_they_are_let_go()
    {
        using LongMachine m = new();
        ulong handler = m.Handle(2, c => c.hlt());
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            for (int i = 0; i < 10; i++) c.nop();
            c.hlt();
        });
        m.Cpu.HoldsInterrupts = true;
        m.Cpu.RaiseNmi();
        for (uint i = 1; i <= 3; i++)
        {
            Assert.Equal(1, m.Cpu.Step());
            Assert.Equal(LongMachine.Code + i, m.State->Rip);
        }

        m.Cpu.HoldsInterrupts = false;
        Assert.Equal(0, m.Cpu.Step());
        Assert.Equal(handler, m.State->Rip);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(DebugPoints.MaxWatchLength + 1)]
    [InlineData(ulong.MaxValue)]
    public void A_watchpoint_that_is_empty_or_too_long_is_refused(ulong length)
    {
        using LongMachine m = new();
        Assert.Throws<ArgumentOutOfRangeException>(() => Watch(m.Cpu, 0x1000, length, WatchKind.Write));
        Assert.Empty(m.Cpu.Code.DebugPoints.Watchpoints);
    }
}
