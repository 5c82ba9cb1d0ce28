using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Faults in the middle of translated code find everything as it is before the instruction.</summary>
public sealed unsafe class FaultTests
{
    private const ulong Paged = 0x40000000, PageTable = 0x78000, Record = 0x6000;

    /// <summary>Maps 4-KByte pages from 1 GByte on: page n is the frame at 100000h + n * 4096, present if <paramref name="present"/> says so.</summary>
    private static void MapPages(LongMachine m, Func<uint, bool> present)
    {
        m.Machine.Poke(LongMachine.Tables + 0x1008, 8, (PageTable - 0x1000) | 7);
        m.Machine.Poke(PageTable - 0x1000, 8, PageTable | 7);
        for (uint i = 0; i < 512; i++) m.Machine.Poke(PageTable + (i * 8), 8, (0x100000 + (i << 12)) | (present(i) ? 7u : 6u));
    }

    /// <summary>Notes vector, error code, RIP, CR2, RAX and RFLAGS at <see cref="Record"/> + 64 * r15, then lets the program go on at r14.</summary>
    private static void Note(LongMachine m, byte vector, bool hasErrorCode) => m.Handle(vector, c =>
    {
        if (!hasErrorCode) c.push(0);
        c.push(rbx);
        c.mov(rbx, r15);
        c.shl(rbx, 6);
        c.add(rbx, (int)Record);
        c.mov(__qword_ptr[rbx], rax);
        c.mov(rax, __qword_ptr[rsp + 8]);
        c.mov(__qword_ptr[rbx + 8], rax);
        c.mov(rax, __qword_ptr[rsp + 16]);
        c.mov(__qword_ptr[rbx + 16], rax);
        c.mov(rax, cr2);
        c.mov(__qword_ptr[rbx + 24], rax);
        c.mov(rax, __qword_ptr[rsp + 32]);
        c.mov(__qword_ptr[rbx + 32], rax);
        c.mov(__byte_ptr[rbx + 40], vector);
        c.inc(r15);
        c.pop(rbx);
        c.add(rsp, 8);
        c.mov(__qword_ptr[rsp], r14);
        c.iretq();
    });

    [Fact]
    public void A_load_that_faults_in_a_hot_loop_has_changed_nothing()
    {
        Label fault = default;
        ulong skipped = 0;
        using Twins<LongMachine> twins = Twins.Long();
        twins.Both(m =>
        {
            MapPages(m, static page => page != 3);
            Note(m, 14, hasErrorCode: true);
            MemoryStream code = new();
            Assembler c = new(64);
            Label behind = c.CreateLabel();
            fault = c.CreateLabel();
            c.lea(r14, __qword_ptr[behind]);
            c.mov(rdi, (long)Paged);
            c.Loop(64, c =>
            {
                c.add(rax, 3);
                c.Label(ref fault);
                c.add(rax, __qword_ptr[rdi]);
                c.Label(ref behind);
                c.add(rdi, 0x100);
            });
            c.hlt();
            AssemblerResult result = c.Assemble(new StreamCodeWriter(code), LongMachine.Code, BlockEncoderOptions.ReturnNewInstructionOffsets);
            skipped = result.GetLabelRIP(fault);
            m.Machine.Load(LongMachine.Code, code.ToArray());
        });
        twins.Run();
        Assert.Equal(16UL, twins.State->Gpr[15]);
        // The 49th round: RAX has had its 3, and the flags of that.
        Assert.Equal(49UL * 3, twins.Machine.Peek(Record, 8));
        Assert.Equal(0UL, twins.Machine.Peek(Record + 8, 8));
        Assert.Equal(skipped, twins.Machine.Peek(Record + 16, 8));
        Assert.Equal(Paged + 0x3000, twins.Machine.Peek(Record + 24, 8));
        Assert.Equal(14UL, twins.Machine.Peek(Record + 40, 1));
    }

    public static TheoryData<string> Faults => ["store", "rmw", "push", "call", "pop", "ret", "vector", "cross", "divide", "noncanonical", "noncanonical stack", "misaligned"];

    [Theory]
    [MemberData(nameof(Faults))]
    public void Every_kind_of_fault_is_the_same_translated(string kind)
    {
        using Twins<LongMachine> twins = Twins.Long();
        twins.Both(m =>
        {
            MapPages(m, static page => page is not (3 or 4));
            Note(m, 0, hasErrorCode: false);
            Note(m, 12, hasErrorCode: true);
            Note(m, 13, hasErrorCode: true);
            Note(m, 14, hasErrorCode: true);
            m.SetGate(14, m.Machine.Peek(LongMachine.Idt + (14 * 16), 2) | (m.Machine.Peek(LongMachine.Idt + (14 * 16) + 6, 2) << 16), ist: 1);
            m.SetGate(12, m.Machine.Peek(LongMachine.Idt + (12 * 16), 2) | (m.Machine.Peek(LongMachine.Idt + (12 * 16) + 6, 2) << 16), ist: 1);
            m.Machine.Assemble(LongMachine.Code, 64, c => Program(c, kind));
        });
        twins.Run();
        Assert.InRange(twins.State->Gpr[15], 1UL, 40UL);
    }

    /// <summary>Sixty rounds; from the 49th on the instruction faults.</summary>
    private static void Program(Assembler c, string kind)
    {
        Label behind = c.CreateLabel(), function = c.CreateLabel(), start = c.CreateLabel();
        c.jmp(start);
        c.Label(ref function);
        c.ret();
        c.Label(ref start);
        c.lea(r14, __qword_ptr[behind]);
        c.mov(rdi, (long)Paged + (kind == "cross" ? 4 : 8));
        c.mov(r13, rsp);
        c.mov(r12, 60);
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.add(rax, 3);
        c.mov(r11, 48);
        c.mov(r10, rsp);
        c.cmp(r12, 12);
        c.mov(rsi, 0x100);
        c.adc(rbx, rax);
        switch (kind)
        {
            case "store": c.mov(__qword_ptr[rdi], rax); break;
            case "rmw": c.xor(__dword_ptr[rdi], eax); break;
            case "push": c.lea(rsp, __qword_ptr[rdi]); c.push(rbx); break;
            case "call": c.lea(rsp, __qword_ptr[rdi]); c.call(function); break;
            case "pop": c.lea(rsp, __qword_ptr[rdi]); c.pop(rdx); break;
            case "ret": c.mov(rdx, (long)Paged); c.mov(__qword_ptr[0x5000], r14); c.cmp(r12, 12); c.mov(rsp, 0x5000); c.cmovbe(rsp, rdi); c.ret(); break;
            case "vector": c.movdqu(xmm1, __xmmword_ptr[rdi]); c.paddd(xmm2, xmm1); break;
            case "cross": c.add(rbx, __qword_ptr[rdi + 0xF8]); break;
            case "divide": c.xor(edx, edx); c.mov(r9, r12); c.sub(r9, 12); c.div(r9); break;
            case "noncanonical": c.mov(r9, 1L << 62); c.cmp(r12, 12); c.cmova(r9, rdi); c.mov(rdx, __qword_ptr[r9]); break;
            case "noncanonical stack": c.mov(r9, 1L << 62); c.cmp(r12, 12); c.cmova(r9, r13); c.mov(rsp, r9); c.pop(rdx); break;
            case "misaligned": c.lea(r9, __qword_ptr[rdi + 3]); c.cmp(r12, 12); c.cmova(r9, r13); c.paddb(xmm1, __xmmword_ptr[r9]); break;
        }

        c.Label(ref behind);
        c.nop();
        c.mov(rsp, r13);
        c.add(rdi, 0x100);
        c.dec(r12);
        c.jne(loop);
        c.hlt();
    }

    [Fact]
    public void Reading_and_writing_set_accessed_and_dirty_flags()
    {
        using Twins<LongMachine> twins = Twins.Long(c =>
        {
            c.mov(rdi, (long)Paged);
            c.mov(rsi, (long)PageTable);
            c.xor(edx, edx);
            c.Loop(50, c =>
            {
                c.and(__qword_ptr[rsi], ~0x60);
                c.and(__qword_ptr[rsi + 8], ~0x60);
                c.invlpg(__byte_ptr[rdi]);
                c.invlpg(__byte_ptr[rdi + 0x1000]);
                c.mov(rax, __qword_ptr[rdi]);
                c.add(rbx, __qword_ptr[rsi]);
                c.mov(__qword_ptr[rdi + 0x1000], rcx);
                c.add(rdx, __qword_ptr[rsi + 8]);
            });
            c.hlt();
        });
        twins.Both(static m => MapPages(m, static _ => true));
        twins.Run();
        Assert.Equal((0x100000UL + 0x27) * 50, twins.State->Gpr[3]);
        Assert.Equal((0x101000UL + 0x67) * 50, twins.State->Gpr[2]);
    }

    [Fact]
    public void Code_behind_another_mapping_of_its_page_is_other_code()
    {
        using Twins<LongMachine> twins = Twins.Long(c =>
        {
            c.mov(rsi, (long)PageTable);
            c.mov(rdi, (long)Paged);
            c.mov(r12, 40);
            Label loop = c.CreateLabel();
            c.Label(ref loop);
            c.mov(rax, __qword_ptr[rsi]);
            c.xchg(__qword_ptr[rsi + 8], rax);
            c.mov(__qword_ptr[rsi], rax);
            c.invlpg(__byte_ptr[rdi]);
            c.invlpg(__byte_ptr[rdi + 0x1000]);
            c.Loop(5, static c => c.call(rdi));
            c.dec(r12);
            c.jne(loop);
            c.hlt();
        });
        twins.Both(static m =>
        {
            MapPages(m, static _ => true);
            // What begins on one page runs on into the other.
            m.Machine.Assemble(0x100000, 64, static c =>
            {
                c.add(rbx, 1);
                c.jmp(0x100FF0);
            });
            m.Machine.Assemble(0x101000, 64, static c =>
            {
                c.add(rbx, 100);
                c.ret();
            });
            m.Machine.Load(0x100FF0, [.. Enumerable.Repeat((byte)0x90, 14), 0x90, 0x90]);
        });
        twins.Run();
        // With the second frame first, 100 and back; with the first, 1 and on into the second, 100.
        Assert.Equal(20UL * 5 * (100 + 101), twins.State->Gpr[3]);
    }
}
