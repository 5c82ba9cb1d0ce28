using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

public sealed unsafe class SegmentationTests
{
    /// <summary>Runs code that is to fault; returns the error code and where it faulted.</summary>
    private static (uint Error, uint Eip) Fault(ProtectedMachine m, byte vector, Action<Assembler> program)
    {
        m.Handle(vector, c =>
        {
            c.pop(eax);
            c.pop(ebx);
            c.hlt();
        });
        m.Run(program);
        return ((uint)m.State->Gpr[0], (uint)m.State->Gpr[3]);
    }

    // SDM Vol. 2B, MOV: what may be loaded into DS; the error code is the selector.
    [Theory]
    [InlineData(0xC099, ExceptionVector.GeneralProtection)] // execute-only code
    [InlineData(0xC013, ExceptionVector.SegmentNotPresent)] // not present
    [InlineData(0x0089, ExceptionVector.GeneralProtection)] // a TSS
    public void DS_refuses_what_is_no_readable_present_segment(ushort attributes, byte vector)
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0, 0xFFFFF, attributes);
        (uint error, _) = Fault(m, vector, c =>
        {
            c.mov(eax, ProtectedMachine.Free);
            c.mov(ds, ax);
        });
        Assert.Equal(ProtectedMachine.Free, error);
    }

    [Fact]
    public void A_selector_beyond_the_table_is_a_general_protection_fault()
    {
        using ProtectedMachine m = new();
        (uint error, _) = Fault(m, 13, c =>
        {
            c.mov(eax, 0x207);
            c.mov(es, ax);
        });
        // TI set, no LDT; RPL is not part of the error code.
        Assert.Equal(0x204u, error);
    }

    [Fact]
    public void A_null_data_segment_faults_when_used_not_when_loaded()
    {
        using ProtectedMachine m = new();
        (uint error, uint eip) = Fault(m, 13, c =>
        {
            c.xor(eax, eax);
            c.mov(es, ax);
            c.mov(edx, 77);
            c.mov(ecx, __dword_ptr.es[0x100]);
        });
        Assert.Equal(0u, error);
        Assert.Equal(77u, (uint)m.State->Gpr[2]);
        Assert.True(eip > ProtectedMachine.Code + 5);
    }

    [Fact]
    public void SS_needs_its_own_privilege_level()
    {
        using ProtectedMachine m = new();
        (uint error, _) = Fault(m, 13, c =>
        {
            c.mov(eax, ProtectedMachine.Data3);
            c.mov(ss, ax);
        });
        Assert.Equal(ProtectedMachine.Data3 & ~3u, error);
    }

    [Fact]
    public void A_stack_segment_that_is_not_present_is_a_stack_fault()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0, 0xFFFFF, 0xC013);
        (uint error, _) = Fault(m, 12, c =>
        {
            c.mov(eax, ProtectedMachine.Free);
            c.mov(ss, ax);
        });
        Assert.Equal(ProtectedMachine.Free, error);
    }

    // SDM Vol. 3A 5.3: an expand-down segment is valid above its limit.
    [Theory]
    [InlineData(0xFFFu, true)]
    [InlineData(0x1000u, false)]
    public void An_expand_down_segment_is_valid_above_its_limit(uint offset, bool faults)
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0, 0xFFF, 0x4097);
        m.Handle(13, c =>
        {
            c.mov(edx, 13);
            c.hlt();
        });
        m.Run(c =>
        {
            c.xor(edx, edx);
            c.mov(eax, ProtectedMachine.Free);
            c.mov(es, ax);
            c.mov(al, __byte_ptr.es[offset]);
            c.hlt();
        });
        Assert.Equal(faults ? 13u : 0u, (uint)m.State->Gpr[2]);
    }

    [Fact]
    public void A_write_beyond_the_limit_or_to_a_read_only_segment_faults()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0x5000, 0xF, 0x4093);
        m.SetDescriptor(ProtectedMachine.Free + 8, 0x5000, 0xF, 0x4091);
        m.Handle(13, c =>
        {
            c.inc(edx);
            c.add(esp, 4);
            c.add(__dword_ptr[esp], 7);
            c.iretd();
        });
        m.Run(c =>
        {
            c.xor(edx, edx);
            c.mov(eax, ProtectedMachine.Free);
            c.mov(es, ax);
            c.mov(eax, ProtectedMachine.Free + 8);
            c.mov(fs, ax);
            c.mov(eax, 0x55);
            c.mov(__dword_ptr.es[0xC], ecx);    // inside
            c.mov(__dword_ptr.es[0xD], ecx);    // 7 bytes, faults
            c.mov(__dword_ptr.fs[0x0], ecx);    // 7 bytes, faults
            c.mov(ecx, __dword_ptr.fs[0x8]);    // inside
            c.hlt();
        });
        Assert.Equal(2u, (uint)m.State->Gpr[2]);
    }

    // SDM Vol. 2A, CALL: a call gate to an inner level copies parameters from stack to stack; RET n releases both.
    [Fact]
    public void A_call_gate_copies_parameters_and_far_return_releases_them()
    {
        using ProtectedMachine m = new();
        m.Machine.Poke(ProtectedMachine.Gdt + ProtectedMachine.Free, 8, ProtectedMachine.Gate(ProtectedMachine.Code0, 0x12000, 0xEC, parameters: 2));
        m.Handle(0x40, c => c.hlt(), access: 0xEE);
        m.Machine.Assemble(0x11000, 32, c =>
        {
            c.push(0x111);
            c.push(0x222);
            c.db(0x9A, 0, 0, 0, 0, ProtectedMachine.Free | 3, 0);
            c.mov(edi, esp);
            c.mov(esi, ss);
            c.@int(0x40);
        });
        m.Machine.Assemble(0x12000, 32, c =>
        {
            c.mov(eax, __dword_ptr[esp + 8]);
            c.mov(ebx, __dword_ptr[esp + 12]);
            c.mov(ecx, __dword_ptr[esp + 16]);
            c.mov(edx, __dword_ptr[esp + 20]);
            c.retf(8);
        });
        m.Run(c => ProtectedMachine.ReturnToUser(c, 0x11000));
        Assert.Equal(0x222u, (uint)m.State->Gpr[0]);
        Assert.Equal(0x111u, (uint)m.State->Gpr[3]);
        Assert.Equal(ProtectedMachine.Stack3 - 8, (uint)m.State->Gpr[1]);
        Assert.Equal((uint)ProtectedMachine.Data3, (uint)m.State->Gpr[2]);
        Assert.Equal(ProtectedMachine.Stack3, (uint)m.State->Gpr[7]);
        Assert.Equal((uint)ProtectedMachine.Data3, (uint)m.State->Gpr[6]);
    }

    [Fact]
    public void A_call_gate_above_its_DPL_is_refused_with_its_selector()
    {
        using ProtectedMachine m = new();
        m.Machine.Poke(ProtectedMachine.Gdt + ProtectedMachine.Free, 8, ProtectedMachine.Gate(ProtectedMachine.Code0, 0x12000, 0x8C));
        m.Machine.Assemble(0x11000, 32, c => c.db(0x9A, 0, 0, 0, 0, ProtectedMachine.Free | 3, 0));
        (uint error, _) = Fault(m, 13, c => ProtectedMachine.ReturnToUser(c, 0x11000));
        Assert.Equal(ProtectedMachine.Free, error);
    }

    // SDM Vol. 3A 5.8.2: conforming code runs at the caller's level.
    [Fact]
    public void Conforming_code_keeps_the_privilege_level_of_its_caller()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0, 0xFFFFF, 0xC09E);
        m.Handle(0x40, c => c.hlt(), access: 0xEE);
        m.Machine.Assemble(0x11000, 32, c => c.db(0xEA, 0x00, 0x20, 0x01, 0x00, (byte)ProtectedMachine.Free, 0));
        m.Machine.Assemble(0x12000, 32, c =>
        {
            c.mov(eax, cs);
            c.@int(0x40);
        });
        m.Run(c => ProtectedMachine.ReturnToUser(c, 0x11000));
        Assert.Equal((uint)ProtectedMachine.Free | 3, (uint)m.State->Gpr[0]);
    }

    [Fact]
    public void The_local_descriptor_table_is_used_with_TI_set()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0x6000, 0x17, 0x0082);
        m.Machine.Poke(0x6008, 8, ProtectedMachine.Encode(0x7000, 0xFF, 0x4093));
        m.Machine.Poke(0x7010, 4, 0xABCD1234);
        m.Run(c =>
        {
            c.mov(eax, ProtectedMachine.Free);
            c.lldt(ax);
            c.mov(eax, 0x0C);
            c.mov(fs, ax);
            c.mov(ecx, __dword_ptr.fs[0x10]);
            c.sldt(edx);
            c.hlt();
        });
        Assert.Equal(0xABCD1234u, (uint)m.State->Gpr[1]);
        Assert.Equal((uint)ProtectedMachine.Free, (uint)m.State->Gpr[2]);
    }

    // SDM Vol. 2A, LAR, LSL, VERR, VERW, ARPL.
    [Fact]
    public void Descriptor_inspection_reports_rights_limits_and_accessibility()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0, 0x12345, 0xC0F1);
        m.Run(c =>
        {
            c.mov(eax, ProtectedMachine.Free);
            c.lar(ebx, eax);
            c.setz(dl);
            c.lsl(ecx, eax);
            c.setz(dh);
            c.verr(ax);
            c.sete(__byte_ptr[0x5000]);
            c.verw(ax);
            c.sete(__byte_ptr[0x5001]);
            c.mov(eax, 0x1F8);
            c.lar(esi, eax);
            c.sete(__byte_ptr[0x5002]);
            c.mov(edi, 0x10);
            c.mov(ebp, 3);
            c.arpl(di, bp);
            c.hlt();
        });
        Assert.Equal(0xC1F100u, (uint)m.State->Gpr[3]);
        Assert.Equal(0x12345FFFu, (uint)m.State->Gpr[1]);
        Assert.Equal(0x0101, (ushort)m.State->Gpr[2]);
        Assert.Equal(0x000001UL, m.Machine.Peek(0x5000, 4) & 0xFFFFFF);
        Assert.Equal(0x13, (ushort)m.State->Gpr[7]);
    }

    [Fact]
    public void LTR_marks_the_task_busy_and_refuses_a_busy_one()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0x6000, 0x67, 0x0089);
        (uint error, _) = Fault(m, 13, c =>
        {
            c.mov(eax, ProtectedMachine.Free);
            c.ltr(ax);
            c.str(ecx);
            c.ltr(ax);
        });
        Assert.Equal(ProtectedMachine.Free, error);
        Assert.Equal((uint)ProtectedMachine.Free, (uint)m.State->Gpr[1]);
        Assert.Equal(0x8BUL, m.Machine.Peek(ProtectedMachine.Gdt + ProtectedMachine.Free + 5, 1));
    }

    // SDM Vol. 3A 5.3: EIP beyond the limit of CS.
    [Fact]
    public void A_far_jump_beyond_the_limit_faults_with_error_code_0()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.Free, 0, 0xFFF, 0x409B);
        (uint error, uint eip) = Fault(m, 13, c => c.db(0xEA, 0x00, 0x10, 0x00, 0x00, (byte)ProtectedMachine.Free, 0));
        Assert.Equal(0u, error);
        Assert.Equal(ProtectedMachine.Code, eip);
    }

    [Fact]
    public void UMIP_hides_the_tables_from_user_code()
    {
        using ProtectedMachine m = new();
        m.Machine.Assemble(0x11000, 32, c => c.sidt(__[0x5000]));
        (uint error, uint eip) = Fault(m, 13, c =>
        {
            c.mov(eax, (int)Cr4.Umip);
            c.mov(cr4, eax);
            c.sgdt(__[0x5100]);
            ProtectedMachine.ReturnToUser(c, 0x11000);
        });
        Assert.Equal(0x11000u, eip);
        Assert.Equal(0u, error);
        Assert.Equal(ProtectedMachine.Gdt, m.Machine.Peek(0x5102, 4));
    }
}
