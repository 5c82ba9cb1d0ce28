using Emu.Mmu;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>CR4.PCIDE, MOV to CR3 with bit 63, and INVPCID (SDM Vol. 3A 4.10; Vol. 2A, INVPCID).</summary>
public sealed unsafe class ProcessContextTests
{
    private const ulong Descriptor = 0x5000, Page = 0x400000, Entry = LongMachine.Tables + 0x2010;

    private static LongMachine Machine(ulong cr4)
    {
        LongMachine m = new();
        m.State->Cr4 |= cr4;
        m.Cpu.UpdatePaging();
        m.Handle(13, c =>
        {
            c.mov(r15d, 13);
            c.hlt();
        });
        return m;
    }

    [Theory]
    [InlineData(0ul, 1ul, Page, Cr4.Pcide, false)]
    [InlineData(4ul, 0ul, Page, Cr4.Pcide, true)]                   // no such type
    [InlineData(1ul << 32, 0ul, Page, Cr4.Pcide, true)]             // the type has 64 bits
    [InlineData(0ul, 0x1000ul, Page, Cr4.Pcide, true)]              // reserved bits
    [InlineData(3ul, 1ul << 63, Page, Cr4.Pcide, true)]
    [InlineData(0ul, 1ul, Page, 0ul, true)]                         // a PCID without CR4.PCIDE
    [InlineData(1ul, 1ul, Page, 0ul, true)]
    [InlineData(1ul, 0ul, Page, 0ul, false)]
    [InlineData(2ul, 1ul, Page, 0ul, false)]                        // the PCID does not matter
    [InlineData(0ul, 0ul, 1ul << 63, Cr4.Pcide, true)]              // not canonical
    [InlineData(1ul, 0ul, 1ul << 63, Cr4.Pcide, false)]             // the address does not matter
    public void INVPCID_checks_its_type_and_descriptor(ulong type, ulong pcid, ulong address, ulong cr4, bool faults)
    {
        using LongMachine m = Machine(cr4);
        m.Machine.Poke(Descriptor, 8, pcid);
        m.Machine.Poke(Descriptor + 8, 8, address);
        m.State->Gpr[0] = type;
        m.Run(c =>
        {
            c.invpcid(rax, __xmmword_ptr[(long)Descriptor]);
            c.hlt();
        });
        Assert.Equal(faults ? 13UL : 0, m.State->Gpr[15]);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    [InlineData(2ul)]
    [InlineData(3ul)]
    public void INVPCID_of_every_type_makes_a_changed_translation_visible(ulong type)
    {
        using LongMachine m = Machine(Cr4.Pcide);
        m.Machine.Poke(Page, 4, 0xAAAA);
        m.Machine.Poke(0x600000, 4, 0xBBBB);
        m.Machine.Poke(Descriptor, 8, 0);
        m.Machine.Poke(Descriptor + 8, 8, Page);
        m.Run(c =>
        {
            c.mov(ebx, __dword_ptr[(long)Page]);
            c.mov(rcx, Entry);
            c.mov(edx, 0x600087);
            c.mov(__qword_ptr[rcx], rdx);
            c.mov(eax, (uint)type);
            c.invpcid(rax, __xmmword_ptr[(long)Descriptor]);
            c.mov(esi, __dword_ptr[(long)Page]);
            c.hlt();
        });
        Assert.Equal((0xAAAAUL, 0xBBBBUL), (m.State->Gpr[3], m.State->Gpr[6]));
    }

    [Fact]
    public void PCIDE_needs_IA_32e_mode_and_a_clear_PCID_and_keeps_paging_on()
    {
        using LongMachine m = Machine(0);
        m.State->Cr3 |= 1;
        m.Run(c =>
        {
            c.mov(rax, cr4);
            c.or(eax, (int)Cr4.Pcide);
            c.mov(cr4, rax);
            c.hlt();
        });
        Assert.Equal(13UL, m.State->Gpr[15]);

        using ProtectedMachine legacy = new();
        legacy.Handle(13, c =>
        {
            c.mov(edx, 13);
            c.hlt();
        });
        legacy.Run(c =>
        {
            c.mov(eax, (uint)Cr4.Pcide);
            c.mov(cr4, eax);
            c.hlt();
        });
        Assert.Equal(13UL, legacy.State->Gpr[2]);
    }

    [Fact]
    public void Bit_63_of_CR3_is_refused_without_PCIDE_and_never_reads_back()
    {
        foreach (ulong cr4 in (ulong[])[0, Cr4.Pcide])
        {
            using LongMachine m = Machine(cr4);
            m.Run(c =>
            {
                c.mov(rax, LongMachine.Tables | PagingControls.Cr3NoFlush | (cr4 == 0 ? 0UL : 5));
                c.mov(cr3, rax);
                c.mov(rbx, cr3);
                c.hlt();
            });
            Assert.Equal(cr4 == 0 ? 13UL : 0, m.State->Gpr[15]);
            if (cr4 != 0) Assert.Equal(LongMachine.Tables | 5, m.State->Gpr[3]);
        }
    }
}
