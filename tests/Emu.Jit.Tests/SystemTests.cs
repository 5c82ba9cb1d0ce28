using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>System instructions that translated code performs without the interpreter.</summary>
public sealed unsafe class SystemTests
{
    private const ulong UserPage = 0x600000;

    [Fact]
    public void Flags_and_GS_change_as_interpreted()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            int number = seed;
            using Twins<LongMachine> twins = Twins.Long(c =>
            {
                Random random = new(number);
                c.mov(ecx, 0xC0000102);
                c.mov(eax, 0x5000);
                c.xor(edx, edx);
                c.wrmsr();
                c.Loop(8, c =>
                {
                    for (int i = 0; i < 30; i++) Random(c, random);
                });
                c.hlt();
            });
            twins.Both(static m => m.Machine.Cpu.Clock = new Vcpu.RetirementClock(m.Machine.Cpu));
            twins.Run();
        }
    }

    private static void Random(Assembler c, Random random)
    {
        switch (random.Next(10))
        {
            case 0: c.cli(); break;
            case 1:
                c.sti();
                c.nop();
                break;
            case 2: c.stac(); break;
            case 3: c.clac(); break;
            case 4: c.swapgs(); break;
            case 5:
                c.pushfq();
                c.pop(rax);
                break;
            case 6: c.add(rbx, rax); break;
            case 7: c.mov(__qword_ptr.gs[0x1200], rbx); break;
            case 8:
                // The number of instructions retired.
                c.rdtsc();
                c.mov(__dword_ptr.gs[0x1300], eax);
                break;
            default: ArithmeticTests.Random(c, random); break;
        }
    }

    /// <summary>What was a hit under STAC is none after CLAC.</summary>
    [Fact]
    public void Access_to_user_pages_ends_with_CLAC()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.mov(rax, cr4);
            c.or(eax, (int)Cr4.Smap);
            c.mov(cr4, rax);
            c.mov(ebx, (int)UserPage);
            c.mov(esi, 100);
            c.Loop(40, static c =>
            {
                c.stac();
                c.inc(__dword_ptr[rbx]);
                c.inc(__dword_ptr[rbx + 4]);
                c.clac();
                c.dec(esi);
                Label harmless = c.CreateLabel();
                c.cmp(esi, 70);
                c.jne(harmless);
                c.inc(__dword_ptr[rbx + 8]);
                c.Label(ref harmless);
                c.nop();
            });
            c.hlt();
        });
        twins.Both(static m =>
        {
            for (uint i = 0; i < 512; i++) m.Machine.Poke(LongMachine.Tables + 0x2000 + (i * 8), 8, (i << 21) | (i == UserPage >> 21 ? 0x87u : 0x83u));
            m.Handle(14, static c =>
            {
                c.mov(rdi, cr2);
                c.hlt();
            });
        });
        twins.Run();
        Assert.Equal(UserPage + 8, twins.State->Gpr[7]);
        Assert.Equal(30, (long)twins.Machine.Space.Read(UserPage, 4));
    }

    [Fact]
    public void The_time_stamp_is_read_in_user_mode_and_between_floating_point_instructions()
    {
        using Twins<LongMachine> twins = Twins.Long();
        twins.Both(static m =>
        {
            m.Machine.Cpu.Clock = new Vcpu.RetirementClock(m.Machine.Cpu);
            m.Handle(6, static c => c.hlt());
            m.Machine.Assemble(LongMachine.Code + 0x1000, 64, static c =>
            {
                c.Loop(40, static c =>
                {
                    c.rdtsc();
                    c.add(rbx, rax);
                    c.sub(rdi, rdx);
                });
                c.Loop(40, static c =>
                {
                    c.cvtsi2sd(xmm0, ecx);
                    c.rdtsc();
                    c.sqrtsd(xmm1, xmm0);
                    c.addsd(xmm2, xmm1);
                    c.add(rbx, rax);
                });
                c.ud2();
            });
            m.Machine.Assemble(LongMachine.Code, 64, static c => LongMachine.ReturnToUser(c, LongMachine.Code + 0x1000));
        });
        twins.Run();
        Assert.NotEqual(0UL, twins.State->Gpr[3]);
    }

    [Theory]
    [InlineData("cli")]
    [InlineData("sti")]
    [InlineData("swapgs")]
    [InlineData("stac")]
    [InlineData("rdtsc")]
    public void They_fault_in_user_mode(string instruction)
    {
        using Twins<LongMachine> twins = Twins.Long();
        twins.Both(m =>
        {
            foreach (byte vector in (ReadOnlySpan<byte>)[6, 13])
            {
                m.Handle(vector, c =>
                {
                    c.mov(eax, vector);
                    c.hlt();
                });
            }

            m.Machine.Assemble(LongMachine.Code + 0x1000, 64, c => c.Loop(40, c =>
            {
                Label other = c.CreateLabel();
                c.cmp(ecx, 5);
                c.jne(other);
                switch (instruction)
                {
                    case "cli": c.cli(); break;
                    case "sti": c.sti(); break;
                    case "swapgs": c.swapgs(); break;
                    case "rdtsc": c.rdtsc(); break;
                    default: c.stac(); break;
                }

                c.Label(ref other);
                c.nop();
            }));
            m.Machine.Assemble(LongMachine.Code, 64, static c =>
            {
                c.mov(rax, cr4);
                c.or(eax, (int)Cr4.Tsd);
                c.mov(cr4, rax);
                LongMachine.ReturnToUser(c, LongMachine.Code + 0x1000);
            });
        });
        twins.Run();
        Assert.Equal(instruction == "stac" ? 6UL : 13UL, twins.State->Gpr[0]);
    }
}
