using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// Slow functions: instructions written plainly, one method each, for whatever is too rare or too intricate for a
// specialised handler. A slow function reads operands through the helpers below, may call any Raise method or any
// memory accessor that unwinds, and must commit state only after everything that can fault.
public sealed unsafe partial class Vcpu
{
    /// <summary>RIP of the instruction a block-ending slow function performs; <see cref="CpuState.Rip"/> is already behind it.</summary>
    public ulong InstructionRip { get; private set; }

    /// <summary>Handler of slow functions in the middle of a block. RIP stays that of the block's first instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SlowHandler(Vcpu cpu, CpuState* s, Op* op)
    {
        if (!cpu.ExecuteSlow(op)) return;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>
    /// Handler of slow functions in the middle of a block behind which the dispatcher is wanted at times: when an event can be taken now, or code is
    /// to be decoded differently.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SlowMayLeaveHandler(Vcpu cpu, CpuState* s, Op* op)
    {
        if (!cpu.ExecuteSlowMayLeave(op)) return;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>
    /// Handler of slow functions that end their block: RIP is that of the next instruction when the function begins, and
    /// the function may change it, the mode, or anything else.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SlowEndHandler(Vcpu cpu, CpuState* s, Op* op)
    {
        cpu.ExecuteSlowEnd(op);
        if (cpu.CanGoOn) Handlers.Dispatch(cpu, s, op);
    }

    private bool ExecuteSlow(Op* op)
    {
        try
        {
            ((delegate*<Vcpu, Op*, void>)op->Aux)(this, op);
            return true;
        }
        catch (GuestException)
        {
            LeaveAt(op);
            return false;
        }
    }

    private bool ExecuteSlowMayLeave(Op* op)
    {
        CodeMode mode = State->Mode;
        if (!ExecuteSlow(op)) return false;
        CpuState* s = State;
        if (s->ExitRequest == 0 && s->Shadow == InterruptShadow.None && (s->SystemFlags & Eflags.Tf) == 0 && s->Mode == mode) return true;
        LeaveAfter(op);
        return false;
    }

    private void ExecuteSlowEnd(Op* op)
    {
        InstructionRip = MaskRip(State->Rip + op->Offset);
        State->Rip = MaskRip(InstructionRip + op->Length);
        State->Remaining -= op->Index + 1;
        try
        {
            ((delegate*<Vcpu, Op*, void>)op->Aux)(this, op);
        }
        catch (GuestException)
        {
            State->Rip = InstructionRip;
            State->Remaining++;
        }
    }

    /// <summary>A general register by its byte offset in <see cref="CpuState"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T ReadRegister<T>(byte offset)
        where T : unmanaged => *(T*)((byte*)State + offset);

    /// <summary>Writes a general register by its byte offset; a 32-bit write clears the upper half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteRegister<T>(byte offset, T value)
        where T : unmanaged
    {
        if (sizeof(T) == 4)
        {
            *(ulong*)((byte*)State + offset) = Unsafe.As<T, uint>(ref value);
        }
        else
        {
            *(T*)((byte*)State + offset) = value;
        }
    }

    /// <summary>A general register, zero-extended, with the size given in bytes (1, 2, 4, 8).</summary>
    public ulong ReadRegister(byte offset, int size) => size switch
    {
        1 => ReadRegister<byte>(offset),
        2 => ReadRegister<ushort>(offset),
        4 => ReadRegister<uint>(offset),
        _ => ReadRegister<ulong>(offset),
    };

    /// <summary>Writes the low <paramref name="size"/> bytes (1, 2, 4, 8) of a value; a 32-bit write clears the upper half.</summary>
    public void WriteRegister(byte offset, int size, ulong value)
    {
        switch (size)
        {
            case 1: WriteRegister(offset, (byte)value); break;
            case 2: WriteRegister(offset, (ushort)value); break;
            case 4: WriteRegister(offset, (uint)value); break;
            default: WriteRegister(offset, value); break;
        }
    }

    /// <summary>Effective address (offset in its segment) of the memory operand, wrapped to the address size.</summary>
    public ulong EffectiveAddress(Op* op)
    {
        byte* registers = (byte*)State;
        ulong address = *(ulong*)(registers + op->Base) + (*(ulong*)(registers + op->IndexRegister) << op->Scale) + (ulong)(long)op->Displacement;
        return WrapAddress(address, op->AddressSize);
    }

    /// <summary>Wraps an offset to an address size of 2, 4 or 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WrapAddress(ulong address, int addressSize) =>
        addressSize switch { 8 => address, 4 => (uint)address, _ => (ushort)address };

    /// <summary>Linear address of the memory operand for an access of <paramref name="size"/> bytes, segment-checked. Raises #GP, #SS.</summary>
    public ulong OperandAddress(Op* op, int size, AccessKind kind) =>
        TranslateSegment(op->Segment, EffectiveAddress(op), size, kind);

    /// <summary>Reads the memory operand. Raises #GP, #SS, #PF, #AC.</summary>
    public T ReadMemoryOperand<T>(Op* op)
        where T : unmanaged =>
        ReadLinear<T>(OperandAddress(op, sizeof(T), AccessKind.Read), CurrentAccessClass, op->Segment);

    /// <summary>Writes the memory operand. Raises #GP, #SS, #PF, #AC.</summary>
    public void WriteMemoryOperand<T>(Op* op, T value)
        where T : unmanaged =>
        WriteLinear(OperandAddress(op, sizeof(T), AccessKind.Write), value, CurrentAccessClass, op->Segment);

    /// <summary>
    /// Reads the r/m operand: memory if <see cref="OpFlags.Memory"/> is set, else the general register named by
    /// <paramref name="register"/> (usually <see cref="Op.Destination"/> or <see cref="Op.Source"/>).
    /// </summary>
    public T ReadRm<T>(Op* op, byte register)
        where T : unmanaged =>
        (op->Flags & OpFlags.Memory) != 0 ? ReadMemoryOperand<T>(op) : ReadRegister<T>(register);

    /// <summary>Writes the r/m operand; see <see cref="ReadRm"/>.</summary>
    public void WriteRm<T>(Op* op, byte register, T value)
        where T : unmanaged
    {
        if ((op->Flags & OpFlags.Memory) != 0)
        {
            WriteMemoryOperand(op, value);
        }
        else
        {
            WriteRegister(register, value);
        }
    }

    /// <summary>Reads the r/m operand zero-extended, with the size in bytes (1, 2, 4, 8) given at run time.</summary>
    public ulong ReadRm(Op* op, byte register, int size) => size switch
    {
        1 => ReadRm<byte>(op, register),
        2 => ReadRm<ushort>(op, register),
        4 => ReadRm<uint>(op, register),
        _ => ReadRm<ulong>(op, register),
    };

    /// <summary>Writes the r/m operand, with the size in bytes (1, 2, 4, 8) given at run time.</summary>
    public void WriteRm(Op* op, byte register, int size, ulong value)
    {
        switch (size)
        {
            case 1: WriteRm(op, register, (byte)value); break;
            case 2: WriteRm(op, register, (ushort)value); break;
            case 4: WriteRm(op, register, (uint)value); break;
            default: WriteRm(op, register, value); break;
        }
    }

    /// <summary>Width of the stack pointer in bytes: 8 in 64-bit mode, else 4 or 2 by SS.B.</summary>
    public int StackAddressSize =>
        (State->Mode & CodeMode.Code64) != 0 ? 8 : (State->Mode & CodeMode.Stack32) != 0 ? 4 : 2;

    /// <summary>Stack pointer, wrapped to the stack's address size. Assigning leaves the bits above that size alone.</summary>
    public ulong StackPointer
    {
        get => WrapAddress(State->Gpr[4], StackAddressSize);
        set
        {
            switch (StackAddressSize)
            {
                case 2: *(ushort*)&State->Gpr[4] = (ushort)value; break;
                case 4: State->Gpr[4] = (uint)value; break;
                default: State->Gpr[4] = value; break;
            }
        }
    }

    /// <summary>
    /// A cursor for slow functions that push or pop several items: faults leave RSP untouched, <see cref="Commit"/>
    /// stores it.
    /// </summary>
    public ref struct StackCursor
    {
        private readonly Vcpu cpu;
        private ulong pointer;

        /// <summary>Starts at the current stack pointer.</summary>
        public StackCursor(Vcpu cpu)
        {
            this.cpu = cpu;
            pointer = cpu.StackPointer;
        }

        /// <summary>Offset in SS, wrapped to the stack's address size.</summary>
        public ulong Pointer
        {
            readonly get => pointer;
            set => pointer = WrapAddress(value, cpu.StackAddressSize);
        }

        /// <summary>Pushes the low <paramref name="size"/> bytes (2, 4, 8). Raises #SS, #PF, #AC.</summary>
        public void Push(ulong value, int size)
        {
            ulong target = WrapAddress(pointer - (uint)size, cpu.StackAddressSize);
            switch (size)
            {
                case 2: cpu.WriteSegment(SegmentIndex.Ss, target, (ushort)value); break;
                case 4: cpu.WriteSegment(SegmentIndex.Ss, target, (uint)value); break;
                default: cpu.WriteSegment(SegmentIndex.Ss, target, value); break;
            }

            pointer = target;
        }

        /// <summary>Pops <paramref name="size"/> bytes (2, 4, 8), zero-extended. Raises #SS, #PF, #AC.</summary>
        public ulong Pop(int size)
        {
            ulong value = size switch
            {
                2 => cpu.ReadSegment<ushort>(SegmentIndex.Ss, pointer),
                4 => cpu.ReadSegment<uint>(SegmentIndex.Ss, pointer),
                _ => cpu.ReadSegment<ulong>(SegmentIndex.Ss, pointer),
            };
            pointer = WrapAddress(pointer + (uint)size, cpu.StackAddressSize);
            return value;
        }

        /// <summary>Stores the pointer in RSP/ESP/SP.</summary>
        public readonly void Commit() => cpu.StackPointer = pointer;
    }
}
