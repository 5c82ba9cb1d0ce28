using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>Stacks of far transfers in IA-32e mode: width, alignment, and the order of the checks.</summary>
public sealed unsafe class FarTransferTests
{
    private const ulong UserCode = 0x11000, Target = 0x12000, Pointer = 0x13000;
    private const uint AlignmentChecked = 2 | Eflags.Ac;

    // The vector and error code of the first exception, in RAX and RBX.
    private static void Catch(LongMachine m, byte vector, bool hasError)
    {
        m.Handle(vector, c =>
        {
            c.mov(eax, vector);
            if (hasError) c.mov(ebx, __dword_ptr[rsp]);
            c.hlt();
        });
    }

    public static TheoryData<string> Transfers => ["retfq", "iretq", "call"];

    // SDM Vol. 3A 6.15, interrupt 17: every access of CPL 3 to memory, also those of far transfers.
    [Theory]
    [MemberData(nameof(Transfers))]
    public void A_misaligned_user_stack_raises_an_alignment_check(string transfer)
    {
        foreach (int misalignment in (int[])[0, 2])
        {
            using LongMachine m = new();
            m.State->Cr0 |= Cr0.Am;
            m.Cpu.UpdateMode();
            Catch(m, ExceptionVector.AlignmentCheck, hasError: true);
            Catch(m, ExceptionVector.GeneralProtection, hasError: true); // what the user code ends with
            m.Machine.Assemble(Target, 64, c => c.hlt());
            m.Machine.Poke(Pointer, 4, Target);
            m.Machine.Poke(Pointer + 4, 2, LongMachine.Code3);
            m.Machine.Assemble(UserCode, 64, c =>
            {
                c.mov(ecx, (uint)Target);
                c.mov(rdx, LongMachine.Code3);
                c.mov(rdi, LongMachine.Stack3);
                c.mov(rsi, LongMachine.Data3);
                c.sub(rsp, 128 + misalignment);
                // MOV would be checked too: the frame is there already.
                if (transfer == "call") c.call(__fword_ptr[Pointer]);
                else if (transfer == "retfq") c.db(0x48, 0xCB);
                else c.iretq();
            });
            ulong frame = LongMachine.Stack3 - 128 - (ulong)misalignment;
            ulong[] words = transfer == "iretq" ? [Target, LongMachine.Code3, AlignmentChecked, LongMachine.Stack3, LongMachine.Data3] : [Target, LongMachine.Code3];
            for (int i = 0; i < words.Length; i++) m.Machine.Poke(frame + ((ulong)i * 8), 8, words[i]);
            m.Run(c => LongMachine.ReturnToUser(c, UserCode, flags: AlignmentChecked));
            Assert.Equal(misalignment == 0 ? ExceptionVector.GeneralProtection : ExceptionVector.AlignmentCheck, (byte)m.State->Gpr[0]);
            Assert.Equal(0UL, m.State->Gpr[3]);
        }
    }

    // APM Vol. 3, CALL far: CS is loaded before the return address is pushed.
    [Fact]
    public void A_far_call_from_64_bit_to_compatibility_code_pushes_through_ESP()
    {
        using LongMachine m = new();
        m.SetDescriptor(LongMachine.Free, 0x00CF9B000000FFFF);
        m.Machine.Assemble(Target, 32, c => c.hlt());
        m.Machine.Poke(Pointer, 4, Target);
        m.Machine.Poke(Pointer + 4, 2, LongMachine.Free);
        m.Run(c =>
        {
            c.mov(rsp, 0x1_0000_0000 + LongMachine.Stack0); // only the low half is mapped
            c.call(__fword_ptr[Pointer]);
            c.nop();
        });
        Assert.Equal(Target + 1, m.State->Rip);
        Assert.Equal(LongMachine.Stack0 - 8, m.State->Gpr[4]);
        Assert.Equal(LongMachine.Code0, m.Machine.Peek(LongMachine.Stack0 - 4, 4));
    }

    [Fact]
    public void A_far_call_from_compatibility_to_64_bit_code_ignores_the_limit_of_SS()
    {
        using LongMachine m = new();
        m.Machine.SetSegment(SegmentIndex.Cs, LongMachine.Free, 0, uint.MaxValue, 0xC09B);
        m.Machine.SetSegment(SegmentIndex.Ss, LongMachine.Data0, 0, 0xFF, 0x4093);
        m.SetDescriptor(LongMachine.Free, 0x00CF9B000000FFFF);
        m.Cpu.UpdateMode();
        m.Machine.Assemble(Target, 64, c => c.hlt());
        m.Machine.Assemble(LongMachine.Code, 32, c => c.call(LongMachine.Code0, (uint)Target));
        m.Machine.Run();
        Assert.Equal(Target + 1, m.State->Rip);
        Assert.Equal(LongMachine.Stack0 - 8, m.State->Gpr[4]);
        Assert.Equal(LongMachine.Free, m.Machine.Peek(LongMachine.Stack0 - 4, 4));
    }

    // APM Vol. 3, IRET: CS, the instruction pointer, SS; SDM Vol. 2A, IRET: SS before the instruction pointer.
    [Theory]
    [InlineData("EPYC", 0)]
    [InlineData("Haswell", LongMachine.Free)]
    public void IRETQ_checks_SS_and_the_instruction_pointer_in_the_vendors_order(string model, uint error)
    {
        using LongMachine m = new(model);
        Catch(m, ExceptionVector.GeneralProtection, hasError: true);
        m.Run(c =>
        {
            c.push(LongMachine.Free); // no descriptor
            c.push((int)LongMachine.Stack0);
            c.push(2);
            c.push(LongMachine.Code0);
            c.mov(rax, 1L << 63);
            c.push(rax);
            c.iretq();
        });
        Assert.Equal(ExceptionVector.GeneralProtection, (byte)m.State->Gpr[0]);
        Assert.Equal(error, (uint)m.State->Gpr[3]);
    }

    // APM Vol. 3, IRET and RET far: the whole frame is popped, SS before RSP, and then CS is checked. SDM Vol. 2: CS first.
    [Theory]
    [InlineData("EPYC", true, ExceptionVector.PageFault)]
    [InlineData("EPYC", false, ExceptionVector.PageFault)]
    [InlineData("Haswell", true, ExceptionVector.GeneralProtection)]
    [InlineData("Haswell", false, ExceptionVector.GeneralProtection)]
    public void The_frame_is_popped_before_or_behind_the_check_of_CS(string model, bool interrupt, byte vector)
    {
        using LongMachine m = new(model);
        Catch(m, ExceptionVector.GeneralProtection, hasError: true);
        Catch(m, ExceptionVector.PageFault, hasError: true);
        const ulong top = 0x4000_0000; // the end of what is mapped
        m.Machine.Poke(LongMachine.Tables + 0x2000 + (511 * 8), 8, 0x200000 | 0x87);
        int size = interrupt ? 24 : 16;
        m.SetGate(ExceptionVector.GeneralProtection, LongMachine.Handlers, ist: 1);
        m.SetGate(ExceptionVector.PageFault, LongMachine.Handlers + 0x20, ist: 1);
        foreach ((byte v, ulong at) in ((byte, ulong)[])[(13, LongMachine.Handlers), (14, LongMachine.Handlers + 0x20)])
        {
            m.Machine.Assemble(at, 64, c =>
            {
                c.mov(eax, v);
                c.mov(rcx, cr2);
                c.hlt();
            });
        }

        m.Run(c =>
        {
            c.mov(rsp, top);
            if (interrupt) c.push(2);
            c.push(LongMachine.Free | 1); // another level, and no descriptor
            c.push(0x1000);
            if (interrupt) c.iretq();
            else c.db(0x48, 0xCB);
        });
        Assert.Equal(vector, (byte)m.State->Gpr[0]);
        if (vector == ExceptionVector.PageFault) Assert.Equal(top + 8, m.State->Gpr[1]);
        Assert.Equal(top - (ulong)size, m.Machine.Peek(LongMachine.Ist1 - 16, 8)); // the RSP saved
    }
}
