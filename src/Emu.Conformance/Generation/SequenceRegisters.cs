using Emu.Conformance.Cases;
using Iced.Intel;

namespace Emu.Conformance.Generation;

/// <summary>The registers a sequence reserves: two pointers into the window, a small index, a loop counter, and the stack pointer.</summary>
internal sealed unsafe class SequenceRegisters
{
    private readonly int _bits, _pointer, _second, _index, _counter;

    private SequenceRegisters(int bits, int pointer, int second, int index, int counter)
    {
        _bits = bits;
        _pointer = pointer;
        _second = second;
        _index = index;
        _counter = counter;
    }

    /// <summary>Chooses registers; in 16- and 32-bit code those that 16-bit addressing can use.</summary>
    public static SequenceRegisters Choose(int bits, ref Random64 random)
    {
        if (bits != 64) return random.Percent(50) ? new SequenceRegisters(bits, 3, 7, 6, 5) : new SequenceRegisters(bits, 6, 3, 7, 5);
        Span<int> order = [3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        for (int i = 0; i < 4; i++)
        {
            int j = i + random.Below(order.Length - i);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return new SequenceRegisters(bits, order[0], order[1], order[2], order[3]);
    }

    /// <summary>Whether a full-width register is reserved.</summary>
    public bool IsReserved(Register full) => full.GetNumber() is var number && (number == _pointer || number == _second || number == _index || number == _counter || number == 4);

    /// <summary>Gives the registers their values.</summary>
    public void Load(CaseInput* input, ref Random64 random)
    {
        ulong middle = input->WindowAddress + input->WindowLength / 2;
        OperandTuner.Point(input, _pointer, middle, Register.DS);
        OperandTuner.Point(input, _second, middle - 64, Register.DS);
        input->State.Gpr[_index] = (ulong)random.Below(8);
        input->State.Gpr[_counter] = (ulong)(2 + random.Below(4));
        OperandTuner.Point(input, 4, middle, Register.SS);
        if (_bits == 16) input->State.Gpr[4] |= TestMap.EspHigh16;
    }

    /// <summary>Gives a memory operand an address made of reserved registers; false when that cannot be.</summary>
    public bool Adapt(ref Instruction instruction, ref Random64 random)
    {
        instruction.SegmentPrefix = Register.None;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) != OpKind.Memory) continue;
            if (instruction.Code.ToOpCode().GetOpKind(i) == OpCodeOperandKind.mem_offs) return false;
            int size = Math.Max(1, instruction.MemorySize.GetSize());
            if (size > 64) return false;
            int displacement = random.Below(280) - 140;
            displacement &= random.Percent(size >= 16 ? 97 : 50) ? -64 : random.Percent(60) ? -Math.Min(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size)) : -1;
            int number = random.Percent(60) ? _pointer : _second;
            int width = _bits == 16 ? 16 : _bits;
            instruction.MemoryBase = OperandRegisters.Gpr(width, number);
            bool indexed = random.Percent(30) && (size < 16 || displacement % 64 != 0) && width != 16;
            instruction.MemoryIndex = indexed ? OperandRegisters.Gpr(width, _index) : Register.None;
            instruction.MemoryIndexScale = indexed ? 1 << random.Below(3) : 1;
            bool isByte = displacement == (sbyte)displacement && random.Percent(50);
            instruction.MemoryDisplSize = isByte ? 1 : width / 8;
            ulong mask = width == 64 ? ulong.MaxValue : (1UL << width) - 1;
            instruction.MemoryDisplacement64 = (ulong)displacement & mask;
        }
        return true;
    }

    /// <summary>Counts the loop down.</summary>
    public Instruction CountDown() => _bits switch
    {
        64 => Instruction.Create(Code.Dec_rm64, Register.RAX + _counter),
        32 => Instruction.Create(Code.Dec_rm32, Register.EAX + _counter),
        _ => Instruction.Create(Code.Dec_rm16, Register.AX + _counter),
    };

    /// <summary>Defines all status flags.</summary>
    public Instruction DefineFlags() => Instruction.Create(Code.Cmp_EAX_imm32, Register.EAX, 0x1234_5678);
}
