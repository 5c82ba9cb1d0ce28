using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Translated code that is written to.</summary>
public sealed unsafe class CodeChangeTests
{
    [Fact]
    public void A_loop_that_patches_its_own_next_instruction_runs_the_new_one()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            Label patched = c.CreateLabel();
            c.lea(r8, __qword_ptr[patched]);
            c.Loop(300, c =>
            {
                c.mov(r9, 0x6000);
                c.test(cl, 63);
                c.cmove(r9, r8);
                c.mov(__byte_ptr[r9 + 2], cl);
                c.Label(ref patched);
                c.add(ebx, 1111);
            });
            c.hlt();
        });
        twins.Run();
        // 1111 is 457h: the low byte of the immediate becomes CL.
        ulong expected = 0, low = 0x57;
        for (uint i = 300; i > 0; i--)
        {
            if (i % 64 == 0) low = i & 0xFF;
            expected += 0x400 + low;
        }

        Assert.Equal(expected, twins.State->Gpr[3]);
    }

    [Fact]
    public void Another_block_of_the_same_region_can_be_patched()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            Label function = c.CreateLabel(), start = c.CreateLabel(), immediate = c.CreateLabel();
            c.jmp(start);
            c.Label(ref function);
            c.nop();
            c.Label(ref immediate);
            c.mov(eax, 0x01020304);
            c.ret();
            c.Label(ref start);
            c.lea(r8, __qword_ptr[immediate]);
            c.Loop(100, c =>
            {
                c.call(function);
                c.add(rbx, rax);
                c.test(cl, 15);
                Label skip = c.CreateLabel();
                c.jne(skip);
                c.mov(__dword_ptr[r8 + 1], ecx);
                c.Label(ref skip);
                c.nop();
            });
            c.hlt();
        });
        twins.Run();
        ulong sum = 0, value = 0x01020304;
        for (uint i = 100; i > 0; i--)
        {
            sum += value;
            if (i % 16 == 0) value = i;
        }

        Assert.Equal(sum, twins.State->Gpr[3]);
    }

    [Fact]
    public void Data_on_the_page_of_hot_code_does_not_have_it_translated_again_and_again()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            Label data = c.CreateLabel();
            c.Loop(5000, c =>
            {
                c.add(__qword_ptr[data], 1);
                c.add(rbx, __qword_ptr[data]);
            });
            c.hlt();
            c.nop();
            c.Label(ref data);
            c.dq(0);
        });
        twins.Run();
        Assert.Equal(5000UL * 5001 / 2, twins.State->Gpr[3]);
        Assert.InRange(twins.Translator.RegionsInvalidated, 0, 2);
    }

    [Fact]
    public void A_device_that_writes_over_hot_code_puts_it_out_of_use()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.Loop(100, static c => c.add(ebx, 1));
            c.hlt();
        });
        twins.Run();
        Assert.Equal(100UL, twins.State->Gpr[3]);
        twins.Both(static m =>
        {
            m.Machine.Load(LongMachine.Code + 5, 0x83, 0xC3, 0x07);
            m.State->Rip = LongMachine.Code;
            m.State->Activity = Emu.Cpu.ActivityState.Active;
        });
        twins.Run();
        Assert.Equal(800UL, twins.State->Gpr[3]);
        Assert.True(twins.Translator.RegionsInvalidated > 0);
    }

    [Fact]
    public void An_encoding_means_what_the_model_of_the_processor_makes_of_it()
    {
        static void Program(Assembler c)
        {
            c.mov(eax, 77);
            c.mov(edx, 0);
            c.Loop(20, static c =>
            {
                c.tzcnt(eax, edx);
                c.add(ebx, eax);
            });
            c.hlt();
        }

        // Without BMI1 the prefix is ignored, and BSF of zero leaves the destination alone.
        using Twins<LongMachine> old = Twins.Long(Program, "qemu64");
        old.Run();
        Assert.Equal(77UL * 20, old.State->Gpr[3]);
        using Twins<LongMachine> young = Twins.Long(Program);
        young.Run();
        Assert.Equal(32UL * 20, young.State->Gpr[3]);
    }
}
