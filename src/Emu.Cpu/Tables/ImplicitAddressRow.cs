using Iced.Intel;

namespace Emu.Cpu;

/// <summary>
/// MONITOR, MONITORX and CLZERO: they address memory by rAX, as wide as the address size makes it, in DS or the segment of a prefix
/// (SDM Vol. 2B MONITOR, APM Vol. 3 CLZERO).
/// </summary>
/// <remarks>Discrepancy: some of AMD's processors ignore the address-size prefix of CLZERO; Zen 5 and the manual do not.</remarks>
/// <param name="function">Finds the segment and the address size in the operation.</param>
/// <param name="repeatIsUndefined">F2 and F3 raise #UD.</param>
internal sealed unsafe class ImplicitAddressRow(delegate*<Vcpu, Op*, void> function, bool repeatIsUndefined) : InstructionRow
{
    private readonly delegate*<Vcpu, Op*, void> function = function;

    /// <inheritdoc/>
    public override void Bind(ref Binder binder)
    {
        GenericOperands.Bind(ref binder);
        Op* op = binder.Op;
        Register segment = binder.Instruction.SegmentPrefix;
        op->Segment = segment == Register.None || (binder.Is64 && segment is not (Register.FS or Register.GS)) ? SegmentIndex.Ds : Binder.SegmentOf(segment);
        op->AddressSize = binder.Instruction.Code switch
        {
            Code.Monitorw or Code.Monitorxw or Code.Clzerow => 2,
            Code.Monitord or Code.Monitorxd or Code.Clzerod => 4,
            _ => 8,
        };
        if (repeatIsUndefined && (op->Flags & (OpFlags.Rep | OpFlags.Repne)) != 0) binder.BindSlow(&Undefined, endsBlock: true);
        else binder.BindSlow(function, endsBlock: false);
    }

    private static void Undefined(Vcpu cpu, Op* op) => cpu.RaiseInvalidOpcode();
}
