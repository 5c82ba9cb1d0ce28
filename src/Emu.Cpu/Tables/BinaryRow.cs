using Iced.Intel;

namespace Emu.Cpu;

/// <summary>Operand shapes of two-operand integer instructions.</summary>
internal static class TwoOperands
{
    /// <summary>
    /// Binds destination (register or memory) and source (register, memory, immediate) and returns a key: source kind in
    /// bits 0-3 (0 register, 1 immediate, 2+ memory form), destination kind in bits 4-7 (0 register, 2+ memory form),
    /// size in bits 8-9.
    /// </summary>
    public static unsafe int Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        int destination = 0, source;
        int size;
        if (instruction.Op0Kind == OpKind.Register)
        {
            op->Destination = Binder.OffsetOf(instruction.Op0Register);
            size = instruction.Op0Register.GetSize();
        }
        else
        {
            binder.BindMemory();
            destination = 2 + (int)binder.AddressForm;
            size = instruction.MemorySize.GetSize();
        }

        switch (instruction.Op1Kind)
        {
            case OpKind.Register:
                op->Source = Binder.OffsetOf(instruction.Op1Register);
                source = 0;
                break;
            case OpKind.Memory:
                binder.BindMemory();
                source = 2 + (int)binder.AddressForm;
                break;
            default:
                op->Immediate = binder.ImmediateOf(1);
                source = 1;
                break;
        }

        op->Size = (byte)size;
        if (instruction.HasLockPrefix) op->Flags |= OpFlags.Lock;
        return source | (destination << 4) | (System.Numerics.BitOperations.TrailingZeroCount(size) << 8);
    }

    /// <summary>Operand type for a kind of the key.</summary>
    public static Type Destination(int key) => OperandType((key >> 4) & 15, typeof(DestinationRegister));

    /// <summary>Operand type for a kind of the key.</summary>
    public static Type Source(int key) => (key & 15) == 1 ? typeof(ImmediateOperand) : OperandType(key & 15, typeof(SourceRegister));

    /// <summary>Integer type for the size in the key.</summary>
    public static Type Size(int key) => HandlerSet.Integer((key >> 8) & 3);

    /// <summary>No operand is in memory.</summary>
    public static bool RegistersOnly(int key) => (key & 0xFF) <= 1;

    private static Type OperandType(int kind, Type register) =>
        kind == 0 ? register : HandlerSet.Memory((AddressFormKind)(kind - 2));
}

/// <summary>ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST.</summary>
internal sealed class BinaryRow<TOperation> : InstructionRow, IFusibleRow
    where TOperation : Semantics.IBinaryOperation
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.Binary));

    public override void Bind(ref Binder binder)
    {
        int key = TwoOperands.Bind(ref binder);
        binder.SetHandler(handlers.Get(key, key, Live));
        if (!TOperation.WritesResult || TwoOperands.RegistersOnly(key)) binder.FusionKey = key;
        if (!TwoOperands.RegistersOnly(key)) return;
        binder.CannotLeave = true;
        binder.HandlerWithoutFlags = handlers.Get(key | 1 << 10, key, Dead);
    }

    public string FusedHandler => nameof(Handlers.BinaryJump);

    public Type[] FusionArguments(int key) => [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), TwoOperands.Source(key)];

    private static Type[] Live(int key) =>
        [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), TwoOperands.Source(key), typeof(Yes)];

    private static Type[] Dead(int key) =>
        [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), TwoOperands.Source(key), typeof(No)];
}

/// <summary>MOV with general registers, memory and immediates.</summary>
internal sealed class MoveRow : InstructionRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.Move));

    public override void Bind(ref Binder binder)
    {
        int key = TwoOperands.Bind(ref binder);
        binder.CannotLeave = TwoOperands.RegistersOnly(key);
        binder.SetHandler(handlers.Get(key, key, static key => [TwoOperands.Size(key), TwoOperands.Destination(key), TwoOperands.Source(key)]));
    }
}

/// <summary>MOVZX, MOVSX, MOVSXD.</summary>
internal sealed class MoveExtendRow<TSigned> : InstructionRow
    where TSigned : IFlag
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.MoveExtend));

    public override unsafe void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        int key = TwoOperands.Bind(ref binder);
        int from = instruction.Op1Kind == OpKind.Register ? instruction.Op1Register.GetSize() : instruction.MemorySize.GetSize();
        key |= SizeLog2(from) << 10;
        binder.CannotLeave = TwoOperands.RegistersOnly(key);
        binder.SetHandler(handlers.Get(key, key, static key =>
            [TwoOperands.Size(key), HandlerSet.Integer(key >> 10), typeof(TSigned), TwoOperands.Source(key)]));
    }
}

/// <summary>LEA.</summary>
internal sealed class LeaRow : InstructionRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.LoadEffectiveAddress));

    public override unsafe void Bind(ref Binder binder)
    {
        binder.BindMemory();
        Op* op = binder.Op;
        op->Destination = Binder.OffsetOf(binder.Instruction.Op0Register);
        int key = SizeLog2(binder.Instruction.Op0Register.GetSize()) | (SizeLog2(op->AddressSize) << 2);
        binder.CannotLeave = true;
        binder.SetHandler(handlers.Get(key, key, static key => [HandlerSet.Integer(key & 3), HandlerSet.Integer(key >> 2)]));
    }
}
