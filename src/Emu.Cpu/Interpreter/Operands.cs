using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>Where an operand lives. A handler takes one as a type argument for each of its operands.</summary>
/// <remarks>
/// A method that returns false has changed nothing. If <see cref="Retries"/> is false, a fault was recorded and the handler returns
/// at once; else the operand needs more than a TLB hit, and the handler hands over to <see cref="Op.Retry"/>, its
/// instantiation with checked operands. So the handlers that run most contain no calls and need no stack frame.
/// </remarks>
internal unsafe interface IOperand
{
    /// <summary>False from another method means "run <see cref="Op.Retry"/>" rather than "a fault was recorded".</summary>
    static abstract bool Retries { get; }

    /// <summary>Reads the operand.</summary>
    static abstract bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged;

    /// <summary>Writes the operand.</summary>
    static abstract bool TryWrite<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged;

    /// <summary>Reads the operand in order to write it; <paramref name="cookie"/> goes back to <see cref="TryFinish"/>.</summary>
    static abstract bool TryBegin<T>(Vcpu cpu, CpuState* s, Op* op, out T value, out ulong cookie)
        where T : unmanaged;

    /// <summary>Writes what <see cref="TryBegin"/> read.</summary>
    static abstract bool TryFinish<T>(Vcpu cpu, CpuState* s, Op* op, T value, ulong cookie)
        where T : unmanaged;
}

/// <summary>The general register <see cref="Op.Destination"/>. 32-bit writes clear the upper half.</summary>
internal readonly unsafe struct DestinationRegister : IOperand
{
    public static bool Retries => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        value = *(T*)((byte*)s + op->Destination);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        if (sizeof(T) == 4)
        {
            *(ulong*)((byte*)s + op->Destination) = Unsafe.BitCast<T, uint>(value);
        }
        else
        {
            *(T*)((byte*)s + op->Destination) = value;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryBegin<T>(Vcpu cpu, CpuState* s, Op* op, out T value, out ulong cookie)
        where T : unmanaged
    {
        cookie = 0;
        return TryRead(cpu, s, op, out value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFinish<T>(Vcpu cpu, CpuState* s, Op* op, T value, ulong cookie)
        where T : unmanaged => TryWrite(cpu, s, op, value);
}

/// <summary>The general register <see cref="Op.Source"/>.</summary>
internal readonly unsafe struct SourceRegister : IOperand
{
    public static bool Retries => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        value = *(T*)((byte*)s + op->Source);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        if (sizeof(T) == 4)
        {
            *(ulong*)((byte*)s + op->Source) = Unsafe.BitCast<T, uint>(value);
        }
        else
        {
            *(T*)((byte*)s + op->Source) = value;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryBegin<T>(Vcpu cpu, CpuState* s, Op* op, out T value, out ulong cookie)
        where T : unmanaged
    {
        cookie = 0;
        return TryRead(cpu, s, op, out value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFinish<T>(Vcpu cpu, CpuState* s, Op* op, T value, ulong cookie)
        where T : unmanaged => TryWrite(cpu, s, op, value);
}

/// <summary>The general register <see cref="Op.Source2"/>.</summary>
internal readonly unsafe struct Source2Register : IOperand
{
    public static bool Retries => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        value = *(T*)((byte*)s + op->Source2);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        if (sizeof(T) == 4)
        {
            *(ulong*)((byte*)s + op->Source2) = Unsafe.BitCast<T, uint>(value);
        }
        else
        {
            *(T*)((byte*)s + op->Source2) = value;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryBegin<T>(Vcpu cpu, CpuState* s, Op* op, out T value, out ulong cookie)
        where T : unmanaged
    {
        cookie = 0;
        return TryRead(cpu, s, op, out value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFinish<T>(Vcpu cpu, CpuState* s, Op* op, T value, ulong cookie)
        where T : unmanaged => TryWrite(cpu, s, op, value);
}

/// <summary>The immediate. Read only.</summary>
internal readonly unsafe struct ImmediateOperand : IOperand
{
    public static bool Retries => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        value = *(T*)&op->Immediate;
        return true;
    }

    public static bool TryWrite<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged => throw new InvalidOperationException("An immediate is never a destination.");

    public static bool TryBegin<T>(Vcpu cpu, CpuState* s, Op* op, out T value, out ulong cookie)
        where T : unmanaged => throw new InvalidOperationException("An immediate is never a destination.");

    public static bool TryFinish<T>(Vcpu cpu, CpuState* s, Op* op, T value, ulong cookie)
        where T : unmanaged => throw new InvalidOperationException("An immediate is never a destination.");
}

/// <summary>The memory operand, addressed by <typeparamref name="TAddress"/>, if it lies in RAM that the TLB knows.</summary>
internal readonly unsafe struct MemoryOperand<TAddress> : IOperand
    where TAddress : IAddressForm
{
    public static bool Retries => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Read, out ulong linear);
        return Vcpu.TryReadHit(s, linear, out value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged
    {
        TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Write, out ulong linear);
        return Vcpu.TryWriteHit(s, linear, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryBegin<T>(Vcpu cpu, CpuState* s, Op* op, out T value, out ulong cookie)
        where T : unmanaged
    {
        TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Write, out ulong linear);
        TlbEntry* entry = s->DataEntry(linear);
        cookie = linear + (ulong)entry->Addend;
        if (((linear + (uint)(sizeof(T) - 1)) & ~0xFFFul) != entry->WriteTag)
        {
            value = default;
            return false;
        }

        value = Unsafe.ReadUnaligned<T>((void*)cookie);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFinish<T>(Vcpu cpu, CpuState* s, Op* op, T value, ulong cookie)
        where T : unmanaged
    {
        Unsafe.WriteUnaligned((void*)cookie, value);
        return true;
    }
}

/// <summary>The memory operand wherever it is: TLB misses, devices, watched pages, faults.</summary>
internal readonly unsafe struct CheckedMemoryOperand<TAddress> : IOperand
    where TAddress : IAddressForm
{
    public static bool Retries => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        if (TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Read, out ulong linear)) return Vcpu.TryRead(cpu, s, op, linear, out value);
        value = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<T>(Vcpu cpu, CpuState* s, Op* op, T value)
        where T : unmanaged =>
        TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Write, out ulong linear) && Vcpu.TryWrite(cpu, s, op, linear, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryBegin<T>(Vcpu cpu, CpuState* s, Op* op, out T value, out ulong cookie)
        where T : unmanaged
    {
        if (TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Write, out cookie)) return Vcpu.TryReadForWrite(cpu, s, op, cookie, out value);
        value = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFinish<T>(Vcpu cpu, CpuState* s, Op* op, T value, ulong cookie)
        where T : unmanaged => Vcpu.TryWrite(cpu, s, op, cookie, value);
}
