using System.Runtime.Intrinsics;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>
/// Moves of one element: MOVD, MOVQ, MOVSS, MOVSD, MOVLPS, MOVHPS, MOVLHPS, MOVHLPS, PINSRx, PEXTRx. The row's properties
/// say which element goes where.
/// </summary>
internal sealed class ElementRow : VectorRow
{
    private readonly HandlerSet zeroing = new(typeof(Handlers), nameof(Handlers.VectorLoadZero));
    private readonly HandlerSet merging = new(typeof(Handlers), nameof(Handlers.VectorMerge));
    private readonly HandlerSet storing = new(typeof(Handlers), nameof(Handlers.VectorStore));
    private readonly HandlerSet extracting = new(typeof(Handlers), nameof(Handlers.VectorExtract));
    private readonly Type element;

    public ElementRow(Type element) => this.element = element;

    /// <summary>Element of the destination (loads) or of the stored register.</summary>
    public int Element { get; init; }

    /// <summary>Element of a register source.</summary>
    public int SourceElement { get; init; }

    /// <summary>A load from memory clears the rest of the low 128 bits (MOVSS, MOVSD, MOVD, MOVQ).</summary>
    public bool ZeroesFromMemory { get; init; }

    /// <summary>A move from a register clears the rest of the low 128 bits (MOVD, MOVQ).</summary>
    public bool ZeroesFromRegister { get; init; }

    /// <summary>The element number is the immediate (PINSRx, PEXTRx).</summary>
    public bool ElementFromImmediate { get; init; }

    /// <summary>Size of the element.</summary>
    public int Bytes => element == typeof(byte) ? 1 : element == typeof(ushort) ? 2 : element == typeof(uint) ? 4 : 8;

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        int number = ElementFromImmediate ? instruction.Immediate8 & ((16 / Bytes) - 1) : Element;
        if (instruction.Op0Kind == OpKind.Memory)
        {
            binder.BindMemory();
            op->Source = Binder.NumberOf(instruction.Op1Register);
            op->Size = (byte)number;
            AddressFormKind form = binder.AddressForm;
            binder.SetHandler(storing.Get((int)form, (element, form), static c => [c.element, HandlerSet.Address(c.form), typeof(No)]));
            return;
        }

        if (instruction.Op0Register.IsGPR())
        {
            op->Destination = Binder.OffsetOf(instruction.Op0Register);
            op->Source = Binder.NumberOf(instruction.Op1Register);
            op->Size = (byte)number;
            binder.CannotLeave = true;
            binder.SetHandler(extracting.Get(0, element, static e => [e]));
            return;
        }

        bool vex = instruction.Code.Encoding() == EncodingKind.VEX;
        op->Destination = Binder.NumberOf(instruction.Op0Register);
        int operands = instruction.OpCount - (ElementFromImmediate ? 1 : 0);
        op->Source = operands == 3 ? Binder.NumberOf(instruction.Op1Register) : op->Destination;
        int source = BindSource(ref binder, operands - 1);
        if (source == 0) op->Scale = (byte)SourceElement;
        VectorShape shape = new(VectorWidth.Bits128, source, vex, false);
        bool zero = source >= 2 ? ZeroesFromMemory : ZeroesFromRegister;
        binder.CannotLeave = source < 2;
        if (zero)
        {
            binder.SetHandler(zeroing.Get(shape.Key, (shape, element), static c => [c.element, c.shape.SourceType, c.shape.VexFlag]));
        }
        else
        {
            binder.SetHandler(merging.Get(shape.Key | (number << 8), (shape, element, number), static c =>
                [c.element, ElementIndexes.Of(c.number), c.shape.SourceType, c.shape.VexFlag]));
        }
    }
}

/// <summary>PMOVMSKB, MOVMSKPS, MOVMSKPD on XMM and YMM.</summary>
internal sealed class SignMaskRow : VectorRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorSignMask));
    private readonly Type element;

    /// <summary>An element's type.</summary>
    public Type Element => element;

    public SignMaskRow(Type element) => this.element = element;

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        Op* op = binder.Op;
        op->Destination = Binder.OffsetOf(binder.Instruction.Op0Register);
        op->Source = Binder.NumberOf(binder.Instruction.Op1Register);
        bool wide = binder.Instruction.Op1Register.IsYMM();
        binder.CannotLeave = true;
        binder.SetHandler(handlers.Get(wide ? 1 : 0, (element, wide), static c =>
            [c.element, c.wide ? typeof(Vector256<byte>) : typeof(Vector128<byte>)]));
    }
}

/// <summary>PMOVSXxx and PMOVZXxx.</summary>
internal sealed class ExtendRow<TFrom, TTo> : VectorRow
    where TFrom : unmanaged
    where TTo : unmanaged
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorExtend));

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder, unary: true) with { Aligned = false };
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [typeof(TFrom), typeof(TTo), Memory(c), c.Vector, c.SourceType, c.VexFlag]));
    }

    private static unsafe Type Memory(VectorShape shape) =>
        ((shape.Width == VectorWidth.Bits256 ? 32 : 16) * sizeof(TFrom) / sizeof(TTo)) switch
        {
            2 => typeof(ushort),
            4 => typeof(uint),
            8 => typeof(ulong),
            _ => typeof(Vector128<byte>),
        };
}

/// <summary>VBROADCASTxx, VPBROADCASTx and MOVDDUP.</summary>
internal sealed class BroadcastRow : VectorRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorBroadcast));
    private readonly Type element;

    /// <summary>The element's type.</summary>
    public Type Element => element;

    public BroadcastRow(Type element) => this.element = element;

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder, unary: true) with { Aligned = false };
        binder.SetHandler(handlers.Get(shape.Key, (shape, element), static c => [c.element, c.shape.Vector, c.shape.SourceType, c.shape.VexFlag]));
    }
}
