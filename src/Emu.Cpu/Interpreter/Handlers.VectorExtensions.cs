using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.Semantics.Simd;

namespace Emu.Cpu;

// Instructions that cross lanes, accumulate, set flags or clear registers, and text comparison.
internal static unsafe partial class Handlers
{
    /// <summary>VPERMD, VPERMQ, VPERM2I128 and their floating-point twins: 256 bits, across lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorCrossing<TOperation, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorCrossing
        where TSource : IVectorSource
    {
        if (!TSource.TryRead(cpu, s, op, out Vector256<byte> right)) return;
        Vector256<byte> left = *(Vector256<byte>*)(s->Vector + (op->Source * 64));
        VectorFile.Store<Vector256<byte>, Yes>(s, op->Destination, TOperation.Apply(left, right, (byte)op->Immediate));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>VINSERTF128, VINSERTI128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorInsertLane<TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!TSource.TryRead(cpu, s, op, out Vector128<byte> lane)) return;
        Vector256<byte> value = *(Vector256<byte>*)(s->Vector + (op->Source * 64));
        value = (op->Immediate & 1) != 0 ? value.WithUpper(lane) : value.WithLower(lane);
        VectorFile.Store<Vector256<byte>, Yes>(s, op->Destination, value);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>VEXTRACTF128, VEXTRACTI128 to a register: lane <see cref="Op.Size"/> of <see cref="Op.Source"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorExtractLane(Vcpu cpu, CpuState* s, Op* op)
    {
        VectorFile.Store<Vector128<byte>, Yes>(s, op->Destination, *(Vector128<byte>*)(s->Vector + (op->Source * 64) + (op->Size * 16)));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>dst = op(dst, first source, last source).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorAccumulate<TOperation, TVector, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorTernary
        where TVector : unmanaged
        where TSource : IVectorSource
    {
        if (!TSource.TryRead(cpu, s, op, out TVector third)) return;
        TVector first = *(TVector*)(s->Vector + (op->Destination * 64)), second = *(TVector*)(s->Vector + (op->Source * 64));
        VectorFile.Store<TVector, Yes>(s, op->Destination, Lanes.Ternary<TOperation, TVector>(first, second, third));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>PTEST, VTESTPS, VTESTPD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorTest<TOperation, TVector, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorTest
        where TVector : unmanaged
        where TSource : IVectorSource
    {
        if (!TSource.TryRead(cpu, s, op, out TVector right)) return;
        bool none, covered;
        if (sizeof(TVector) == 32)
        {
            Vector256<byte> left = *(Vector256<byte>*)(s->Vector + (op->Destination * 64));
            Vector256<byte> counted = Unsafe.BitCast<TVector, Vector256<byte>>(right) & Vector256.Create(TOperation.Mask, TOperation.Mask);
            none = (left & counted) == Vector256<byte>.Zero;
            covered = Vector256.AndNot(counted, left) == Vector256<byte>.Zero;
        }
        else
        {
            Vector128<byte> left = *(Vector128<byte>*)(s->Vector + (op->Destination * 64));
            Vector128<byte> counted = Unsafe.BitCast<TVector, Vector128<byte>>(right) & TOperation.Mask;
            none = (left & counted) == Vector128<byte>.Zero;
            covered = Vector128.AndNot(counted, left) == Vector128<byte>.Zero;
        }

        s->SetArithmeticFlags((none ? Eflags.Zf : 0) | (covered ? Eflags.Cf : 0));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>INSERTPS; in the memory form the immediate's source field is cleared, so the doubleword is element 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void VectorInsertSingle<TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out uint element)) return;
        Vector128<uint> value = *(Vector128<uint>*)(s->Vector + (op->Source * 64));
        VectorFile.Store<Vector128<uint>, TVex>(s, op->Destination, Packed.InsertSingle(value, element, (byte)op->Immediate));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>VZEROUPPER, and VZEROALL with <typeparamref name="TAll"/>: 16 registers, or the 8 there are outside 64-bit mode.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ClearVectors<TAll>(Vcpu cpu, CpuState* s, Op* op)
        where TAll : IFlag
    {
        byte* register = s->Vector;
        for (byte* end = register + (op->Size * 64); register != end; register += 64)
        {
            if (TAll.Value) *(Vector128<byte>*)register = default;
            *(Vector128<byte>*)(register + 16) = default;
            *(Vector256<byte>*)(register + 32) = default;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>
    /// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. <see cref="Op.Size"/> is that of the registers explicit lengths are in.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CompareText<TSource, TExplicit, TMask, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
        where TExplicit : IFlag
        where TMask : IFlag
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out Vector128<byte> second)) return;
        Vector128<byte> first = *(Vector128<byte>*)(s->Vector + (op->Destination * 64));
        byte control = (byte)op->Immediate;
        int firstLength = TExplicit.Value ? TextCompare.ExplicitLength(Length(s->Gpr[0], op->Size), control) : TextCompare.ImplicitLength(first, control);
        int secondLength = TExplicit.Value ? TextCompare.ExplicitLength(Length(s->Gpr[2], op->Size), control) : TextCompare.ImplicitLength(second, control);
        uint result = TextCompare.Compare(first, firstLength, second, secondLength, control);
        if (TMask.Value)
        {
            VectorFile.Store<Vector128<byte>, TVex>(s, 0, TextCompare.Mask(result, control));
        }
        else
        {
            s->Gpr[1] = (uint)TextCompare.Index(result, control);
        }

        s->SetArithmeticFlags(TextCompare.Flags(result, firstLength, secondLength, control));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    private static long Length(ulong register, int size) => size == 8 ? (long)register : (int)register;
}
