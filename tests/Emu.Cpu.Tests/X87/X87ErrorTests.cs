using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.X87;

/// <summary>When an unmasked x87 exception is reported, and when the unit is not available (SDM Vol. 1 8.6, 8.7; Vol. 3A tables 2-2, 22-1).</summary>
public sealed unsafe class X87ErrorTests
{
    private const ushort MaskedButZeroDivide = 0x37B;
    private const ulong ControlWord = 0x40000, Area = 0x41000;

    /// <summary>1 / 0 with #Z unmasked, which leaves the exception pending.</summary>
    private static void DivideByZero(Assembler c) => DivideByZero(c, __word_ptr[ControlWord]);

    private static void DivideByZero(Assembler c, AssemblerMemoryOperand controlWord)
    {
        c.fninit();
        c.mov(controlWord, MaskedButZeroDivide);
        c.fldcw(controlWord);
        c.fldz();
        c.fld1();
        c.fdiv(st0, st1);
    }

    private static LongMachine WithHandlers()
    {
        LongMachine m = new();
        foreach (byte vector in (ReadOnlySpan<byte>)[6, 7, 13, 16])
        {
            byte found = vector;
            m.Handle(vector, c =>
            {
                c.mov(r15d, found);
                c.hlt();
            });
        }

        m.State->Cr0 |= Cr0.Ne | Cr0.Mp;
        m.Cpu.UpdateMode();
        return m;
    }

    private static ulong Vector(LongMachine m, Action<Assembler> program)
    {
        m.Run(c =>
        {
            c.xor(r15d, r15d);
            program(c);
            c.hlt();
        });
        return m.State->Gpr[15];
    }

    public static TheoryData<string, bool> Waiting => new()
    {
        { "fwait", true }, { "fld1", true }, { "fldcw", true }, { "fnop", true }, { "fldenv", true }, { "fld m80", true }, { "emms", true },
        { "fstp m64", true }, { "movq mm0, mm1", true },
        { "fnstsw", false }, { "fnstcw", false }, { "fnstenv", false }, { "fnsave", false }, { "fnclex", false }, { "fninit", false },
        { "fxsave", false }, { "nop", false },
    };

    [Theory]
    [MemberData(nameof(Waiting))]
    public void A_pending_exception_is_reported_by_the_next_waiting_instruction(string instruction, bool waits)
    {
        using LongMachine m = WithHandlers();
        ulong vector = Vector(m, c =>
        {
            DivideByZero(c);
            c.mov(r14d, 1);
            switch (instruction)
            {
                case "fwait": c.wait(); break;
                case "fld1": c.fld1(); break;
                case "fldcw": c.fldcw(__word_ptr[ControlWord]); break;
                case "fnop": c.fnop(); break;
                case "fldenv": c.fldenv(__[Area]); break;
                case "fld m80": c.fld(__tbyte_ptr[Area]); break;
                case "emms": c.emms(); break;
                case "fstp m64": c.fstp(__qword_ptr[Area]); break;
                case "movq mm0, mm1": c.movq(mm0, mm1); break;
                case "fnstsw": c.fnstsw(ax); break;
                case "fnstcw": c.fnstcw(__word_ptr[Area]); break;
                case "fnstenv": c.fnstenv(__[Area]); break;
                case "fnsave": c.fnsave(__[Area]); break;
                case "fnclex": c.fnclex(); break;
                case "fninit": c.fninit(); break;
                case "fxsave": c.fxsave(__[Area]); break;
                default: c.nop(); break;
            }
        });
        Assert.Equal(1UL, m.State->Gpr[14]);
        Assert.Equal(waits ? 16UL : 0UL, vector);
    }

    [Fact]
    public void Unmasking_an_exception_that_was_raised_before_makes_it_pending()
    {
        using LongMachine m = WithHandlers();
        Assert.Equal(16UL, Vector(m, c =>
        {
            c.fninit();
            c.fldz();
            c.fld1();
            c.fdiv(st0, st1);
            c.mov(__word_ptr[ControlWord], MaskedButZeroDivide);
            c.fldcw(__word_ptr[ControlWord]);
            c.fnop();
        }));
    }

    // The instruction that raised it is the one the pointers name.
    [Fact]
    public void The_environment_names_the_instruction_that_raised_the_exception()
    {
        using LongMachine m = WithHandlers();
        ulong expected = 0;
        m.Run(c =>
        {
            Label divide = c.CreateLabel();
            c.fninit();
            c.mov(__word_ptr[ControlWord], MaskedButZeroDivide);
            c.fldcw(__word_ptr[ControlWord]);
            c.fld1();
            c.lea(rbx, __[divide]);
            c.mov(__qword_ptr[Area + 0x800], 0);
            c.Label(ref divide);
            c.fdiv(__qword_ptr[Area + 0x800]);
            c.fnclex();
            c.fnstenv(__[Area]);
            c.hlt();
        });
        expected = m.State->Gpr[3];
        Assert.Equal(expected, m.Machine.Peek(Area + 12, 4));
        Assert.Equal(LongMachine.Code0 | 0x434ul << 16, m.Machine.Peek(Area + 16, 4));
        Assert.Equal(Area + 0x800, m.Machine.Peek(Area + 20, 4));
        Assert.Equal(LongMachine.Data0, (ushort)m.Machine.Peek(Area + 24, 2));
    }

    [Theory]
    [InlineData(Cr0.Ts, "fld1", 7UL)]
    [InlineData(Cr0.Em, "fld1", 7UL)]
    [InlineData(Cr0.Ts | Cr0.Mp, "fwait", 7UL)]
    [InlineData(Cr0.Ts, "fwait", 0UL)]
    [InlineData(Cr0.Em | Cr0.Mp, "fwait", 0UL)]
    [InlineData(Cr0.Ts, "fnstsw", 7UL)]
    [InlineData(Cr0.Ts, "fxsave", 7UL)]
    [InlineData(Cr0.Em, "fxsave", 7UL)]
    [InlineData(Cr0.Em, "emms", 6UL)]
    [InlineData(Cr0.Ts, "xsave", 7UL)]
    [InlineData(Cr0.Em, "xsave", 0UL)]
    public void CR0_switches_the_unit_off(ulong bits, string instruction, ulong vector)
    {
        using LongMachine m = WithHandlers();
        m.State->Cr0 = (m.State->Cr0 & ~Cr0.Mp) | bits;
        m.State->Cr4 |= Cr4.Osxsave;
        m.Cpu.UpdateMode();
        Assert.Equal(vector, Vector(m, c =>
        {
            c.xor(eax, eax);
            c.xor(edx, edx);
            switch (instruction)
            {
                case "fld1": c.fld1(); break;
                case "fwait": c.wait(); break;
                case "fnstsw": c.fnstsw(ax); break;
                case "fxsave": c.fxsave(__[Area]); break;
                case "emms": c.emms(); break;
                default: c.xsave(__[Area]); break;
            }
        }));
    }

    /// <summary>A PC in real mode: FERR# raises interrupt 75h, whose handler is at 3000h; the program starts at 1000h.</summary>
    private static TestMachine WithErrorInterrupt()
    {
        TestMachine m = new();
        m.EnterReal(0x1000);
        m.InterruptsOnFloatingPointError = true;
        m.ExternalVector = 0x75;
        m.Poke(0x75 * 4, 4, 0x3000);
        return m;
    }

    // SDM Vol. 1 appendix D: MS-DOS compatibility mode.
    [Fact]
    public void Without_CR0_NE_the_error_goes_out_on_FERR_and_its_interrupt_comes_before_the_waiting_instruction()
    {
        using TestMachine m = WithErrorInterrupt();
        m.Assemble(0x1000, 16, c =>
        {
            c.sti();
            DivideByZero(c, __word_ptr[0x5000]);
            c.fld1();
            c.fnstsw(__word_ptr[0x5004]);
            c.hlt();
        });
        m.Assemble(0x3000, 16, c =>
        {
            c.fnstsw(__word_ptr[0x5002]);
            c.fnclex();
            c.iret();
        });
        m.Run();
        Assert.Equal(0xB084u, m.Peek(0x5002, 2));   // TOP is 6: FLD1 has not run
        Assert.Equal(0x2800u, m.Peek(0x5004, 2));
        Assert.False(m.FloatingPointError);
    }

    [Fact]
    public void Without_CR0_NE_and_with_interrupts_off_the_processor_freezes_until_IGNNE_is_asserted()
    {
        using TestMachine m = new();
        m.EnterReal(0x1000);
        m.Assemble(0x1000, 16, c =>
        {
            c.cli();
            DivideByZero(c, __word_ptr[0x5000]);
            c.mov(bx, 1);
            c.wait();
            c.mov(bx, 2);
            c.fld1();
            c.fnstsw(ax);
            c.hlt();
        });
        m.Run();
        Assert.True(m.FloatingPointError);
        Assert.Equal(ActivityState.Frozen, m.State->Activity);
        Assert.False(m.Cpu.HasPendingEvents);
        Assert.Equal(1, (ushort)m.State->Gpr[3]);
        m.Cpu.Run(100);
        Assert.Equal(1, (ushort)m.State->Gpr[3]);
        m.Cpu.IgnoreNumericError = true;
        Assert.True(m.Cpu.HasPendingEvents);
        m.Cpu.Run(1000);
        Assert.Equal(ActivityState.Halted, m.State->Activity);
        Assert.Equal(0xA884u, (ushort)m.State->Gpr[0]);
    }

    // The interrupt that an STI right before it holds off ends the standstill all the same.
    [Fact]
    public void A_processor_that_froze_behind_STI_takes_the_interrupt()
    {
        using TestMachine m = WithErrorInterrupt();
        m.Assemble(0x1000, 16, c =>
        {
            c.cli();
            DivideByZero(c, __word_ptr[0x5000]);
            c.sti();
            c.wait();
            c.hlt();
        });
        m.Assemble(0x3000, 16, c =>
        {
            c.mov(bx, 7);
            c.fnclex();
            c.iret();
        });
        m.Run();
        if (m.State->Activity == ActivityState.Frozen) m.Cpu.Run(1000);
        Assert.Equal(7, (ushort)m.State->Gpr[3]);
        Assert.Equal(ActivityState.Halted, m.State->Activity);
        Assert.False(m.FloatingPointError);
    }
}
