using System.Runtime.Intrinsics;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Width of a vector instruction.</summary>
internal enum VectorWidth
{
    Mmx,
    Bits128,
    Bits256,
}

/// <summary>A bound vector instruction's shape, and the type arguments it stands for.</summary>
/// <param name="Width">Operand width.</param>
/// <param name="Source">0 vector register, 1 general register, 2+ memory form.</param>
/// <param name="Vex">VEX-encoded.</param>
/// <param name="Aligned">A memory operand must be aligned.</param>
/// <param name="Narrow">The memory operand of an MMX instruction is 32 bits wide.</param>
internal readonly record struct VectorShape(VectorWidth Width, int Source, bool Vex, bool Aligned, bool Narrow = false)
{
    /// <summary>A number that identifies the shape.</summary>
    public int Key => (int)Width | (Source << 2) | (Vex ? 1 << 5 : 0) | (Aligned ? 1 << 6 : 0) | (Narrow ? 1 << 7 : 0);

    public bool IsMemory => Source >= 2;

    public Type Vector => Width == VectorWidth.Bits256 ? typeof(Vector256<byte>) : typeof(Vector128<byte>);

    public Type VexFlag => Vex ? typeof(Yes) : typeof(No);

    public Type SourceType => Source switch
    {
        0 => Width == VectorWidth.Mmx ? typeof(MmxRegister) : typeof(VectorRegister),
        1 => typeof(GeneralRegister),
        _ when Width == VectorWidth.Mmx => typeof(MmxMemory<,>).MakeGenericType(HandlerSet.Address((AddressFormKind)(Source - 2)), Narrow ? typeof(uint) : typeof(ulong)),
        _ => typeof(VectorMemory<,>).MakeGenericType(HandlerSet.Address((AddressFormKind)(Source - 2)), Aligned ? typeof(Yes) : typeof(No)),
    };
}

/// <summary>Common to the rows of MMX, SSE and AVX instructions: the availability check and operand binding.</summary>
internal abstract unsafe class VectorRow : InstructionRow
{
    /// <summary>Memory operands of legacy encodings may be misaligned.</summary>
    public bool Unaligned { get; init; }

    /// <summary>They may on AMD's processors: discrepancy of the SHA instructions, which SDM Vol. 2B puts into exception class 4.</summary>
    public bool UnalignedOnAmd { get; init; }

    /// <inheritdoc/>
    public sealed override void Bind(ref Binder binder)
    {
        ExecutionUnit unit = UnitOf(binder.Instruction);
        if (!Availability.Check(ref binder, unit)) return;
        BindAvailable(ref binder);
    }

    /// <summary>Binds the instruction in a mode that has its unit.</summary>
    protected abstract void BindAvailable(ref Binder binder);

    /// <summary>The bits of a CMPxx immediate that name the predicate; the others are ignored (SDM Vol. 2A CMPPD).</summary>
    protected static ulong ComparePredicateMask(VectorShape shape) => shape.Vex ? 31u : 7u;

    /// <summary>The unit an instruction with vector operands belongs to.</summary>
    public static ExecutionUnit UnitOf(in Instruction instruction)
    {
        if (instruction.Code.Encoding() != EncodingKind.Legacy) return ExecutionUnit.Avx;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i).IsXMM()) return ExecutionUnit.Sse;
        }

        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i).IsMM()) return ExecutionUnit.Mmx;
        }

        return ExecutionUnit.Sse;
    }

    /// <summary>
    /// Binds destination (operand 0), first source (operand 1 of VEX three-operand forms, else the destination) and last
    /// source (the last operand that is no immediate and no is4 register).
    /// </summary>
    protected VectorShape BindOperands(ref Binder binder, bool unary = false)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        Register first = instruction.Op0Register;
        op->Destination = Binder.NumberOf(first);
        bool vex = instruction.Code.Encoding() == EncodingKind.VEX;
        bool three = vex && !unary;
        op->Source = three ? Binder.NumberOf(instruction.Op1Register) : op->Destination;
        int last = three ? 2 : 1;
        VectorWidth width = first.IsYMM() ? VectorWidth.Bits256 : first.IsMM() ? VectorWidth.Mmx : VectorWidth.Bits128;
        for (int i = last; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) is >= OpKind.Immediate8 and <= OpKind.Immediate8to64) op->Immediate = (byte)binder.ImmediateOf(i);
        }

        int source = BindSource(ref binder, last);
        bool memory = source >= 2;
        int bytes = memory ? instruction.MemorySize.GetSize() : 0;
        return new VectorShape(width, source, vex, !vex && !Unaligned && bytes == 16 && !(UnalignedOnAmd && binder.Model.IsAmd), width == VectorWidth.Mmx && bytes == 4);
    }

    /// <summary>Binds operand <paramref name="index"/> as the last source; see <see cref="VectorShape.Source"/>.</summary>
    protected static int BindSource(ref Binder binder, int index)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        if (instruction.GetOpKind(index) == OpKind.Memory)
        {
            // Scale is the element number for register sources, so memory comes first in handlers that use both.
            binder.BindMemory();
            return 2 + (int)binder.AddressForm;
        }

        Register register = instruction.GetOpRegister(index);
        binder.Op->Source2 = Binder.RegisterOf(register);
        return register.IsGPR() ? 1 : 0;
    }
}

/// <summary>Decides at decode time whether the mode lets a unit execute.</summary>
internal static unsafe class Availability
{
    /// <summary>False when the operation was bound to raise #UD or #NM instead.</summary>
    public static bool Check(ref Binder binder, ExecutionUnit unit)
    {
        CodeMode needed = unit switch
        {
            ExecutionUnit.Sse => CodeMode.Sse,
            ExecutionUnit.Avx => CodeMode.Avx,
            _ => CodeMode.X87,
        };
        if ((binder.Mode & needed) != 0) return true;
        binder.Op->Immediate = (ulong)unit;
        binder.BindSlow(&Vcpu.UnitUnavailable, endsBlock: true);
        return false;
    }
}

/// <summary>A row whose handler is generic over an operation and the shape of its operands.</summary>
internal sealed class VectorOperationRow : VectorRow
{
    private readonly HandlerSet wide;
    private readonly HandlerSet mmx;
    private readonly Type operation;
    private readonly bool unary;

    /// <summary>The function of <see cref="Semantics.Simd"/>.</summary>
    public Type Operation => operation;

    /// <summary>One source.</summary>
    public bool IsUnary => unary;

    /// <summary>Two sources and an immediate.</summary>
    public bool HasImmediate => wide.Method == nameof(Handlers.VectorBinaryImmediate);

    public VectorOperationRow(Type operation, string wideHandler, string mmxHandler, bool unary = false)
    {
        this.operation = operation;
        this.unary = unary;
        wide = new HandlerSet(typeof(Handlers), wideHandler);
        mmx = new HandlerSet(typeof(Handlers), mmxHandler);
    }

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder, unary);
        binder.CannotLeave = !shape.IsMemory;
        if (shape.Width == VectorWidth.Mmx)
        {
            binder.CannotLeave = false;
            binder.SetHandler(mmx.Get(shape.Key, (shape, operation), static c => [c.operation, c.shape.SourceType]));
        }
        else
        {
            binder.SetHandler(wide.Get(shape.Key, (shape, operation), static c => [c.operation, c.shape.Vector, c.shape.SourceType, c.shape.VexFlag]));
        }
    }
}

/// <summary>PSLLx, PSRLx, PSRAx.</summary>
internal sealed class VectorShiftRow<TOperation> : VectorRow
    where TOperation : Semantics.Simd.IVectorShift
{
    private readonly HandlerSet byCount = new(typeof(Handlers), nameof(Handlers.VectorShift));
    private readonly HandlerSet byImmediate = new(typeof(Handlers), nameof(Handlers.VectorShiftImmediate));
    private readonly HandlerSet mmx = new(typeof(Handlers), nameof(Handlers.MmxShift));

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        bool immediate = instruction.GetOpKind(instruction.OpCount - 1) == OpKind.Immediate8;
        VectorShape shape;
        if (immediate)
        {
            Op* op = binder.Op;
            Register first = instruction.Op0Register;
            op->Destination = Binder.NumberOf(first);
            op->Source = instruction.OpCount == 3 ? Binder.NumberOf(instruction.Op1Register) : op->Destination;
            op->Immediate = instruction.Immediate8;
            VectorWidth width = first.IsYMM() ? VectorWidth.Bits256 : first.IsMM() ? VectorWidth.Mmx : VectorWidth.Bits128;
            shape = new VectorShape(width, 0, instruction.OpCount == 3, false);
        }
        else
        {
            shape = BindOperands(ref binder);
        }

        binder.CannotLeave = !shape.IsMemory && shape.Width != VectorWidth.Mmx;
        if (shape.Width == VectorWidth.Mmx)
        {
            int key = shape.Key | (immediate ? 1 << 8 : 0);
            binder.SetHandler(mmx.Get(key, (shape, immediate), static c =>
                [typeof(TOperation), c.shape.SourceType, c.immediate ? typeof(Yes) : typeof(No)]));
        }
        else if (immediate)
        {
            binder.SetHandler(byImmediate.Get(shape.Key, shape, static c => [typeof(TOperation), c.Vector, c.VexFlag]));
        }
        else
        {
            binder.SetHandler(byCount.Get(shape.Key, shape, static c => [typeof(TOperation), c.Vector, c.SourceType, c.VexFlag]));
        }
    }
}

/// <summary>PBLENDVB and friends.</summary>
internal sealed class VectorTernaryRow<TOperation> : VectorRow
    where TOperation : Semantics.Simd.IVectorTernary
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorTernary));

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder);
        ref readonly Instruction instruction = ref binder.Instruction;
        binder.Op->Size = instruction.OpCount == 4 ? Binder.NumberOf(instruction.Op3Register) : (byte)0;
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [typeof(TOperation), c.Vector, c.SourceType, c.VexFlag]));
    }
}

/// <summary>MOVAPS, MOVDQU and all other whole-register moves, loads and stores.</summary>
internal sealed class VectorMoveRow : VectorRow
{
    private readonly HandlerSet loads = new(typeof(Handlers), nameof(Handlers.VectorMove));
    private readonly HandlerSet stores = new(typeof(Handlers), nameof(Handlers.VectorStore));
    private readonly bool aligned;

    /// <summary>Memory operands must be aligned, in VEX encodings too.</summary>
    public bool Aligned => aligned;

    /// <param name="aligned">Memory operands must be aligned, in VEX encodings too.</param>
    public VectorMoveRow(bool aligned) => this.aligned = aligned;

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        bool vex = instruction.Code.Encoding() == EncodingKind.VEX;
        if (instruction.Op0Kind == OpKind.Memory)
        {
            binder.BindMemory();
            op->Source = Binder.NumberOf(instruction.Op1Register);
            VectorWidth width = instruction.Op1Register.IsYMM() ? VectorWidth.Bits256 : VectorWidth.Bits128;
            VectorShape shape = new(width, 2 + (int)binder.AddressForm, vex, aligned);
            binder.SetHandler(stores.Get(shape.Key, shape, static c =>
                [c.Vector, HandlerSet.Address((AddressFormKind)(c.Source - 2)), c.Aligned ? typeof(Yes) : typeof(No)]));
        }
        else
        {
            op->Destination = Binder.NumberOf(instruction.Op0Register);
            int source = BindSource(ref binder, 1);
            VectorWidth width = instruction.Op0Register.IsYMM() ? VectorWidth.Bits256 : VectorWidth.Bits128;
            VectorShape shape = new(width, source, vex, aligned && source >= 2);
            binder.CannotLeave = !shape.IsMemory;
            binder.SetHandler(loads.Get(shape.Key, shape, static c => [c.Vector, c.SourceType, c.VexFlag]));
        }
    }
}

/// <summary>PSLLDQ, PSRLDQ: always an immediate, never memory.</summary>
internal sealed class ByteShiftRow<TOperation> : VectorRow
    where TOperation : Semantics.Simd.IVectorUnary
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorUnary));

    protected override unsafe void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        op->Destination = Binder.NumberOf(instruction.Op0Register);
        op->Source2 = instruction.OpCount == 3 ? Binder.NumberOf(instruction.Op1Register) : op->Destination;
        op->Immediate = instruction.Immediate8;
        binder.CannotLeave = true;
        VectorShape shape = new(instruction.Op0Register.IsYMM() ? VectorWidth.Bits256 : VectorWidth.Bits128, 0, instruction.OpCount == 3, false);
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [typeof(TOperation), c.Vector, c.SourceType, c.VexFlag]));
    }
}
