using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

public sealed unsafe class ProtectedInterruptTests
{
    // SDM Vol. 3A 6.12.1, figure 6-4: an inter-privilege interrupt pushes SS, ESP, EFLAGS, CS, EIP on the stack of the TSS.
    [Fact]
    public void An_interrupt_from_CPL_3_switches_to_the_stack_of_the_TSS()
    {
        using ProtectedMachine m = new();
        m.Handle(0x40, c =>
        {
            c.mov(ecx, esp);
            c.mov(ax, cs);
            c.hlt();
        }, access: 0xEE);
        m.Machine.Assemble(0x11000, 32, c =>
        {
            c.@int(0x40);
            c.nop();
        });
        m.Run(c => ProtectedMachine.ReturnToUser(c, 0x11000, 0x202));
        uint frame = (uint)m.State->Gpr[1];
        Assert.Equal(ProtectedMachine.Stack0 - 20, frame);
        Assert.Equal(0x11002UL, m.Machine.Peek(frame, 4));
        Assert.Equal(ProtectedMachine.Code3, m.Machine.Peek(frame + 4, 4));
        Assert.Equal(0x202UL, m.Machine.Peek(frame + 8, 4));
        Assert.Equal(ProtectedMachine.Stack3, m.Machine.Peek(frame + 12, 4));
        Assert.Equal(ProtectedMachine.Data3, m.Machine.Peek(frame + 16, 4));
        Assert.Equal(ProtectedMachine.Code0, (ushort)m.State->Gpr[0]);
        Assert.Equal(ProtectedMachine.Data0, m.Machine.Segment(SegmentIndex.Ss).Selector);
        Assert.Equal(0u, m.State->Eflags & Eflags.If);
    }

    // SDM Vol. 3A 6.12.1.3: a trap gate leaves IF alone.
    [Fact]
    public void A_trap_gate_leaves_interrupts_on()
    {
        using ProtectedMachine m = new();
        m.Handle(0x40, c => c.hlt(), access: 0x8F);
        m.Run(c =>
        {
            c.sti();
            c.@int(0x40);
        });
        Assert.NotEqual(0u, m.State->Eflags & Eflags.If);
    }

    // SDM Vol. 3A 6.12.1.1: INT n through a gate of lower DPL is #GP with the IDT bit and the vector; EXT is clear.
    [Fact]
    public void INT_through_a_privileged_gate_is_a_general_protection_fault_with_the_gate_as_error_code()
    {
        using ProtectedMachine m = new();
        m.Handle(0x40, c => c.ud2());
        m.Handle(13, c =>
        {
            c.pop(eax);
            c.pop(ebx);
            c.hlt();
        });
        m.Machine.Assemble(0x11000, 32, c => c.@int(0x40));
        m.Run(c => ProtectedMachine.ReturnToUser(c, 0x11000));
        Assert.Equal((0x40u << 3) | 2, (uint)m.State->Gpr[0]);
        Assert.Equal(0x11000u, (uint)m.State->Gpr[3]);
    }

    // An exception uses a privileged gate freely.
    [Theory]
    [InlineData(6, 0)]
    [InlineData(13, 4)]
    public void An_exception_at_CPL_3_passes_a_privileged_gate_and_saves_RF(byte vector, int errorBytes)
    {
        using ProtectedMachine m = new();
        m.Handle(vector, c =>
        {
            c.mov(eax, __dword_ptr[esp + errorBytes]);
            c.mov(ebx, __dword_ptr[esp + errorBytes + 8]);
            c.hlt();
        });
        m.Machine.Assemble(0x11000, 32, c =>
        {
            if (vector == 6) c.ud2();
            else c.hlt();
        });
        m.Run(c => ProtectedMachine.ReturnToUser(c, 0x11000));
        Assert.Equal(0x11000u, (uint)m.State->Gpr[0]);
        Assert.Equal(Eflags.Rf | 2, (uint)m.State->Gpr[3]);
    }

    // SDM Vol. 3A 6.13: EXT is set when the fault happened while delivering an exception. The #NP comes from the gate of #UD.
    [Fact]
    public void A_gate_that_is_not_present_reports_EXT_for_exceptions_only()
    {
        using ProtectedMachine m = new();
        m.Handle(6, c => c.hlt(), access: 0x0E);
        m.Handle(0x40, c => c.hlt(), access: 0x0E);
        m.Handle(11, c =>
        {
            c.pop(eax);
            c.mov(__dword_ptr[edi * 4 + 0x5000], eax);
            c.inc(edi);
            c.add(__dword_ptr[esp], 2);
            c.iretd();
        });
        m.Run(c =>
        {
            c.xor(edi, edi);
            c.ud2();
            c.@int(0x40);
            c.hlt();
        });
        Assert.Equal((6u << 3) | 2 | 1, (uint)m.Machine.Peek(0x5000, 4));
        Assert.Equal((0x40u << 3) | 2, (uint)m.Machine.Peek(0x5004, 4));
    }

    // SDM Vol. 3A table 6-5: a contributory exception while delivering a contributory one is a double fault.
    [Fact]
    public void A_fault_in_the_delivery_of_a_fault_is_a_double_fault_with_error_code_0()
    {
        using ProtectedMachine m = new();
        // #GP has no usable gate: #GP again, which is contributory after contributory.
        m.SetGate(13, 0);
        m.Handle(8, c =>
        {
            c.pop(eax);
            c.pop(ebx);
            c.hlt();
        });
        m.Run(c =>
        {
            c.mov(ecx, 0xFFF0);
            c.mov(ds, ecx);
        });
        Assert.Equal(0u, (uint)m.State->Gpr[0]);
        Assert.Equal(0, m.Machine.Shutdowns);
    }

    [Fact]
    public void A_fault_in_the_delivery_of_a_double_fault_is_shutdown()
    {
        using ProtectedMachine m = new();
        m.Run(c => c.ud2());
        Assert.Equal(ActivityState.Shutdown, m.State->Activity);
        Assert.Equal(1, m.Machine.Shutdowns);
    }

    // Shutdown: only NMI, SMI, INIT and RESET get the processor out (SDM Vol. 3A 6.15).
    [Fact]
    public void An_NMI_ends_shutdown()
    {
        using ProtectedMachine m = new();
        m.Run(c => c.ud2());
        m.Handle(2, c =>
        {
            c.mov(edx, 99);
            c.hlt();
        });
        Assert.False(m.Cpu.HasPendingEvents);
        m.Cpu.RaiseNmi();
        Assert.True(m.Cpu.HasPendingEvents);
        m.Cpu.Run(100);
        Assert.Equal(99u, (uint)m.State->Gpr[2]);
        Assert.Equal(ActivityState.Halted, m.State->Activity);
    }

    // SDM Vol. 3A 6.7.1: no NMI until the handler of the last one executes IRET.
    [Fact]
    public void NMIs_are_blocked_until_IRET()
    {
        using ProtectedMachine m = new();
        m.Handle(2, c =>
        {
            c.inc(edi);
            c.mov(eax, __dword_ptr[0x5000]);
            c.iretd();
        });
        m.Machine.Assemble(ProtectedMachine.Code, 32, c =>
        {
            c.nop();
            c.hlt();
            c.hlt();
            c.hlt();
        });
        m.Cpu.Run(1);
        m.Cpu.RaiseNmi();
        m.Cpu.Run(1);
        Assert.True(m.Cpu.NmiBlocked);
        m.Cpu.RaiseNmi();
        m.Cpu.RaiseNmi();
        Assert.False(m.Cpu.HasPendingEvents);
        m.Machine.Run();
        m.Machine.Run();
        for (int i = 0; i < 5 && m.Cpu.HasPendingEvents; i++) m.Cpu.Run(100);
        Assert.Equal(2u, (uint)m.State->Gpr[7]);
        Assert.False(m.Cpu.NmiBlocked);
    }

    // SDM Vol. 2A, INT n: a 16-bit gate pushes words.
    [Fact]
    public void A_16_bit_gate_pushes_words()
    {
        using ProtectedMachine m = new();
        m.Machine.Assemble(0x6000, 32, c =>
        {
            c.mov(ecx, esp);
            c.hlt();
        });
        m.SetGate(0x40, ProtectedMachine.Gate(ProtectedMachine.Code0, 0x6000, 0x86));
        m.Run(c => c.@int(0x40));
        Assert.Equal(ProtectedMachine.Stack0 - 6, (uint)m.State->Gpr[1]);
        Assert.Equal(2UL, m.Machine.Peek(ProtectedMachine.Stack0 - 6, 2));
        Assert.Equal(ProtectedMachine.Code0, m.Machine.Peek(ProtectedMachine.Stack0 - 4, 2));
    }

    // SDM Vol. 2A, IRET: null data segments of higher privilege on return to an outer level.
    [Fact]
    public void IRET_to_an_outer_level_empties_privileged_data_segments()
    {
        using ProtectedMachine m = new();
        m.Handle(0x40, c => c.hlt(), access: 0xEE);
        m.Machine.Assemble(0x11000, 32, c =>
        {
            c.mov(eax, ds);
            c.mov(ebx, fs);
            c.@int(0x40);
        });
        m.Run(c =>
        {
            c.mov(ax, ProtectedMachine.Data3);
            c.mov(fs, ax);
            ProtectedMachine.ReturnToUser(c, 0x11000);
        });
        Assert.Equal(0u, (uint)m.State->Gpr[0]);
        Assert.Equal(ProtectedMachine.Data3, (ushort)m.State->Gpr[3]);
    }

    // SDM Vol. 3A 6.8.3: MOV SS holds off debug traps and interrupts, and the single-step trap after it.
    [Fact]
    public void Single_stepping_traps_after_each_instruction_but_not_after_MOV_SS()
    {
        using ProtectedMachine m = new();
        m.Handle(1, c =>
        {
            c.mov(eax, __dword_ptr[esp]);
            c.mov(__dword_ptr[edi * 4 + 0x5000], eax);
            c.mov(eax, dr6);
            c.mov(__dword_ptr[edi * 4 + 0x5100], eax);
            c.inc(edi);
            c.mov(eax, 0xFFFF0FF0);
            c.mov(dr6, eax);
            c.iretd();
        });
        m.Run(c =>
        {
            c.mov(ebx, ProtectedMachine.Data0);
            c.pushfd();
            c.or(__dword_ptr[esp], 0x100);
            c.popfd();
            c.nop();                    // 1 byte: trap behind it
            c.mov(ss, bx);              // no trap
            c.nop();                    // trap
            c.pushfd();                 // trap
            c.and(__dword_ptr[esp], 0xFFFFFEFF);
            c.popfd();
            c.hlt();
        });
        Assert.Equal(5u, (uint)m.State->Gpr[7]);
        ulong first = m.Machine.Peek(0x5000, 4);
        // nop; mov ss + nop (3 + 1 bytes); pushfd; and; popfd
        Assert.Equal(first + 4, m.Machine.Peek(0x5004, 4));
        Assert.Equal(first + 5, m.Machine.Peek(0x5008, 4));
        Assert.Equal(0xFFFF4FF0UL, m.Machine.Peek(0x5100, 4));
    }
}
