using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>Where the last source of a vector instruction comes from.</summary>
internal unsafe interface IVectorSource
{
    /// <summary>Reads it; false when a fault was recorded.</summary>
    static abstract bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged;
}

/// <summary>Vector register <see cref="Op.Source2"/>, from the element <see cref="Op.Scale"/> on.</summary>
internal readonly unsafe struct VectorRegister : IVectorSource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        value = *(T*)(s->Vector + (op->Source2 * 64) + (sizeof(T) >= 16 ? 0 : op->Scale * sizeof(T)));
        return true;
    }
}

/// <summary>General register at byte offset <see cref="Op.Source2"/>.</summary>
internal readonly unsafe struct GeneralRegister : IVectorSource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        value = *(T*)((byte*)s + op->Source2);
        return true;
    }
}

/// <summary>MMX register <see cref="Op.Source2"/>; wider reads have zero above.</summary>
internal readonly unsafe struct MmxRegister : IVectorSource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        ulong low = s->Fpr[op->Source2 * 2];
        value = sizeof(T) <= 8 ? *(T*)&s->Fpr[op->Source2 * 2] : Unsafe.BitCast<Vector128<ulong>, T>(Vector128.CreateScalar(low));
        return true;
    }
}

/// <summary>Memory. With <typeparamref name="TAligned"/> a misaligned address is #GP(0), as legacy SSE has it.</summary>
internal readonly unsafe struct VectorMemory<TAddress, TAligned> : IVectorSource
    where TAddress : IAddressForm
    where TAligned : IFlag
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        if (TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Read, out ulong linear))
        {
            if (!TAligned.Value || (linear & (uint)(sizeof(T) - 1)) == 0) return Vcpu.TryRead(cpu, s, op, linear, out value);
            cpu.Fault(op, ExceptionVector.GeneralProtection);
        }

        value = default;
        return false;
    }
}

/// <summary>Memory operand of an MMX instruction: 64 bits, or 32 for PUNPCKLxx; zero above.</summary>
internal readonly unsafe struct MmxMemory<TAddress, TData> : IVectorSource
    where TAddress : IAddressForm
    where TData : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<T>(Vcpu cpu, CpuState* s, Op* op, out T value)
        where T : unmanaged
    {
        if (TAddress.TryLinear(cpu, s, op, sizeof(TData), AccessKind.Read, out ulong linear) && Vcpu.TryRead(cpu, s, op, linear, out TData data))
        {
            ulong low = Semantics.Bits.Zero(data);
            value = sizeof(T) <= 8 ? Semantics.Bits.Truncate<T>(low) : Unsafe.BitCast<Vector128<ulong>, T>(Vector128.CreateScalar(low));
            return true;
        }

        value = default;
        return false;
    }
}

/// <summary>Stores of vector results.</summary>
internal static unsafe class VectorFile
{
    /// <summary>
    /// Writes a vector register. VEX encodings clear everything above the result; legacy ones leave it (SDM Vol. 1 14.1.3).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T, TVex>(CpuState* s, int register, T value)
        where T : unmanaged
        where TVex : IFlag
    {
        byte* target = s->Vector + (register * 64);
        *(T*)target = value;
        if (!TVex.Value) return;
        if (sizeof(T) == 16)
        {
            *(Vector128<byte>*)(target + 16) = default;
            *(Vector256<byte>*)(target + 32) = default;
        }
        else if (sizeof(T) == 32)
        {
            *(Vector256<byte>*)(target + 32) = default;
        }
    }

    /// <summary>
    /// Writes an MMX register: the exponent of the aliased x87 register becomes all ones (SDM Vol. 1 9.5.1). The caller
    /// has done <see cref="Vcpu.TryEnterMmx"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMmx(CpuState* s, int register, ulong value)
    {
        s->Fpr[register * 2] = value;
        s->Fpr[(register * 2) + 1] = 0xFFFF;
    }
}
