using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

// SDM Vol. 3C chapter 34; AMD64 state-save map.
public sealed unsafe class ManagementModeTests
{
    [Fact]
    public void An_SMI_interrupts_64_bit_code_and_RSM_resumes_it()
    {
        using LongMachine m = new();
        m.Machine.Assemble(0x38000, 16, c =>
        {
            c.mov(eax, cr0);
            c.mov(__dword_ptr.cs[0xF000], eax);
            c.mov(ebx, 0xDEAD);
            c.mov(__word_ptr.cs[0xF008], cs);
            c.rsm();
        }, 0x8000);
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.mov(rbx, 0x1122334455667788);
            c.mov(rcx, 0x8877665544332211);
            c.nop();
            c.mov(rdx, rbx);
            c.hlt();
        });
        m.Cpu.Run(2);
        m.Cpu.RaiseSmi();
        m.Machine.Run();
        Assert.Equal(0x1122334455667788UL, m.State->Gpr[2]);
        Assert.False(m.State->Smm);
        Assert.Equal(0x10UL, m.Machine.Peek(0x3F000, 4));
        Assert.Equal(0x3000UL, m.Machine.Peek(0x3F008, 2));
        Assert.Equal(0x20064UL, m.Machine.Peek(0x3FEFC, 4));
        Assert.Equal(0x8877665544332211UL, m.Machine.Peek(0x38000 + 0x7FF0, 8));
        Assert.Equal(LongMachine.Code0, m.Machine.Segment(SegmentIndex.Cs).Selector);
        Assert.True(m.State->IsLongMode);
    }

    [Fact]
    public void SMBASE_can_be_relocated_and_HLT_is_resumed()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Assemble(0x1000, 16, c =>
        {
            c.hlt();
            c.hlt();
        });
        m.Assemble(0x38000, 16, c =>
        {
            c.mov(__dword_ptr.cs[0xFF00], 0xA0000);
            c.rsm();
        }, 0x8000);
        m.Assemble(0xA8000, 16, c =>
        {
            c.inc(__word_ptr.cs[0x100]);
            c.rsm();
        }, 0x8000);
        m.Run();
        m.Cpu.RaiseSmi();
        m.Cpu.Run(100);
        Assert.Equal(ActivityState.Halted, m.State->Activity);
        Assert.Equal(0x1001UL, m.State->Rip);
        m.Cpu.RaiseSmi();
        m.Cpu.Run(100);
        Assert.Equal(1UL, m.Peek(0xA0100, 2));
        Assert.Equal(ActivityState.Halted, m.State->Activity);
        Assert.True(m.Cpu.TryReadMsr(0x9E, out ulong smbase));
        Assert.Equal(0xA0000UL, smbase);
    }

    [Fact]
    public void RSM_outside_SMM_is_undefined()
    {
        using ProtectedMachine m = new();
        m.Handle(6, c =>
        {
            c.mov(eax, 6);
            c.hlt();
        });
        m.Run(c => c.rsm());
        Assert.Equal(6u, (uint)m.State->Gpr[0]);
    }

    [Fact]
    public void NMIs_wait_until_RSM()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Poke(2 * 4, 4, 0x3000);
        m.Assemble(0x3000, 16, c =>
        {
            c.mov(dx, ax);
            c.hlt();
        });
        m.Assemble(0x1000, 16, c =>
        {
            c.mov(ax, 1);
            c.jmp(0x1003);
        });
        m.Assemble(0x38000, 16, c =>
        {
            c.nop();
            c.nop();
            c.mov(__word_ptr.cs[0xFFF8], 9);
            c.rsm();
        }, 0x8000);
        m.Cpu.Run(1);
        m.Cpu.RaiseSmi();
        m.Cpu.Run(1);
        m.Cpu.RaiseNmi();
        Assert.False(m.Cpu.HasPendingEvents);
        m.Run();
        // RAX was changed in the save area, so the NMI handler ran after RSM.
        Assert.Equal(9, (ushort)m.State->Gpr[2]);
    }
}
