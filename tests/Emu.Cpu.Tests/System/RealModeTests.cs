using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

public sealed unsafe class RealModeTests
{
    // SDM Vol. 3A 20.1.4: the table of four-byte pointers; flags, CS and IP are pushed, IF and TF cleared.
    [Fact]
    public void INT_calls_the_vector_and_IRET_comes_back()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Poke(0x21 * 4, 2, 0x50);
        m.Poke((0x21 * 4) + 2, 2, 0x200);
        m.Assemble(0x1000, 16, c =>
        {
            c.sti();
            c.@int(0x21);
            c.mov(dx, 0x1234);
            c.hlt();
        });
        m.Assemble(0x2050, 16, c =>
        {
            c.pushf();
            c.pop(bx);
            c.mov(cx, cs);
            c.iret();
        }, 0x50);
        m.Run();
        Assert.Equal(0x1234, (ushort)m.State->Gpr[2]);
        Assert.Equal(0x200, (ushort)m.State->Gpr[1]);
        Assert.Equal(0u, (uint)m.State->Gpr[3] & Eflags.If);
        Assert.NotEqual(0u, m.State->Eflags & Eflags.If);
        Assert.Equal(0x7000, (ushort)m.State->Gpr[4]);
        Assert.Equal(0x1004, (ushort)m.Peek(0x6FFA, 2) + 1);
    }

    // SDM Vol. 3A 20.1.4: an entry beyond the IDT limit is #GP, here with a usable handler for 13 and a limit that covers it.
    [Fact]
    public void A_vector_beyond_the_limit_is_a_general_protection_fault()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.State->IdtLimit = 0x7F;
        m.Poke(13 * 4, 4, 0x3000);
        m.Assemble(0x1000, 16, c =>
        {
            c.nop();
            c.@int(0x40);
            c.hlt();
        });
        m.Assemble(0x3000, 16, c =>
        {
            c.pop(ax);
            c.hlt();
        });
        m.Run();
        Assert.Equal(0x1001, (ushort)m.State->Gpr[0]);
        Assert.Equal(0, m.Shutdowns);
    }

    [Fact]
    public void No_usable_table_at_all_ends_in_shutdown()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.State->IdtLimit = 0;
        m.Assemble(0x1000, 16, c => c.int3());
        m.Run();
        Assert.Equal(ActivityState.Shutdown, m.State->Activity);
        Assert.Equal(1, m.Shutdowns);
    }

    // SDM Vol. 3A 20.1.1: limits stay what they were, so a segment loaded in protected mode keeps its 4-GByte limit.
    [Fact]
    public void Loading_a_selector_keeps_the_limit_from_protected_mode()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.SetSegment(SegmentIndex.Fs, 0, 0, uint.MaxValue, 0x8093);
        m.Poke(0x200010, 4, 0xCAFEF00D);
        m.Assemble(0x1000, 16, c =>
        {
            c.mov(ax, 1);
            c.mov(fs, ax);
            c.mov(ebx, 0x200000);
            c.mov(ecx, __dword_ptr.fs[ebx]);
            c.hlt();
        });
        m.Run();
        Assert.Equal(0xCAFEF00Du, (uint)m.State->Gpr[1]);
        Assert.Equal(0x10UL, m.Segment(SegmentIndex.Fs).Base);
    }

    [Fact]
    public void An_access_beyond_the_64_KByte_limit_faults()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Poke(13 * 4, 4, 0x3000);
        m.Assemble(0x1000, 16, c =>
        {
            c.mov(bx, 0xFFFF);
            c.mov(ax, __word_ptr[bx]);
            c.hlt();
        });
        m.Assemble(0x3000, 16, c =>
        {
            c.pop(dx);
            c.hlt();
        });
        m.Run();
        Assert.Equal(0x1003, (ushort)m.State->Gpr[2]);
    }

    // SDM Vol. 3A 9.9: the switch to protected mode and back.
    [Fact]
    public void The_processor_goes_to_protected_mode_and_back()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Poke(0x808, 8, ProtectedMachine.Encode(0, 0xFFFFF, 0xC09A));
        m.Poke(0x810, 8, ProtectedMachine.Encode(0, 0xFFFFF, 0xC092));
        m.Poke(0x818, 8, ProtectedMachine.Encode(0, 0xFFFF, 0x009A));
        m.Load(0x900, 0xFF, 0x00, 0x00, 0x08, 0x00, 0x00);
        m.Assemble(0x1000, 16, c =>
        {
            c.lgdt(__[0x900]);
            c.mov(eax, cr0);
            c.or(al, 1);
            c.mov(cr0, eax);
            c.db(0xEA, 0x00, 0x20, 0x08, 0x00);
        });
        m.Assemble(0x2000, 32, c =>
        {
            c.mov(ax, 0x10);
            c.mov(ds, ax);
            c.mov(__dword_ptr[0x100000], 0x11223344);
            c.db(0xEA, 0x00, 0x30, 0x00, 0x00, 0x18, 0x00);
        });
        m.Assemble(0x3000, 16, c =>
        {
            c.mov(eax, cr0);
            c.and(al, 0xFE);
            c.mov(cr0, eax);
            c.db(0xEA, 0x00, 0x40, 0x00, 0x00);
        });
        m.Assemble(0x4000, 16, c => c.hlt());
        m.Run();
        Assert.Equal(0x11223344UL, m.Peek(0x100000, 4));
        Assert.Equal(0, m.Segment(SegmentIndex.Cs).Selector);
        Assert.Equal(0UL, m.State->Cr0 & 1);
        // The accessed flag was set in memory.
        Assert.Equal(0x9BUL, m.Peek(0x80D, 1));
    }

    // SDM Vol. 3A 6.8.3: no interrupt between MOV SS and the next instruction, nor (STI) before the one behind it.
    [Fact]
    public void STI_lets_one_more_instruction_pass_before_an_interrupt()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Poke(0x20 * 4, 4, 0x3000);
        m.Assemble(0x1000, 16, c =>
        {
            c.sti();
            c.mov(ax, 1);
            c.mov(ax, 2);
            c.hlt();
        });
        m.Assemble(0x3000, 16, c =>
        {
            c.mov(bx, ax);
            c.hlt();
        });
        m.Cpu.SetInterruptLine(true);
        m.Run();
        Assert.Equal(1, (ushort)m.State->Gpr[3]);
    }

    [Fact]
    public void HLT_right_after_STI_is_woken_by_a_pending_interrupt()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Poke(0x20 * 4, 4, 0x3000);
        m.Assemble(0x1000, 16, c =>
        {
            c.sti();
            c.hlt();
            c.mov(cx, 7);
            c.cli();
            c.hlt();
        });
        m.Assemble(0x3000, 16, c => c.iret());
        m.Cpu.SetInterruptLine(true);
        for (int i = 0; i < 4 && m.State->Gpr[1] != 7; i++) m.Cpu.Run(100);
        Assert.Equal(7, (ushort)m.State->Gpr[1]);
    }
}
