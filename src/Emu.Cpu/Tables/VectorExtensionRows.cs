using System.Runtime.Intrinsics;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>VPERMD, VPERMQ, VPERM2I128 and twins.</summary>
internal sealed class CrossingRow<TOperation> : VectorRow
    where TOperation : Semantics.Simd.IVectorCrossing
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorCrossing));
    private readonly bool unary;

    /// <param name="unary">One source.</param>
    public CrossingRow(bool unary) => this.unary = unary;

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder, unary);
        binder.CannotLeave = !shape.IsMemory;
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [typeof(TOperation), c.SourceType]));
    }
}

/// <summary>VINSERTF128, VINSERTI128, and VEXTRACTF128, VEXTRACTI128.</summary>
internal sealed unsafe class LaneRow : VectorRow
{
    private readonly HandlerSet inserting = new(typeof(Handlers), nameof(Handlers.VectorInsertLane));
    private readonly HandlerSet extracting = new(typeof(Handlers), nameof(Handlers.VectorExtractLane));
    private readonly HandlerSet storing = new(typeof(Handlers), nameof(Handlers.VectorStore));

    protected override void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        if (instruction.OpCount == 4)
        {
            VectorShape shape = BindOperands(ref binder);
            binder.CannotLeave = !shape.IsMemory;
            binder.SetHandler(inserting.Get(shape.Key, shape, static c => [c.SourceType]));
            return;
        }

        op->Source = Binder.NumberOf(instruction.Op1Register);
        op->Size = (byte)(instruction.Immediate8 & 1);
        if (instruction.Op0Kind == OpKind.Memory)
        {
            binder.BindMemory();
            AddressFormKind form = binder.AddressForm;
            binder.SetHandler(storing.Get((int)form, form, static c => [typeof(Vector128<byte>), HandlerSet.Address(c), typeof(No)]));
        }
        else
        {
            op->Destination = Binder.NumberOf(instruction.Op0Register);
            binder.CannotLeave = true;
            binder.SetHandler(extracting.Get(0, 0, static _ => []));
        }
    }
}

/// <summary>Three sources of which the destination is the first.</summary>
internal sealed class AccumulateRow<TOperation> : VectorRow
    where TOperation : Semantics.Simd.IVectorTernary
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorAccumulate));

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder);
        binder.CannotLeave = !shape.IsMemory;
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [typeof(TOperation), c.Vector, c.SourceType]));
    }
}

/// <summary>PTEST, VTESTPS, VTESTPD.</summary>
internal sealed class VectorTestRow<TOperation> : VectorRow
    where TOperation : Semantics.Simd.IVectorTest
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorTest));

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder, unary: true);
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [typeof(TOperation), c.Vector, c.SourceType]));
    }
}

/// <summary>INSERTPS.</summary>
internal sealed unsafe class InsertSingleRow : VectorRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.VectorInsertSingle));

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder) with { Aligned = false };
        if (!shape.IsMemory) binder.Op->Scale = (byte)(binder.Op->Immediate >> 6);
        binder.CannotLeave = !shape.IsMemory;
        binder.SetHandler(handlers.Get(shape.Key, shape, static c => [c.SourceType, c.VexFlag]));
    }
}

/// <summary>PCMPxSTRx: memory operands may be misaligned.</summary>
internal sealed unsafe class TextCompareRow : VectorRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.CompareText));
    private readonly bool explicitLengths;
    private readonly bool mask;

    /// <param name="explicitLengths">Lengths are in rAX and rDX.</param>
    /// <param name="mask">The result is a mask in XMM0 rather than an index in ECX.</param>
    public TextCompareRow(bool explicitLengths, bool mask)
    {
        this.explicitLengths = explicitLengths;
        this.mask = mask;
        Unaligned = true;
    }

    protected override void BindAvailable(ref Binder binder)
    {
        VectorShape shape = BindOperands(ref binder, unary: true);
        Code code = binder.Instruction.Code;
        bool wide = code is Code.Pcmpestri64_xmm_xmmm128_imm8 or Code.Pcmpestrm64_xmm_xmmm128_imm8
            or Code.VEX_Vpcmpestri64_xmm_xmmm128_imm8 or Code.VEX_Vpcmpestrm64_xmm_xmmm128_imm8;
        binder.Op->Size = (byte)(wide ? 8 : 4);
        binder.SetHandler(handlers.Get(shape.Key, (shape, explicitLengths, mask), static c =>
            [c.shape.SourceType, Flag(c.explicitLengths), Flag(c.mask), c.shape.VexFlag]));
    }

    private static Type Flag(bool value) => value ? typeof(Yes) : typeof(No);
}

/// <summary>VZEROUPPER, VZEROALL.</summary>
internal sealed unsafe class ClearVectorsRow : VectorRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.ClearVectors));
    private readonly bool all;

    /// <summary>VZEROALL.</summary>
    public bool All => all;

    /// <param name="all">VZEROALL.</param>
    public ClearVectorsRow(bool all) => this.all = all;

    protected override void BindAvailable(ref Binder binder)
    {
        binder.Op->Size = (byte)(binder.Is64 ? 16 : 8);
        binder.CannotLeave = true;
        binder.SetHandler(handlers.Get(0, all, static c => [c ? typeof(Yes) : typeof(No)]));
    }
}

/// <summary>A slow function of an instruction that needs MMX, SSE or AVX; operands as <see cref="GenericOperands"/> binds them.</summary>
internal sealed unsafe class VectorSlowRow : VectorRow
{
    private readonly delegate*<Vcpu, Op*, void> function;

    public VectorSlowRow(delegate*<Vcpu, Op*, void> function) => this.function = function;

    protected override void BindAvailable(ref Binder binder)
    {
        GenericOperands.Bind(ref binder);
        binder.BindSlow(function, endsBlock: false);
    }
}

/// <summary>MASKMOVQ, MASKMOVDQU: the store goes through rDI, which is not in the encoding.</summary>
internal sealed unsafe class MaskedStoreRow : VectorRow
{
    private readonly delegate*<Vcpu, Op*, void> function;

    public MaskedStoreRow(delegate*<Vcpu, Op*, void> function) => this.function = function;

    protected override void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        op->Source = Binder.NumberOf(instruction.Op1Register);
        op->Source2 = Binder.NumberOf(instruction.Op2Register);
        op->Segment = Binder.SegmentOf(instruction.MemorySegment);
        op->AddressSize = (byte)(instruction.Op0Kind switch { OpKind.MemorySegDI => 2, OpKind.MemorySegEDI => 4, _ => 8 });
        binder.BindSlow(function, endsBlock: false);
    }
}

/// <summary>Gathers: destination, mask and index must be three registers (SDM Vol. 2C VGATHERDPS).</summary>
internal sealed unsafe class GatherRow : VectorRow
{
    private readonly delegate*<Vcpu, Op*, void> function;
    private readonly int elementBytes;
    private readonly int indexBytes;

    public GatherRow(delegate*<Vcpu, Op*, void> function, int elementBytes, int indexBytes)
    {
        this.function = function;
        this.elementBytes = elementBytes;
        this.indexBytes = indexBytes;
    }

    protected override void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        int target = instruction.Op0Register.GetNumber(), index = instruction.MemoryIndex.GetNumber(), mask = instruction.Op2Register.GetNumber();
        if (target == index || target == mask || index == mask)
        {
            binder.BindSlow(&Undefined, endsBlock: true);
            return;
        }

        binder.BindMemory();
        op->Destination = (byte)target;
        op->Source = (byte)mask;
        op->Size = (byte)Math.Min(instruction.Op0Register.GetSize() / elementBytes, instruction.MemoryIndex.GetSize() / indexBytes);
        binder.BindSlow(function, endsBlock: false);
    }

    private static void Undefined(Vcpu cpu, Op* op) => cpu.RaiseInvalidOpcode();
}
