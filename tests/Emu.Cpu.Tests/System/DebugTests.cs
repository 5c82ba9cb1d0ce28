using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

// SDM Vol. 3B chapter 17.
public sealed unsafe class DebugTests
{
    /// <summary>A #DB handler that notes DR6 and the saved EIP and EFLAGS, sets RF, and counts in EDI.</summary>
    private static void Note(ProtectedMachine m) => m.Handle(1, c =>
    {
        c.mov(eax, dr6);
        c.mov(__dword_ptr[edi * 4 + 0x5000], eax);
        c.mov(eax, __dword_ptr[esp]);
        c.mov(__dword_ptr[edi * 4 + 0x5100], eax);
        c.mov(eax, __dword_ptr[esp + 8]);
        c.mov(__dword_ptr[edi * 4 + 0x5200], eax);
        c.or(__dword_ptr[esp + 8], (int)Eflags.Rf);
        c.inc(edi);
        c.iretd();
    });

    [Fact]
    public void An_instruction_breakpoint_faults_before_the_instruction_and_RF_lets_it_pass()
    {
        using ProtectedMachine m = new();
        Note(m);
        m.Run(c =>
        {
            c.mov(eax, (int)ProtectedMachine.Code + 13);
            c.mov(dr0, eax);
            c.mov(eax, 1);
            c.nop();
            c.mov(dr7, eax);    // 14 bytes before; ends block
            c.nop();
            c.hlt();
        });
        // The address is that of MOV DR7 itself, not yet armed: nothing happens.
        Assert.Equal(0u, (uint)m.State->Gpr[7]);
        m.State->Rip = ProtectedMachine.Code + 13;
        m.State->Activity = ActivityState.Active;
        m.State->Gpr[0] = 1;
        m.Machine.Run();
        Assert.Equal(1u, (uint)m.State->Gpr[7]);
        Assert.Equal(0xFFFF0FF1UL, m.Machine.Peek(0x5000, 4));
        Assert.Equal(ProtectedMachine.Code + 13, m.Machine.Peek(0x5100, 4));
        Assert.Equal(0UL, m.Machine.Peek(0x5200, 4) & Eflags.Rf);
    }

    [Theory]
    [InlineData(1, 0x12345, false, 1)]  // write breakpoint, write
    [InlineData(1, 0x12345, true, 0)]   // write breakpoint, read
    [InlineData(3, 0x12345, true, 1)]   // read-write breakpoint, read
    [InlineData(3, 0x12341, false, 1)]  // four-byte write ends in the watched doubleword
    [InlineData(3, 0x12340, false, 0)]  // ends before it
    public void A_data_breakpoint_traps_behind_the_access(int kind, int address, bool read, int hits)
    {
        using ProtectedMachine m = new();
        Note(m);
        ulong after = 0;
        m.Run(c =>
        {
            c.mov(eax, 0x12344);
            c.mov(dr1, eax);
            c.mov(eax, 0x4 | (kind << 20) | (3 << 22));
            c.mov(dr7, eax);
            c.mov(ecx, address);
            c.mov(edx, 0x77);
            if (read) c.mov(edx, __dword_ptr[ecx]);
            else c.mov(__dword_ptr[ecx], edx);
            c.mov(ebx, 1);
            c.hlt();
        });
        after = ProtectedMachine.Code + 5 + 3 + 5 + 3 + 5 + 5 + 2;
        Assert.Equal((uint)hits, (uint)m.State->Gpr[7]);
        Assert.Equal(1u, (uint)m.State->Gpr[3]);
        if (!read) Assert.Equal(0x77UL, m.Machine.Peek((ulong)address, 4));
        if (hits == 0) return;
        Assert.Equal(0xFFFF0FF2UL, m.Machine.Peek(0x5000, 4));
        Assert.Equal(after, m.Machine.Peek(0x5100, 4));
    }

    [Fact]
    public void A_read_modify_write_is_done_once()
    {
        using ProtectedMachine m = new();
        Note(m);
        m.Run(c =>
        {
            c.mov(eax, 0x12344);
            c.mov(dr0, eax);
            c.mov(eax, 0x000D0001);
            c.mov(dr7, eax);
            c.add(__dword_ptr[0x12344], 5);
            c.push(3);
            c.hlt();
        });
        Assert.Equal(1u, (uint)m.State->Gpr[7]);
        Assert.Equal(5UL, m.Machine.Peek(0x12344, 4));
    }

    [Fact]
    public void An_IO_breakpoint_traps_behind_OUT_with_CR4_DE()
    {
        using ProtectedMachine m = new();
        Note(m);
        m.Run(c =>
        {
            c.mov(eax, 8);
            c.mov(cr4, eax);
            c.mov(eax, 0x3F8);
            c.mov(dr0, eax);
            c.mov(eax, 0x00020001);
            c.mov(dr7, eax);
            c.mov(edx, 0x3F8);
            c.@out(dx, al);
            c.inc(edx);
            c.@out(dx, al);
            c.hlt();
        });
        Assert.Equal(1u, (uint)m.State->Gpr[7]);
        Assert.Equal(2, m.Machine.Writes.Count);
    }

    // General detect: MOV DR is a fault, and GD is cleared for the handler.
    [Fact]
    public void DR7_GD_protects_the_debug_registers()
    {
        using ProtectedMachine m = new();
        Note(m);
        m.Run(c =>
        {
            c.mov(eax, 0x2000);
            c.mov(dr7, eax);
            c.mov(ebx, dr7);
            c.hlt();
        });
        Assert.Equal(1u, (uint)m.State->Gpr[7]);
        Assert.Equal(0xFFFF2FF0UL, m.Machine.Peek(0x5000, 4));
        Assert.Equal(ProtectedMachine.Code + 8, m.Machine.Peek(0x5100, 4));
        Assert.Equal(0x400u, (uint)m.State->Gpr[3]);
    }

    // Data breakpoint on the operand of MOV SS: reported behind the next instruction.
    [Fact]
    public void A_data_breakpoint_of_MOV_SS_waits_for_the_next_instruction()
    {
        using ProtectedMachine m = new();
        Note(m);
        m.Machine.Poke(0x12344, 4, ProtectedMachine.Data0);
        m.Run(c =>
        {
            c.mov(eax, 0x12344);
            c.mov(dr0, eax);
            c.mov(eax, 0x000F0001);
            c.mov(dr7, eax);
            c.mov(ss, __word_ptr[0x12344]);
            c.nop();
            c.hlt();
        });
        Assert.Equal(1u, (uint)m.State->Gpr[7]);
        // The saved EIP is that of HLT, where RF then made HLT pass.
        Assert.Equal(m.State->Rip - 1, m.Machine.Peek(0x5100, 4));
    }

    [Fact]
    public void INT1_needs_no_gate_privilege_and_leaves_DR6()
    {
        using ProtectedMachine m = new();
        m.Handle(1, c =>
        {
            c.mov(eax, dr6);
            c.pop(ebx);
            c.hlt();
        });
        m.Machine.Assemble(0x11000, 32, c => c.int1());
        m.Run(c => ProtectedMachine.ReturnToUser(c, 0x11000));
        Assert.Equal(0xFFFF0FF0u, (uint)m.State->Gpr[0]);
        Assert.Equal(0x11001u, (uint)m.State->Gpr[3]);
    }

    [Fact]
    public void A_stepped_INT_is_not_trapped_behind_but_its_caller_is_after_IRET()
    {
        using ProtectedMachine m = new();
        Note(m);
        m.Handle(0x40, c =>
        {
            c.nop();
            c.iretd();
        });
        m.Run(c =>
        {
            c.pushfd();
            c.or(__dword_ptr[esp], 0x100);
            c.popfd();
            c.@int(0x40);
            c.nop();
            c.pushfd();
            c.and(__dword_ptr[esp], 0xFFFFFEFF);
            c.popfd();
            c.hlt();
        });
        // nop, pushfd, and, popfd.
        Assert.Equal(4u, (uint)m.State->Gpr[7]);
    }
}
