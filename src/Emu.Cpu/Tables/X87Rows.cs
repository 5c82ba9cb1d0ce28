namespace Emu.Cpu;

/// <summary>An x87 (or MMX) instruction performed by a slow function, where the mode lets the unit execute.</summary>
internal sealed unsafe class X87SlowRow : InstructionRow
{
    private readonly delegate*<Vcpu, Op*, void> function;
    private readonly ExecutionUnit unit;

    /// <summary>Makes the row.</summary>
    public X87SlowRow(delegate*<Vcpu, Op*, void> function, ExecutionUnit unit)
    {
        this.function = function;
        this.unit = unit;
    }

    /// <inheritdoc/>
    public override void Bind(ref Binder binder)
    {
        if (!Availability.Check(ref binder, unit)) return;
        GenericOperands.Bind(ref binder);
        binder.BindSlow(function, endsBlock: false);
    }
}
