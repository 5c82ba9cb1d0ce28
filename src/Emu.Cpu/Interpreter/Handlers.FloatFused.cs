using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;
using Emu.Cpu.Semantics.Simd;

namespace Emu.Cpu;

// FMA3.
internal static unsafe partial class Handlers
{
    /// <summary>FMA3, packed; see <see cref="IFusedForm"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatFusedPacked<TForm, TOperation, T, TVector, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TForm : IFusedForm
        where TOperation : IFloatFused
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TVector : unmanaged
        where TSource : IVectorSource
    {
        if (!TSource.TryRead(cpu, s, op, out TVector last)) return;
        TVector first = *(TVector*)(s->Vector + (op->Destination * 64)), second = *(TVector*)(s->Vector + (op->Source * 64));
        TVector a = TForm.Multiplicand(first, second, last), b = TForm.Multiplier(first, second, last), c = TForm.Addend(first, second, last);
        TVector result = sizeof(TVector) == 32
            ? Unsafe.BitCast<Vector256<T>, TVector>(TOperation.Apply(
                Unsafe.BitCast<TVector, Vector256<T>>(a), Unsafe.BitCast<TVector, Vector256<T>>(b), Unsafe.BitCast<TVector, Vector256<T>>(c), ref s->SseEnvironment))
            : Unsafe.BitCast<Vector128<T>, TVector>(TOperation.Apply(
                Unsafe.BitCast<TVector, Vector128<T>>(a), Unsafe.BitCast<TVector, Vector128<T>>(b), Unsafe.BitCast<TVector, Vector128<T>>(c), ref s->SseEnvironment));
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<TVector, Yes>(s, op->Destination, result);
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>FMA3, scalar: the upper elements of the destination stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FloatFusedScalar<TForm, TOperation, T, TSource>(Vcpu cpu, CpuState* s, Op* op)
        where TForm : IFusedForm
        where TOperation : IFloatFused
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TSource : IVectorSource
    {
        if (!TSource.TryRead(cpu, s, op, out T last)) return;
        Vector128<T> whole = *(Vector128<T>*)(s->Vector + (op->Destination * 64));
        T first = whole.ToScalar(), second = *(T*)(s->Vector + (op->Source * 64));
        T result = TOperation.Apply(
            TForm.Multiplicand(first, second, last), TForm.Multiplier(first, second, last), TForm.Addend(first, second, last), ref s->SseEnvironment);
        if (s->SseEnvironment.Unmasked != FloatExceptions.None)
        {
            cpu.SimdFloatingPointFault(op);
            return;
        }

        VectorFile.Store<Vector128<T>, Yes>(s, op->Destination, whole.WithElement(0, result));
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}

/// <summary>Which operands of an FMA3 instruction are multiplied, and which is added (SDM Vol. 1 14.5.1).</summary>
internal interface IFusedForm
{
    static abstract T Multiplicand<T>(T first, T second, T last)
        where T : unmanaged;

    static abstract T Multiplier<T>(T first, T second, T last)
        where T : unmanaged;

    static abstract T Addend<T>(T first, T second, T last)
        where T : unmanaged;
}

/// <summary>132: first * last + second.</summary>
internal readonly struct Fused132 : IFusedForm
{
    public static T Multiplicand<T>(T first, T second, T last)
        where T : unmanaged => first;

    public static T Multiplier<T>(T first, T second, T last)
        where T : unmanaged => last;

    public static T Addend<T>(T first, T second, T last)
        where T : unmanaged => second;
}

/// <summary>213: second * first + last.</summary>
internal readonly struct Fused213 : IFusedForm
{
    public static T Multiplicand<T>(T first, T second, T last)
        where T : unmanaged => second;

    public static T Multiplier<T>(T first, T second, T last)
        where T : unmanaged => first;

    public static T Addend<T>(T first, T second, T last)
        where T : unmanaged => last;
}

/// <summary>231: second * last + first.</summary>
internal readonly struct Fused231 : IFusedForm
{
    public static T Multiplicand<T>(T first, T second, T last)
        where T : unmanaged => second;

    public static T Multiplier<T>(T first, T second, T last)
        where T : unmanaged => last;

    public static T Addend<T>(T first, T second, T last)
        where T : unmanaged => first;
}
