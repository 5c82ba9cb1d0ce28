using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>Links between predecoded blocks, where paging and overwriting meet them.</summary>
public sealed unsafe class CodeLinkTests
{
    // The branch target lies on the branch's page but its last bytes on a page that is not there at first.
    [Fact]
    public void A_branch_to_code_that_cannot_be_fetched_is_not_linked_to_the_fault_handler()
    {
        using LongMachine m = new();
        // 4-KByte pages for 200000h-3FFFFFh; the second page is missing.
        const ulong Table = 0x74000;
        m.Machine.Poke(LongMachine.Tables + 0x2008, 8, Table | 7);
        for (uint i = 0; i < 512; i++) m.Machine.Poke(Table + (i * 8), 8, (0x200000 + (i << 12)) | (i == 1 ? 6u : 7u));
        m.Cpu.Mmu.FlushAll();
        m.Handle(14, c =>
        {
            c.inc(r8d);
            c.or(__byte_ptr[(long)Table + 8], 1);
            c.mov(rax, cr2);
            c.invlpg(__[rax]);
            c.add(rsp, 8);
            c.iretq();
        });
        // At 200FFBh: a ten-byte instruction that crosses.
        m.Machine.Assemble(0x200FFB, 64, c =>
        {
            c.mov(r9, 0x1122334455667788);
            c.dec(ebx);
            c.jnz(0x200F00);
            c.hlt();
        });
        m.Machine.Assemble(0x200F00, 64, c => c.jmp(0x200FFB));
        m.State->Gpr[3] = 3;
        m.Run(c => c.jmp(0x200F00));
        Assert.Equal(1UL, m.State->Gpr[8]);
        Assert.Equal(0UL, m.State->Gpr[3]);
        Assert.Equal(0x1122334455667788UL, m.State->Gpr[9]);
    }

    // Blocks that cross pages retire with either page; releasing them must not leave links from the page they start on.
    [Fact]
    public void Overwriting_the_second_page_of_linked_code_over_and_over_stays_correct()
    {
        using LongMachine m = new();
        // The loop on the first page jumps to an instruction that crosses into the second, whose bytes the loop changes.
        m.Machine.Assemble(0x30FFB, 64, c =>
        {
            c.mov(r9, 0);
            c.add(r10, r9);
            c.jmp(0x30F00);
        });
        m.Machine.Assemble(0x30F00, 64, c =>
        {
            Label done = c.CreateLabel();
            c.inc(__dword_ptr[0x31000]);      // inside the immediate
            c.dec(ebx);
            c.jz(done);
            c.jmp(0x30FFB);
            c.Label(ref done);
            c.hlt();
        });
        const int Rounds = 5000;
        m.State->Gpr[3] = Rounds;
        m.Run(c => c.jmp(0x30F00));
        ulong before = m.State->Gpr[10];
        // MOV r9, imm64 is 49 B9 imm64: the immediate starts at 30FFDh, so 31000h holds its bits 24 and up.
        ulong expected = 0;
        for (ulong i = 1; i < Rounds; i++) expected += i << 24;
        Assert.Equal(expected, before);
        Assert.True(m.Cpu.Code.Invalidations >= Rounds - 1);
    }
}
