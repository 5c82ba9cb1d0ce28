using Iced.Intel;
using Xunit;
using static Emu.Cpu.Tests.Integer.Reference;

namespace Emu.Cpu.Tests.Integer;

public sealed class UnaryTests
{
    private const ulong Garbage = 0xA5A5_5A5A_C3C3_3C3C;

    public static TheoryData<int, int> WidthsAndModes => Registers.WidthsAndModes;

    [Theory]
    [MemberData(nameof(WidthsAndModes))]
    public void Increment_decrement_and_negate_match_arithmetic_over_integers(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach ((string name, int delta) in new[] { ("Inc", 1), ("Dec", -1), ("Neg", 0), ("Not", 0) })
        {
            machine.Load(Instruction.Create(Registers.Code($"{name}_rm{width}"), Registers.Get(0, width)));
            foreach (ulong raw in Values)
            {
                foreach (uint before in new[] { 0u, All })
                {
                    ulong value = Wrap(raw, width);
                    ulong start = Registers.Merge(Garbage, value, width);
                    machine[0] = start;
                    machine.Flags = before;
                    machine.Run();
                    (ulong result, uint flags) = name switch
                    {
                        "Inc" or "Dec" => (Wrap((System.Numerics.BigInteger)value + delta, width), (AddFlags(value, 1, width, delta < 0) & ~Cf) | (before & Cf)),
                        "Neg" => (Wrap(-(System.Numerics.BigInteger)value, width), AddFlags(0, value, width, true)),
                        _ => (Wrap(~(System.Numerics.BigInteger)value, width), before),
                    };
                    Assert.Equal(Registers.Merge(start, result, width), machine[0]);
                    Assert.Equal(flags, machine.Flags);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(WidthsAndModes))]
    public void Memory_operands_give_the_same_as_registers(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        ulong linear = bits == 16 ? IntegerMachine.RealDs + 0x300 : IntegerMachine.Data + 0x300;
        machine[3] = bits == 16 ? 0x300 : linear;
        foreach (string name in new[] { "Inc", "Dec", "Neg", "Not" })
        {
            foreach (ulong value in Values)
            {
                machine.Load(Instruction.Create(Registers.Code($"{name}_rm{width}"), Registers.Get(0, width)));
                machine[0] = value;
                machine.Flags = Cf;
                machine.Run();
                ulong expected = Wrap(machine[0], width);
                uint flags = machine.Flags;

                machine.Load(Instruction.Create(Registers.Code($"{name}_rm{width}"), Registers.At(3, bits)));
                BitConverter.TryWriteBytes(machine.Memory(linear, 8), value);
                machine.Flags = Cf;
                machine.Run();
                Assert.Equal(expected, Wrap(BitConverter.ToUInt64(machine.Memory(linear, 8)), width));
                Assert.Equal(width == 64 ? 0 : value >> width, width == 64 ? 0 : BitConverter.ToUInt64(machine.Memory(linear, 8)) >> width);
                Assert.Equal(flags, machine.Flags);
            }
        }
    }

    [Theory]
    [MemberData(nameof(WidthsAndModes))]
    public void Shifts_and_rotations_equal_single_steps_for_every_count(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (string name in new[] { "Shl", "Shr", "Sar", "Rol", "Ror", "Rcl", "Rcr" })
        {
            for (int count = 0; count < 70; count++)
            {
                machine.Load(Instruction.Create(Registers.Code($"{name}_rm{width}_imm8"), Registers.Get(0, width), count));
                foreach (ulong raw in Values) CheckShift(machine, name, raw, count, width);
            }

            machine.Load(Instruction.Create(Registers.Code($"{name}_rm{width}_CL"), Registers.Get(0, width), Register.CL));
            for (int count = 0; count < 256; count += count < 70 ? 1 : 13)
            {
                machine[1] = 0xFFFF_FF00u | (uint)count;
                foreach (ulong raw in Values) CheckShift(machine, name, raw, count, width);
            }
        }
    }

    private static void CheckShift(IntegerMachine machine, string name, ulong raw, int count, int width)
    {
        foreach (uint before in new[] { 0u, All })
        {
            ulong value = Wrap(raw, width);
            ulong start = Registers.Merge(Garbage, value, width);
            machine[0] = start;
            machine.Flags = before;
            machine.Run();
            int masked = count & (width == 64 ? 63 : 31);
            ulong result = value;
            bool carry = (before & Cf) != 0;
            for (int i = 0; i < masked; i++) (result, carry) = ShiftOnce(name, result, carry, width);
            string what = $"{name} {width} {value:X} by {count}";
            Assert.True(Registers.Merge(start, result, width) == machine[0], what);
            uint flags = machine.Flags;
            if (masked == 0)
            {
                Assert.True(flags == before, what);
                continue;
            }

            bool rotation = name[0] == 'R';
            // CF of SHL and SHR is undefined when the count exceeds the width.
            if (rotation || name == "Sar" || masked <= width) Assert.True(((flags & Cf) != 0) == carry, what);
            if (masked == 1)
            {
                bool overflow = name switch
                {
                    "Shl" or "Rol" or "Rcl" => Bit(result, width - 1) != carry,
                    "Shr" => Bit(value, width - 1),
                    "Sar" => false,
                    _ => Bit(result, width - 1) != Bit(result, width - 2),
                };
                Assert.True(((flags & Of) != 0) == overflow, what);
            }

            uint rest = Sf | Zf | Pf;
            Assert.True((flags & rest) == (rotation ? before & rest : Szp(result, width)), what);
            if (rotation) Assert.True((flags & Af) == (before & Af), what);
        }
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(16, 64)]
    [InlineData(32, 32)]
    [InlineData(32, 64)]
    [InlineData(64, 64)]
    public void Double_shifts_move_bits_of_the_joined_operands(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (bool left in new[] { true, false })
        {
            string name = left ? "Shld" : "Shrd";
            foreach (bool immediate in new[] { true, false })
            {
                for (int count = 0; count < 64; count++)
                {
                    machine.Load(immediate
                        ? Instruction.Create(Registers.Code($"{name}_rm{width}_r{width}_imm8"), Registers.Get(0, width), Registers.Get(2, width), count)
                        : Instruction.Create(Registers.Code($"{name}_rm{width}_r{width}_CL"), Registers.Get(0, width), Registers.Get(2, width), Register.CL));
                    int masked = count & (width == 64 ? 63 : 31);
                    if (masked > width) continue;
                    foreach (ulong raw in Values)
                    {
                        ulong value = Wrap(raw, width), fill = Wrap(~raw * 3, width);
                        machine[0] = Registers.Merge(Garbage, value, width);
                        machine[1] = (uint)count;
                        machine[2] = fill;
                        machine.Flags = All;
                        machine.Run();
                        System.Numerics.BigInteger joined = left ? ((System.Numerics.BigInteger)value << width) | fill : ((System.Numerics.BigInteger)fill << width) | value;
                        ulong result = left ? Wrap(joined >> (width - masked), width) : Wrap(joined >> masked, width);
                        Assert.Equal(Registers.Merge(Garbage, result, width), machine[0]);
                        if (masked == 0)
                        {
                            Assert.Equal(All, machine.Flags);
                            continue;
                        }

                        Assert.Equal(Szp(result, width), machine.Flags & (Sf | Zf | Pf));
                        bool carry = left ? !((joined >> ((2 * width) - masked)).IsEven) : !((joined >> (masked - 1)).IsEven);
                        Assert.Equal(carry, (machine.Flags & Cf) != 0);
                        if (masked == 1) Assert.Equal(Bit(result, width - 1) != Bit(value, width - 1), (machine.Flags & Of) != 0);
                    }
                }
            }
        }
    }
}
