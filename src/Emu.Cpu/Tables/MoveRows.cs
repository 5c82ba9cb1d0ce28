using Iced.Intel;

namespace Emu.Cpu;

/// <summary>MOV between the accumulator and a memory offset in the instruction.</summary>
internal sealed unsafe class MoveOffsetRow : InstructionRow
{
    private readonly MoveRow move;

    public MoveOffsetRow(MoveRow move) => this.move = move;

    public override void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        ulong offset = instruction.MemoryDisplacement64;
        if (instruction.MemoryDisplSize != 8 || offset == (ulong)(int)offset)
        {
            move.Bind(ref binder);
            return;
        }

        // The only 64-bit displacement of the instruction set: it takes the place of the immediate.
        binder.BindMemory();
        Op* op = binder.Op;
        op->Immediate = offset;
        op->Size = (byte)instruction.MemorySize.GetSize();
        if (instruction.Op0Kind == OpKind.Register) binder.BindSlow(&SlowInteger.LoadFar, endsBlock: false);
        else binder.BindSlow(&SlowInteger.StoreFar, endsBlock: false);
    }
}
