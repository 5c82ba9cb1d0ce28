using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.X87;

/// <summary>FXSAVE and the XSAVE family where a user process cannot look (SDM Vol. 1 chapter 13; APM Vol. 2 11.4.4).</summary>
public sealed unsafe class ExtendedStateTests
{
    private const ulong Area = 0x40000;
    private const ulong Components = Xcr0.X87 | Xcr0.Sse | Xcr0.Avx | Xcr0.Pkru;

    private static LongMachine NewMachine(string model = "max")
    {
        LongMachine m = new(model);
        m.State->Cr4 |= Cr4.Osxsave;
        m.State->Xcr0 = Components;
        foreach (byte vector in (ReadOnlySpan<byte>)[6, 7, 13])
        {
            byte found = vector;
            m.Handle(vector, c =>
            {
                c.mov(r15d, found);
                c.hlt();
            });
        }

        m.Cpu.UpdateMode();
        return m;
    }

    private static ulong Run(LongMachine m, Action<Assembler> program, ulong components = Components)
    {
        m.Run(c =>
        {
            c.xor(r15d, r15d);
            c.mov(eax, (uint)components);
            c.xor(edx, edx);
            program(c);
            c.hlt();
        });
        return m.State->Gpr[15];
    }

    [Fact]
    public void PKRU_is_a_component_of_the_standard_format()
    {
        using LongMachine m = NewMachine();
        m.State->Pkru = 0x55555554;
        Run(m, c => c.xsave(__[Area]));
        Assert.Equal(0x55555554u, m.Machine.Peek(Area + 2688, 8));
        Assert.Equal(Xcr0.Pkru, m.Machine.Peek(Area + 512, 8) & Xcr0.Pkru);
        m.State->Pkru = 0;
        m.State->Rip = LongMachine.Code;
        m.State->Activity = ActivityState.Active;
        Run(m, c => c.xrstor(__[Area]));
        Assert.Equal(0x55555554u, m.State->Pkru);
    }

    [Fact]
    public void The_compacted_format_packs_the_requested_components()
    {
        using LongMachine m = NewMachine();
        m.State->Pkru = 0x0000000C;
        m.State->Vector[16] = 0x77;
        Run(m, c => c.xsavec(__[Area]));
        Assert.Equal(Components | 1UL << 63, m.Machine.Peek(Area + 520, 8));
        Assert.Equal(0x77u, m.Machine.Peek(Area + 576, 1));
        Assert.Equal(0x0Cu, m.Machine.Peek(Area + 576 + 256, 8));
    }

    [Fact]
    public void A_component_left_out_moves_the_ones_behind_it()
    {
        using LongMachine m = NewMachine();
        m.State->Pkru = 0x0000000C;
        Run(m, c => c.xsaves(__[Area]), Xcr0.Pkru);
        Assert.Equal(Xcr0.Pkru, m.Machine.Peek(Area + 512, 8));
        Assert.Equal(Xcr0.Pkru | 1UL << 63, m.Machine.Peek(Area + 520, 8));
        Assert.Equal(0x0Cu, m.Machine.Peek(Area + 576, 8));
    }

    [Fact]
    public void XRSTORS_initializes_what_the_header_says_is_not_there()
    {
        using LongMachine m = NewMachine();
        m.State->Pkru = 4;
        m.State->Fcw = 0x40;
        m.State->Vector[0] = 1;
        m.State->Vector[16] = 1;
        m.State->Mxcsr = 0x3F80;
        m.Machine.Poke(Area + 520, 8, Components | 1UL << 63);
        Assert.Equal(0UL, Run(m, c => c.xrstors(__[Area])));
        Assert.Equal((0u, 0x37F, 0, 0, 0x1F80u), (m.State->Pkru, m.State->Fcw, m.State->Vector[0], m.State->Vector[16], m.State->Mxcsr));
    }

    [Theory]
    [InlineData(0UL, 0UL, 13UL)]                        // XRSTORS takes only the compacted format
    [InlineData(0UL, 1UL << 63 | 0x400, 13UL)]          // a component that is not enabled
    [InlineData(4UL, 1UL << 63 | 3, 13UL)]              // present but not in the format
    [InlineData(2UL, 1UL << 63 | 7, 0UL)]
    public void XRSTORS_checks_the_header(ulong present, ulong format, ulong vector)
    {
        using LongMachine m = NewMachine();
        m.Machine.Poke(Area + 512, 8, present);
        m.Machine.Poke(Area + 520, 8, format);
        m.Machine.Poke(Area + 24, 4, 0x1F80);
        Assert.Equal(vector, Run(m, c => c.xrstors(__[Area])));
    }

    [Fact]
    public void XSAVES_is_for_CPL_0()
    {
        using LongMachine m = NewMachine();
        const ulong User = 0x18000;
        m.Machine.Assemble(User, 64, c => c.xsaves(__[Area]));
        Assert.Equal(13UL, Run(m, c => LongMachine.ReturnToUser(c, User)));
    }

    [Fact]
    public void XSAVE_is_undefined_until_CR4_OSXSAVE_is_set()
    {
        using LongMachine m = NewMachine();
        m.State->Cr4 &= ~Cr4.Osxsave;
        m.Cpu.UpdateMode();
        Assert.Equal(6UL, Run(m, c => c.xsave(__[Area])));
    }

    [Theory]
    [InlineData(32UL, true)]
    [InlineData(8UL, false)]
    public void A_misaligned_area_is_a_general_protection_fault(ulong offset, bool extended)
    {
        using LongMachine m = NewMachine();
        Assert.Equal(13UL, Run(m, c =>
        {
            if (extended) c.xsave(__[Area + offset]);
            else c.fxsave(__[Area + offset]);
        }));
    }

    [Fact]
    public void FXSAVE_leaves_the_XMM_registers_out_at_CPL_0_with_EFER_FFXSR()
    {
        using LongMachine m = NewMachine();
        m.State->Vector[0] = 0x77;
        m.State->Efer |= Efer.Ffxsr;
        Run(m, c => c.fxsave64(__[Area]));
        Assert.Equal(0u, m.Machine.Peek(Area + 160, 1));
        Assert.Equal(0x1F80u, m.Machine.Peek(Area + 24, 4));
    }

    [Fact]
    public void FXSAVE_stores_no_SSE_state_until_CR4_OSFXSR_is_set()
    {
        using LongMachine m = NewMachine();
        m.State->Cr4 &= ~Cr4.Osfxsr;
        m.Cpu.UpdateMode();
        m.State->Vector[0] = 0x77;
        m.State->Fcw = 0x27F;
        Run(m, c => c.fxsave(__[Area]));
        Assert.Equal(0x27Fu, m.Machine.Peek(Area, 2));
        Assert.Equal(0u, m.Machine.Peek(Area + 24, 4));
        Assert.Equal(0u, m.Machine.Peek(Area + 160, 1));
    }

    [Theory]
    [InlineData("max", 0u)]
    [InlineData("Skylake-Client", 0x1EEu)]
    public void The_last_opcode_is_stored_by_Intels_processors_and_by_AMDs_only_while_an_exception_is_pending(string model, uint opcode)
    {
        using LongMachine m = NewMachine(model);
        Run(m, c =>
        {
            c.fninit();
            c.fldz();
            c.fxsave64(__[Area]);
        });
        Assert.Equal(opcode, m.Machine.Peek(Area + 6, 2));
    }
}
