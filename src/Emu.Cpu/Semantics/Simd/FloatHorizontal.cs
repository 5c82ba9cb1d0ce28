using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>ADDSUBPx: even elements are subtracted, odd ones added.</summary>
public readonly struct FloatAddSubtract : IFloatPackedBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.AddSubtract(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.AddSubtract(left, right, ref environment);
}

/// <summary>HADDPx: sums of neighbours, those of left in the lower half of each lane.</summary>
public readonly struct FloatHorizontalAdd : IFloatPackedBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        PackedFloat.Add(FloatPairs.Even(left, right), FloatPairs.Odd(left, right), ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        PackedFloat.Add(FloatPairs.Even(left, right), FloatPairs.Odd(left, right), ref environment);
}

/// <summary>HSUBPx: the even of two neighbours less the odd one.</summary>
public readonly struct FloatHorizontalSubtract : IFloatPackedBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        PackedFloat.Subtract(FloatPairs.Even(left, right), FloatPairs.Odd(left, right), ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        PackedFloat.Subtract(FloatPairs.Even(left, right), FloatPairs.Odd(left, right), ref environment);
}

/// <summary>
/// DPPS, DPPD: products selected by immediate bits 7:4, summed pairwise, stored where bits 3:0 say (SDM Vol. 2A DPPS). Each step
/// rounds and reports for itself; a step whose exception is unmasked is the last.
/// </summary>
public readonly struct FloatDotProduct : IFloatPackedBinary
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // An element left out counts as a product of zeros, and reports nothing.
        Vector128<T> used = Mask<T>(immediate >> 4);
        Vector128<T> products = PackedFloat.Multiply(left & used, right & used, ref environment);
        if (environment.Unmasked != FloatExceptions.None) return default;
        Vector128<T> sums = PackedFloat.Add(FloatPairs.Even(products, products), FloatPairs.Odd(products, products), ref environment);
        if (environment.Unmasked != FloatExceptions.None) return default;
        if (typeof(T) == typeof(float)) sums = PackedFloat.Add(FloatPairs.Even(sums, sums), FloatPairs.Odd(sums, sums), ref environment);
        return sums & Mask<T>(immediate);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector256<T> used = Vector256.Create(Mask<T>(immediate >> 4), Mask<T>(immediate >> 4));
        Vector256<T> products = PackedFloat.Multiply(left & used, right & used, ref environment);
        if (environment.Unmasked != FloatExceptions.None) return default;
        Vector256<T> sums = PackedFloat.Add(FloatPairs.Even(products, products), FloatPairs.Odd(products, products), ref environment);
        if (environment.Unmasked != FloatExceptions.None) return default;
        if (typeof(T) == typeof(float)) sums = PackedFloat.Add(FloatPairs.Even(sums, sums), FloatPairs.Odd(sums, sums), ref environment);
        return sums & Vector256.Create(Mask<T>(immediate), Mask<T>(immediate));
    }

    private static Vector128<T> Mask<T>(int bits)
        where T : unmanaged => typeof(T) == typeof(float)
        ? Packed.BlendDwords(default, Vector128<byte>.AllBitsSet, bits).As<byte, T>()
        : Packed.BlendQwords(default, Vector128<byte>.AllBitsSet, bits).As<byte, T>();
}

/// <summary>Splits neighbours: the elements with even and with odd numbers, of left then of right in each 128-bit lane.</summary>
internal static class FloatPairs
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Even<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => typeof(T) == typeof(float)
        ? (Sse.IsSupported
            ? Sse.Shuffle(left.AsSingle(), right.AsSingle(), 0b10_00_10_00)
            : Packed.ShuffleSingles(left.AsUInt32(), right.AsUInt32(), 0b10_00_10_00).AsSingle()).As<float, T>()
        : Packed.InterleaveLow(left.AsUInt64(), right.AsUInt64()).As<ulong, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Odd<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged => typeof(T) == typeof(float)
        ? (Sse.IsSupported
            ? Sse.Shuffle(left.AsSingle(), right.AsSingle(), 0b11_01_11_01)
            : Packed.ShuffleSingles(left.AsUInt32(), right.AsUInt32(), 0b11_01_11_01).AsSingle()).As<float, T>()
        : Packed.InterleaveHigh(left.AsUInt64(), right.AsUInt64()).As<ulong, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Even<T>(Vector256<T> left, Vector256<T> right)
        where T : unmanaged => Vector256.Create(Even(left.GetLower(), right.GetLower()), Even(left.GetUpper(), right.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Odd<T>(Vector256<T> left, Vector256<T> right)
        where T : unmanaged => Vector256.Create(Odd(left.GetLower(), right.GetLower()), Odd(left.GetUpper(), right.GetUpper()));
}
