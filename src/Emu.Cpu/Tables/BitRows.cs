using Emu.Cpu.Semantics;
using Iced.Intel;

namespace Emu.Cpu;

/// <summary>BT, BTS, BTR, BTC.</summary>
internal sealed unsafe class BitTestRow<TOperation> : InstructionRow
    where TOperation : IBitOperation
{
    private readonly HandlerSet operand = new(typeof(Handlers), nameof(Handlers.BitTest));
    private readonly HandlerSet bitString = new(typeof(Handlers), nameof(Handlers.BitTestString));

    public override void Bind(ref Binder binder)
    {
        int key = TwoOperands.Bind(ref binder);
        if ((binder.Op->Flags & OpFlags.Memory) != 0 && binder.Instruction.Op1Kind == OpKind.Register)
        {
            binder.SetHandler(bitString.Get(key, binder.AddressForm | (AddressFormKind)(key >> 8 << 4), static c =>
                [typeof(TOperation), HandlerSet.Integer((int)c >> 4), HandlerSet.Address((AddressFormKind)((int)c & 15))]));
            return;
        }

        binder.CannotLeave = TwoOperands.RegistersOnly(key);
        binder.SetHandler(operand.Get(key, key, static key =>
            [typeof(TOperation), TwoOperands.Size(key), TwoOperands.Destination(key), TwoOperands.Source(key)]));
    }
}

/// <summary>Where the operands of a VEX-encoded general-purpose instruction stand.</summary>
internal enum VexOrder
{
    /// <summary>Destination, register (VEX.vvvv), r/m: ANDN, PDEP, PEXT.</summary>
    RegisterFirst,

    /// <summary>Destination, r/m, register (VEX.vvvv): BEXTR, BZHI, SARX, SHLX, SHRX.</summary>
    RmFirst,

    /// <summary>Destination, r/m, immediate: RORX.</summary>
    Immediate,

    /// <summary>Two destinations, r/m: MULX.</summary>
    TwoDestinations,
}

/// <summary>BMI1 and BMI2 with three operands. The VEX.vvvv register is Source2.</summary>
internal sealed unsafe class VexRow : InstructionRow
{
    private readonly HandlerSet handlers;
    private readonly VexOrder order;
    private readonly Type? operation;

    public VexRow(Type? operation, VexOrder order)
    {
        handlers = new HandlerSet(typeof(Handlers), operation == null ? nameof(Handlers.MultiplyX) : nameof(Handlers.Vex));
        this.order = order;
        this.operation = operation;
    }

    public override void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        int rm = order is VexOrder.RegisterFirst or VexOrder.TwoDestinations ? 2 : 1;
        op->Destination = Binder.OffsetOf(instruction.Op0Register);
        if (order == VexOrder.Immediate) op->Immediate = instruction.Immediate8;
        else op->Source2 = Binder.OffsetOf(instruction.GetOpRegister(3 - rm));
        int key = SizeLog2(instruction.Op0Register.GetSize()) << 8;
        if (instruction.GetOpKind(rm) == OpKind.Register)
        {
            op->Source = Binder.OffsetOf(instruction.GetOpRegister(rm));
        }
        else
        {
            binder.BindMemory();
            key |= 2 + (int)binder.AddressForm;
        }

        binder.CannotLeave = TwoOperands.RegistersOnly(key);
        binder.SetHandler(handlers.Get(key, (key, this), static c => c.Item2.TypeArguments(c.key)));
    }

    private Type[] TypeArguments(int key) => operation == null
        ? [TwoOperands.Size(key), TwoOperands.Source(key)]
        : [operation, TwoOperands.Size(key), TwoOperands.Source(key), order == VexOrder.Immediate ? typeof(ImmediateOperand) : typeof(Source2Register)];
}

/// <summary>CRC32: the width is that of the source.</summary>
internal sealed unsafe class ChecksumRow : InstructionRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.Checksum));

    public override void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        int key = TwoOperands.Bind(ref binder);
        int size = instruction.Op1Kind == OpKind.Register ? instruction.Op1Register.GetSize() : instruction.MemorySize.GetSize();
        key = (key & 0xFF) | (SizeLog2(size) << 8);
        binder.Op->Size = (byte)size;
        binder.CannotLeave = TwoOperands.RegistersOnly(key);
        binder.SetHandler(handlers.Get(key, key, static key => [TwoOperands.Size(key), TwoOperands.Source(key)]));
    }
}
