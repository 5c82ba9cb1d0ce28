using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>What a compiler takes for granted about floating point, and must not: each with denormals, which MXCSR has flushed or reported.</summary>
public sealed class FloatConstantTests
{
    /// <summary>Masked, results flushed to zero, rounded up; and with operands taken for zero.</summary>
    public static TheoryData<string, uint> Cases()
    {
        TheoryData<string, uint> cases = [];
        foreach (string how in (ReadOnlySpan<string>)["minus nothing", "minus what was shifted out", "shifted out", "bytes shifted out", "times one", "over one", "one and one", "all ones", "blended out", "no way out after all", "integer and nothing", "integer times nothing"])
        {
            foreach (uint mxcsr in (ReadOnlySpan<uint>)[0x1F80, 0xDF80, 0x1FC0]) cases.Add(how, mxcsr);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Nothing_is_known_about_floating_point_beforehand(string how, uint mxcsr)
    {
        using Twins<LongMachine> twins = Twins.Long(c =>
        {
            c.mov(rax, cr4);
            c.or(eax, (int)(Cr4.Osxsave | Cr4.Osfxsr));
            c.mov(cr4, rax);
            c.xor(ecx, ecx);
            c.xor(edx, edx);
            c.mov(eax, 7);
            c.xsetbv();
            c.mov(rax, 0x0008_0000_0012_3456);
            c.mov(__qword_ptr[0x6000], rax);
            c.mov(__qword_ptr[0x6008], rax);
            c.mov(__qword_ptr[0x6010], rax);
            c.mov(__qword_ptr[0x6018], rax);
            c.mov(__dword_ptr[0x6020], (int)mxcsr);
            c.vmovdqu(ymm1, __ymmword_ptr[0x6000]);
            c.fninit();
            c.Loop(10, c =>
            {
                c.ldmxcsr(__dword_ptr[0x6020]);
                Operate(c, how);
                // Overwritten or not, the flags are there.
                c.stmxcsr(__dword_ptr[0x6024]);
                c.add(r8d, __dword_ptr[0x6024]);
            });
            c.hlt();
        });
        twins.Run();
    }

    private static void Operate(Assembler c, string how)
    {
        switch (how)
        {
            case "minus nothing":
                c.xorps(xmm2, xmm2);
                c.movaps(xmm0, xmm1);
                c.subps(xmm0, xmm2);
                break;
            case "minus what was shifted out":
                c.vpsllq(ymm2, ymm1, 0xAD);
                c.vsubpd(ymm0, ymm1, ymm2);
                break;
            case "shifted out":
                c.vaddsubpd(ymm0, ymm1, ymm1);
                c.vpsrld(ymm0, ymm0, 0x94);
                break;
            case "bytes shifted out":
                c.vsqrtpd(xmm0, xmm1);
                c.vpsrldq(xmm0, xmm0, 16);
                break;
            case "times one":
                c.mov(rax, 0x3FF0_0000_0000_0000);
                c.movq(xmm2, rax);
                c.punpcklqdq(xmm2, xmm2);
                c.movaps(xmm0, xmm1);
                c.mulpd(xmm0, xmm2);
                break;
            case "over one":
                c.mov(eax, 0x3F80_0000);
                c.movd(xmm2, eax);
                c.pshufd(xmm2, xmm2, 0);
                c.movaps(xmm0, xmm1);
                c.divps(xmm0, xmm2);
                break;
            case "one and one":
                c.mov(eax, 0x10_0001);
                c.movd(xmm2, eax);
                c.movaps(xmm0, xmm2);
                c.addps(xmm0, xmm2);
                c.mulps(xmm0, xmm2);
                break;
            case "all ones":
                c.pcmpeqd(xmm2, xmm2);
                c.psrld(xmm2, 25);
                c.pslld(xmm2, 23);
                c.movaps(xmm0, xmm1);
                c.mulps(xmm0, xmm2);
                break;
            case "blended out":
                c.vaddpd(ymm0, ymm1, ymm1);
                c.vblendpd(ymm0, ymm0, ymm1, 15);
                break;
            case "no way out after all":
                c.fld1();
                c.add(eax, 1);
                c.haddps(xmm0, xmm1);
                c.fincstp();
                c.fdecstp();
                c.orps(xmm3, xmm1);
                c.movaps(xmm0, xmm3);
                c.fstp(st0);
                break;
            case "integer and nothing":
                c.cvttsd2si(eax, xmm1);
                c.and(eax, 0);
                break;
            default:
                c.cvtsd2si(rax, xmm1);
                c.imul(rax, rax, 0);
                break;
        }
    }
}
