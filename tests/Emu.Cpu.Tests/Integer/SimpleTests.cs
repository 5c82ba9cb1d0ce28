using Iced.Intel;
using Xunit;
using static Emu.Cpu.Tests.Integer.Reference;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.Integer;

public sealed class SimpleTests
{
    private static readonly (string Set, string Move, Func<uint, bool> Holds)[] Conditions =
    [
        ("Seto", "Cmovo", f => (f & Of) != 0), ("Setb", "Cmovb", f => (f & Cf) != 0), ("Sete", "Cmove", f => (f & Zf) != 0),
        ("Setbe", "Cmovbe", f => (f & (Cf | Zf)) != 0), ("Sets", "Cmovs", f => (f & Sf) != 0), ("Setp", "Cmovp", f => (f & Pf) != 0),
        ("Setl", "Cmovl", f => (f & Sf) != 0 != ((f & Of) != 0)), ("Setle", "Cmovle", f => (f & Zf) != 0 || (f & Sf) != 0 != ((f & Of) != 0)),
        ("Setno", "Cmovno", f => (f & Of) == 0), ("Setae", "Cmovae", f => (f & Cf) == 0), ("Setne", "Cmovne", f => (f & Zf) == 0),
        ("Seta", "Cmova", f => (f & (Cf | Zf)) == 0), ("Setns", "Cmovns", f => (f & Sf) == 0), ("Setnp", "Cmovnp", f => (f & Pf) == 0),
        ("Setge", "Cmovge", f => (f & Sf) != 0 == ((f & Of) != 0)), ("Setg", "Cmovg", f => (f & Zf) == 0 && (f & Sf) != 0 == ((f & Of) != 0)),
    ];

    [Fact]
    public void Set_and_conditional_move_follow_every_flag_image()
    {
        using IntegerMachine machine = new(64);
        foreach ((string set, string move, Func<uint, bool> holds) in Conditions)
        {
            machine.Load(
                Instruction.Create(Registers.Code($"{set}_rm8"), Register.AL),
                Instruction.Create(Registers.Code($"{move}_r16_rm16"), Register.CX, Register.BX),
                Instruction.Create(Registers.Code($"{move}_r32_rm32"), Register.ESI, Register.EBX),
                Instruction.Create(Registers.Code($"{move}_r64_rm64"), Register.RDI, Register.RBX));
            for (uint bits = 0; bits < 64; bits++)
            {
                uint flags = (bits & 1) | ((bits >> 1 & 1) * Pf) | ((bits >> 2 & 1) * Af) | ((bits >> 3 & 1) * Zf) | ((bits >> 4 & 1) * Sf) | ((bits >> 5 & 1) * Of);
                (machine[0], machine[1], machine[6], machine[7], machine[3]) = (0x5555, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x1122_3344_5566_7788);
                machine.Flags = flags;
                machine.Run();
                bool taken = holds(flags);
                Assert.Equal(taken ? 0x5501u : 0x5500u, machine[0]);
                Assert.Equal(taken ? 0xFFFF_FFFF_FFFF_7788 : ulong.MaxValue, machine[1]);
                Assert.Equal(taken ? 0x5566_7788u : 0xFFFF_FFFFu, machine[6]);
                Assert.Equal(taken ? 0x1122_3344_5566_7788 : ulong.MaxValue, machine[7]);
                Assert.Equal(flags, machine.Flags);
            }
        }
    }

    [Fact]
    public void A_conditional_move_reads_memory_even_when_not_taken()
    {
        using IntegerMachine machine = new(64);
        machine.Unmap(IntegerMachine.Data);
        machine.Load(a => a.cmove(eax, __dword_ptr[rsi]));
        machine[6] = IntegerMachine.Data;
        machine.Flags = 0;
        machine.Run();
        Assert.Equal(ExceptionVector.PageFault, machine.Fault);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Loops_count_down_and_stop_on_their_condition(int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach ((string name, uint flags, int expected) in new[] { ("loop", 0u, 5), ("loop", Zf, 5), ("loope", Zf, 5), ("loope", 0u, 1), ("loopne", 0u, 5), ("loopne", Zf, 1) })
        {
            machine.Load(a =>
            {
                Label top = a.CreateLabel();
                a.Label(ref top);
                if (bits == 16) a.lea(bx, __[bx + 1]);
                else a.lea(ebx, __[ebx + 1]);
                if (name == "loop") a.loop(top);
                else if (name == "loope") a.loope(top);
                else a.loopne(top);
            });
            machine[3] = 0;
            machine[1] = 5;
            machine.Flags = flags;
            machine.Run();
            Assert.Equal((uint)expected, machine[3]);
            Assert.Equal(5u - (uint)expected, machine[1]);
            Assert.Equal(flags, machine.Flags);
        }
    }

    [Fact]
    public void Counter_jumps_look_only_at_the_address_size()
    {
        using IntegerMachine machine = new(64);
        foreach ((ulong counter, bool wide, bool taken) in new[] { (0ul, true, true), (1ul << 32, true, false), (1ul << 32, false, true), (1ul, false, false) })
        {
            // j(r|e)cxz over mov eax, 1
            byte[] jump = wide ? [0xE3, 5] : [0x67, 0xE3, 5];
            machine.Load([.. jump, 0xB8, 1, 0, 0, 0, 0x90]);
            machine[0] = 0;
            machine[1] = counter;
            machine.Run();
            Assert.Equal(taken ? 0u : 1u, machine[0]);
            Assert.Equal(counter, machine[1]);
        }
    }

    [Fact]
    public void Sign_extension_of_the_accumulator()
    {
        using IntegerMachine machine = new(64);
        foreach ((Action<Assembler> code, ulong rax, ulong expectedRax, ulong expectedRdx) in new (Action<Assembler>, ulong, ulong, ulong)[]
        {
            (a => a.cbw(), 0x1111_2222_3333_4480, 0x1111_2222_3333_FF80, 7), (a => a.cwde(), 0x1111_2222_3333_8000, 0xFFFF_8000, 7),
            (a => a.cdqe(), 0x1111_2222_8000_0000, 0xFFFF_FFFF_8000_0000, 7), (a => a.cwd(), 0x8000, 0x8000, 0xFFFF),
            (a => a.cdq(), 0x8000_0000, 0x8000_0000, 0xFFFF_FFFF), (a => a.cqo(), 1ul << 63, 1ul << 63, ulong.MaxValue), (a => a.cqo(), 1, 1, 0),
        })
        {
            machine.Load(code);
            (machine[0], machine[2]) = (rax, 7);
            machine.Run();
            Assert.Equal((expectedRax, expectedRdx), (machine[0], machine[2]));
        }
    }

    [Fact]
    public void Flags_travel_through_ah_and_single_flag_instructions()
    {
        using IntegerMachine machine = new(64);
        machine.Load(a => { a.sahf(); a.lahf(); a.mov(cl, ah); });
        for (uint image = 0; image < 256; image++)
        {
            machine[0] = image << 8;
            machine.Flags = Of;
            machine.Run();
            Assert.Equal((image & 0xD5) | Of, machine.Flags);
            Assert.Equal((image & 0xD5) | 2, machine[1] & 0xFF);
        }

        machine.Load(a => { a.stc(); a.setb(al); a.cmc(); a.setb(bl); a.cmc(); a.clc(); a.setb(cl); });
        machine.Run();
        Assert.Equal((1, 0, 0), ((byte)machine[0], (byte)machine[3], (byte)machine[1]));
    }

    [Fact]
    public void Decimal_adjustments_of_every_accumulator_follow_the_manual()
    {
        using IntegerMachine machine = new(32);
        foreach (string name in new[] { "Daa", "Das", "Aaa", "Aas" })
        {
            machine.Load(Instruction.Create(Registers.Code(name)));
            for (uint ax = 0; ax < 0x10000; ax += name[0] == 'D' ? 1u : 0x37)
            {
                if (name[0] == 'D' && ax > 0xFF) break;
                foreach (uint flags in new uint[] { 0, Cf, Af, Cf | Af })
                {
                    machine[0] = ax;
                    machine.Flags = flags;
                    machine.Run();
                    (uint result, uint expected) = Adjust(name, ax, flags);
                    Assert.True(result == machine[0], $"{name} {ax:X} {flags:X}: {machine[0]:X}");
                    uint mask = name[0] == 'D' ? All & ~Of : Af | Cf;
                    Assert.Equal(expected & mask, machine.Flags & mask);
                }
            }
        }
    }

    // The operation sections of SDM Vol. 2A, statement by statement.
    private static (uint Ax, uint Flags) Adjust(string name, uint ax, uint flags)
    {
        int al = (int)(ax & 0xFF), ah = (int)(ax >> 8);
        bool cf = (flags & Cf) != 0, af = (flags & Af) != 0;
        if (name is "Aaa" or "Aas")
        {
            bool adjust = (al & 15) > 9 || af;
            int value = (int)ax;
            if (adjust) value = name == "Aaa" ? value + 0x106 : value - 6 - 0x100;
            return ((uint)value & 0xFF0F, adjust ? Cf | Af : 0);
        }

        int oldAl = al;
        bool oldCf = cf;
        cf = false;
        if ((al & 15) > 9 || af)
        {
            al += name == "Daa" ? 6 : -6;
            cf = oldCf || al is > 255 or < 0;
            al &= 0xFF;
            af = true;
        }
        else
        {
            af = false;
        }

        if (oldAl > 0x99 || oldCf)
        {
            al = (al + (name == "Daa" ? 0x60 : -0x60)) & 0xFF;
            cf = true;
        }
        else if (name == "Daa")
        {
            cf = false;
        }

        return ((uint)(al | (ah << 8)), Szp((ulong)al, 8) | (cf ? Cf : 0) | (af ? Af : 0));
    }

    [Fact]
    public void Base_conversions_take_any_base_but_zero()
    {
        using IntegerMachine machine = new(32);
        foreach (int numberBase in new[] { 10, 2, 16, 255, 1, 0 })
        {
            machine.Load(Instruction.Create(Code.Aam_imm8, numberBase));
            for (uint al = 0; al < 256; al += 5)
            {
                machine[0] = 0x7700 | al;
                machine.Run();
                if (numberBase == 0)
                {
                    Assert.Equal(ExceptionVector.DivideError, machine.Fault);
                    continue;
                }

                Assert.Equal(((al / (uint)numberBase) << 8) | (al % (uint)numberBase), machine[0]);
                Assert.Equal(Szp(al % (uint)numberBase, 8), machine.Flags & (Sf | Zf | Pf));
            }

            machine.Load(Instruction.Create(Code.Aad_imm8, numberBase));
            for (uint ax = 0; ax < 0x10000; ax += 0x123)
            {
                machine[0] = ax;
                machine.Run();
                uint expected = ((ax & 0xFF) + ((ax >> 8) * (uint)numberBase)) & 0xFF;
                Assert.Equal(expected, machine[0]);
                Assert.Equal(Szp(expected, 8), machine.Flags & (Sf | Zf | Pf));
            }
        }
    }

    [Theory]
    [InlineData(-10, 5, true)]
    [InlineData(-11, 5, false)]
    [InlineData(20, 5, true)]
    [InlineData(21, 5, false)]
    public void Bound_faults_outside_the_limits(int index, int unused, bool inside)
    {
        using IntegerMachine machine = new(32);
        machine.Load(a => a.bound(eax, __qword_ptr[esi]));
        BitConverter.TryWriteBytes(machine.Memory(IntegerMachine.Data, 4), -10);
        BitConverter.TryWriteBytes(machine.Memory(IntegerMachine.Data + 4, 4), 20);
        (machine[0], machine[3], machine[6]) = ((uint)index, (uint)unused, IntegerMachine.Data);
        machine.Run();
        Assert.Equal(inside ? null : ExceptionVector.BoundRange, machine.Fault);
    }

    [Fact]
    public void Absolute_moves_take_addresses_of_64_bits()
    {
        using IntegerMachine machine = new(64);
        machine.Memory(IntegerMachine.Data, 8).Fill(0x5A);
        foreach (ulong address in new[] { IntegerMachine.Data, 0x1_0000_0000ul + IntegerMachine.Data })
        {
            byte[] load = [0x48, 0xA1, .. BitConverter.GetBytes(address)];
            machine.Load(load);
            machine[0] = 0;
            machine.Run();
            if (address == IntegerMachine.Data)
            {
                Assert.Equal(0x5A5A_5A5A_5A5A_5A5Au, machine[0]);
            }
            else
            {
                Assert.Equal(ExceptionVector.PageFault, machine.Fault);
                Assert.Equal(0u, machine[0]);
            }
        }
    }

    [Fact]
    public void Xlat_indexes_with_al_alone()
    {
        using IntegerMachine machine = new(64);
        machine.Load(a => a.xlatb());
        machine.Memory(IntegerMachine.Data + 0x80, 1)[0] = 0x77;
        (machine[0], machine[3]) = (0xFFFF_FFFF_FFFF_FF80, IntegerMachine.Data);
        machine.Run();
        Assert.Equal(0xFFFF_FFFF_FFFF_FF77, machine[0]);
    }
}
