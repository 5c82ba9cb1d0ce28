using System.Numerics;
using Iced.Intel;
using Xunit;
using static Emu.Cpu.Tests.Integer.Reference;

namespace Emu.Cpu.Tests.Integer;

public sealed class MultiplyTests
{
    public static TheoryData<int, int> WidthsAndModes => Registers.WidthsAndModes;

    [Theory]
    [MemberData(nameof(WidthsAndModes))]
    public void Wide_products_equal_products_of_integers(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (bool signed in new[] { false, true })
        {
            machine.Load(Instruction.Create(Registers.Code($"{(signed ? "Imul" : "Mul")}_rm{width}"), Registers.Get(3, width)));
            foreach (ulong left in Values)
            {
                foreach (ulong right in Values)
                {
                    machine[0] = left;
                    machine[2] = 0x1111_2222_3333_4444;
                    machine[3] = right;
                    machine.Run();
                    BigInteger product = signed ? Signed(left, width) * Signed(right, width) : (BigInteger)Wrap(left, width) * Wrap(right, width);
                    ulong low = Wrap(product, width), high = Wrap(product >> width, width);
                    Check(machine, left, low, high, width);
                    bool overflow = signed ? Signed(low, width) != product : high != 0;
                    Assert.Equal(overflow ? Cf | Of : 0, machine.Flags & (Cf | Of));
                }
            }
        }
    }

    private static void Check(IntegerMachine machine, ulong accumulator, ulong low, ulong high, int width)
    {
        if (width == 8)
        {
            Assert.Equal(Registers.Merge(accumulator, low | (high << 8), 16), machine[0]);
            Assert.Equal(0x1111_2222_3333_4444u, machine[2]);
        }
        else
        {
            Assert.Equal(Registers.Merge(accumulator, low, width), machine[0]);
            Assert.Equal(Registers.Merge(0x1111_2222_3333_4444, high, width), machine[2]);
        }
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(32, 32)]
    [InlineData(16, 64)]
    [InlineData(32, 64)]
    [InlineData(64, 64)]
    public void Truncated_products_say_when_they_overflow(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (ulong right in Values)
        {
            long immediate = (sbyte)right;
            Instruction[] forms =
            [
                Instruction.Create(Registers.Code($"Imul_r{width}_rm{width}"), Registers.Get(0, width), Registers.Get(3, width)),
                Instruction.Create(Registers.Code($"Imul_r{width}_rm{width}_imm8"), Registers.Get(0, width), Registers.Get(6, width), (int)immediate),
            ];
            for (int form = 0; form < 2; form++)
            {
                machine.Load(forms[form]);
                foreach (ulong left in Values)
                {
                    (machine[0], machine[6], machine[3]) = form == 0 ? (left, 0ul, right) : (0xFFFF_FFFF_FFFF_0000ul, left, 0ul);
                    ulong old = machine[0];
                    machine.Run();
                    BigInteger product = Signed(left, width) * (form == 0 ? Signed(right, width) : immediate);
                    Assert.Equal(Registers.Merge(old, Wrap(product, width), width), machine[0]);
                    Assert.Equal(Signed(Wrap(product, width), width) != product ? Cf | Of : 0, machine.Flags & (Cf | Of));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(WidthsAndModes))]
    public void Divisions_equal_divisions_of_integers_or_raise_divide_errors(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (bool signed in new[] { false, true })
        {
            machine.Load(Instruction.Create(Registers.Code($"{(signed ? "Idiv" : "Div")}_rm{width}"), Registers.Get(3, width)));
            foreach (ulong divisor in Values)
            {
                foreach (ulong low in Values)
                {
                    // High halves: nothing, sign, just below and at the divisor, arbitrary.
                    foreach (ulong high in new ulong[] { 0ul, ulong.MaxValue, divisor - 1, divisor, divisor >> 1, ~(divisor >> 1), 0x1234_5678_9ABC_DEF1ul }) Check(signed, low, high, divisor);
                }
            }
        }

        void Check(bool signed, ulong low, ulong high, ulong divisor)
        {
            ulong rax = width == 8 ? Registers.Merge(low, (byte)low | ((high & 0xFF) << 8), 16) : low;
            ulong rdx = width == 8 ? 0x1111_2222_3333_4444 : high;
            (machine[0], machine[2], machine[3]) = (rax, rdx, divisor);
            machine.Run();
            BigInteger dividend = ((BigInteger)Wrap(high, width) << width) | Wrap(low, width);
            if (signed && Bit(high, width - 1)) dividend -= Modulus(2 * width);
            BigInteger by = signed ? Signed(divisor, width) : Wrap(divisor, width);
            bool fits = !by.IsZero;
            BigInteger quotient = 0, remainder = 0;
            if (fits)
            {
                quotient = BigInteger.DivRem(dividend, by, out remainder);
                fits = signed ? quotient >= -Modulus(width - 1) && quotient < Modulus(width - 1) : quotient < Modulus(width);
            }

            if (!fits)
            {
                Assert.Equal(ExceptionVector.DivideError, machine.Fault);
                Assert.Equal(0u, machine.FaultOffset);
                Assert.Equal((rax, rdx), (machine[0], machine[2]));
                return;
            }

            Assert.Null(machine.Fault);
            ulong q = Wrap(quotient, width), r = Wrap(remainder, width);
            if (width == 8)
            {
                Assert.Equal(Registers.Merge(rax, q | (r << 8), 16), machine[0]);
            }
            else
            {
                Assert.Equal(Registers.Merge(rax, q, width), machine[0]);
                Assert.Equal(Registers.Merge(rdx, r, width), machine[2]);
            }
        }
    }

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void Mulx_leaves_the_flags_and_lets_the_high_half_win(int width)
    {
        using IntegerMachine machine = new(64);
        foreach (bool same in new[] { false, true })
        {
            machine.Load(Instruction.Create(
                Registers.Code($"VEX_Mulx_r{width}_r{width}_rm{width}"), Registers.Get(0, width), Registers.Get(same ? 0 : 1, width), Registers.Get(3, width)));
            foreach (ulong left in Values)
            {
                foreach (ulong right in Values)
                {
                    (machine[0], machine[1], machine[2], machine[3]) = (ulong.MaxValue, 77, left, right);
                    machine.Flags = All;
                    machine.Run();
                    BigInteger product = (BigInteger)Wrap(left, width) * Wrap(right, width);
                    Assert.Equal(Wrap(product >> width, width), machine[0]);
                    Assert.Equal(same ? 77 : Wrap(product, width), machine[1]);
                    Assert.Equal(All, machine.Flags);
                }
            }
        }
    }
}
