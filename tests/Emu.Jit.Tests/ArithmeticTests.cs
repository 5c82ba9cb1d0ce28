using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Flags, LOCK, 32-bit code and floating point, where translation takes liberties that nobody may notice.</summary>
public sealed unsafe class ArithmeticTests
{
    internal static readonly AssemblerRegister64[] Pool = [rax, rdx, rbx, rsi, rdi, r8, r9, r10];

    [Fact]
    public void Flags_reach_whoever_reads_them_over_whatever_way()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            int number = seed;
            using Twins<LongMachine> twins = Twins.Long(c =>
            {
                Random random = new(number);
                foreach (AssemblerRegister64 register in Pool) c.mov(register, random.NextInt64());
                c.Loop(6, c =>
                {
                    for (int i = 0; i < 40; i++) Random(c, random);
                });
                c.hlt();
            });
            twins.Run();
        }
    }

    /// <summary>Something that writes flags, reads them, branches on them, or leaves for the interpreter.</summary>
    internal static void Random(Assembler c, Random random)
    {
        AssemblerRegister64 a = Pool[random.Next(Pool.Length)], b = Pool[random.Next(Pool.Length)];
        AssemblerRegister32 a32 = new((Register)(Register.EAX + (a.Value - Register.RAX))), b32 = new((Register)(Register.EAX + (b.Value - Register.RAX)));
        switch (random.Next(36))
        {
            case 0: c.add(a, b); break;
            case 1: c.sub(a32, b32); break;
            case 2: c.adc(a, b); break;
            case 3: c.sbb(a32, b32); break;
            case 4: c.and(a, b); break;
            case 5: c.inc(a); break;
            case 6: c.dec(a32); break;
            case 7: c.neg(a); break;
            case 8: c.shl(a, (byte)random.Next(64)); break;
            case 9: c.sar(a32, (byte)random.Next(32)); break;
            case 10: c.rcl(a, (byte)random.Next(5)); break;
            case 11: c.imul(a, b); break;
            case 12: c.cmp(a, b); break;
            case 13: c.test(a32, b32); break;
            case 14: c.setbe(al); break;
            case 15: c.seto(dl); break;
            case 16: c.cmovs(a, b); break;
            case 17: c.cmovl(a32, b32); break;
            case 18: c.bt(a, b); break;
            case 19: c.pushfq(); c.pop(a); break;
            case 20: c.lahf(); break;
            case 21: c.cmc(); break;
            case 22: c.bswap(a); c.popcnt(b, a); break;
            case 23: c.bsf(a, b); break;
            case 24: c.bsr(a32, b32); break;
            case 25: c.mul(b); break;
            case 26: c.shld(a, b, (byte)random.Next(64)); break;
            case 27: c.rol(a, (byte)random.Next(3)); break;
            case 28: c.xadd(a, b); break;
            case 29: c.tzcnt(a, b); break;
            case 30: c.btc(a, b); break;
            case 31: c.shr(a32, cl); break;
            case 32: c.blsr(a, b); break;
            case 33: c.andn(a, b, a); break;
            case 34: c.cmpxchg(a, b); break;
            default:
                Label skip = c.CreateLabel();
                switch (random.Next(8))
                {
                    case 0: c.jb(skip); break;
                    case 1: c.jp(skip); break;
                    case 2: c.jle(skip); break;
                    case 3: c.ja(skip); break;
                    case 4: c.jo(skip); break;
                    case 5: c.js(skip); break;
                    case 6: c.jne(skip); break;
                    default: c.jge(skip); break;
                }

                c.xor(a, b);
                c.Label(ref skip);
                c.lea(b, __qword_ptr[b + 1]);
                break;
        }
    }

    [Fact]
    public void Locked_instructions_do_what_they_say()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.mov(edi, 0x6000);
            c.mov(ebx, 3);
            c.Loop(100, static c =>
            {
                c.mov(eax, ecx);
                c.@lock.xadd(__dword_ptr[rdi], eax);
                c.@lock.inc(__qword_ptr[rdi + 8]);
                c.mov(rax, __qword_ptr[rdi + 8]);
                c.@lock.cmpxchg(__qword_ptr[rdi + 8], rbx);
                c.setne(dl);
                c.@lock.bts(__dword_ptr[rdi + 16], ecx);
                c.adc(r8, 0);
                c.xchg(__qword_ptr[rdi + 24], r9);
                c.@lock.or(__word_ptr[rdi + 32], cx);
                c.lea(r9, __qword_ptr[r9 + rcx]);
            });
            c.hlt();
        });
        twins.Run();
        Assert.Equal(5050UL, twins.Machine.Peek(0x6000, 4));
        Assert.Equal(3UL, twins.Machine.Peek(0x6008, 8));
    }

    [Fact]
    public void Code_of_32_bits_runs_translated_too()
    {
        using Twins<ProtectedMachine> twins = Twins.Protected(static c =>
        {
            Label function = c.CreateLabel(), loop = c.CreateLabel(), start = c.CreateLabel();
            c.jmp(start);
            c.Label(ref function);
            c.push(ebp);
            c.mov(ebp, esp);
            c.mov(eax, __dword_ptr[ebp + 8]);
            c.imul(eax, eax, 7);
            c.leave();
            c.ret(4);
            c.Label(ref start);
            c.mov(esi, 200);
            c.mov(ebx, -0x10);
            c.Label(ref loop);
            c.push(esi);
            c.call(function);
            c.add(__dword_ptr[0x6000], eax);
            // Wraps around 4 GByte.
            c.mov(edx, __dword_ptr[ebx + 0x6010]);
            c.dec(esi);
            c.jne(loop);
            c.hlt();
        });
        twins.Run();
        Assert.Equal(200UL * 201 / 2 * 7, twins.Machine.Peek(0x6000, 4));
        Assert.Equal(twins.Machine.Peek(0x6000, 4), twins.State->Gpr[2]);
    }

    private const uint Down = 0x3F80, Up = 0x5F80, FlushToZero = 0x9FC0;

    [Theory]
    [InlineData(0x1F80u, 0x3FB999999999999AuL)]
    [InlineData(Down, 0x3FB9999999999999uL)]
    [InlineData(Up, 0x3FB999999999999AuL)]
    public void Rounding_is_that_of_MXCSR(uint mxcsr, ulong tenth)
    {
        using Twins<LongMachine> twins = Twins.Long(c =>
        {
            c.mov(__dword_ptr[0x6000], (int)mxcsr);
            c.ldmxcsr(__dword_ptr[0x6000]);
            c.mov(eax, 1);
            c.mov(edx, 10);
            c.Loop(10, static c =>
            {
                c.cvtsi2sd(xmm0, eax);
                c.cvtsi2sd(xmm1, edx);
                c.divsd(xmm0, xmm1);
            });
            c.movq(rbx, xmm0);
            c.hlt();
        });
        twins.Run();
        Assert.Equal(tenth, twins.State->Gpr[3]);
        Assert.Equal(mxcsr | 0x20, twins.State->Mxcsr);
    }

    [Fact]
    public void Denormal_numbers_are_zero_where_MXCSR_says_so()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.mov(rax, 1);
            c.movq(xmm1, rax);
            c.Loop(10, static c =>
            {
                c.movapd(xmm0, xmm1);
                c.addsd(xmm0, xmm1);
                c.movq(r8, xmm0);
                c.add(rbx, r8);
            });
            c.mov(__dword_ptr[0x6000], unchecked((int)FlushToZero));
            c.ldmxcsr(__dword_ptr[0x6000]);
            c.Loop(10, static c =>
            {
                c.movapd(xmm0, xmm1);
                c.addsd(xmm0, xmm1);
                c.movq(r8, xmm0);
                c.add(rsi, r8);
            });
            c.hlt();
        });
        twins.Run();
        Assert.Equal(20UL, twins.State->Gpr[3]);
        Assert.Equal(0UL, twins.State->Gpr[6]);
    }

    [Fact]
    public void A_division_whose_result_nobody_sees_leaves_its_flag()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.mov(eax, 1);
            c.cvtsi2sd(xmm1, eax);
            c.Loop(10, static c =>
            {
                c.xorpd(xmm2, xmm2);
                c.movapd(xmm0, xmm1);
                c.divsd(xmm0, xmm2);
                c.movapd(xmm0, xmm1);
            });
            c.hlt();
        });
        twins.Run();
        Assert.Equal(0x1F84u, twins.State->Mxcsr);
    }

    [Fact]
    public void An_unmasked_exception_is_raised_at_its_instruction()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.mov(__dword_ptr[0x6000], 0x1F80);
            c.mov(eax, 1);
            c.cvtsi2sd(xmm1, eax);
            c.mov(r12, 3);
            Label again = c.CreateLabel();
            c.Label(ref again);
            c.ldmxcsr(__dword_ptr[0x6000]);
            c.Loop(20, static c =>
            {
                c.xorpd(xmm2, xmm2);
                c.movapd(xmm0, xmm1);
                c.addsd(xmm3, xmm1);
                c.divsd(xmm0, xmm2);
                c.addsd(xmm4, xmm1);
            });
            // From the second time on division by zero is unmasked.
            c.mov(__dword_ptr[0x6000], 0x1D80);
            c.dec(r12);
            c.jne(again);
            c.hlt();
        });
        twins.Both(static m =>
        {
            m.State->Cr4 |= Cr4.Osxmmexcpt;
            m.Handle(19, static c =>
            {
                // Passes over DIVSD, four bytes.
                c.add(__qword_ptr[rsp], 4);
                c.inc(r15);
                c.stmxcsr(__dword_ptr[0x6004]);
                c.iretq();
            });
        });
        twins.Run();
        Assert.Equal(40UL, twins.State->Gpr[15]);
        Assert.Equal(0x1D84UL, twins.Machine.Peek(0x6004, 4));
    }
}
