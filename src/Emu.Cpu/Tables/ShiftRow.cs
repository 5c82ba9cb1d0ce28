using Emu.Cpu.Semantics;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>SHL, SHR, SAR, ROL, ROR, RCL, RCR.</summary>
internal sealed unsafe class ShiftRow<TOperation> : InstructionRow
    where TOperation : IShiftOperation
{
    private readonly HandlerSet immediate = new(typeof(Handlers), nameof(Handlers.ShiftImmediate));
    private readonly HandlerSet variable = new(typeof(Handlers), nameof(Handlers.ShiftVariable));

    public override void Bind(ref Binder binder)
    {
        Op* op = binder.Op;
        int key = OneOperand.Bind(ref binder);
        bool register = TwoOperands.RegistersOnly(key);
        binder.CannotLeave = register;
        if (binder.Instruction.Op1Kind == OpKind.Register)
        {
            op->Source = Binder.OffsetOf(Register.CL);
            binder.SetHandler(variable.Get(key, key, static key =>
                [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), typeof(SourceRegister)]));
            return;
        }

        op->Immediate = binder.ImmediateOf(1) & (op->Size == 8 ? 63u : 31u);
        if (op->Immediate == 0)
        {
            binder.SetHandler(variable.Get(key | 1, key, static key =>
                [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), typeof(ImmediateOperand)]));
            return;
        }

        binder.SetHandler(immediate.Get(key, key, Live));
        if (register) binder.HandlerWithoutFlags = immediate.Get(key | 1, key, Dead);
    }

    private static Type[] Live(int key) => [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), typeof(Yes)];

    private static Type[] Dead(int key) => [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), typeof(No)];
}

/// <summary>SHLD, SHRD.</summary>
internal sealed unsafe class DoubleShiftRow<TOperation> : InstructionRow
    where TOperation : IDoubleShiftOperation
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.ShiftDouble));

    public override void Bind(ref Binder binder)
    {
        Op* op = binder.Op;
        int key = OneOperand.Bind(ref binder);
        binder.CannotLeave = TwoOperands.RegistersOnly(key);
        op->Source2 = Binder.OffsetOf(binder.Instruction.Op1Register);
        op->Source = Binder.OffsetOf(Register.CL);
        if (binder.Instruction.Op2Kind != OpKind.Register)
        {
            op->Immediate = binder.ImmediateOf(2);
            key |= 1;
        }

        binder.SetHandler(handlers.Get(key, key, static key =>
            [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), TwoOperands.Source(key)]));
    }
}
