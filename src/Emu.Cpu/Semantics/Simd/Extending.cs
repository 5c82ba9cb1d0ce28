using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>Widening and broadcasting, generic over element and vector types.</summary>
public static class Extending
{
    /// <summary>
    /// Converts the low elements of <paramref name="packed"/> to wider ones (PMOVSX, PMOVZX): to elements 2, 4 or 8 times as wide,
    /// sign-extended when <typeparamref name="TFrom"/> is signed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Widen<TFrom, TTo, TPacked, TVector>(TPacked packed)
        where TFrom : unmanaged, INumberBase<TFrom>
        where TTo : unmanaged, INumberBase<TTo>
        where TPacked : unmanaged
        where TVector : unmanaged
    {
        bool signed = typeof(TFrom) == typeof(sbyte) || typeof(TFrom) == typeof(short) || typeof(TFrom) == typeof(int);
        int size = Unsafe.SizeOf<TFrom>(), ratio = Unsafe.SizeOf<TTo>() / Unsafe.SizeOf<TFrom>();
        Vector128<byte> source = Unsafe.SizeOf<TPacked>() == 16
            ? Unsafe.BitCast<TPacked, Vector128<byte>>(packed)
            : Vector128.CreateScalar(Bits.Zero(packed)).AsByte();
        if (ratio == 8) source = WidenLower(source, size, signed);
        if (ratio >= 4) source = WidenLower(source, ratio == 8 ? size * 2 : size, signed);
        int last = Unsafe.SizeOf<TTo>() / 2;
        Vector128<byte> low = WidenLower(source, last, signed);
        return Unsafe.SizeOf<TVector>() == 16
            ? Unsafe.BitCast<Vector128<byte>, TVector>(low)
            : Unsafe.BitCast<Vector256<byte>, TVector>(Vector256.Create(low, WidenUpper(source, last, signed)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> WidenLower(Vector128<byte> source, int size, bool signed) => size switch
    {
        1 => signed ? Vector128.WidenLower(source.AsSByte()).AsByte() : Vector128.WidenLower(source).AsByte(),
        2 => signed ? Vector128.WidenLower(source.AsInt16()).AsByte() : Vector128.WidenLower(source.AsUInt16()).AsByte(),
        _ => signed ? Vector128.WidenLower(source.AsInt32()).AsByte() : Vector128.WidenLower(source.AsUInt32()).AsByte(),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> WidenUpper(Vector128<byte> source, int size, bool signed) => size switch
    {
        1 => signed ? Vector128.WidenUpper(source.AsSByte()).AsByte() : Vector128.WidenUpper(source).AsByte(),
        2 => signed ? Vector128.WidenUpper(source.AsInt16()).AsByte() : Vector128.WidenUpper(source.AsUInt16()).AsByte(),
        _ => signed ? Vector128.WidenUpper(source.AsInt32()).AsByte() : Vector128.WidenUpper(source.AsUInt32()).AsByte(),
    };

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
