using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Floating-point instructions whose handler is generic over an operation, an element type and the operand shape.</summary>
internal sealed class FloatPackedRow<TOperation, T> : VectorRow
    where TOperation : Semantics.Simd.IFloatBinary
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.FloatPacked));

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder);
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [typeof(TOperation), typeof(T), c.Vector, c.SourceType, c.VexFlag]));
    }
}

/// <summary>
/// Scalar floating-point instructions: the handler's type arguments are <paramref name="arguments"/> with the source and
/// VEX types of the shape put in.
/// </summary>
internal sealed class FloatScalarRow(string handler, Func<VectorShape, Type[]> arguments, bool unary = false) : VectorRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), handler);
    private readonly bool twoOperands = unary;

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        VectorShape shape;
        if (binder.Instruction.Op0Register.IsGPR())
        {
            binder.Op->Destination = Binder.OffsetOf(binder.Instruction.Op0Register);
            shape = new VectorShape(VectorWidth.Bits128, BindSource(ref binder, 1), true, false);
        }
        else
        {
            shape = BindOperands(ref binder, twoOperands) with { Aligned = false };
        }

        binder.SetHandler(handlers.Get(shape.Key, (shape, arguments), static c => c.arguments(c.shape)));
    }
}
