using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;
using Emu.Cpu.Semantics.Simd;

namespace Emu.Cpu;

// SSE and AVX floating point. The environment lives in CpuState, so passing it by reference exposes no local; an unmasked
// exception leaves the destination alone and raises #XM.
internal static unsafe partial class Handlers
{
    /// <summary>ADDPx, SUBPx, MULPx, DIVPx, MINPx, MAXPx, CMPPx, ADDSUBPx, HADDPx, HSUBPx, DPPx.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatPacked<TOperation, T, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IFloatPackedBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TVector right)) return;
        TVector result;
        if (sizeof(TVector) == 32)
        {
            result = Unsafe.BitCast<Vector256<T>, TVector>(TOperation.Apply(
                *(Vector256<T>*)(s->Vector + (op->Source * 64)), Unsafe.BitCast<TVector, Vector256<T>>(right), (byte)op->Immediate, ref s->SseEnvironment));
        }
        else
        {
            result = Unsafe.BitCast<Vector128<T>, TVector>(TOperation.Apply(
                *(Vector128<T>*)(s->Vector + (op->Source * 64)), Unsafe.BitCast<TVector, Vector128<T>>(right), (byte)op->Immediate, ref s->SseEnvironment));
        }

        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<TVector, TVex>(s, op->Destination, result);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>ADDSx, SUBSx, MULSx, DIVSx, MINSx, MAXSx, CMPSx: the low element; the rest comes from the first source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatScalar<TOperation, T, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out T right)) return;
        Vector128<T> left = *(Vector128<T>*)(s->Vector + (op->Source * 64));
        T result = TOperation.Apply(left.ToScalar(), right, (byte)op->Immediate, ref s->SseEnvironment);
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<Vector128<T>, TVex>(s, op->Destination, left.WithElement(0, result));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>COMISx, UCOMISx: ZF, PF, CF from the comparison; OF, SF, AF cleared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatCompareFlags<T, TSource, TSignals>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TSource : IVectorSource
        where TSignals : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out T right)) return;
        FloatOrdering ordering = ScalarFloat.Compare(*(T*)(s->Vector + (op->Source * 64)), right, TSignals.Value, ref s->SseEnvironment);
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        s->SetArithmeticFlags(ordering switch
        {
            FloatOrdering.Greater => 0,
            FloatOrdering.Less => Eflags.Cf,
            FloatOrdering.Equal => Eflags.Zf,
            _ => Eflags.Zf | Eflags.Pf | Eflags.Cf,
        });
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CVTSI2SS, CVTSI2SD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatFromInteger<TInteger, T, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TInteger : unmanaged, IBinaryInteger<TInteger>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TInteger value)) return;
        T result = ScalarFloat.FromInteger<TInteger, T>(value, ref s->SseEnvironment);
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<Vector128<T>, TVex>(s, op->Destination, (*(Vector128<T>*)(s->Vector + (op->Source * 64))).WithElement(0, result));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CVTSx2SI, CVTTSx2SI.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatToInteger<T, TInteger, TSource, TTruncate>(Vcpu cpu, CpuState* s, Op* op)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger>
        where TSource : IVectorSource
        where TTruncate : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out T value)) return;
        TInteger result = TTruncate.Value
            ? ScalarFloat.TruncateToInteger<T, TInteger>(value, ref s->SseEnvironment)
            : ScalarFloat.ToInteger<T, TInteger>(value, ref s->SseEnvironment);
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        *(ulong*)((byte*)s + op->Destination) = sizeof(TInteger) == 4
            ? Unsafe.BitCast<TInteger, uint>(result)
            : Unsafe.BitCast<TInteger, ulong>(result);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>CVTSS2SD, CVTSD2SS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatConvertScalar<TFrom, TTo, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TFrom : unmanaged
        where TTo : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TFrom value)) return;
        TTo result = typeof(TFrom) == typeof(float)
            ? Unsafe.BitCast<double, TTo>(ScalarFloat.ToDouble(Unsafe.BitCast<TFrom, float>(value), ref s->SseEnvironment))
            : Unsafe.BitCast<float, TTo>(ScalarFloat.ToSingle(Unsafe.BitCast<TFrom, double>(value), ref s->SseEnvironment));
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<Vector128<TTo>, TVex>(s, op->Destination, (*(Vector128<TTo>*)(s->Vector + (op->Source * 64))).WithElement(0, result));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>SQRTSx, ROUNDSx, RCPSS, RSQRTSS: the low element of the last source; the rest from the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatUnaryScalar<TOperation, T, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IFloatUnary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out T value)) return;
        T result = TOperation.Apply(value, (byte)op->Immediate, ref s->SseEnvironment);
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<Vector128<T>, TVex>(s, op->Destination, (*(Vector128<T>*)(s->Vector + (op->Source * 64))).WithElement(0, result));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>SQRTPx, ROUNDPx, RCPPS, RSQRTPS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatUnaryPacked<TOperation, T, TVector, TSource, TVex>(Vcpu cpu, CpuState* s, Op* op)
        where TOperation : IFloatUnary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TVector : unmanaged
        where TSource : IVectorSource
        where TVex : IFlag
    {
        if (!TSource.TryRead(cpu, s, op, out TVector value)) return;
        TVector result = sizeof(TVector) == 32
            ? Unsafe.BitCast<Vector256<T>, TVector>(TOperation.Apply(Unsafe.BitCast<TVector, Vector256<T>>(value), (byte)op->Immediate, ref s->SseEnvironment))
            : Unsafe.BitCast<Vector128<T>, TVector>(TOperation.Apply(Unsafe.BitCast<TVector, Vector128<T>>(value), (byte)op->Immediate, ref s->SseEnvironment));
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<TVector, TVex>(s, op->Destination, result);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
