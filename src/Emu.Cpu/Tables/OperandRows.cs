using Iced.Intel;

namespace Emu.Cpu;

/// <summary>One operand: a register or memory.</summary>
internal static class OneOperand
{
    /// <summary>Binds it as destination; the key has the layout of <see cref="TwoOperands.Bind"/>, source bits zero.</summary>
    public static unsafe int Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        int size, destination = 0;
        if (instruction.Op0Kind == OpKind.Register)
        {
            binder.Op->Destination = Binder.OffsetOf(instruction.Op0Register);
            size = instruction.Op0Register.GetSize();
        }
        else
        {
            binder.BindMemory();
            destination = 2 + (int)binder.AddressForm;
            size = instruction.MemorySize.GetSize();
        }

        binder.Op->Size = (byte)size;
        if (instruction.HasLockPrefix) binder.Op->Flags |= OpFlags.Lock;
        return (destination << 4) | (System.Numerics.BitOperations.TrailingZeroCount(size) << 8);
    }
}

/// <summary>
/// Instructions whose handler follows from operation, width and the forms of at most two operands (register, memory,
/// immediate) as <see cref="TwoOperands"/> describes them.
/// </summary>
internal sealed class OperandRow : InstructionRow
{
    private readonly HandlerSet handlers;
    private readonly Func<int, Type[]> arguments;
    private readonly Func<int, Type[]>? argumentsWithoutFlags;
    private readonly bool single;
    private readonly bool canFault;

    /// <summary>Makes the row.</summary>
    /// <param name="handler">Name of a method of <see cref="Handlers"/>.</param>
    /// <param name="arguments">Type arguments for a key.</param>
    /// <param name="argumentsWithoutFlags">The same for a variant that sets no flags. Only for handlers whose other variant sets every flag Iced calls modified.</param>
    /// <param name="single">One operand rather than two.</param>
    /// <param name="canFault">Faults even with register operands.</param>
    public OperandRow(
        string handler, Func<int, Type[]> arguments, Func<int, Type[]>? argumentsWithoutFlags = null, bool single = false, bool canFault = false)
    {
        handlers = new HandlerSet(typeof(Handlers), handler);
        this.arguments = arguments;
        this.argumentsWithoutFlags = argumentsWithoutFlags;
        this.single = single;
        this.canFault = canFault;
    }

    public override void Bind(ref Binder binder)
    {
        int key = single ? OneOperand.Bind(ref binder) : TwoOperands.Bind(ref binder);
        binder.SetHandler(handlers.Get(key, key, arguments));
        if (canFault || !TwoOperands.RegistersOnly(key)) return;
        binder.CannotLeave = true;
        if (argumentsWithoutFlags != null) binder.HandlerWithoutFlags = handlers.Get(key | 1 << 10, key, argumentsWithoutFlags);
    }
}

/// <summary>A row with one handler for every form, and no operands but at most a register.</summary>
internal sealed unsafe class SimpleRow : InstructionRow
{
    private readonly HandlerSet handlers;
    private readonly Type[] arguments;

    /// <summary>Makes the row.</summary>
    /// <param name="handler">Name of a method of <see cref="Handlers"/>.</param>
    /// <param name="arguments">Its type arguments.</param>
    public SimpleRow(string handler, params Type[] arguments)
    {
        handlers = new HandlerSet(typeof(Handlers), handler);
        this.arguments = arguments;
    }

    public override void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        if (instruction.OpCount != 0 && instruction.Op0Kind == OpKind.Register) binder.Op->Destination = Binder.RegisterOf(instruction.Op0Register);
        binder.CannotLeave = true;
        binder.SetHandler(handlers.Get(0, arguments, static a => a));
    }
}
