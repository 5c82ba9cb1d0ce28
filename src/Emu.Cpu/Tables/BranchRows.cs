using Emu.Cpu.Semantics;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>What a near branch does besides setting RIP.</summary>
internal enum BranchShape
{
    Relative,
    RelativeCall,
    Indirect,
    IndirectCall,
    Return,
}

/// <summary>Chooses RIP and stack forms from the mode.</summary>
internal static class BranchForms
{
    /// <summary>0 <see cref="Rip64"/>, 1 <see cref="RipFlat32"/>, 2 <see cref="RipGeneral"/>, which never goes on by itself and so serves single steps.</summary>
    public static int RipForm(CodeMode mode, int operandSize) =>
        (mode & CodeMode.SingleStep) != 0 ? 2
        : (mode & CodeMode.Code64) != 0 ? operandSize == 8 ? 0 : 2
        : (mode & (CodeMode.Flat | CodeMode.Code32)) == (CodeMode.Flat | CodeMode.Code32) && operandSize == 4 ? 1
        : 2;

    public static Type Rip(int form) => form switch { 0 => typeof(Rip64), 1 => typeof(RipFlat32), _ => typeof(RipGeneral) };

    /// <summary>0 <see cref="Stack64"/>, 1 <see cref="StackFlat32"/>, 2 <see cref="StackGeneral"/>.</summary>
    public static int StackForm(CodeMode mode) =>
        (mode & CodeMode.Code64) != 0 ? 0 : (mode & (CodeMode.Flat | CodeMode.Stack32 | CodeMode.AlignmentCheck)) == (CodeMode.Flat | CodeMode.Stack32) ? 1 : 2;

    public static Type Stack(int form) => form switch { 0 => typeof(Stack64), 1 => typeof(StackFlat32), _ => typeof(StackGeneral) };
}

/// <summary>Jcc.</summary>
internal sealed unsafe class ConditionalBranchRow<TCondition> : InstructionRow, IConditionalRow
    where TCondition : ICondition
{
    public Type Condition => typeof(TCondition);

    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.JumpIf));

    public override void Bind(ref Binder binder)
    {
        Op* op = binder.Op;
        op->Size = (byte)(binder.Instruction.Op0Kind switch { OpKind.NearBranch16 => 2, OpKind.NearBranch32 => 4, _ => 8 });
        binder.BindBranch();
        binder.EndsBlock = true;
        binder.UsesLinkSlot = true;
        int rip = BranchForms.RipForm(binder.Mode, op->Size);
        binder.SetHandler(handlers.Get(rip, rip, static rip => [typeof(TCondition), BranchForms.Rip(rip)]));
    }
}

/// <summary>JMP, CALL and RET, near.</summary>
internal sealed unsafe class BranchRow : InstructionRow
{
    private readonly HandlerSet handlers;
    private readonly BranchShape shape;

    public BranchRow(string handler, BranchShape shape)
    {
        handlers = new HandlerSet(typeof(Handlers), handler);
        this.shape = shape;
    }

    public override void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        int source = 0;
        switch (shape)
        {
            case BranchShape.Relative or BranchShape.RelativeCall:
                op->Size = (byte)(instruction.Op0Kind switch { OpKind.NearBranch16 => 2, OpKind.NearBranch32 => 4, _ => 8 });
                binder.BindBranch();
                break;
            case BranchShape.Return:
                op->Size = (byte)(instruction.Code switch
                {
                    Code.Retnw or Code.Retnw_imm16 => 2,
                    Code.Retnd or Code.Retnd_imm16 => 4,
                    _ => 8,
                });
                op->Immediate = instruction.OpCount == 0 ? 0u : instruction.Immediate16;
                break;
            default:
                if (instruction.Op0Kind == OpKind.Register)
                {
                    op->Source = Binder.OffsetOf(instruction.Op0Register);
                    op->Size = (byte)instruction.Op0Register.GetSize();
                }
                else
                {
                    binder.BindMemory();
                    source = 1 + (int)binder.AddressForm;
                    op->Size = (byte)instruction.MemorySize.GetSize();
                }

                break;
        }

        binder.EndsBlock = true;
        int key = BranchForms.RipForm(binder.Mode, op->Size) | (BranchForms.StackForm(binder.Mode) << 2) | (SizeLog2(op->Size) << 4) | (source << 6);
        HandlerEntry handler = handlers.Get(key, (key, shape), static c => TypeArguments(c.key, c.shape));
        // Direct branches keep a link where others keep what they retry with.
        if (shape is BranchShape.Relative or BranchShape.RelativeCall) binder.SetHandler(handler.Code);
        else binder.SetHandler(handler);
    }

    private static Type[] TypeArguments(int key, BranchShape shape)
    {
        Type rip = BranchForms.Rip(key & 3);
        Type stack = BranchForms.Stack((key >> 2) & 3);
        Type size = HandlerSet.Integer((key >> 4) & 3);
        int form = key >> 6;
        Type source = form == 0 ? typeof(SourceRegister) : HandlerSet.Memory((AddressFormKind)(form - 1));
        return shape switch
        {
            BranchShape.Relative => [rip],
            BranchShape.RelativeCall or BranchShape.Return => [size, stack, rip],
            BranchShape.Indirect => [size, source, rip],
            _ => [size, source, stack, rip],
        };
    }
}
