using Emu.Cpu.Semantics;

namespace Emu.Cpu;

/// <summary>INC, DEC, NEG, NOT.</summary>
internal sealed class UnaryRow<TOperation> : InstructionRow, IFusibleRow
    where TOperation : IUnaryOperation
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.Unary));

    public string FusedHandler => nameof(Handlers.UnaryJump);

    public override void Bind(ref Binder binder)
    {
        int key = OneOperand.Bind(ref binder);
        binder.SetHandler(handlers.Get(key, key, Live));
        if (!TwoOperands.RegistersOnly(key)) return;
        binder.CannotLeave = true;
        if (!TOperation.WritesFlags) return;
        binder.HandlerWithoutFlags = handlers.Get(key | 1, key, Dead);
        binder.FusionKey = key;
    }

    public Type[] FusionArguments(int key) => [typeof(TOperation), TwoOperands.Size(key)];

    private static Type[] Live(int key) => [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), typeof(Yes)];

    private static Type[] Dead(int key) => [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), typeof(No)];
}
