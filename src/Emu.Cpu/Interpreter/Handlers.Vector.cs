using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.Semantics.Simd;
using Emu.Mmu;

namespace Emu.Cpu;

// Packed integer and bitwise instructions, and data movement between vector registers, memory and general registers.
internal static unsafe partial class Handlers
{
    /// <summary>dst = op(first source, last source).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorBinary<TOperation, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorBinary
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TVector right)) return;
        TVector left = *(TVector*)(s->Vector + (op->Source * 64));
        VectorFile.Store<TVector, TVex>(s, op->Destination, Lanes.Binary<TOperation, TVector>(left, right));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MMX form of <see cref="VectorBinary"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxBinary<TOperation, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorBinary
        where TSource : IVectorSource
    {
        if ((s->Fsw & 0x80) != 0 && !cpu.TryReportX87Error(op)) return;
        if (!TSource.TryRead(cpu, s, op, out Vector128<byte> right)) return;
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        Vector128<byte> left = Vector128.CreateScalar(s->Fpr[op->Destination * 2]).AsByte();
        VectorFile.StoreMmx(s, op->Destination, TOperation.Apply64<TOperation>(left, right).AsUInt64().ToScalar());
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>dst = op(first source, last source, imm8).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorBinaryImmediate<TOperation, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorBinaryImmediate
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TVector right)) return;
        TVector left = *(TVector*)(s->Vector + (op->Source * 64));
        VectorFile.Store<TVector, TVex>(s, op->Destination, Lanes.Binary<TOperation, TVector>(left, right, (byte)op->Immediate));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MMX form of <see cref="VectorBinaryImmediate"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxBinaryImmediate<TOperation, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorBinaryImmediate
        where TSource : IVectorSource
    {
        if ((s->Fsw & 0x80) != 0 && !cpu.TryReportX87Error(op)) return;
        if (!TSource.TryRead(cpu, s, op, out Vector128<byte> right)) return;
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        Vector128<byte> left = Vector128.CreateScalar(s->Fpr[op->Destination * 2]).AsByte();
        VectorFile.StoreMmx(s, op->Destination, TOperation.Apply64<TOperation>(left, right, (byte)op->Immediate).AsUInt64().ToScalar());
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>dst = op(source, imm8).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorUnary<TOperation, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorUnary
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TVector source)) return;
        VectorFile.Store<TVector, TVex>(s, op->Destination, Lanes.Unary<TOperation, TVector>(source, (byte)op->Immediate));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MMX form of <see cref="VectorUnary"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxUnary<TOperation, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorUnary
        where TSource : IVectorSource
    {
        if ((s->Fsw & 0x80) != 0 && !cpu.TryReportX87Error(op)) return;
        if (!TSource.TryRead(cpu, s, op, out Vector128<byte> source)) return;
        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        VectorFile.StoreMmx(s, op->Destination, TOperation.Apply64<TOperation>(source, (byte)op->Immediate).AsUInt64().ToScalar());
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>Shift by the low quadword of the last source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorShift<TOperation, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorShift
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out Vector128<ulong> count)) return;
        TVector left = *(TVector*)(s->Vector + (op->Source * 64));
        VectorFile.Store<TVector, TVex>(s, op->Destination, Lanes.Shift<TOperation, TVector>(left, count.ToScalar()));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>Shift by imm8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorShiftImmediate<TOperation, TVector, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorShift
        where TVector : unmanaged
        where TVex : IFlag
    {
        TVector left = *(TVector*)(s->Vector + (op->Source * 64));
        VectorFile.Store<TVector, TVex>(s, op->Destination, Lanes.Shift<TOperation, TVector>(left, (byte)op->Immediate));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>MMX shift by a register, memory operand, or (with <typeparamref name="TImmediate"/>) imm8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MmxShift<TOperation, TSource, TImmediate>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorShift
        where TSource : IVectorSource
        where TImmediate : IFlag
    {
        if ((s->Fsw & 0x80) != 0 && !cpu.TryReportX87Error(op)) return;
        ulong count = (byte)op->Immediate;
        if (!TImmediate.Value)
        {
            if (!TSource.TryRead(cpu, s, op, out ulong value)) return;
            count = value;
        }

        if (!Vcpu.TryEnterMmx(cpu, s, op)) return;
        Vector128<byte> left = Vector128.CreateScalar(s->Fpr[op->Destination * 2]).AsByte();
        VectorFile.StoreMmx(s, op->Destination, TOperation.Apply(left, count).AsUInt64().ToScalar());
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>dst = op(first, last, mask); mask is XMM0, or the is4 register in <see cref="Op.Size"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorTernary<TOperation, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorTernary
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TVector second)) return;
        TVector first = *(TVector*)(s->Vector + (op->Source * 64));
        TVector third = *(TVector*)(s->Vector + (op->Size * 64));
        VectorFile.Store<TVector, TVex>(s, op->Destination, Lanes.Ternary<TOperation, TVector>(first, second, third));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>Whole-register move.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorMove<TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TVector value)) return;
        VectorFile.Store<TVector, TVex>(s, op->Destination, value);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>Store of the low part, or of element <see cref="Op.Size"/>, of vector register <see cref="Op.Source"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorStore<T, TAddress, TAligned>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TAddress : IAddressForm
        where TAligned : IFlag
    {
        if (!TAddress.TryLinear(cpu, s, op, sizeof(T), AccessKind.Write, out ulong linear)) return;
        if (TAligned.Value && (linear & (uint)(sizeof(T) - 1)) != 0)
        {
            cpu.Fault(op, ExceptionVector.GeneralProtection);
            return;
        }

        if (!Vcpu.TryWrite(cpu, s, op, linear, *(T*)(s->Vector + (op->Source * 64) + (op->Size * sizeof(T))))) return;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>An element to the low part of a register, zero above it up to bit 127 (and beyond with VEX).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorLoadZero<T, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out T value)) return;
        VectorFile.Store<Vector128<ulong>, TVex>(s, op->Destination, Vector128.CreateScalar(Semantics.Bits.Zero(value)));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>The first source with element <typeparamref name="TIndex"/> replaced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorMerge<T, TIndex, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TIndex : IElementIndex
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out T value)) return;
        Vector128<T> result = *(Vector128<T>*)(s->Vector + (op->Source * 64));
        VectorFile.Store<Vector128<T>, TVex>(s, op->Destination, result.WithElement(TIndex.Value, value));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>Element <see cref="Op.Size"/> of vector register <see cref="Op.Source"/> to a general register, zero-extended to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorExtract<T>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
    {
        *(ulong*)((byte*)s + op->Destination) = Semantics.Bits.Zero(*(T*)(s->Vector + (op->Source * 64) + (op->Size * sizeof(T))));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>PMOVMSKB, MOVMSKPS, MOVMSKPD: the sign bits of elements, to a general register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorSignMask<T, TVector>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TVector : unmanaged
    {
        byte* source = s->Vector + (op->Source * 64);
        uint mask = sizeof(TVector) == 32
            ? Vector256.ExtractMostSignificantBits(*(Vector256<T>*)source)
            : Vector128.ExtractMostSignificantBits(*(Vector128<T>*)source);
        *(ulong*)((byte*)s + op->Destination) = mask;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>PMOVSX, PMOVZX: widens the low elements of the source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorExtend<TFrom, TTo, TMemory, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TFrom : unmanaged, System.Numerics.INumberBase<TFrom>
        where TTo : unmanaged, System.Numerics.INumberBase<TTo>
        where TMemory : unmanaged
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TMemory packed)) return;
        VectorFile.Store<TVector, TVex>(s, op->Destination, Extending.Widen<TFrom, TTo, TMemory, TVector>(packed));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>VBROADCASTxx, VPBROADCASTx, 128-bit MOVDDUP: one element everywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorBroadcast<T, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out T value)) return;
        VectorFile.Store<TVector, TVex>(s, op->Destination, Extending.Broadcast<T, TVector>(value));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
