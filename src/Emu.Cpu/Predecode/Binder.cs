using Iced.Intel;

namespace Emu.Cpu;

/// <summary>The address form of a memory operand; selects the <see cref="IAddressForm"/> of a handler.</summary>
public enum AddressFormKind : byte
{
    /// <summary><see cref="AddressBase64"/>.</summary>
    Base64,
    /// <summary><see cref="AddressIndex64"/>.</summary>
    Index64,
    /// <summary><see cref="AddressSegment64"/>.</summary>
    Segment64,
    /// <summary><see cref="AddressFlat32"/>.</summary>
    Flat32,
    /// <summary><see cref="AddressGeneral"/>.</summary>
    General,
}

/// <summary>
/// Turns one decoded instruction into an <see cref="Op"/>. A row of the instruction table gets it, names operands, and
/// sets the handler.
/// </summary>
public unsafe ref struct Binder
{
    private readonly ref readonly Instruction instruction;

    /// <summary>Starts binding.</summary>
    /// <param name="instruction">The decoded instruction; its IP counts from the block's first instruction.</param>
    /// <param name="op">Where the result goes; a second operation behind it is free for pseudo-operations.</param>
    /// <param name="mode">Mode of the block.</param>
    /// <param name="model">The processor's CPUID model.</param>
    /// <param name="pageOffset">Offset of the block's first instruction in its page.</param>
    public Binder(in Instruction instruction, Op* op, CodeMode mode, CpuModel model, int pageOffset)
    {
        this.instruction = ref instruction;
        Op = op;
        Mode = mode;
        Model = model;
        PageOffset = pageOffset;
        FusionKey = -1;
    }

    /// <summary>The instruction.</summary>
    public readonly ref readonly Instruction Instruction => ref instruction;

    /// <summary>The operation being filled in.</summary>
    public Op* Op { get; }

    /// <summary>Mode of the block.</summary>
    public CodeMode Mode { get; }

    /// <summary>The processor's CPUID model.</summary>
    public CpuModel Model { get; }

    /// <summary>Offset of the block's first instruction in its page.</summary>
    public int PageOffset { get; }

    /// <summary>The block's code.</summary>
    internal CodeBytes? Bytes { get; init; }

    /// <summary>Form of the memory operand, after <see cref="BindMemory"/>.</summary>
    public AddressFormKind AddressForm { get; private set; }

    /// <summary>Set by rows: the operation ends its block.</summary>
    public bool EndsBlock { get; set; }

    /// <summary>Set by rows: the operation uses the next slot for a pseudo-operation.</summary>
    public bool UsesLinkSlot { get; set; }

    /// <summary>Set by rows: the operation can neither fault nor leave the block, so flags before it need not be exact.</summary>
    public bool CannotLeave { get; set; }

    /// <summary>Set by rows whose flag writes are unconditional and which have a handler without them; the block builder chooses it where the flags are dead.</summary>
    public nint HandlerWithoutFlags { get; set; }

    /// <summary>Set by rows that are <see cref="IFusibleRow"/> where the operand forms allow it; otherwise negative.</summary>
    internal int FusionKey { get; set; }

    /// <summary>64-bit code.</summary>
    public readonly bool Is64 => (Mode & CodeMode.Code64) != 0;

    /// <summary>Sets the handler.</summary>
    public readonly void SetHandler(nint handler) => Op->Handler = (delegate*<Vcpu, CpuState*, Op*, void>)handler;

    /// <summary>Sets the handler and what it retries with.</summary>
    public readonly void SetHandler(HandlerEntry entry)
    {
        SetHandler(entry.Code);
        if (entry.Retry != 0) Op->Aux = entry.Retry;
    }

    /// <summary>
    /// Byte offset of a general register in <see cref="CpuState"/>; <see cref="RegisterOffset.Zero"/> for none.
    /// </summary>
    public static byte OffsetOf(Register register)
    {
        if (register == Register.None) return RegisterOffset.Zero;
        if (register is Register.RIP or Register.EIP) return RegisterOffset.Rip;
        if (register is >= Register.AH and <= Register.BH) return (byte)((register - Register.AH) * 8 + 1);
        // Iced counts AL..BL, AH..BH, SPL..DIL, R8B..R15B through: those that need REX are four too high.
        if (register is >= Register.SPL and <= Register.R15L) return (byte)((register - Register.SPL + 4) * 8);
        return (byte)(register.GetNumber() * 8);
    }

    /// <summary>Number of a segment, control, debug, vector, MMX, x87 or mask register.</summary>
    public static byte NumberOf(Register register) => (byte)register.GetNumber();

    /// <summary>Fills in a register operand the usual way: byte offset for general registers, number for others.</summary>
    public static byte RegisterOf(Register register) => register.IsGPR() ? OffsetOf(register) : NumberOf(register);

    /// <summary>Fills in base, index, scale, displacement, segment, address size, and chooses the address form.</summary>
    public void BindMemory()
    {
        Op* op = Op;
        op->Flags |= OpFlags.Memory;
        Register baseRegister = instruction.MemoryBase;
        Register index = instruction.MemoryIndex;
        op->Scale = (byte)System.Numerics.BitOperations.TrailingZeroCount(instruction.MemoryIndexScale);
        op->Segment = SegmentOf(instruction.MemorySegment);
        // 64-bit mode ignores the other prefixes, also where a non-canonical address is #SS or #GP by segment (SDM Vol. 1 3.4.2.1).
        if (Is64 && op->Segment < SegmentIndex.Fs)
            op->Segment = baseRegister is Register.RSP or Register.ESP or Register.RBP or Register.EBP ? SegmentIndex.Ss : SegmentIndex.Ds;
        // 64-bit mode ignores overrides of these four; the base register decides between #SS and #GP.
        if (Is64 && op->Segment < SegmentIndex.Fs)
        {
            op->Segment = baseRegister is Register.RSP or Register.RBP or Register.ESP or Register.EBP ? SegmentIndex.Ss : SegmentIndex.Ds;
        }

        int addressSize = baseRegister != Register.None && baseRegister is not (Register.RIP or Register.EIP) ? baseRegister.GetSize()
            : index != Register.None && index.IsGPR() ? index.GetSize()
            : baseRegister == Register.RIP ? 8
            : baseRegister == Register.EIP ? 4
            : instruction.MemoryDisplSize switch { 2 => 2, 4 => 4, 8 => 8, _ => Is64 ? 8 : (Mode & CodeMode.Code32) != 0 ? 4 : 2 };
        if (instruction.IsVsib) addressSize = baseRegister != Register.None ? baseRegister.GetSize() : Is64 ? 8 : 4;
        op->AddressSize = (byte)addressSize;
        op->IndexRegister = index.IsGPR() || index == Register.None ? OffsetOf(index) : NumberOf(index);
        op->Base = OffsetOf(baseRegister);
        // Iced has already added the IP; since IPs count from the block's start, so does the displacement.
        op->Displacement = unchecked((int)instruction.MemoryDisplacement64);
        bool dataSegment = op->Segment < SegmentIndex.Fs;
        if ((Mode & CodeMode.AlignmentCheck) != 0 && !Is64)
        {
            AddressForm = AddressFormKind.General;
        }
        else if (Is64 && addressSize == 8)
        {
            AddressForm = !dataSegment ? AddressFormKind.Segment64 : index == Register.None ? AddressFormKind.Base64 : AddressFormKind.Index64;
        }
        else if (!Is64 && addressSize == 4 && dataSegment && (Mode & CodeMode.Flat) != 0 && op->Segment != SegmentIndex.Cs)
        {
            AddressForm = AddressFormKind.Flat32;
        }
        else
        {
            AddressForm = AddressFormKind.General;
        }
    }

    /// <summary>A segment register's index.</summary>
    public static SegmentIndex SegmentOf(Register register) => (SegmentIndex)(register - Register.ES);

    /// <summary>The immediate operand's value, sign-extended where the encoding extends it.</summary>
    public readonly ulong ImmediateOf(int operand) => instruction.GetImmediate(operand);

    /// <summary>Sets RIP-relative branch target and whether it may be linked.</summary>
    public readonly void BindBranch()
    {
        ulong target = instruction.NearBranchTarget;
        // Iced wraps targets at the operand size; the distance must survive the addition to a real RIP, which wraps again.
        if (instruction.Op0Kind == OpKind.NearBranch16) target = (ulong)(long)(short)target;
        else if (instruction.Op0Kind == OpKind.NearBranch32) target = (ulong)(long)(int)target;
        Op->Immediate = target;
        if (IsLinkable((long)target)) Op->Flags |= OpFlags.Linkable;
    }

    /// <summary>Whether a distance from the block's start stays on its page, in a mode that links.</summary>
    public readonly bool IsLinkable(long distance) =>
        (Mode & CodeMode.Flat) != 0 && (Mode & CodeMode.SingleStep) == 0 && (ulong)(PageOffset + distance) < 0x1000;

    /// <summary>Turns the operation into the slow function <paramref name="function"/>.</summary>
    public void BindSlow(delegate*<Vcpu, Op*, void> function, bool endsBlock)
    {
        Op->Aux = (nint)function;
        EndsBlock = endsBlock;
        // Such functions see RIP behind the instruction rather than at the block's first one.
        if (endsBlock && Op->Base == RegisterOffset.Rip && (Op->Flags & OpFlags.Memory) != 0) Op->Displacement -= Op->NextOffset;
        Op->Handler = endsBlock ? &Vcpu.SlowEndHandler : &Vcpu.SlowHandler;
    }

    /// <summary>Turns the operation into a slow function after which the dispatcher may be wanted, but need not; see <see cref="Vcpu.SlowMayLeaveHandler"/>.</summary>
    public void BindSlowMayLeave(delegate*<Vcpu, Op*, void> function)
    {
        BindSlow(function, endsBlock: false);
        Op->Handler = &Vcpu.SlowMayLeaveHandler;
    }
}
