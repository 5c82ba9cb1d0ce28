using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.Integer;

public sealed class StackTests
{
    private static ulong Stack(IntegerMachine machine) => machine.Bits == 16 ? IntegerMachine.RealSs + (ushort)machine[4] : machine[4];

    [Theory]
    [InlineData(16, 16)]
    [InlineData(32, 16)]
    [InlineData(16, 32)]
    [InlineData(32, 32)]
    [InlineData(16, 64)]
    [InlineData(64, 64)]
    public void Push_and_pop_move_the_stack_pointer_by_the_operand_size(int width, int bits)
    {
        using IntegerMachine machine = new(bits);
        ulong top = machine[4];
        machine.Load(Instruction.Create(Registers.Code($"Push_r{width}"), Registers.Get(0, width)));
        machine[0] = 0x1122_3344_5566_7788;
        machine.Run();
        Assert.Equal(top - (ulong)(width / 8), machine[4]);
        Assert.Equal(Reference.Wrap(0x1122_3344_5566_7788, width), Reference.Wrap(BitConverter.ToUInt64(machine.Memory(Stack(machine), 8)), width));

        machine.Load(Instruction.Create(Registers.Code($"Pop_r{width}"), Registers.Get(3, width)));
        machine[3] = 0xFFFF_FFFF_FFFF_FFFF;
        machine.Run();
        Assert.Equal(top, machine[4]);
        Assert.Equal(Registers.Merge(ulong.MaxValue, Reference.Wrap(0x1122_3344_5566_7788, width), width), machine[3]);
    }

    [Fact]
    public void Pushed_immediates_are_sign_extended()
    {
        using IntegerMachine machine = new(64);
        machine.Load(a => { a.push(-2); a.push(0x1234_5678); a.AddInstruction(Instruction.Create(Code.Pushw_imm8, -3)); });
        ulong top = machine[4];
        machine.Run();
        Assert.Equal(top - 18, machine[4]);
        Assert.Equal(unchecked((ulong)-2), BitConverter.ToUInt64(machine.Memory(top - 8, 8)));
        Assert.Equal(0x1234_5678u, BitConverter.ToUInt64(machine.Memory(top - 16, 8)));
        Assert.Equal(unchecked((ushort)-3), BitConverter.ToUInt16(machine.Memory(top - 18, 8)));
    }

    [Fact]
    public void Push_of_the_stack_pointer_stores_its_old_value_and_pop_loads_it()
    {
        using IntegerMachine machine = new(64);
        ulong top = machine[4];
        machine.Load(a => { a.push(rsp); a.pop(rax); a.push(rcx); a.pop(rsp); });
        machine[1] = top - 0x100;
        machine.Run();
        Assert.Equal(top, machine[0]);
        Assert.Equal(top - 0x100, machine[4]);
    }

    [Fact]
    public void Pop_to_memory_addresses_it_with_the_stack_pointer_already_moved()
    {
        using IntegerMachine machine = new(64);
        ulong top = machine[4];
        machine.Load(a => { a.push(rax); a.pop(__qword_ptr[rsp + 16]); });
        machine[0] = 0xABCD;
        machine.Run();
        Assert.Equal(0xABCDu, BitConverter.ToUInt64(machine.Memory(top + 16, 8)));
        Assert.Equal(top, machine[4]);
    }

    [Fact]
    public void Pusha_stores_the_old_stack_pointer_and_popa_skips_it()
    {
        using IntegerMachine machine = new(32);
        uint top = (uint)machine[4];
        for (int i = 0; i < 8; i++) if (i != 4) machine[i] = 0x1010_1010u * (uint)i;
        machine.Load(a => a.pushad());
        machine.Run();
        Assert.Equal(top - 32, machine[4]);
        for (int i = 0; i < 8; i++) Assert.Equal(i == 4 ? top : 0x1010_1010u * (uint)i, BitConverter.ToUInt32(machine.Memory(top - 4 - ((uint)i * 4), 4)));
        machine.Load(a => a.popad());
        for (int i = 0; i < 8; i++) if (i != 4) machine[i] = 99;
        BitConverter.TryWriteBytes(machine.Memory(top - 20, 4), 0xDEAD_BEEF);
        machine.Run();
        for (int i = 0; i < 8; i++) Assert.Equal(i == 4 ? top : 0x1010_1010u * (uint)i, machine[i]);
    }

    [Theory]
    [InlineData(16, 2)]
    [InlineData(32, 4)]
    [InlineData(64, 8)]
    public void Enter_builds_a_display_and_leave_takes_it_down(int bits, int size)
    {
        using IntegerMachine machine = new(bits);
        for (int level = 0; level < 33; level++)
        {
            int depth = level & 31;
            ulong top = bits == 16 ? 0x8000u : 0x1F_0000u;
            ulong area = bits == 16 ? IntegerMachine.RealSs : 0;
            machine[4] = top;
            machine[5] = top + 0x400;
            for (int i = 0; i < 40; i++) machine.Memory(area + top + 0x400 - (ulong)(i * size), size).Fill((byte)(i + 1));
            machine.Load(a => a.enter(0x20, (sbyte)level));
            machine.Run();
            ulong frame = top - (ulong)size;
            Assert.Equal(frame, machine[5]);
            Assert.Equal(frame - 0x20 - (ulong)(depth * size), machine[4]);
            Assert.Equal(Reference.Wrap(top + 0x400, size * 8), Read(frame));
            for (int i = 1; i < depth; i++) Assert.Equal(Reference.Wrap(0x0101_0101_0101_0101u * (ulong)(i + 1), size * 8), Read(frame - (ulong)(i * size)));
            if (depth > 0) Assert.Equal(frame, Read(frame - (ulong)(depth * size)));
            machine.Load(a => a.leave());
            machine.Run();
            Assert.Equal(top, machine[4]);
            Assert.Equal(top + 0x400, machine[5]);

            ulong Read(ulong at) => Reference.Wrap(BitConverter.ToUInt64(machine.Memory(area + at, 8)), size * 8);
        }
    }

    [Fact]
    public void A_16_bit_stack_wraps_and_leaves_the_upper_half_of_esp_alone()
    {
        using IntegerMachine machine = new(16);
        machine[4] = 0xABCD_0000;
        machine[0] = 0x1234;
        machine.Load(a => a.push(ax));
        machine.Run();
        Assert.Equal(0xABCD_FFFEu, machine[4]);
        Assert.Equal(0x1234, BitConverter.ToUInt16(machine.Memory(IntegerMachine.RealSs + 0xFFFE, 2)));
    }

    [Fact]
    public void A_push_across_the_end_of_the_stack_segment_is_a_stack_fault()
    {
        using IntegerMachine machine = new(16);
        machine[4] = 1;
        machine.Load(a => a.push(ax));
        machine.Run();
        Assert.Equal(ExceptionVector.StackFault, machine.Fault);
    }
}
