using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Common to the rows of x87 instructions: the availability check, and the opcode in <see cref="Op.Immediate"/>.</summary>
internal abstract unsafe class X87Row : InstructionRow
{
    private readonly ExecutionUnit unit;

    /// <summary>Makes the row.</summary>
    protected X87Row(ExecutionUnit unit = ExecutionUnit.X87) => this.unit = unit;

    /// <inheritdoc/>
    public sealed override void Bind(ref Binder binder)
    {
        if (!Availability.Check(ref binder, unit)) return;
        BindAvailable(ref binder);
        binder.Op->Immediate = OpcodeOf(binder);
    }

    /// <summary>Binds the instruction in a mode that has the unit.</summary>
    protected abstract void BindAvailable(ref Binder binder);

    /// <summary>The 11 bits FOP holds: the low three of the first opcode byte and the second (SDM Vol. 1 8.1.9).</summary>
    private static ushort OpcodeOf(in Binder binder)
    {
        if (binder.Bytes is not { } bytes) return 0;
        int position = binder.Op->Offset, end = position + binder.Op->Length - 1;
        // D8 to DF are neither prefixes nor REX.
        while (position < end && (bytes[position] & 0xF8) != 0xD8) position++;
        return (ushort)(((bytes[position] & 7) << 8) | bytes[Math.Min(position + 1, end)]);
    }
}

/// <summary>An x87 (or MMX) instruction performed by a slow function, where the mode lets the unit execute.</summary>
internal sealed unsafe class X87SlowRow : X87Row
{
    private readonly delegate*<Vcpu, Op*, void> function;

    /// <summary>Makes the row.</summary>
    public X87SlowRow(delegate*<Vcpu, Op*, void> function, ExecutionUnit unit)
        : base(unit) => this.function = function;

    /// <inheritdoc/>
    protected override void BindAvailable(ref Binder binder)
    {
        GenericOperands.Bind(ref binder);
        binder.BindSlow(function, endsBlock: false);
    }
}

/// <summary>An x87 instruction on stack registers: the first operand is the destination, the last one the source (ST(1) if there is none).</summary>
internal sealed unsafe class X87RegisterRow<TOperation> : X87Row
    where TOperation : IX87Operation
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.X87Register));

    /// <inheritdoc/>
    protected override void BindAvailable(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        op->Destination = instruction.OpCount > 0 ? Binder.NumberOf(instruction.Op0Register) : (byte)0;
        op->Source = instruction.OpCount > 1 ? Binder.NumberOf(instruction.Op1Register)
            : instruction.OpCount == 1 ? op->Destination
            : (byte)1;
        binder.SetHandler(handlers.Get(0, 0, static _ => [typeof(TOperation)]));
    }
}

/// <summary>An x87 instruction that loads a number: single, double, or an integer.</summary>
internal sealed class X87LoadRow<TOperation> : X87Row
    where TOperation : IX87Load
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.X87Load));

    /// <inheritdoc/>
    protected override void BindAvailable(ref Binder binder)
    {
        int key = X87MemoryForm.Bind(ref binder);
        binder.SetHandler(handlers.Get(key, key, static key => [typeof(TOperation), X87MemoryForm.Number(key), X87MemoryForm.Operand(key)]));
    }
}

/// <summary>An x87 instruction that stores ST(0) as a number.</summary>
internal sealed class X87StoreRow<TOperation, TPop> : X87Row
    where TOperation : IX87Store
    where TPop : IFlag
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.X87Store));

    /// <inheritdoc/>
    protected override void BindAvailable(ref Binder binder)
    {
        int key = X87MemoryForm.Bind(ref binder);
        binder.SetHandler(handlers.Get(
            key, key, static key => [typeof(TOperation), X87MemoryForm.Number(key), X87MemoryForm.Operand(key), typeof(TPop)]));
    }
}

/// <summary>Numbers in memory and how they are addressed, as a key.</summary>
internal static class X87MemoryForm
{
    private static readonly Type[] Numbers = [typeof(float), typeof(double), typeof(short), typeof(int), typeof(long)];

    /// <summary>Binds the memory operand.</summary>
    public static int Bind(ref Binder binder)
    {
        binder.BindMemory();
        int number = binder.Instruction.MemorySize switch
        {
            MemorySize.Float32 => 0,
            MemorySize.Float64 => 1,
            MemorySize.Int16 => 2,
            MemorySize.Int32 => 3,
            _ => 4,
        };
        return number | ((int)binder.AddressForm << 3);
    }

    /// <summary>The number's type.</summary>
    public static Type Number(int key) => Numbers[key & 7];

    /// <summary>The operand type.</summary>
    public static Type Operand(int key) => HandlerSet.Memory((AddressFormKind)(key >> 3));
}
