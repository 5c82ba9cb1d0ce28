using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>Widening and broadcasting, generic over element and vector types.</summary>
public static class Extending
{
    /// <summary>Converts the low elements of <paramref name="packed"/> to wider ones (PMOVSX, PMOVZX).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Widen<TFrom, TTo, TPacked, TVector>(TPacked packed)
        where TFrom : unmanaged, INumberBase<TFrom>
        where TTo : unmanaged, INumberBase<TTo>
        where TPacked : unmanaged
        where TVector : unmanaged
    {
        Unsafe.SkipInit(out TVector result);
        for (int i = 0; i < Unsafe.SizeOf<TVector>() / Unsafe.SizeOf<TTo>(); i++)
        {
            Unsafe.Add(ref Unsafe.As<TVector, TTo>(ref result), i) = TTo.CreateTruncating(Unsafe.Add(ref Unsafe.As<TPacked, TFrom>(ref packed), i));
        }

        return result;
    }

    /// <summary>One element in every place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Broadcast<T, TVector>(T value)
        where T : unmanaged
        where TVector : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 16)
        {
            Vector128<byte> half = Unsafe.BitCast<T, Vector128<byte>>(value);
            return Unsafe.BitCast<Vector256<byte>, TVector>(Vector256.Create(half, half));
        }

        return Unsafe.SizeOf<TVector>() == 16
            ? Unsafe.BitCast<Vector128<T>, TVector>(Vector128.Create(value))
            : Unsafe.BitCast<Vector256<T>, TVector>(Vector256.Create(value));
    }
}
