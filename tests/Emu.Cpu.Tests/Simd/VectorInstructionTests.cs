using Emu.Cpu.Tests.Integer;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.Simd;

public sealed unsafe class VectorInstructionTests : IDisposable
{
    private const ulong Data = IntegerMachine.Data;

    private readonly IntegerMachine machine = new(64);

    public VectorInstructionTests() => Enable(machine);

    public void Dispose() => machine.Dispose();

    [Fact]
    public void A_gather_that_faults_keeps_what_it_has_and_goes_on_there_when_run_again()
    {
        for (int i = 0; i < 4; i++) machine.Memory(Data + (ulong)(i * 0x1000), 4)[0] = (byte)(i + 1);
        machine.Load(a => a.vgatherdps(xmm1, __[rbx + xmm2 * 1], xmm3));
        machine[3] = Data;
        SetDoublewords(1, 0x100, 0x101, 0x102, 0x103);
        SetDoublewords(2, 0, 0x1000, 0x2000, 0x3000);
        SetDoublewords(3, 0x8000_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF);
        machine.Unmap(Data + 0x2000);
        machine.Run();

        Assert.Equal(ExceptionVector.PageFault, machine.Fault);
        Assert.Equal(Data + 0x2000, machine.s->Cr2);
        Assert.Equal([1, 0x101, 0x102, 0x103], Doublewords(1));
        Assert.Equal([0, 0, 0x8000_0000, 0xFFFF_FFFF], Doublewords(3));

        machine.Protect(Data + 0x2000);
        machine.Run();
        Assert.Null(machine.Fault);
        Assert.Equal([1, 0x101, 3, 4], Doublewords(1));
        Assert.Equal([0, 0, 0, 0], Doublewords(3));
    }

    [Fact]
    public void A_gather_with_a_register_used_twice_is_undefined()
    {
        // vgatherdps xmm1, [rbx + xmm1], xmm3: the assembler would refuse it.
        machine.Load([0xC4, 0xE2, 0x61, 0x92, 0x0C, 0x0B]);
        machine[3] = Data;
        machine.Run();
        Assert.Equal(ExceptionVector.InvalidOpcode, machine.Fault);
    }

    [Fact]
    public void Masked_off_elements_are_not_accessed()
    {
        machine.Unmap(Data + 0x1000);
        machine.Memory(Data + 0xFF8, 8).Fill(0x55);
        machine.Load(a =>
        {
            a.vpmaskmovd(xmm1, xmm3, __[rbx]);
            a.vpmaskmovd(__[rbx], xmm3, xmm2);
        });
        machine[3] = Data + 0xFF8;
        SetDoublewords(1, 9, 9, 9, 9);
        SetDoublewords(2, 1, 2, 3, 4);
        SetDoublewords(3, 0, 0x8000_0000, 0, 0);
        machine.Run();
        Assert.Null(machine.Fault);
        Assert.Equal([0, 0x5555_5555, 0, 0], Doublewords(1));
        Assert.Equal([0x55, 0x55, 0x55, 0x55, 2, 0, 0, 0], machine.Memory(Data + 0xFF8, 8).ToArray());
    }

    [Fact]
    public void A_masked_store_that_faults_has_written_nothing()
    {
        machine.Unmap(Data + 0x1000);
        machine.Memory(Data + 0xFF8, 8).Fill(0x55);
        machine.Load(a => a.vmaskmovps(__[rbx], xmm3, xmm2));
        machine[3] = Data + 0xFF8;
        SetDoublewords(2, 1, 2, 3, 4);
        SetDoublewords(3, 0x8000_0000, 0, 0, 0x8000_0000);
        machine.Run();
        Assert.Equal(ExceptionVector.PageFault, machine.Fault);
        Assert.Equal(Data + 0x1004, machine.s->Cr2);
        Assert.Equal(Enumerable.Repeat((byte)0x55, 8), machine.Memory(Data + 0xFF8, 8).ToArray());
    }

    [Theory]
    [InlineData(0x0000_1F80u, true)]
    [InlineData(0x0000_FFFFu, true)]
    [InlineData(0x0001_1F80u, false)]
    [InlineData(0x8000_0000u, false)]
    public void LDMXCSR_refuses_reserved_bits(uint value, bool accepted)
    {
        BitConverter.TryWriteBytes(machine.Memory(Data, 4), value);
        machine.Load(a =>
        {
            a.ldmxcsr(__[rbx]);
            a.stmxcsr(__[rbx + 4]);
        });
        machine[3] = Data;
        machine.Run();
        Assert.Equal(accepted ? null : ExceptionVector.GeneralProtection, machine.Fault);
        if (accepted) Assert.Equal(value, BitConverter.ToUInt32(machine.Memory(Data + 4, 4)));
    }

    [Fact]
    public void Legacy_encodings_keep_the_upper_half_of_a_YMM_register_and_VEX_clears_it()
    {
        machine.Load(a =>
        {
            a.paddd(xmm1, xmm2);
            a.vpaddd(xmm3, xmm3, xmm2);
        });
        ulong* one = Quadwords(1), three = Quadwords(3);
        for (int i = 0; i < 8; i++) one[i] = three[i] = 7;
        machine.Run();
        Assert.Equal((7ul, 7ul, 7ul), (one[2], one[3], one[7]));
        Assert.Equal((0ul, 0ul, 0ul), (three[2], three[3], three[7]));
    }

    [Fact]
    public void VZEROUPPER_clears_all_but_the_XMM_registers()
    {
        for (int r = 0; r < 32; r++)
        {
            for (int i = 0; i < 8; i++) Quadwords(r)[i] = 5;
        }

        machine.Load(a => a.vzeroupper());
        machine.Run();
        for (int r = 0; r < 16; r++) Assert.Equal([5ul, 5, 0, 0, 0, 0, 0, 0], new Span<ulong>(Quadwords(r), 8).ToArray());
        Assert.Equal(5ul, Quadwords(16)[7]);
    }

    [Fact]
    public void An_unmasked_exception_leaves_the_destination_and_raises_XM_or_UD_by_OSXMMEXCPT()
    {
        foreach ((ulong bit, byte expected) in new[] { (Cr4.Osxmmexcpt, ExceptionVector.SimdFloatingPoint), (0ul, ExceptionVector.InvalidOpcode) })
        {
            machine.s->Cr4 = (machine.s->Cr4 & ~Cr4.Osxmmexcpt) | bit;
            machine.s->Mxcsr = 0x1D80; // ZM clear
            machine.Load(a => a.vdivps(ymm1, ymm2, ymm3));
            for (int i = 0; i < 4; i++) (Quadwords(1)[i], Quadwords(2)[i], Quadwords(3)[i]) = (77, 0x3F80_0000_3F80_0000, 0x3F80_0000_3F80_0000);
            Quadwords(3)[3] = 0;
            machine.Run();
            Assert.Equal(expected, machine.Fault);
            Assert.Equal(77ul, Quadwords(1)[0]);
            Assert.Equal(0x1D84u, machine.s->Mxcsr);
        }
    }

    [Theory]
    [InlineData("paddd xmm", 0, 0, ExceptionVector.InvalidOpcode)]
    [InlineData("vpaddd", 0, 0, ExceptionVector.InvalidOpcode)]
    [InlineData("paddd mm", 0, 0, -1)]
    [InlineData("paddd xmm", 1, 8, ExceptionVector.DeviceNotAvailable)]
    [InlineData("vpaddd", 1, 8, ExceptionVector.DeviceNotAvailable)]
    [InlineData("paddd mm", 1, 8, ExceptionVector.DeviceNotAvailable)]
    [InlineData("paddd xmm", 1, 4, ExceptionVector.InvalidOpcode)]
    [InlineData("paddd mm", 1, 4, ExceptionVector.InvalidOpcode)]
    [InlineData("vpaddd", 1, 4, -1)]
    [InlineData("vzeroupper", 0, 0, ExceptionVector.InvalidOpcode)]
    [InlineData("vzeroupper", 1, 8, ExceptionVector.DeviceNotAvailable)]
    [InlineData("ldmxcsr", 0, 0, ExceptionVector.InvalidOpcode)]
    [InlineData("ldmxcsr", 1, 8, ExceptionVector.DeviceNotAvailable)]
    [InlineData("movq mm", 1, 12, ExceptionVector.InvalidOpcode)]
    [InlineData("pcmpistri", 0, 0, ExceptionVector.InvalidOpcode)]
    [InlineData("vpgatherdd", 1, 8, ExceptionVector.DeviceNotAvailable)]
    public void A_unit_that_is_switched_off_raises_what_the_control_registers_ask_for(string instruction, int enabled, int cr0, int expected)
    {
        machine.Load(a =>
        {
            switch (instruction)
            {
                case "paddd xmm": a.paddd(xmm1, xmm2); break;
                case "paddd mm": a.paddd(mm1, mm2); break;
                case "vpaddd": a.vpaddd(ymm1, ymm2, ymm3); break;
                case "vzeroupper": a.vzeroupper(); break;
                case "ldmxcsr": a.ldmxcsr(__[rbx]); break;
                case "movq mm": a.movq(mm1, rbx); break;
                case "pcmpistri": a.pcmpistri(xmm1, xmm2, 0); break;
                default: a.vpgatherdd(xmm1, __[rbx + xmm2 * 1], xmm3); break;
            }
        });
        machine[3] = Data;
        machine.s->Cr0 |= (uint)cr0;
        if (enabled == 0) machine.s->Cr4 &= ~(Cr4.Osfxsr | Cr4.Osxsave);
        machine.Run();
        Assert.Equal(expected < 0 ? null : (byte)expected, machine.Fault);
    }

    [Fact]
    public void AVX_is_undefined_in_real_mode_and_SSE_is_not()
    {
        using IntegerMachine real = new(16);
        Enable(real);
        real.Load(a => a.paddd(xmm1, xmm2));
        real.Run();
        Assert.Null(real.Fault);
        // vpaddd xmm1, xmm1, xmm2
        real.Load([0xC5, 0xF1, 0xFE, 0xCA]);
        real.Run();
        Assert.Equal(ExceptionVector.InvalidOpcode, real.Fault);
    }

    [Fact]
    public void MMX_instructions_make_all_x87_registers_valid_and_EMMS_makes_them_empty()
    {
        machine.s->Fsw = 5 << 11;
        machine.s->Ftw = 0;
        machine.Load(a => a.movq(mm2, rbx));
        machine[3] = 0x1122_3344_5566_7788;
        machine.Run();
        Assert.Equal((0, 0xFF), (machine.s->Fsw, machine.s->Ftw));
        Assert.Equal((0x1122_3344_5566_7788ul, 0xFFFFul), (machine.s->Fpr[4], machine.s->Fpr[5]));
        machine.Load(a => a.emms());
        machine.Run();
        Assert.Equal(0, machine.s->Ftw);
    }

    [Fact]
    public void A_misaligned_operand_of_a_legacy_encoding_is_a_general_protection_fault()
    {
        foreach ((Action<Assembler> code, bool faults) in new (Action<Assembler>, bool)[]
        {
            (a => a.paddd(xmm1, __[rbx]), true), (a => a.movaps(xmm1, __[rbx]), true), (a => a.movdqa(__[rbx], xmm1), true),
            (a => a.addps(xmm1, __[rbx]), true), (a => a.cvtpd2dq(xmm1, __[rbx]), true), (a => a.aesenc(xmm1, __[rbx]), true),
            (a => a.movups(xmm1, __[rbx]), false), (a => a.lddqu(xmm1, __[rbx]), false), (a => a.pcmpistri(xmm1, __[rbx], 0), false),
            (a => a.vpaddd(xmm1, xmm1, __[rbx]), false), (a => a.vmovaps(ymm1, __[rbx]), true), (a => a.addsd(xmm1, __[rbx]), false),
            (a => a.cvtps2pd(xmm1, __[rbx]), false), (a => a.movddup(xmm1, __[rbx]), false), (a => a.insertps(xmm1, __[rbx], 0), false),
            (a => a.vmovntdqa(ymm1, __[rbx]), true), (a => a.vextractf128(__[rbx], ymm1, 1), false),
        })
        {
            machine.Load(code);
            machine[3] = Data + 1;
            machine.Run();
            Assert.Equal(faults ? ExceptionVector.GeneralProtection : null, machine.Fault);
        }
    }

    [Theory]
    [InlineData("needle", "haystack with a needle", 16)]
    [InlineData("with", "haystack with a needle", 9)]
    [InlineData("hay", "haystack", 0)]
    public void PCMPISTRI_finds_a_substring_or_where_it_may_begin(string needle, string text, int expected)
    {
        machine.Memory(Data, 64).Clear();
        System.Text.Encoding.ASCII.GetBytes(needle, machine.Memory(Data, 16));
        System.Text.Encoding.ASCII.GetBytes(text, machine.Memory(Data + 32, 32));
        machine.Load(a =>
        {
            a.movdqu(xmm1, __[rbx]);
            a.pcmpistri(xmm1, __[rbx + 32], 0x0C);
        });
        machine[3] = Data;
        machine.Run();
        Assert.Equal((ulong)expected, machine[1]);
        Assert.Equal(expected < 16, (machine.Flags & Eflags.Cf) != 0);
    }

    private static void Enable(IntegerMachine target)
    {
        target.s->Cr4 |= Cr4.Osfxsr | Cr4.Osxsave | Cr4.Osxmmexcpt;
        target.s->Xcr0 = 7;
        target.s->Mxcsr = 0x1F80;
    }

    private ulong* Quadwords(int register) => (ulong*)(machine.s->Vector + (register * 64));

    private void SetDoublewords(int register, params uint[] values) => values.CopyTo(new Span<uint>(Quadwords(register), 4));

    private uint[] Doublewords(int register) => new Span<uint>(Quadwords(register), 4).ToArray();
}
