using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>Signs of an FMA instruction.</summary>
public interface IFloatFused
{
    /// <summary>Scalar form: factor * factor + addend.</summary>
    static abstract T Apply<T>(T first, T second, T addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>128-bit packed form.</summary>
    static abstract Vector128<T> Apply<T>(Vector128<T> first, Vector128<T> second, Vector128<T> addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>256-bit packed form.</summary>
    static abstract Vector256<T> Apply<T>(Vector256<T> first, Vector256<T> second, Vector256<T> addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

/// <summary>A constant bool as a type argument.</summary>
public interface ISign
{
    /// <summary>Negates.</summary>
    static abstract bool Negative { get; }
}

/// <summary>Leaves the sign.</summary>
public readonly struct Plus : ISign
{
    public static bool Negative => false;
}

/// <summary>Changes the sign.</summary>
public readonly struct Minus : ISign
{
    public static bool Negative => true;
}

/// <summary>VFMADD, VFMSUB, VFNMADD, VFNMSUB: signs of product and addend.</summary>
public readonly struct FloatFused<TProduct, TAddend> : IFloatFused
    where TProduct : ISign
    where TAddend : ISign
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T first, T second, T addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        ScalarFloat.FusedMultiplyAdd(first, second, addend, TProduct.Negative, TAddend.Negative, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> first, Vector128<T> second, Vector128<T> addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        PackedFloat.FusedMultiplyAdd(first, second, addend, TProduct.Negative, TAddend.Negative, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> first, Vector256<T> second, Vector256<T> addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        PackedFloat.FusedMultiplyAdd(first, second, addend, TProduct.Negative, TAddend.Negative, ref environment);
}

/// <summary>VFMADDSUB (the addend of even elements is subtracted) and VFMSUBADD (it is added, that of odd ones subtracted). Packed only.</summary>
public readonly struct FloatFusedAlternate<TEven> : IFloatFused
    where TEven : ISign
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T first, T second, T addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        ScalarFloat.FusedMultiplyAdd(first, second, addend, false, TEven.Negative, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> first, Vector128<T> second, Vector128<T> addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        PackedFloat.FusedMultiplyAlternate(first, second, addend, TEven.Negative, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> first, Vector256<T> second, Vector256<T> addend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        PackedFloat.FusedMultiplyAlternate(first, second, addend, TEven.Negative, ref environment);
}
