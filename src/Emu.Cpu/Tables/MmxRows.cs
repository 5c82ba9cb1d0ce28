using Iced.Intel;

namespace Emu.Cpu;

/// <summary>MOVD, MOVQ, MOVNTQ, MOVDQ2Q, MOVQ2DQ with an MMX register.</summary>
internal sealed unsafe class MmxMoveRow : VectorRow
{
    private readonly HandlerSet loading = new(typeof(Handlers), nameof(Handlers.MmxLoad));
    private readonly HandlerSet storing = new(typeof(Handlers), nameof(Handlers.MmxStore));
    private readonly HandlerSet extracting = new(typeof(Handlers), nameof(Handlers.MmxToRegister));
    private readonly HandlerSet widening = new(typeof(Handlers), nameof(Handlers.MmxToVector));
    private readonly Type element;

    /// <param name="element">uint for MOVD, ulong for the others.</param>
    public MmxMoveRow(Type element) => this.element = element;

    protected override void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        if (instruction.Op0Kind == OpKind.Memory)
        {
            binder.BindMemory();
            op->Source = Binder.NumberOf(instruction.Op1Register);
            AddressFormKind form = binder.AddressForm;
            binder.SetHandler(storing.Get((int)form, (element, form), static c => [c.element, HandlerSet.Address(c.form)]));
            return;
        }

        op->Destination = Binder.RegisterOf(instruction.Op0Register);
        if (!instruction.Op0Register.IsMM())
        {
            op->Source = Binder.NumberOf(instruction.Op1Register);
            binder.SetHandler(instruction.Op0Register.IsGPR()
                ? extracting.Get(0, element, static e => [e])
                : widening.Get(0, 0, static _ => []));
            return;
        }

        int source = BindSource(ref binder, 1);
        // An XMM source is read as one of its elements, everything else as what it is.
        bool vector = source == 0 && instruction.Op1Register.IsXMM();
        int bytes = element == typeof(uint) ? 4 : 8;
        VectorShape shape = new(vector ? VectorWidth.Bits128 : VectorWidth.Mmx, source, false, false, bytes == 4);
        binder.SetHandler(loading.Get(shape.Key, (shape, element), static c => [c.element, c.shape.SourceType]));
    }
}

/// <summary>PINSRW, PEXTRW, PMOVMSKB with an MMX register.</summary>
internal sealed unsafe class MmxElementRow : VectorRow
{
    private readonly HandlerSet inserting = new(typeof(Handlers), nameof(Handlers.MmxInsertWord));
    private readonly HandlerSet extracting = new(typeof(Handlers), nameof(Handlers.MmxExtractWord));
    private readonly HandlerSet signs = new(typeof(Handlers), nameof(Handlers.MmxSignMask));

    protected override void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        op->Destination = Binder.RegisterOf(instruction.Op0Register);
        if (instruction.OpCount == 3) op->Size = (byte)(instruction.Immediate8 & 3);
        if (instruction.Op0Register.IsMM())
        {
            VectorShape shape = new(VectorWidth.Bits128, BindSource(ref binder, 1), false, false);
            binder.SetHandler(inserting.Get(shape.Key, shape, static c => [c.SourceType]));
            return;
        }

        op->Source = Binder.NumberOf(instruction.Op1Register);
        binder.SetHandler(instruction.OpCount == 3 ? extracting.Get(0, 0, static _ => []) : signs.Get(0, 0, static _ => []));
    }
}
