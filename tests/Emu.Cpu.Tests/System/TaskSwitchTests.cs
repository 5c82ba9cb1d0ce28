using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

// SDM Vol. 3A chapter 7.
public sealed unsafe class TaskSwitchTests
{
    private const uint NewTss = 0x6000;
    private const uint NewEntry = 0x12000;

    /// <summary>A second 32-bit task at CPL 0 with recognizable registers.</summary>
    private static void SetTask(ProtectedMachine m, ushort attributes = 0x89, uint flags = 2)
    {
        m.SetDescriptor(ProtectedMachine.Free, NewTss, 0x67, attributes);
        m.Machine.Poke(NewTss + 0x20, 4, NewEntry);
        m.Machine.Poke(NewTss + 0x24, 4, flags);
        for (uint i = 0; i < 8; i++) m.Machine.Poke(NewTss + 0x28 + (4 * i), 4, 0x100 + i);
        m.Machine.Poke(NewTss + 0x28 + 16, 4, 0xB000);
        ReadOnlySpan<ushort> selectors =
            [ProtectedMachine.Data0, ProtectedMachine.Code0, ProtectedMachine.Data0, ProtectedMachine.Data0, ProtectedMachine.Data3, 0];
        for (int i = 0; i < 6; i++) m.Machine.Poke(NewTss + 0x48 + (uint)(4 * i), 4, selectors[i]);
        m.Machine.Poke(NewTss + 0x64, 4, 0x00680000);
    }

    private static byte Access(ProtectedMachine m, ushort selector) => (byte)m.Machine.Peek(ProtectedMachine.Gdt + selector + 5, 1);

    [Fact]
    public void A_jump_saves_the_old_task_loads_the_new_one_and_moves_the_busy_flag()
    {
        using ProtectedMachine m = new();
        SetTask(m);
        m.Machine.Assemble(NewEntry, 32, c => c.hlt());
        m.Run(c =>
        {
            c.mov(ebx, 0x4242);
            c.db(0xEA, 0, 0, 0, 0, (byte)ProtectedMachine.Free, 0);
        });
        Assert.Equal(0x103u, (uint)m.State->Gpr[3]);
        Assert.Equal(0xB000u, (uint)m.State->Gpr[4]);
        Assert.Equal(ProtectedMachine.Free, m.Machine.Segment(SegmentIndex.Tr).Selector);
        Assert.Equal(ProtectedMachine.Data3, m.Machine.Segment(SegmentIndex.Fs).Selector);
        Assert.NotEqual(0UL, m.State->Cr0 & Cr0.Ts);
        Assert.Equal(0x4242UL, m.Machine.Peek(ProtectedMachine.Tss + 0x34, 4));
        Assert.Equal(ProtectedMachine.Code + 12, m.Machine.Peek(ProtectedMachine.Tss + 0x20, 4));
        Assert.Equal(0x8B, Access(m, ProtectedMachine.Free));
        Assert.Equal(0x89, Access(m, ProtectedMachine.TssSelector));
        Assert.Equal(0u, m.State->Eflags & Eflags.Nt);
    }

    [Fact]
    public void A_call_nests_and_IRET_returns_to_the_caller()
    {
        using ProtectedMachine m = new();
        SetTask(m);
        m.Machine.Assemble(NewEntry, 32, c =>
        {
            c.pushfd();
            c.pop(__dword_ptr[0x5000]);
            c.iretd();
        });
        m.Run(c =>
        {
            c.db(0x9A, 0, 0, 0, 0, (byte)ProtectedMachine.Free, 0);
            c.mov(ecx, 0x777);
            c.hlt();
        });
        Assert.Equal(0x777u, (uint)m.State->Gpr[1]);
        Assert.NotEqual(0UL, m.Machine.Peek(0x5000, 4) & Eflags.Nt);
        Assert.Equal(ProtectedMachine.TssSelector, m.Machine.Peek(NewTss, 2));
        Assert.Equal(ProtectedMachine.TssSelector, m.Machine.Segment(SegmentIndex.Tr).Selector);
        Assert.Equal(0x89, Access(m, ProtectedMachine.Free));
        Assert.Equal(0x8B, Access(m, ProtectedMachine.TssSelector));
        Assert.Equal(0u, m.State->Eflags & Eflags.Nt);
    }

    // A double fault handler in its own task: the error code is pushed on the new task's stack.
    [Fact]
    public void A_double_fault_through_a_task_gate_finds_a_good_stack()
    {
        using ProtectedMachine m = new();
        SetTask(m);
        m.SetGate(8, ProtectedMachine.Gate(ProtectedMachine.Free, 0, 0x85));
        m.Machine.Assemble(NewEntry, 32, c =>
        {
            c.pop(edx);
            c.hlt();
        });
        m.Run(c =>
        {
            c.mov(esp, 0x800);
            c.ud2();
        });
        Assert.Equal(0u, (uint)m.State->Gpr[2]);
        Assert.Equal(0xB000u, (uint)m.State->Gpr[4]);
        Assert.Equal(ProtectedMachine.Code + 5, m.Machine.Peek(ProtectedMachine.Tss + 0x20, 4));
        Assert.Equal(0x800UL, m.Machine.Peek(ProtectedMachine.Tss + 0x38, 4));
    }

    [Fact]
    public void A_jump_to_a_busy_task_is_a_general_protection_fault()
    {
        using ProtectedMachine m = new();
        SetTask(m, attributes: 0x8B);
        m.Handle(13, c =>
        {
            c.pop(eax);
            c.hlt();
        });
        m.Run(c => c.db(0xEA, 0, 0, 0, 0, (byte)ProtectedMachine.Free, 0));
        Assert.Equal((uint)ProtectedMachine.Free, (uint)m.State->Gpr[0]);
    }

    [Fact]
    public void A_TSS_that_is_too_small_is_an_invalid_TSS()
    {
        using ProtectedMachine m = new();
        SetTask(m);
        m.SetDescriptor(ProtectedMachine.Free, NewTss, 0x66, 0x89);
        m.Handle(10, c =>
        {
            c.pop(eax);
            c.pop(ebx);
            c.hlt();
        });
        m.Run(c => c.db(0xEA, 0, 0, 0, 0, (byte)ProtectedMachine.Free, 0));
        Assert.Equal((uint)ProtectedMachine.Free, (uint)m.State->Gpr[0]);
        Assert.Equal(ProtectedMachine.Code, (uint)m.State->Gpr[3]);
        Assert.Equal(ProtectedMachine.TssSelector, m.Machine.Segment(SegmentIndex.Tr).Selector);
    }

    // Loading segments happens in the new task: the fault is reported there.
    [Fact]
    public void A_bad_stack_segment_is_reported_in_the_new_task()
    {
        using ProtectedMachine m = new();
        SetTask(m);
        m.Machine.Poke(NewTss + 0x50, 4, ProtectedMachine.Data3);
        m.Handle(10, c =>
        {
            c.mov(eax, ss);
            c.hlt();
        });
        // The handler needs a stack: give it one through a task of its own.
        m.SetDescriptor(ProtectedMachine.Free + 8, 0x6800, 0x67, 0x89);
        m.Machine.Poke(0x6800 + 0x20, 4, 0x13000);
        m.Machine.Poke(0x6800 + 0x24, 4, 2);
        m.Machine.Poke(0x6800 + 0x38, 4, 0xC000);
        foreach ((uint offset, ushort selector) in ((uint, ushort)[])[(0x48, ProtectedMachine.Data0), (0x4C, ProtectedMachine.Code0), (0x50, ProtectedMachine.Data0), (0x54, ProtectedMachine.Data0)])
        {
            m.Machine.Poke(0x6800 + offset, 4, selector);
        }

        m.SetGate(10, ProtectedMachine.Gate(ProtectedMachine.Free + 8, 0, 0x85));
        m.Machine.Assemble(0x13000, 32, c =>
        {
            c.pop(edx);
            c.hlt();
        });
        m.Run(c => c.db(0xEA, 0, 0, 0, 0, (byte)ProtectedMachine.Free, 0));
        Assert.Equal(ProtectedMachine.Data3 & ~3u, (uint)m.State->Gpr[2]);
        // The faulting task is the new one, at its first instruction.
        Assert.Equal(ProtectedMachine.Free, m.Machine.Peek(0x6800, 2));
        Assert.Equal(NewEntry, m.Machine.Peek(NewTss + 0x20, 4));
    }

    // SDM Vol. 3A 17.3.1.5: the T flag raises #DB with BT before the first instruction of the new task.
    [Fact]
    public void The_T_flag_traps_before_the_new_tasks_first_instruction()
    {
        using ProtectedMachine m = new();
        SetTask(m);
        m.Machine.Poke(NewTss + 0x64, 2, 1);
        m.Machine.Assemble(NewEntry, 32, c => c.ud2());
        m.Handle(1, c =>
        {
            c.mov(eax, dr6);
            c.pop(ebx);
            c.hlt();
        });
        m.Run(c => c.db(0xEA, 0, 0, 0, 0, (byte)ProtectedMachine.Free, 0));
        Assert.Equal(0xFFFF8FF0u, (uint)m.State->Gpr[0]);
        Assert.Equal(NewEntry, (uint)m.State->Gpr[3]);
    }

    [Fact]
    public void A_16_bit_task_gets_ones_in_the_upper_halves()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, NewTss, 0x2B, 0x81);
        m.Machine.Poke(NewTss + 0x0E, 2, 0x5800);
        m.Machine.Poke(NewTss + 0x10, 2, 2);
        for (uint i = 0; i < 8; i++) m.Machine.Poke(NewTss + 0x12 + (2 * i), 2, 0x10 + i);
        ReadOnlySpan<ushort> selectors = [ProtectedMachine.Data0, ProtectedMachine.Code0, ProtectedMachine.Data0, ProtectedMachine.Data0];
        for (int i = 0; i < 4; i++) m.Machine.Poke(NewTss + 0x22 + (uint)(2 * i), 2, selectors[i]);
        m.Machine.Assemble(0x5800, 32, c => c.hlt());
        m.Run(c => c.db(0xEA, 0, 0, 0, 0, (byte)ProtectedMachine.Free, 0));
        Assert.Equal(0xFFFF0010u, (uint)m.State->Gpr[0]);
        Assert.Equal(0x5801u, (uint)m.State->Rip);
    }
}
