using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.Simd;

/// <summary>What CR0, CR4 and XCR0 let MMX, SSE and AVX instructions do (SDM Vol. 2A 2.4; Vol. 3A 13.1; Vol. 1 11.6.7).</summary>
public sealed unsafe class SimdAvailabilityTests
{
    private const ulong Ready = Cr4.Osfxsr | Cr4.Osxsave | Cr4.Osxmmexcpt;

    private static readonly Dictionary<string, Action<Assembler>> Instructions = new()
    {
        ["mmx"] = c => c.paddb(mm0, mm1),
        ["sse"] = c => c.paddb(xmm0, xmm1),
        ["avx"] = c => c.vpaddb(xmm0, xmm1, xmm2),
        ["avx2"] = c => c.vpaddb(ymm0, ymm1, ymm2),
        ["x87"] = c => c.fnop(),
        ["ldmxcsr"] = c => c.ldmxcsr(__dword_ptr[rsi]),
        ["movnti"] = c => c.movnti(__dword_ptr[rsi + 8], eax),
        ["sfence"] = c => c.sfence(),
        ["crc32"] = c => c.crc32(eax, ebx),
        ["prefetch"] = c => c.prefetchnta(__byte_ptr[rsi]),
        ["andn"] = c => c.andn(eax, ebx, ecx),
        ["fxsave"] = c => c.fxsave(__[rsi + 64]),
        ["xsave"] = c => c.xsave(__[rsi + 64]),
        ["pextrw"] = c => c.pextrw(eax, xmm0, 1),
        ["divide"] = c => c.divss(xmm0, xmm1), // 0 / 0
    };

    private static byte VectorOf(string instruction, ulong cr0, ulong cr4, ulong xcr0, uint mxcsr = 0x1F80)
    {
        using LongMachine m = new();
        m.State->Cr0 |= cr0;
        m.State->Cr4 = Cr4.Pae | cr4;
        m.State->Xcr0 = xcr0;
        m.State->Mxcsr = mxcsr;
        m.Machine.Poke(0x5000, 4, 0x1F80);
        m.State->Gpr[6] = 0x5000;
        m.Cpu.UpdatePaging();
        m.Cpu.UpdateMode();
        foreach (byte vector in (byte[])[6, 7, 13, 19])
        {
            m.Handle(vector, c =>
            {
                c.mov(r15d, vector);
                c.hlt();
            });
        }
        m.Run(c =>
        {
            Instructions[instruction](c);
            c.hlt();
        });
        return (byte)m.State->Gpr[15];
    }

    [Theory]
    [InlineData("mmx", Cr0.Em, Ready, 7UL, 6)]
    [InlineData("mmx", Cr0.Ts, Ready, 7UL, 7)]
    [InlineData("mmx", 0UL, 0UL, 7UL, 0)]
    [InlineData("x87", Cr0.Em, Ready, 7UL, 7)]
    [InlineData("x87", Cr0.Ts, Ready, 7UL, 7)]
    [InlineData("sse", 0UL, Ready, 7UL, 0)]
    [InlineData("sse", 0UL, Cr4.Osfxsr, 1UL, 0)]                // XCR0 does not concern legacy SSE
    [InlineData("sse", 0UL, Cr4.Osxsave, 7UL, 6)]               // without OSFXSR
    [InlineData("sse", Cr0.Em, Ready, 7UL, 6)]
    [InlineData("sse", Cr0.Ts, Ready, 7UL, 7)]
    [InlineData("sse", Cr0.Em | Cr0.Ts, Ready, 7UL, 6)]         // #UD comes before #NM
    [InlineData("pextrw", Cr0.Em, Ready, 7UL, 6)]
    [InlineData("ldmxcsr", 0UL, 0UL, 7UL, 6)]
    [InlineData("ldmxcsr", Cr0.Ts, Ready, 7UL, 7)]
    [InlineData("avx", 0UL, Ready, 7UL, 0)]
    [InlineData("avx", 0UL, Cr4.Osxsave, 7UL, 0)]               // OSFXSR does not concern AVX
    [InlineData("avx", Cr0.Em, Ready, 7UL, 0)]                  // nor does EM
    [InlineData("avx", 0UL, Cr4.Osfxsr, 7UL, 6)]
    [InlineData("avx", 0UL, Ready, 3UL, 6)]
    [InlineData("avx", Cr0.Ts, Ready, 7UL, 7)]
    [InlineData("avx2", Cr0.Ts, Ready, 3UL, 6)]
    [InlineData("movnti", Cr0.Em | Cr0.Ts, 0UL, 1UL, 0)]        // general registers only
    [InlineData("sfence", Cr0.Em | Cr0.Ts, 0UL, 1UL, 0)]
    [InlineData("crc32", Cr0.Em | Cr0.Ts, 0UL, 1UL, 0)]
    [InlineData("prefetch", Cr0.Em | Cr0.Ts, 0UL, 1UL, 0)]
    [InlineData("andn", Cr0.Em | Cr0.Ts, 0UL, 1UL, 0)]          // VEX, without vectors
    [InlineData("fxsave", Cr0.Em, Ready, 7UL, 7)]
    [InlineData("fxsave", Cr0.Ts, Ready, 7UL, 7)]
    [InlineData("xsave", Cr0.Em, Ready, 7UL, 0)]
    [InlineData("xsave", Cr0.Ts, Ready, 7UL, 7)]
    [InlineData("xsave", Cr0.Ts, Cr4.Osfxsr, 7UL, 6)]
    public void An_instruction_raises_what_its_controls_say(string instruction, ulong cr0, ulong cr4, ulong xcr0, byte vector) =>
        Assert.Equal(vector, VectorOf(instruction, cr0, cr4, xcr0));

    [Theory]
    [InlineData(Cr4.Osfxsr | Cr4.Osxmmexcpt, 0x1F80u, 0)]
    [InlineData(Cr4.Osfxsr | Cr4.Osxmmexcpt, 0x1F00u, 19)]
    [InlineData(Cr4.Osfxsr, 0x1F00u, 6)]
    public void An_unmasked_SIMD_exception_is_XM_or_UD_without_OSXMMEXCPT(ulong cr4, uint mxcsr, byte vector) => Assert.Equal(vector, VectorOf("divide", 0, cr4, 7, mxcsr));
}
