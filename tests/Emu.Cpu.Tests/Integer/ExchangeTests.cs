using Iced.Intel;
using Xunit;
using static Emu.Cpu.Tests.Integer.Reference;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.Integer;

public sealed class ExchangeTests
{
    public static TheoryData<int, int> WidthsAndModes => Registers.WidthsAndModes;

    [Theory]
    [MemberData(nameof(WidthsAndModes))]
    public void Compare_and_exchange_stores_on_a_match_and_loads_otherwise(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        ulong linear = bits == 16 ? IntegerMachine.RealDs + 0x300 : IntegerMachine.Data + 0x300;
        Instruction locked = Instruction.Create(Registers.Code($"Cmpxchg_rm{width}_r{width}"), Registers.At(3, bits), Registers.Get(1, width));
        locked.HasLockPrefix = true;
        machine.Load(locked);
        foreach (ulong accumulator in Values)
        {
            foreach (ulong memory in Values)
            {
                (machine[0], machine[1], machine[3]) = (accumulator, 0x1122_3344_5566_7788, bits == 16 ? 0x300 : linear);
                BitConverter.TryWriteBytes(machine.Memory(linear, 8), memory);
                machine.Run();
                bool match = Wrap(accumulator, width) == Wrap(memory, width);
                Assert.Equal(AddFlags(accumulator, memory, width, true), machine.Flags);
                Assert.Equal(match ? accumulator : Registers.Merge(accumulator, memory, width), machine[0]);
                ulong expected = match ? width == 64 ? 0x1122_3344_5566_7788 : (memory & ~(Wrap(ulong.MaxValue, width))) | Wrap(0x1122_3344_5566_7788, width) : memory;
                Assert.Equal(expected, BitConverter.ToUInt64(machine.Memory(linear, 8)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(WidthsAndModes))]
    public void Exchange_and_add_returns_the_old_value(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        machine.Load(
            Instruction.Create(Registers.Code($"Xadd_rm{width}_r{width}"), Registers.Get(0, width), Registers.Get(3, width)));
        foreach (ulong left in Values)
        {
            foreach (ulong right in Values)
            {
                (machine[0], machine[3]) = (left, right);
                machine.Run();
                Assert.Equal(Registers.Merge(left, Wrap((System.Numerics.BigInteger)left + right, width), width), machine[0]);
                Assert.Equal(Registers.Merge(right, left, width), machine[3]);
                Assert.Equal(AddFlags(left, right, width, false), machine.Flags);
            }
        }

        machine.Load(Instruction.Create(Registers.Code($"Xadd_rm{width}_r{width}"), Registers.Get(0, width), Registers.Get(0, width)));
        machine[0] = 0x21;
        machine.Run();
        Assert.Equal(0x42u, machine[0]);
    }

    [Theory]
    [MemberData(nameof(WidthsAndModes))]
    public void Exchange_swaps_registers_and_memory(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        ulong linear = bits == 16 ? IntegerMachine.RealDs + 0x300 : IntegerMachine.Data + 0x300;
        machine.Load(
            Instruction.Create(Registers.Code($"Xchg_rm{width}_r{width}"), Registers.Get(0, width), Registers.Get(1, width)),
            Instruction.Create(Registers.Code($"Xchg_rm{width}_r{width}"), Registers.At(3, bits), Registers.Get(1, width)));
        (machine[0], machine[1], machine[3]) = (0x1111_2222_3333_4444, 0x5555_6666_7777_8888, bits == 16 ? 0x300 : linear);
        BitConverter.TryWriteBytes(machine.Memory(linear, 8), 0x9999_AAAA_BBBB_CCCC);
        machine.Run();
        Assert.Equal(Registers.Merge(0x1111_2222_3333_4444, 0x5555_6666_7777_8888, width), machine[0]);
        Assert.Equal(Registers.Merge(0x5555_6666_7777_8888, 0x9999_AAAA_BBBB_CCCC, width), machine[1]);
        Assert.Equal(Wrap(0x1111_2222_3333_4444, width), Wrap(BitConverter.ToUInt64(machine.Memory(linear, 8)), width));
    }

    [Fact]
    public void Wide_compare_and_exchange_changes_only_the_zero_flag()
    {
        using IntegerMachine machine = new(64);
        Span<byte> memory = machine.Memory(IntegerMachine.Data, 16);
        foreach (bool match in new[] { true, false })
        {
            foreach (bool sixteen in new[] { true, false })
            {
                machine.Load(a => { if (sixteen) a.cmpxchg16b(__xmmword_ptr[rsi]); else a.cmpxchg8b(__qword_ptr[rsi]); });
                ulong low = 0x1111_1111_2222_2222, high = 0x3333_3333_4444_4444;
                BitConverter.TryWriteBytes(memory, low);
                BitConverter.TryWriteBytes(memory[8..], high);
                machine[6] = IntegerMachine.Data;
                (machine[3], machine[1]) = (0x5555_5555_6666_6666, 0x7777_7777_8888_8888);
                (machine[0], machine[2]) = sixteen ? (low, high) : (0xFFFF_FFFF_2222_2222, 0xFFFF_FFFF_1111_1111);
                if (!match) machine[2] ^= 1;
                (ulong rax, ulong rdx) = (machine[0], machine[2]);
                machine.Flags = match ? All & ~Zf : All;
                machine.Run();
                Assert.Equal(match ? All : All & ~Zf, machine.Flags);
                if (match)
                {
                    Assert.Equal((rax, rdx), (machine[0], machine[2]));
                    Assert.Equal(sixteen ? 0x5555_5555_6666_6666 : 0x8888_8888_6666_6666, BitConverter.ToUInt64(memory));
                    Assert.Equal(sixteen ? 0x7777_7777_8888_8888 : high, BitConverter.ToUInt64(memory[8..]));
                }
                else
                {
                    Assert.Equal(sixteen ? (low, high) : (0x2222_2222ul, 0x1111_1111ul), (machine[0], machine[2]));
                    Assert.Equal(low, BitConverter.ToUInt64(memory));
                }
            }
        }
    }

    [Fact]
    public void Compare_and_exchange_16_bytes_needs_alignment()
    {
        using IntegerMachine machine = new(64);
        machine.Load(a => a.cmpxchg16b(__xmmword_ptr[rsi]));
        machine[6] = IntegerMachine.Data + 8;
        machine.Run();
        Assert.Equal(ExceptionVector.GeneralProtection, machine.Fault);
    }

    [Fact]
    public void A_write_fault_leaves_registers_and_flags_alone()
    {
        using IntegerMachine machine = new(64);
        machine.Protect(IntegerMachine.Data);
        Action<Assembler>[] codes =
        [
            a => a.xchg(__qword_ptr[rsi], rax), a => a.xadd(__dword_ptr[rsi], eax), a => a.cmpxchg(__qword_ptr[rsi], rcx), a => a.inc(__byte_ptr[rsi]),
            a => a.shl(__word_ptr[rsi], 3), a => a.shl(__word_ptr[rsi], 0), a => a.bts(__dword_ptr[rsi], eax), a => a.neg(__qword_ptr[rsi]), a => a.sete(__byte_ptr[rsi]),
            a => a.pop(__qword_ptr[rsi]), a => a.cmpxchg8b(__qword_ptr[rsi]), a => a.shld(__dword_ptr[rsi], eax, 3), a => a.movbe(__dword_ptr[rsi], eax),
        ];
        foreach (Action<Assembler> code in codes)
        {
            machine.Load(code);
            (machine[0], machine[1], machine[6]) = (5, 7, IntegerMachine.Data);
            machine.Flags = All;
            ulong stack = machine[4];
            machine.Run();
            Assert.Equal(ExceptionVector.PageFault, machine.Fault);
            Assert.Equal(0u, machine.FaultOffset);
            Assert.Equal((5ul, 7ul, stack), (machine[0], machine[1], machine[4]));
            Assert.Equal(All, machine.Flags);
        }
    }
}
