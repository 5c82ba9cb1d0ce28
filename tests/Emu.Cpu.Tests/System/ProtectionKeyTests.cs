using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>RDPKRU, WRPKRU, IA32_PKRS and the faults they lead to (SDM Vol. 3A 4.6.2, 4.7).</summary>
public sealed unsafe class ProtectionKeyTests
{
    private const ulong Page = 0x400000, Entry = LongMachine.Tables + 0x2010;

    // The page has key 5; rights 4 bits each: access disabled, write disabled.
    private static LongMachine Machine(bool user, ulong cr4)
    {
        LongMachine m = new();
        m.Machine.Poke(Entry, 8, Page | 0x83 | (user ? 4UL : 0) | 5UL << 59);
        m.Machine.Poke(Page, 4, 0x1234);
        m.State->Cr4 |= cr4;
        m.Cpu.UpdatePaging();
        m.Cpu.UpdateMode();
        m.Handle(14, c =>
        {
            c.mov(r14, __qword_ptr[rsp]);
            c.mov(r13, cr2);
            c.hlt();
        });
        return m;
    }

    [Theory]
    [InlineData(1u << 10, false, 0x21UL)]       // AD: a read of the supervisor is forbidden too
    [InlineData(1u << 11, false, 0UL)]          // WD: reads are allowed
    [InlineData(1u << 11, true, 0UL)]           // WD and the supervisor writes: CR0.WP is clear
    [InlineData(3u << 8, true, 0UL)]            // another key
    public void WRPKRU_restricts_accesses_to_user_pages(uint rights, bool write, ulong error)
    {
        using LongMachine m = Machine(user: true, Cr4.Pke);
        m.Run(c =>
        {
            c.xor(ecx, ecx);
            c.xor(edx, edx);
            c.mov(eax, rights);
            c.wrpkru();
            c.xor(eax, eax);
            c.mov(edx, 7);
            c.rdpkru();
            c.mov(r8, rax);
            c.mov(r9, rdx);
            if (write) c.mov(__dword_ptr[(long)Page], ecx);
            else c.mov(ebx, __dword_ptr[(long)Page]);
            c.hlt();
        });
        Assert.Equal((rights, 0UL), ((uint)m.State->Gpr[8], m.State->Gpr[9]));
        Assert.Equal(error, m.State->Gpr[14]);
        if (error != 0) Assert.Equal(Page, m.State->Gpr[13]);
    }

    [Theory]
    [InlineData(1UL << 10, false, 0x21UL)]
    [InlineData(1UL << 11, true, 0x23UL)]
    [InlineData(1UL << 11, false, 0UL)]
    [InlineData(1UL << 8, false, 0UL)]
    public void IA32_PKRS_restricts_accesses_to_supervisor_pages(ulong rights, bool write, ulong error)
    {
        using LongMachine m = Machine(user: false, Cr4.Pks);
        m.State->Cr0 |= Cr0.Wp;
        m.Cpu.UpdatePaging();
        m.Run(c =>
        {
            c.mov(ecx, 0x6E1);
            c.mov(eax, (uint)rights);
            c.xor(edx, edx);
            c.wrmsr();
            if (write) c.mov(__dword_ptr[(long)Page], ecx);
            else c.mov(ebx, __dword_ptr[(long)Page]);
            c.hlt();
        });
        Assert.Equal(error, m.State->Gpr[14]);
        if (!write && error == 0) Assert.Equal(0x1234UL, m.State->Gpr[3]);
    }

    [Fact]
    public void RDPKRU_is_undefined_without_CR4_PKE_and_both_check_ECX_and_EDX()
    {
        foreach ((ulong cr4, uint ecx, uint edx, bool write, byte vector) in ((ulong, uint, uint, bool, byte)[])[(0, 0, 0, false, 6), (0, 0, 0, true, 6),
            (Cr4.Pke, 1, 0, false, 13), (Cr4.Pke, 1, 0, true, 13), (Cr4.Pke, 0, 1, true, 13), (Cr4.Pke, 0, 1, false, 0)])
        {
            using LongMachine m = Machine(user: true, cr4);
            foreach (byte number in (byte[])[6, 13])
            {
                m.Handle(number, c =>
                {
                    c.mov(r15d, number);
                    c.hlt();
                });
            }
            (m.State->Gpr[0], m.State->Gpr[1], m.State->Gpr[2]) = (0, ecx, edx);
            m.Run(c =>
            {
                if (write) c.wrpkru();
                else c.rdpkru();
                c.hlt();
            });
            Assert.Equal(vector, (byte)m.State->Gpr[15]);
        }
    }

    [Fact]
    public void IA32_PKRS_has_32_bits_and_exists_with_the_feature_only()
    {
        using LongMachine m = new();
        Assert.False(m.Cpu.TryWriteMsr(0x6E1, 1UL << 32));
        using LongMachine without = new("max,-pks");
        Assert.False(without.Cpu.TryReadMsr(0x6E1, out _));
    }
}
