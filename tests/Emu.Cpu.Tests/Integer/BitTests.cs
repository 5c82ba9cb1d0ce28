using System.Numerics;
using Iced.Intel;
using Xunit;
using static Emu.Cpu.Tests.Integer.Reference;

namespace Emu.Cpu.Tests.Integer;

public sealed class BitTests
{
    private const ulong Garbage = 0xA5A5_5A5A_C3C3_3C3C;

    public static TheoryData<int, int> WideWidths => new() { { 16, 16 }, { 32, 16 }, { 16, 32 }, { 32, 32 }, { 16, 64 }, { 32, 64 }, { 64, 64 } };

    [Theory]
    [MemberData(nameof(WideWidths))]
    public void Bit_tests_of_registers_wrap_the_index_and_change_only_the_carry_flag(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (string name in new[] { "Bt", "Bts", "Btr", "Btc" })
        {
            foreach (bool immediate in new[] { false, true })
            {
                foreach (int index in new[] { 0, 1, 7, 15, 16, 31, 32, 63, 64, 200, 255 })
                {
                    machine.Load(immediate
                        ? Instruction.Create(Registers.Code($"{name}_rm{width}_imm8"), Registers.Get(0, width), index)
                        : Instruction.Create(Registers.Code($"{name}_rm{width}_r{width}"), Registers.Get(0, width), Registers.Get(3, width)));
                    foreach (ulong value in Values)
                    {
                        (machine[0], machine[3]) = (value, (uint)index);
                        machine.Flags = All & ~Cf;
                        machine.Run();
                        int bit = index % width;
                        ulong mask = 1ul << bit;
                        ulong expected = name switch { "Bts" => value | mask, "Btr" => value & ~mask, "Btc" => value ^ mask, _ => value };
                        Assert.Equal(name == "Bt" ? value : Registers.Merge(value, expected, width), machine[0]);
                        Assert.Equal((All & ~Cf) | (Bit(value, bit) ? Cf : 0), machine.Flags);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(WideWidths))]
    public void Bit_tests_of_memory_reach_beyond_the_operand_in_both_directions(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        const int middle = 0x1000;
        ulong area = bits == 16 ? IntegerMachine.RealDs : IntegerMachine.Data;
        ulong pointer = bits == 16 ? (ulong)middle : area + middle;
        foreach (string name in new[] { "Bt", "Bts", "Btr", "Btc" })
        {
            machine.Load(Instruction.Create(Registers.Code($"{name}_rm{width}_r{width}"), Registers.At(3, bits), Registers.Get(0, width)));
            foreach (int index in new[] { 0, 1, 15, 16, 31, 63, 64, 1000, 16_000, 32_767, -1, -8, -16, -17, -64, -65, -1000, -32_768 })
            {
                foreach (bool set in new[] { false, true })
                {
                    machine.Memory(area, 2 * middle + 16).Fill(set ? (byte)0xFF : (byte)0);
                    machine[3] = pointer;
                    machine[0] = (ulong)(long)index;
                    machine.Run();
                    Assert.Null(machine.Fault);
                    Assert.Equal(set, (machine.Flags & Cf) != 0);
                    bool expected = name switch { "Bts" => true, "Btr" => false, "Btc" => !set, _ => set };
                    int at = (middle * 8) + index;
                    for (int i = 0; i < middle * 2 * 8; i++)
                    {
                        bool actual = Bit(machine.Memory(area, 2 * middle)[i / 8], i % 8);
                        if (actual != (i == at ? expected : set)) Assert.Fail($"{name} {width} index {index}: bit {i - (middle * 8)} is {actual}");
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(WideWidths))]
    public void Scans_and_counts_match_a_bit_by_bit_search(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (string name in new[] { "Bsf", "Bsr", "Tzcnt", "Lzcnt", "Popcnt" })
        {
            machine.Load(Instruction.Create(Registers.Code($"{name}_r{width}_rm{width}"), Registers.Get(0, width), Registers.Get(3, width)));
            foreach (ulong value in Values)
            {
                (machine[0], machine[3]) = (Garbage, value);
                machine.Flags = All;
                machine.Run();
                ulong source = Wrap(value, width);
                int lowest = Enumerable.Range(0, width).FirstOrDefault(i => Bit(source, i), width);
                int highest = Enumerable.Range(0, width).LastOrDefault(i => Bit(source, i), -1);
                int ones = Enumerable.Range(0, width).Count(i => Bit(source, i));
                int result = name switch { "Bsf" or "Tzcnt" => lowest, "Bsr" => highest, "Lzcnt" => width - 1 - highest, _ => ones };
                bool kept = name[0] == 'B' && source == 0;
                Assert.Equal(kept ? Garbage : Registers.Merge(Garbage, (ulong)result, width), machine[0]);
                bool zero = name is "Tzcnt" or "Lzcnt" ? result == 0 : source == 0;
                Assert.Equal(zero, (machine.Flags & Zf) != 0);
                if (name is "Tzcnt" or "Lzcnt") Assert.Equal(source == 0, (machine.Flags & Cf) != 0);
                if (name == "Popcnt") Assert.Equal(source == 0 ? Zf : 0, machine.Flags);
            }
        }
    }

    [Theory]
    [InlineData(32, 32)]
    [InlineData(32, 64)]
    [InlineData(64, 64)]
    public void Bmi_instructions_match_their_definitions_bit_by_bit(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        Register destination = Registers.Get(0, width), first = Registers.Get(3, width), second = Registers.Get(1, width);
        foreach (string name in new[] { "Andn", "Pdep", "Pext", "Bextr", "Bzhi", "Sarx", "Shlx", "Shrx" })
        {
            bool registerFirst = name is "Andn" or "Pdep" or "Pext";
            machine.Load(Instruction.Create(
                Registers.Code(registerFirst ? $"VEX_{name}_r{width}_r{width}_rm{width}" : $"VEX_{name}_r{width}_rm{width}_r{width}"), destination, first, second));
            foreach (ulong a in Values)
            {
                foreach (ulong b in Values)
                {
                    (machine[0], machine[3], machine[1]) = (Garbage, a, b);
                    machine.Flags = All;
                    machine.Run();
                    (ulong result, uint? carry) = Define(name, Wrap(a, width), Wrap(b, width), width);
                    Assert.True(Wrap(result, width) == machine[0], $"{name} {a:X} {b:X}");
                    if (carry == null)
                    {
                        Assert.Equal(All, machine.Flags);
                    }
                    else
                    {
                        uint mask = name == "Bextr" ? Zf | Cf | Of : Sf | Zf | Cf | Of;
                        Assert.Equal((Szp(result, width) & mask) | carry, machine.Flags & mask);
                    }
                }
            }
        }

        foreach (string name in new[] { "Blsi", "Blsmsk", "Blsr" })
        {
            machine.Load(Instruction.Create(Registers.Code($"VEX_{name}_r{width}_rm{width}"), destination, first));
            foreach (ulong a in Values)
            {
                (machine[0], machine[3]) = (Garbage, a);
                machine.Flags = All;
                machine.Run();
                BigInteger v = Wrap(a, width);
                BigInteger lowest = v & -v;
                ulong result = Wrap(name switch { "Blsi" => lowest, "Blsr" => v - lowest, _ => v.IsZero ? -1 : (lowest * 2) - 1 }, width);
                Assert.Equal(result, machine[0]);
                Assert.Equal((Szp(result, width) & (Sf | Zf)) | (v.IsZero != (name == "Blsi") ? Cf : 0), machine.Flags & (Sf | Zf | Cf | Of));
            }
        }

        for (int count = 0; count < 70; count += 3)
        {
            machine.Load(Instruction.Create(Registers.Code($"VEX_Rorx_r{width}_rm{width}_imm8"), destination, first, count));
            foreach (ulong a in Values)
            {
                machine[3] = a;
                machine.Run();
                (ulong result, bool _) = (Wrap(a, width), false);
                for (int i = 0; i < count % width; i++) (result, _) = ShiftOnce("Ror", result, false, width);
                Assert.Equal(result, machine[0]);
            }
        }
    }

    private static (ulong Result, uint? Carry) Define(string name, ulong a, ulong b, int width)
    {
        switch (name)
        {
            case "Andn":
                return (Wrap(~(BigInteger)a & b, width), 0);
            case "Pdep":
            case "Pext":
                ulong result = 0;
                for (int i = 0, k = 0; i < width; i++)
                {
                    if (!Bit(b, i)) continue;
                    if (name == "Pdep" ? Bit(a, k) : Bit(a, i)) result |= 1ul << (name == "Pdep" ? i : k);
                    k++;
                }

                return (result, null);
            case "Bextr":
                BigInteger shifted = (BigInteger)a >> (int)(b & 0xFF);
                return (Wrap(shifted & ((BigInteger.One << (int)((b >> 8) & 0xFF)) - 1), width), 0);
            case "Bzhi":
                int index = (int)(b & 0xFF);
                return (Wrap(a & ((BigInteger.One << Math.Min(index, width)) - 1), width), index >= width ? Cf : 0);
            case "Sarx":
                return (Wrap(Signed(a, width) >> (int)(b % (ulong)width), width), null);
            case "Shlx":
                return (Wrap((BigInteger)a << (int)(b % (ulong)width), width), null);
            default:
                return (Wrap((BigInteger)a >> (int)(b % (ulong)width), width), null);
        }
    }

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void Two_carry_chains_are_independent(int width)
    {
        using IntegerMachine machine = new(64);
        foreach ((string name, uint flag) in new[] { ("Adcx", Cf), ("Adox", Of) })
        {
            machine.Load(Instruction.Create(Registers.Code($"{name}_r{width}_rm{width}"), Registers.Get(0, width), Registers.Get(3, width)));
            foreach (ulong left in Values)
            {
                foreach (ulong right in Values)
                {
                    foreach (uint before in new uint[] { 0, All, flag, All & ~flag })
                    {
                        (machine[0], machine[3]) = (left, right);
                        machine.Flags = before;
                        machine.Run();
                        BigInteger sum = (BigInteger)Wrap(left, width) + Wrap(right, width) + ((before & flag) != 0 ? 1 : 0);
                        Assert.Equal(Wrap(sum, width), machine[0]);
                        Assert.Equal((before & ~flag) | (sum >= Modulus(width) ? flag : 0), machine.Flags);
                    }
                }
            }
        }
    }

    [Fact]
    public void Byte_swaps_reverse_registers_loads_and_stores()
    {
        using IntegerMachine machine = new(64);
        machine.Load(Instruction.Create(Code.Bswap_r64, Register.RAX));
        machine[0] = 0x0102_0304_0506_0708;
        machine.Run();
        Assert.Equal(0x0807_0605_0403_0201u, machine[0]);
        machine.Load(Instruction.Create(Code.Bswap_r32, Register.EAX));
        machine[0] = 0x0102_0304_0506_0708;
        machine.Run();
        Assert.Equal(0x0807_0605u, machine[0]);
        machine.Load(Instruction.Create(Code.Movbe_m16_r16, Registers.At(3, 64), Register.AX), Instruction.Create(Code.Movbe_r32_m32, Register.ECX, Registers.At(3, 64)));
        machine[3] = IntegerMachine.Data;
        machine[0] = 0x1234;
        machine.Memory(IntegerMachine.Data, 4).Clear();
        machine.Run();
        Assert.Equal([0x12, 0x34, 0, 0], machine.Memory(IntegerMachine.Data, 4).ToArray());
        Assert.Equal(0x1234_0000u, machine[1]);
    }

    [Fact]
    public void Crc32_is_the_castagnoli_polynomial_over_every_operand_size()
    {
        using IntegerMachine machine = new(64);
        foreach ((string code, int width, int size) in new[] { ("Crc32_r32_rm8", 32, 8), ("Crc32_r32_rm16", 32, 16), ("Crc32_r32_rm32", 32, 32), ("Crc32_r64_rm8", 64, 8), ("Crc32_r64_rm64", 64, 64) })
        {
            machine.Load(Instruction.Create(Registers.Code(code), Registers.Get(0, width), Registers.Get(3, size)));
            foreach (ulong value in Values)
            {
                machine[0] = 0xFFFF_FFFF_FFFF_FFFF;
                machine[3] = value;
                machine.Run();
                uint crc = uint.MaxValue;
                for (int i = 0; i < size; i++)
                {
                    bool bit = Bit(crc, 0) != Bit(value, i);
                    crc = (crc >> 1) ^ (bit ? 0x82F6_3B78u : 0);
                }

                Assert.Equal(crc, machine[0]);
            }
        }
    }
}
