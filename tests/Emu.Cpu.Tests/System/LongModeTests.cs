using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

public sealed unsafe class LongModeTests
{
    // SDM Vol. 3A 6.14.2: SS:RSP always pushed, RSP aligned to 16 first.
    [Fact]
    public void An_interrupt_at_the_same_level_aligns_the_stack_and_pushes_SS()
    {
        using LongMachine m = new();
        m.Handle(0x40, c =>
        {
            c.mov(rcx, rsp);
            c.mov(rax, __qword_ptr[rsp + 24]);
            c.mov(rbx, __qword_ptr[rsp + 32]);
            c.iretq();
        });
        m.Run(c =>
        {
            c.sub(rsp, 9);
            c.@int(0x40);
            c.mov(rdx, rsp);
            c.hlt();
        });
        Assert.Equal(((LongMachine.Stack0 - 9) & ~0xFUL) - 40, m.State->Gpr[1]);
        Assert.Equal(LongMachine.Stack0 - 9, m.State->Gpr[0]);
        Assert.Equal((ulong)LongMachine.Data0, m.State->Gpr[3]);
        Assert.Equal(LongMachine.Stack0 - 9, m.State->Gpr[2]);
    }

    // SDM Vol. 3A 6.14.4-5: stack from RSP0, SS null with RPL 0; or from the IST whatever the level.
    [Theory]
    [InlineData(0, LongMachine.Stack0)]
    [InlineData(1, LongMachine.Ist1)]
    public void An_exception_from_CPL_3_uses_RSP0_or_the_IST_and_a_null_SS(int ist, ulong top)
    {
        using LongMachine m = new();
        m.Handle(13, c =>
        {
            c.mov(rcx, rsp);
            c.mov(eax, ss);
            c.mov(rbx, __qword_ptr[rsp]);
            c.mov(rdx, __qword_ptr[rsp + 8]);
            c.hlt();
        }, ist: ist);
        m.Machine.Assemble(0x11000, 64, c => c.mov(cr0, rax));
        m.Run(c => LongMachine.ReturnToUser(c, 0x11000));
        Assert.Equal(top - 48, m.State->Gpr[1]);
        Assert.Equal(0UL, m.State->Gpr[0]);
        Assert.Equal(0UL, m.State->Gpr[3]);
        Assert.Equal(0x11000UL, m.State->Gpr[2]);
        Assert.Equal(0, m.State->Cpl);
    }

    [Fact]
    public void Compatibility_mode_code_runs_and_faults_into_64_bit_code()
    {
        using LongMachine m = new();
        m.Handle(0x40, c =>
        {
            c.mov(r9, __qword_ptr[rsp]);
            c.mov(r10, __qword_ptr[rsp + 8]);
            c.mov(r11, __qword_ptr[rsp + 24]);
            c.hlt();
        }, access: 0xEE);
        m.Machine.Assemble(0x11000, 32, c =>
        {
            c.mov(eax, 0x12345678);
            c.push(eax);
            c.inc(eax);             // 40h: a REX prefix in 64-bit code
            c.@int(0x40);
        });
        m.Run(c => LongMachine.ReturnToUser(c, 0x11000, LongMachine.Compat3));
        Assert.Equal(0x12345679UL, m.State->Gpr[0]);
        Assert.Equal(0x11009UL, m.State->Gpr[9]);
        Assert.Equal(LongMachine.Compat3, m.State->Gpr[10]);
        Assert.Equal(LongMachine.Stack3 - 4, m.State->Gpr[11]);
    }

    // SDM Vol. 2B, SYSCALL and SYSRET.
    [Fact]
    public void SYSCALL_enters_at_LSTAR_with_masked_flags_and_SYSRET_returns()
    {
        using LongMachine m = new();
        m.Machine.Assemble(0x11000, 64, c =>
        {
            c.mov(eax, 5);
            c.syscall();
            c.mov(ebx, 6);
            c.mov(edi, cs);
            c.@int(0x40);
        });
        m.Handle(0x40, c => c.hlt(), access: 0xEE);
        m.Machine.Assemble(0x12000, 64, c =>
        {
            c.mov(esi, cs);
            c.pushfq();
            c.pop(r8);
            c.mov(r9, rcx);
            c.mov(r10, r11);
            c.sysretq();
        });
        m.Run(c =>
        {
            c.mov(ecx, 0xC0000081u);
            c.xor(eax, eax);
            c.mov(edx, (LongMachine.Code0) | ((LongMachine.Compat3 & ~3) << 16));
            c.wrmsr();
            c.mov(ecx, 0xC0000082u);
            c.mov(eax, 0x12000);
            c.xor(edx, edx);
            c.wrmsr();
            c.mov(ecx, 0xC0000084u);
            c.mov(eax, 0x200);
            c.wrmsr();
            LongMachine.ReturnToUser(c, 0x11000, flags: 0x202);
        });
        Assert.Equal((ulong)LongMachine.Code0, m.State->Gpr[6]);
        Assert.Equal(0UL, m.State->Gpr[8] & 0x200);
        Assert.Equal(0x11007UL, m.State->Gpr[9]);
        Assert.Equal(0x202UL, m.State->Gpr[10] & 0x202);
        Assert.Equal(6UL, m.State->Gpr[3]);
        Assert.Equal((ulong)LongMachine.Code3, m.State->Gpr[7]);
    }

    [Fact]
    public void SYSCALL_without_EFER_SCE_is_undefined()
    {
        using LongMachine m = new();
        m.State->Efer &= ~Efer.Sce;
        m.Handle(6, c => c.hlt());
        m.Run(c => c.syscall());
        Assert.Equal(ActivityState.Halted, m.State->Activity);
    }

    [Fact]
    public void SWAPGS_exchanges_the_bases()
    {
        using LongMachine m = new();
        m.Run(c =>
        {
            c.mov(ecx, 0xC0000102u);
            c.mov(eax, 0x4000);
            c.mov(edx, 0xFFFF8000u);
            c.wrmsr();
            c.mov(ecx, 0xC0000101u);
            c.mov(eax, 0x5000);
            c.xor(edx, edx);
            c.wrmsr();
            c.swapgs();
            c.rdmsr();
            c.hlt();
        });
        Assert.Equal(0x4000UL, m.State->Gpr[0]);
        Assert.Equal(0xFFFF8000UL, m.State->Gpr[2]);
        Assert.Equal(0xFFFF800000004000UL, m.Machine.Segment(SegmentIndex.Gs).Base);
    }

    // SDM Vol. 2A, IRET: a non-canonical RIP is #GP(0).
    [Fact]
    public void IRETQ_to_a_non_canonical_address_faults_in_the_kernel()
    {
        using LongMachine m = new();
        m.Handle(13, c =>
        {
            c.pop(rax);
            c.pop(rbx);
            c.hlt();
        });
        m.Run(c =>
        {
            c.mov(rax, 0x8000000000000000);
            c.push(LongMachine.Data0);
            c.push((int)LongMachine.Stack0);
            c.push(2);
            c.push(LongMachine.Code0);
            c.push(rax);
            c.iretq();
        });
        Assert.Equal(0UL, m.State->Gpr[0]);
        Assert.Equal(0xCFUL, m.Machine.Peek(m.State->Gpr[3] + 1, 1));
    }

    // SDM Vol. 2A, IRET with NT in IA-32e mode.
    [Fact]
    public void IRETQ_with_NT_set_is_a_general_protection_fault()
    {
        using LongMachine m = new();
        m.Handle(13, c => c.hlt());
        m.Run(c =>
        {
            c.pushfq();
            c.or(__qword_ptr[rsp], 0x4000);
            c.popfq();
            c.iretq();
        });
        Assert.Equal(0u, m.State->Eflags & Eflags.Nt);
    }

    // SDM Vol. 3A 5.8.3.1: a 64-bit call gate to an inner level.
    [Fact]
    public void A_call_gate_leads_to_CPL_0_and_far_return_back()
    {
        using LongMachine m = new();
        m.Machine.Poke(LongMachine.Gdt + LongMachine.Free, 8, ProtectedMachine.Gate(LongMachine.Code0, 0x12000, 0xEC));
        m.Machine.Poke(LongMachine.Gdt + LongMachine.Free + 8, 8, 0);
        m.Handle(0x40, c => c.hlt(), access: 0xEE);
        m.Machine.Poke(0x5000, 8, 0);
        m.Machine.Poke(0x5004, 2, LongMachine.Free | 3);
        m.Machine.Assemble(0x11000, 64, c =>
        {
            c.call(__fword_ptr[0x5000]);
            c.mov(r8d, cs);
            c.@int(0x40);
        });
        m.Machine.Assemble(0x12000, 64, c =>
        {
            c.mov(eax, cs);
            c.mov(ebx, ss);
            c.mov(rcx, rsp);
            c.db(0x48, 0xCB);
        });
        m.Run(c => LongMachine.ReturnToUser(c, 0x11000));
        Assert.Equal((ulong)LongMachine.Code0, m.State->Gpr[0]);
        Assert.Equal(0UL, m.State->Gpr[3]);
        Assert.Equal(LongMachine.Stack0 - 32, m.State->Gpr[1]);
        Assert.Equal((ulong)LongMachine.Code3, m.State->Gpr[8]);
    }

    // SDM Vol. 3A 9.8.5: from reset-like real mode through protected mode to 64-bit code.
    [Fact]
    public void IA_32e_mode_is_entered_by_the_book()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Poke(0x70000, 8, 0x71007);
        m.Poke(0x71000, 8, 0x72007);
        m.Poke(0x72000, 8, 0x87);
        m.Poke(0x808, 8, 0x00AF9A000000FFFF);
        m.Load(0x900, 0xFF, 0x00, 0x00, 0x08, 0x00, 0x00);
        m.Assemble(0x1000, 16, c =>
        {
            c.lgdt(__[0x900]);
            c.mov(eax, 0x20);
            c.mov(cr4, eax);
            c.mov(eax, 0x70000);
            c.mov(cr3, eax);
            c.mov(ecx, 0xC0000080u);
            c.rdmsr();
            c.or(eax, 0x100);
            c.wrmsr();
            c.mov(eax, cr0);
            c.or(eax, 0x80000001u);
            c.mov(cr0, eax);
            c.db(0x66, 0xEA, 0x00, 0x20, 0x00, 0x00, 0x08, 0x00);
        });
        m.Assemble(0x2000, 64, c =>
        {
            c.mov(ecx, 0xC0000080u);
            c.rdmsr();
            c.mov(r15, 0x123456789ABCDEF0);
            c.hlt();
        });
        m.Run();
        Assert.Equal(0x123456789ABCDEF0UL, m.State->Gpr[15]);
        Assert.Equal(0x500UL, m.State->Gpr[0]);
    }

    // SDM Vol. 3A 4.7: the page fault's address and error code.
    [Fact]
    public void A_user_write_to_a_supervisor_page_reports_address_and_error_code()
    {
        using LongMachine m = new();
        m.Machine.Poke(LongMachine.Tables + 0x2008, 8, 0x200083);
        m.Cpu.Mmu.FlushAll();
        m.Handle(14, c =>
        {
            c.pop(rax);
            c.mov(rbx, cr2);
            c.hlt();
        });
        m.Machine.Assemble(0x11000, 64, c => c.mov(__dword_ptr[0x200123], 1));
        m.Run(c => LongMachine.ReturnToUser(c, 0x11000));
        Assert.Equal(7UL, m.State->Gpr[0]);
        Assert.Equal(0x200123UL, m.State->Gpr[3]);
    }

    // The block before an instruction that crosses into a missing page must not be linked to the page-fault handler.
    [Fact]
    public void Falling_into_an_instruction_on_a_missing_page_faults_every_time()
    {
        const ulong page = 0x200000, missing = 0x201000, entryOfMissing = LongMachine.Tables + 0x4008;
        using LongMachine m = new();
        m.Machine.Poke(LongMachine.Tables + 0x2008, 8, (LongMachine.Tables + 0x4000) | 7);
        m.Machine.Poke(LongMachine.Tables + 0x4000, 8, page | 7);
        m.Cpu.Mmu.FlushAll();
        m.Handle(14, c =>
        {
            c.inc(rbx);
            c.mov(__qword_ptr[entryOfMissing], (int)missing | 7);
            c.add(rsp, 8);
            c.iretq();
        });
        m.Machine.Assemble(missing - 4, 64, c => c.inc(rdx));
        // The last byte of the page belongs to the crossing instruction: ADD EAX, imm32.
        m.Machine.Load(missing - 1, 0x05, 1, 0, 0, 0, 0xC3);
        m.Run(c =>
        {
            c.xor(eax, eax);
            c.xor(ebx, ebx);
            c.xor(edx, edx);
            c.mov(rsi, missing - 4);
            c.mov(ecx, 3);
            Label loop = c.CreateLabel();
            c.Label(ref loop);
            c.mov(__qword_ptr[entryOfMissing], 0);
            c.invlpg(__byte_ptr[missing]);
            c.call(rsi);
            c.dec(ecx);
            c.jnz(loop);
            c.hlt();
        });
        Assert.Equal(3UL, m.State->Gpr[0]);
        Assert.Equal(3UL, m.State->Gpr[3]);
        Assert.Equal(3UL, m.State->Gpr[2]);
    }

    // Overwritten blocks are released together, and with them blocks that begin on the page before: links to those must go too.
    [Fact]
    public void Blocks_linked_to_an_instruction_that_crosses_into_a_page_of_changing_code_stay_valid()
    {
        const ulong next = 0x13000;
        using LongMachine m = new();
        // On the first page: INC RDX, then ADD EAX, imm32 across the boundary, RET.
        m.Machine.Assemble(next - 4, 64, c => c.inc(rdx));
        m.Machine.Load(next - 1, 0x05, 1, 0, 0, 0, 0xC3);
        m.Machine.Assemble(next + 0x100, 64, c =>
        {
            c.mov(ebx, 0);
            c.ret();
        });
        m.Run(c =>
        {
            c.xor(eax, eax);
            c.xor(ebx, ebx);
            c.xor(edx, edx);
            c.mov(rsi, next - 4);
            c.mov(rdi, next + 0x100);
            c.mov(ecx, 5000);
            Label loop = c.CreateLabel();
            c.Label(ref loop);
            c.mov(__dword_ptr[rdi + 1], ecx);
            c.call(rdi);
            c.call(rsi);
            c.dec(ecx);
            c.jnz(loop);
            c.hlt();
        });
        Assert.Equal(5000UL, m.State->Gpr[0]);
        Assert.Equal(5000UL, m.State->Gpr[2]);
        Assert.Equal(1UL, m.State->Gpr[3]);
    }
}
