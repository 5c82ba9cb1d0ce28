using Iced.Intel;

namespace Emu.Cpu;

/// <summary>
/// One row of the instruction table: how the instructions of a mnemonic (or of one encoding) are bound to a handler.
/// </summary>
public abstract unsafe class InstructionRow
{
    /// <summary>Fills in the operation: operands, handler, properties.</summary>
    public abstract void Bind(ref Binder binder);

    /// <summary>log2 of an operand size of 1, 2, 4 or 8 bytes.</summary>
    protected static int SizeLog2(int bytes) => System.Numerics.BitOperations.TrailingZeroCount(bytes);
}

/// <summary>
/// A function pointer made when first asked for, from a generic handler and type arguments. Handlers exist per operand
/// form and width; only those a guest uses are ever compiled.
/// </summary>
public sealed class HandlerSet
{
    private static readonly Type[] Integers = [typeof(byte), typeof(ushort), typeof(uint), typeof(ulong)];

    private static readonly Type[] AddressForms =
        [typeof(AddressBase64), typeof(AddressIndex64), typeof(AddressSegment64), typeof(AddressFlat32), typeof(AddressGeneral)];

    private readonly Type owner;
    private readonly string method;
    private readonly Lock sync = new();
    private HandlerEntry[] made = [];

    /// <summary>A set of instantiations of one handler.</summary>
    /// <param name="owner">Class that declares it.</param>
    /// <param name="method">Its name; unique in the class.</param>
    public HandlerSet(Type owner, string method)
    {
        this.owner = owner;
        this.method = method;
    }

    /// <summary>Name of the handler.</summary>
    public string Method => method;

    /// <summary>The integer type of a width given as log2 of its bytes (0..3).</summary>
    public static Type Integer(int sizeLog2) => Integers[sizeLog2];

    /// <summary>The memory operand type of an address form; one that retries unless the form needs checks anyway.</summary>
    public static Type Memory(AddressFormKind form) =>
        (form == AddressFormKind.General ? typeof(CheckedMemoryOperand<>) : typeof(MemoryOperand<>)).MakeGenericType(AddressForms[(int)form]);

    /// <summary>The address form type.</summary>
    public static Type Address(AddressFormKind form) => AddressForms[(int)form];

    /// <summary>
    /// The instantiation with key <paramref name="key"/> (any number the row chooses to stand for the type arguments),
    /// made by <paramref name="arguments"/> when missing.
    /// </summary>
    public HandlerEntry Get<TContext>(int key, in TContext context, Func<TContext, Type[]> arguments)
    {
        HandlerEntry[] known = made;
        if ((uint)key < (uint)known.Length && known[key].Code != 0) return known[key];
        HandlerEntry handler = Make(arguments(context));
        lock (sync)
        {
            if (key >= made.Length) Array.Resize(ref made, key + 16);
            made[key] = handler;
        }

        return handler;
    }

    private HandlerEntry Make(Type[] arguments)
    {
        System.Reflection.MethodInfo definition = owner.GetMethod(method, System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic)
            ?? throw new MissingMethodException(owner.Name, method);
        RuntimeMethodHandle handle = (arguments.Length == 0 ? definition : definition.MakeGenericMethod(arguments)).MethodHandle;
        // Compiled now, the function pointer is the code itself and not a stub that jumps to it.
        System.Runtime.CompilerServices.RuntimeHelpers.PrepareMethod(handle);
        Type[] withChecks = Array.ConvertAll(arguments, Checked);
        // Rarely needed, so left to be compiled when it first runs.
        nint retry = withChecks.AsSpan().SequenceEqual(arguments) ? 0 : definition.MakeGenericMethod(withChecks).MethodHandle.GetFunctionPointer();
        return new HandlerEntry(handle.GetFunctionPointer(), retry);
    }

    private static Type Checked(Type operand) =>
        operand == typeof(Stack64) ? typeof(CheckedStack64)
        : operand == typeof(StackFlat32) ? typeof(CheckedStackFlat32)
        : operand.IsGenericType && operand.GetGenericTypeDefinition() == typeof(MemoryOperand<>)
            ? typeof(CheckedMemoryOperand<>).MakeGenericType(operand.GenericTypeArguments)
        : operand;
}

/// <summary>A compiled handler.</summary>
/// <param name="Code">Its function pointer.</param>
/// <param name="Retry">The same handler over checked operands, for <see cref="Op.Retry"/>; 0 if it has no others.</param>
public readonly record struct HandlerEntry(nint Code, nint Retry)
{
    /// <summary>The function pointer.</summary>
    public static implicit operator nint(HandlerEntry entry) => entry.Code;
}

/// <summary>A row that runs a slow function for every form of the instruction, with no operands bound but these rules:
/// the r/m or memory operand as <see cref="Op.Flags"/> says, a register r/m in <see cref="Op.Destination"/> if it is operand 0
/// else in <see cref="Op.Source"/>; other registers by operand number in Destination, Source, Source2; the immediate.</summary>
public sealed unsafe class SlowRow : InstructionRow
{
    private readonly delegate*<Vcpu, Op*, void> function;
    private readonly bool endsBlock;

    /// <summary>Makes the row.</summary>
    public SlowRow(delegate*<Vcpu, Op*, void> function, bool endsBlock)
    {
        this.function = function;
        this.endsBlock = endsBlock;
    }

    /// <inheritdoc/>
    public override void Bind(ref Binder binder)
    {
        GenericOperands.Bind(ref binder);
        binder.BindSlow(function, endsBlock);
    }
}

/// <summary>An instruction performed by a slow function that changes what the dispatcher looks at between blocks, though seldom so that it must look at once.</summary>
public sealed unsafe class SlowMayLeaveRow : InstructionRow
{
    private readonly delegate*<Vcpu, Op*, void> function;

    /// <summary>Makes the row.</summary>
    public SlowMayLeaveRow(delegate*<Vcpu, Op*, void> function) => this.function = function;

    /// <inheritdoc/>
    public override void Bind(ref Binder binder)
    {
        GenericOperands.Bind(ref binder);
        binder.BindSlowMayLeave(function);
    }
}

/// <summary>The operand binding all slow rows share.</summary>
public static unsafe class GenericOperands
{
    /// <summary>
    /// Binds operands by number: registers 0, 1, 2 to Destination, Source, Source2; memory; the first immediate (a second one,
    /// as ENTER and EXTRQ have it, at bit 16); near and far branch targets to Immediate; operand
    /// size from the memory operand or the first register.
    /// </summary>
    public static void Bind(ref Binder binder)
    {
        ref readonly Instruction instruction = ref binder.Instruction;
        Op* op = binder.Op;
        bool haveImmediate = false;
        int size = 0;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            switch (kind)
            {
                case OpKind.Register:
                    Register register = instruction.GetOpRegister(i);
                    byte number = Binder.RegisterOf(register);
                    if (i == 0) op->Destination = number;
                    else if (i == 1) op->Source = number;
                    else if (i == 2) op->Source2 = number;
                    else op->IndexRegister = (op->Flags & OpFlags.Memory) != 0 ? op->IndexRegister : number;
                    if (size == 0 && register.IsGPR()) size = register.GetSize();
                    break;
                case OpKind.Memory:
                    binder.BindMemory();
                    break;
                case OpKind.NearBranch16:
                case OpKind.NearBranch32:
                case OpKind.NearBranch64:
                    op->Size = kind == OpKind.NearBranch16 ? (byte)2 : kind == OpKind.NearBranch32 ? (byte)4 : (byte)8;
                    binder.BindBranch();
                    break;
                case OpKind.FarBranch16:
                    op->Immediate = instruction.FarBranch16 | ((ulong)instruction.FarBranchSelector << 32);
                    size = 2;
                    break;
                case OpKind.FarBranch32:
                    op->Immediate = instruction.FarBranch32 | ((ulong)instruction.FarBranchSelector << 32);
                    size = 4;
                    break;
                default:
                    if (kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64)
                    {
                        if (haveImmediate) op->Immediate = (op->Immediate & 0xFFFF) | (binder.ImmediateOf(i) << 16);
                        else op->Immediate = binder.ImmediateOf(i);
                        haveImmediate = true;
                    }

                    break;
            }
        }

        if (size == 0 && (op->Flags & OpFlags.Memory) != 0)
        {
            int memory = instruction.MemorySize.GetSize();
            if (memory is > 0 and < 256) size = memory;
        }

        if (op->Size == 0) op->Size = (byte)size;
        if (instruction.HasLockPrefix) op->Flags |= OpFlags.Lock;
        if (instruction.HasRepPrefix) op->Flags |= OpFlags.Rep;
        if (instruction.HasRepnePrefix) op->Flags |= OpFlags.Repne;
    }
}
