using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

public sealed unsafe class ControlTests
{
    /// <summary>Runs 64-bit code; true if it met #GP(0).</summary>
    private static bool Faults(LongMachine m, Action<Assembler> program)
    {
        m.Handle(13, c =>
        {
            c.mov(r15, 13);
            c.hlt();
        });
        m.Run(c =>
        {
            c.xor(r15d, r15d);
            program(c);
            c.hlt();
        });
        return m.State->Gpr[15] == 13;
    }

    // SDM Vol. 3A 2.5 and Vol. 2B, MOV CRn.
    [Theory]
    [InlineData(0x80000031UL | 1UL << 32)]      // upper half
    [InlineData(0xA0000011UL)]                  // NW without CD
    [InlineData(0x80000010UL)]                  // PG without PE
    [InlineData(0x00000011UL)]                  // PG cleared in 64-bit mode
    public void CR0_refuses_impossible_values(ulong value)
    {
        using LongMachine m = new();
        Assert.True(Faults(m, c =>
        {
            c.mov(rax, value);
            c.mov(cr0, rax);
        }));
        Assert.Equal(0x80000011UL, m.State->Cr0);
    }

    [Theory]
    [InlineData(1UL << 63, true)]       // reserved
    [InlineData(1UL << 13, true)]       // VMXE: not there
    [InlineData(0UL, true)]             // PAE cleared in IA-32e mode
    [InlineData(0x20UL | 1UL << 12, true)]  // LA57 changed in IA-32e mode
    [InlineData(0x20UL | 1UL << 20, false)] // SMEP
    public void CR4_refuses_what_the_model_lacks(ulong value, bool faults)
    {
        using LongMachine m = new();
        Assert.Equal(faults, Faults(m, c =>
        {
            c.mov(rax, value);
            c.mov(cr4, rax);
        }));
    }

    [Fact]
    public void CR3_refuses_bits_beyond_the_physical_address_width()
    {
        using LongMachine m = new();
        Assert.True(Faults(m, c =>
        {
            c.mov(rax, LongMachine.Tables | (1UL << 51));
            c.mov(cr3, rax);
        }));
    }

    // SDM Vol. 3A 4.4.1: PDPTE registers are checked when CR3 is loaded.
    [Theory]
    [InlineData(0x72001UL, false)]
    [InlineData(0x72003UL, true)]
    public void PAE_paging_checks_the_PDPTEs_when_CR3_is_loaded(ulong entry, bool faults)
    {
        using ProtectedMachine m = new();
        m.Machine.Poke(0x71000, 8, 0x72001);
        for (uint i = 1; i < 4; i++) m.Machine.Poke(0x71000 + (8 * i), 8, 0);
        m.Machine.Poke(0x71020, 8, entry);
        m.Machine.Poke(0x72000, 8, 0x83);
        m.Handle(13, c =>
        {
            c.mov(edx, 13);
            c.hlt();
        });
        m.Run(c =>
        {
            c.xor(edx, edx);
            c.mov(eax, 0x71000);
            c.mov(cr3, eax);
            c.mov(eax, 0x20);
            c.mov(cr4, eax);
            c.mov(eax, 0x80000011u);
            c.mov(cr0, eax);
            c.mov(eax, 0x71020);
            c.mov(cr3, eax);
            c.hlt();
        });
        Assert.Equal(faults ? 13u : 0u, (uint)m.State->Gpr[2]);
    }

    [Fact]
    public void CR8_is_the_task_priority()
    {
        using LongMachine m = new();
        Assert.False(Faults(m, c =>
        {
            c.mov(eax, 9);
            c.mov(cr8, rax);
            c.mov(rbx, cr8);
        }));
        Assert.Equal(0x90, m.Cpu.Apic.TaskPriority);
        Assert.Equal(9UL, m.State->Gpr[3]);
    }

    [Theory]
    [InlineData(0xC0000082u, 0x8000_0000_0000_0000UL, true)]    // LSTAR, non-canonical
    [InlineData(0xC0000082u, 0xFFFF_8000_0000_0000UL, false)]
    [InlineData(0x277u, 0x02UL, true)]                          // PAT, no such type
    [InlineData(0x277u, 0x0706050401000706UL, false)]
    [InlineData(0xC0000080u, 1UL << 20, true)]                  // EFER, reserved
    [InlineData(0x1234u, 0UL, true)]                            // does not exist
    [InlineData(0xFEu, 0UL, true)]                              // read-only
    [InlineData(0x200u, 0xFF000006UL, false)]
    [InlineData(0x2FFu, 0xC06UL, false)]
    [InlineData(0x2FFu, 0x406UL | 1UL << 8, true)]              // reserved
    [InlineData(0x200u, 0xFF000002UL, true)]                    // no such memory type
    [InlineData(0x200u, 1UL << 46 | 6, true)]                   // beyond the 46 bits of max
    [InlineData(0x201u, 0x3FFFFF000800UL, false)]
    [InlineData(0x201u, 1UL << 46, true)]
    [InlineData(0x250u, 0x0605040100060606UL, false)]
    [InlineData(0x250u, 0x0605040100060602UL, true)]
    [InlineData(0x400u, ulong.MaxValue, false)]                 // MC0_CTL: all or none
    [InlineData(0x400u, 5UL, true)]
    [InlineData(0x401u, 0UL, false)]
    [InlineData(0x17Au, 0x10UL, true)]
    [InlineData(0x17Au, 4UL, false)]
    [InlineData(0xC0000103u, 1UL << 32, true)]                  // TSC_AUX has 32 bits
    [InlineData(0xDA0u, 1UL, true)]                             // no supervisor state
    [InlineData(0x1D9u, 4UL, true)]
    [InlineData(0x401u, 1UL, true)]                             // MC0_STATUS: only 0
    public void WRMSR_checks_what_it_writes(uint msr, ulong value, bool faults)
    {
        using LongMachine m = new();
        Assert.Equal(faults, Faults(m, c =>
        {
            c.mov(ecx, msr);
            c.mov(eax, (uint)value);
            c.mov(edx, (uint)(value >> 32));
            c.wrmsr();
            c.xor(eax, eax);
            c.xor(edx, edx);
            c.rdmsr();
        }));
        if (!faults) Assert.Equal(value, (uint)m.State->Gpr[0] | (m.State->Gpr[2] << 32));
    }

    [Fact]
    public void An_unknown_MSR_is_reported()
    {
        using LongMachine m = new();
        List<(uint, ulong?)> seen = [];
        m.Cpu.UnknownMsr += (_, address, value) => seen.Add((address, value));
        Assert.True(Faults(m, c =>
        {
            c.mov(ecx, 0x5678);
            c.rdmsr();
        }));
        Assert.Equal([(0x5678u, null)], seen);
    }

    [Fact]
    public void The_time_stamp_counter_follows_the_clock_and_TSC_ADJUST()
    {
        using LongMachine m = new();
        m.Machine.Clock.Advance(1_000_000);
        Assert.Equal(2_000_000UL, m.Cpu.TimeStampCounter);
        Assert.True(m.Cpu.TryWriteMsr(0x10, 5_000_000));
        Assert.Equal(5_000_000UL, m.Cpu.TimeStampCounter);
        Assert.True(m.Cpu.TryReadMsr(0x3B, out ulong adjust));
        Assert.Equal(3_000_000UL, adjust);
        Assert.True(m.Cpu.TryWriteMsr(0x3B, 0));
        Assert.Equal(2_000_000UL, m.Cpu.TimeStampCounter);
    }

    [Fact]
    public void RDTSC_faults_at_CPL_3_with_TSD()
    {
        using LongMachine m = new();
        m.State->Cr4 |= Cr4.Tsd;
        m.Machine.Assemble(0x11000, 64, c => c.rdtsc());
        Assert.True(Faults(m, c => LongMachine.ReturnToUser(c, 0x11000)));
    }

    [Fact]
    public void XSETBV_checks_the_combination_and_switches_AVX_on()
    {
        using LongMachine m = new();
        m.State->Cr4 |= Cr4.Osxsave;
        Assert.False(Faults(m, c =>
        {
            c.xor(ecx, ecx);
            c.xor(edx, edx);
            c.mov(eax, 7);
            c.xsetbv();
            c.xgetbv();
        }));
        Assert.Equal(7UL, m.State->Gpr[0]);
        Assert.NotEqual(CodeMode.None, m.State->Mode & CodeMode.Avx);
        using LongMachine bad = new();
        bad.State->Cr4 |= Cr4.Osxsave;
        Assert.True(Faults(bad, c =>
        {
            c.xor(ecx, ecx);
            c.xor(edx, edx);
            c.mov(eax, 5);
            c.xsetbv();
        }));
    }

    [Fact]
    public void RDTSCP_and_RDPID_give_TSC_AUX()
    {
        using LongMachine m = new();
        Assert.True(m.Cpu.TryWriteMsr(0xC0000103, 0x87654321));
        Assert.False(Faults(m, c =>
        {
            c.rdtscp();
            c.mov(rbx, -1L);
            c.rdpid(rbx);
        }));
        Assert.Equal((0x87654321UL, 0x87654321UL), (m.State->Gpr[1], m.State->Gpr[3]));
    }

    [Theory]
    [InlineData(0UL, 0u, true)]
    [InlineData(Cr4.Pce, 0u, false)]
    [InlineData(Cr4.Pce, 99u, true)]        // no such counter
    public void RDPMC_at_CPL_3_needs_CR4_PCE_and_a_counter(ulong cr4, uint counter, bool faults)
    {
        using LongMachine m = new();
        m.State->Cr4 |= cr4;
        m.Handle(0x40, c => c.hlt(), access: 0xEE);
        m.Machine.Assemble(0x11000, 64, c =>
        {
            c.mov(ecx, counter);
            c.rdpmc();
            c.@int(0x40);
        });
        Assert.Equal(faults, Faults(m, c => LongMachine.ReturnToUser(c, 0x11000)));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void RDRAND_and_RDSEED_set_CF_alone_and_write_their_operand_size(int bits)
    {
        using LongMachine m = new();
        m.Cpu.Entropy = () => 0xFEDC_BA98_7654_3210;
        Assert.False(Faults(m, c =>
        {
            c.mov(rax, -1L);
            c.mov(rbx, -1L);
            c.xor(edx, edx); // ZF, PF
            switch (bits)
            {
                case 16: c.rdrand(ax); break;
                case 32: c.rdrand(eax); break;
                default: c.rdrand(rax); break;
            }
            c.pushfq();
            c.pop(rdx);
            switch (bits)
            {
                case 16: c.rdseed(bx); break;
                case 32: c.rdseed(ebx); break;
                default: c.rdseed(rbx); break;
            }
        }));
        ulong expected = bits switch { 16 => 0xFFFF_FFFF_FFFF_3210, 32 => 0x7654_3210, _ => 0xFEDC_BA98_7654_3210 };
        Assert.Equal((expected, expected), (m.State->Gpr[0], m.State->Gpr[3]));
        Assert.Equal(Eflags.Cf, (uint)m.State->Gpr[2] & Eflags.Arithmetic);
    }

    [Fact]
    public void CLTS_clears_TS_and_x87_works_again()
    {
        using LongMachine m = new();
        m.State->Cr0 |= Cr0.Ts;
        m.Cpu.UpdateMode();
        m.Handle(7, c =>
        {
            c.clts();
            c.inc(rbx);
            c.iretq();
        });
        Assert.False(Faults(m, c =>
        {
            c.fninit();
            c.fninit();
        }));
        Assert.Equal(1UL, m.State->Gpr[3]);
        Assert.Equal(0UL, m.State->Cr0 & Cr0.Ts);
    }

    // SDM Vol. 2B, MONITOR and MWAIT.
    [Fact]
    public void MWAIT_gives_its_turn_away_and_goes_on_and_checks_ECX_and_CPL()
    {
        using LongMachine m = new("max,+monitor");
        m.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            c.xor(ecx, ecx);
            c.xor(edx, edx);
            c.mov(eax, 0x9000);
            c.monitor();
            c.mwait();
            c.mov(ebx, 1);
            c.hlt();
        });
        m.Cpu.Run(1000);
        Assert.True(m.Cpu.HasYielded);
        Assert.NotEqual(1UL, m.State->Gpr[3]);
        m.Machine.Run();
        Assert.Equal(1UL, m.State->Gpr[3]);

        using LongMachine extension = new("max,+monitor");
        Assert.True(Faults(extension, c =>
        {
            c.mov(ecx, 2);
            c.mwait();
        }));
        using LongMachine user = new("max,+monitor");
        user.Handle(6, c =>
        {
            c.mov(ebx, 6);
            c.hlt();
        });
        user.Machine.Assemble(0x11000, 64, c => c.mwait());
        user.Run(c => LongMachine.ReturnToUser(c, 0x11000));
        Assert.Equal(6UL, user.State->Gpr[3]);
    }

    [Fact]
    public void LMSW_sets_PE_and_cannot_clear_it()
    {
        using ProtectedMachine m = new();
        m.Run(c =>
        {
            c.xor(eax, eax);
            c.lmsw(ax);
            c.smsw(ebx);
            c.mov(eax, 0xF);
            c.lmsw(ax);
            c.hlt();
        });
        Assert.Equal(0x11u, (uint)m.State->Gpr[3]);
        Assert.Equal(0x1FUL, m.State->Cr0);
    }

    [Fact]
    public void INVLPG_makes_a_changed_translation_visible()
    {
        using LongMachine m = new();
        m.Machine.Poke(0x400000, 4, 0xAAAA);
        m.Machine.Poke(0x600000, 4, 0xBBBB);
        m.Run(c =>
        {
            c.mov(eax, __dword_ptr[0x400000]);
            c.mov(rcx, (LongMachine.Tables + 0x2010));
            c.mov(edx, 0x600087);
            c.mov(__qword_ptr[rcx], rdx);
            c.invlpg(__[0x400000]);
            c.mov(ebx, __dword_ptr[0x400000]);
            c.hlt();
        });
        Assert.Equal(0xAAAAu, (uint)m.State->Gpr[0]);
        Assert.Equal(0xBBBBu, (uint)m.State->Gpr[3]);
    }

    // SMAP and AC: STAC opens user pages to the kernel.
    [Fact]
    public void STAC_and_CLAC_open_and_close_user_pages()
    {
        using LongMachine m = new();
        // The code must be on a supervisor page.
        m.Machine.Poke(LongMachine.Tables + 0x2000, 8, 0x83);
        m.Cpu.Mmu.FlushAll();
        m.Handle(14, c =>
        {
            c.mov(r14, __qword_ptr[rsp]);
            c.mov(r13, cr2);
            c.hlt();
        });
        m.Run(c =>
        {
            c.mov(rax, cr4);
            c.or(eax, (int)Cr4.Smap);
            c.mov(cr4, rax);
            c.stac();
            c.mov(ebx, __dword_ptr[0x200000]);
            c.mov(r12d, 1);
            c.clac();
            c.mov(ebx, __dword_ptr[0x200008]);
        });
        Assert.Equal(1UL, m.State->Gpr[12]);
        Assert.Equal(0x200008UL, m.State->Gpr[13]);
        Assert.Equal(1UL, m.State->Gpr[14]);
    }
}
