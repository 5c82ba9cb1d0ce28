using Iced.Intel;

namespace Emu.Cpu;

/// <summary>PUSH and POP of registers, memory, immediates.</summary>
internal sealed unsafe class StackRow : InstructionRow
{
    private readonly HandlerSet handlers;
    private readonly bool push;

    public StackRow(bool push)
    {
        handlers = new HandlerSet(typeof(Handlers), push ? nameof(Handlers.Push) : nameof(Handlers.Pop));
        this.push = push;
    }

    public override void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        int key;
        if (instruction.Op0Kind is OpKind.Register or OpKind.Memory)
        {
            key = OneOperand.Bind(ref binder);
        }
        else
        {
            op->Immediate = binder.ImmediateOf(0);
            op->Size = (byte)Math.Abs(instruction.StackPointerIncrement);
            key = 1 | (SizeLog2(op->Size) << 8);
        }

        int stack = BranchForms.StackForm(binder.Mode);
        binder.SetHandler(handlers.Get(key | (stack << 10), (key, stack), static c =>
        [
            TwoOperands.Size(c.key), (c.key & 15) == 1 ? typeof(ImmediateOperand) : TwoOperands.Destination(c.key), BranchForms.Stack(c.stack),
        ]));
    }
}

/// <summary>LEAVE.</summary>
internal sealed unsafe class LeaveRow : InstructionRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.Leave));

    public override void Bind(ref Binder binder)
    {
        int size = binder.Instruction.Code switch { Code.Leavew => 2, Code.Leaved => 4, _ => 8 };
        binder.Op->Size = (byte)size;
        int key = SizeLog2(size) | (BranchForms.StackForm(binder.Mode) << 2);
        binder.SetHandler(handlers.Get(key, key, static key => [HandlerSet.Integer(key & 3), BranchForms.Stack(key >> 2)]));
    }
}

/// <summary>LOOP, LOOPE, LOOPNE, JCXZ, JECXZ, JRCXZ.</summary>
internal sealed unsafe class LoopRow<TLoop> : InstructionRow
    where TLoop : ILoop
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.Loop));

    public override void Bind(ref Binder binder)
    {
        Op* op = binder.Op;
        op->Size = (byte)(binder.Instruction.Op0Kind switch { OpKind.NearBranch16 => 2, OpKind.NearBranch32 => 4, _ => 8 });
        int counter = binder.Instruction.Code switch
        {
            Code.Loop_rel8_16_CX or Code.Loop_rel8_32_CX or Code.Loope_rel8_16_CX or Code.Loope_rel8_32_CX
                or Code.Loopne_rel8_16_CX or Code.Loopne_rel8_32_CX or Code.Jcxz_rel8_16 or Code.Jcxz_rel8_32 => 2,
            Code.Loop_rel8_16_RCX or Code.Loop_rel8_64_RCX or Code.Loope_rel8_16_RCX or Code.Loope_rel8_64_RCX
                or Code.Loopne_rel8_16_RCX or Code.Loopne_rel8_64_RCX or Code.Jrcxz_rel8_16 or Code.Jrcxz_rel8_64 => 8,
            _ => 4,
        };
        op->AddressSize = (byte)counter;
        binder.BindBranch();
        binder.EndsBlock = true;
        binder.UsesLinkSlot = true;
        int key = BranchForms.RipForm(binder.Mode, op->Size) | (SizeLog2(counter) << 2);
        binder.SetHandler(handlers.Get(key, key, static key => [typeof(TLoop), HandlerSet.Integer(key >> 2), BranchForms.Rip(key & 3)]));
    }
}
