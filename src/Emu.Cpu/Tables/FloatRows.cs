using System.Runtime.Intrinsics;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Packed floating-point instructions of two operands, and an immediate if there is one.</summary>
internal sealed class FloatPackedRow<TOperation, T> : VectorRow
    where TOperation : Semantics.Simd.IFloatPackedBinary
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.FloatPacked));

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder);
        if (typeof(TOperation) == typeof(Semantics.Simd.FloatCompareMask)) binder.Op->Immediate &= ComparePredicateMask(shape);
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

    /// <summary>Name of the handler.</summary>
    public string Handler => handlers.Method;

    /// <summary>The handler's type arguments, for a register source.</summary>
    public Type[] TypeArguments => arguments(new VectorShape(VectorWidth.Bits128, 0, false, false));

    /// <summary>The immediate is a predicate of CMPxx.</summary>
    public bool ComparePredicate { get; init; }

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
            if (ComparePredicate) binder.Op->Immediate &= ComparePredicateMask(shape);
        }

        binder.SetHandler(handlers.Get(shape.Key, (shape, arguments), static c => c.arguments(c.shape)));
    }
}

/// <summary>Packed floating-point instructions of one operand.</summary>
internal sealed class FloatUnaryPackedRow<TOperation, T> : VectorRow
    where TOperation : Semantics.Simd.IFloatUnary
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.FloatUnaryPacked));

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder, unary: true);
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [typeof(TOperation), typeof(T), c.Vector, c.SourceType, c.VexFlag]));
    }
}

/// <summary>Packed conversions; source and destination may differ in width.</summary>
/// <typeparam name="TOperation">The conversion.</typeparam>
internal sealed class FloatConversionRow<TOperation> : VectorRow
    where TOperation : Semantics.Simd.IFloatConversion
{
    private readonly HandlerSet loads = new(typeof(Handlers), nameof(Handlers.FloatConvertPacked));
    private readonly HandlerSet stores = new(typeof(Handlers), nameof(Handlers.FloatConvertStore));
    private readonly int elementRatio;

    /// <param name="elementRatio">Bytes of a source element to bytes of a result element, as log2.</param>
    public FloatConversionRow(int elementRatio) => this.elementRatio = elementRatio;

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        if (instruction.OpCount == 3) op->Immediate = instruction.Immediate8;
        if (instruction.Op0Kind == OpKind.Memory)
        {
            binder.BindMemory();
            op->Source = Binder.NumberOf(instruction.Op1Register);
            (bool wide, AddressFormKind form) store = (instruction.Op1Register.IsYMM(), binder.AddressForm);
            int key = (int)store.form | (store.wide ? 8 : 0);
            binder.SetHandler(stores.Get(key, store, static c => c.wide
                ? [typeof(TOperation), typeof(Vector256<byte>), typeof(Vector128<byte>), HandlerSet.Address(c.form)]
                : [typeof(TOperation), typeof(Vector128<byte>), typeof(ulong), HandlerSet.Address(c.form)]));
            return;
        }

        // The wider of source and destination is the vector length.
        bool vex = instruction.Code.Encoding() == EncodingKind.VEX;
        op->Destination = Binder.NumberOf(instruction.Op0Register);
        int source = BindSource(ref binder, 1);
        bool full = instruction.Op0Register.IsYMM() || (instruction.Op1Kind == OpKind.Register
            ? instruction.Op1Register.IsYMM()
            : instruction.MemorySize.GetSize() == 32);
        int bytes = (full ? 32 : 16) >> Math.Max(0, -elementRatio);
        bool aligned = !vex && source >= 2 && bytes == 16;
        VectorShape shape = new(full ? VectorWidth.Bits256 : VectorWidth.Bits128, source, vex, aligned);
        binder.SetHandler(loads.Get(shape.Key, (shape, elementRatio), static c =>
            [typeof(TOperation), Sized(c.shape, -c.elementRatio), c.elementRatio > 0 ? typeof(Vector128<byte>) : c.shape.Vector, c.shape.SourceType, c.shape.VexFlag]));
    }

    private static Type Sized(VectorShape shape, int halvings) =>
        halvings <= 0 ? shape.Vector : shape.Width == VectorWidth.Bits256 ? typeof(Vector128<byte>) : typeof(ulong);
}

/// <summary>FMA3.</summary>
internal sealed class FloatFusedRow<TForm, TOperation, T> : VectorRow
    where TForm : IFusedForm
    where TOperation : Semantics.Simd.IFloatFused
{
    private readonly HandlerSet handlers;
    private readonly bool scalar;

    public FloatFusedRow(bool scalar)
    {
        this.scalar = scalar;
        handlers = new HandlerSet(typeof(Handlers), scalar ? nameof(Handlers.FloatFusedScalar) : nameof(Handlers.FloatFusedPacked));
    }

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder);
        binder.SetHandler(handlers.Get(shape.Key, (shape, scalar), static c => c.scalar
            ? [typeof(TForm), typeof(TOperation), typeof(T), c.shape.SourceType]
            : [typeof(TForm), typeof(TOperation), typeof(T), c.shape.Vector, c.shape.SourceType]));
    }
}
