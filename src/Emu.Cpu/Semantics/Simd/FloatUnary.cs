using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>A one-operand floating-point instruction, scalar and packed; ROUNDxx uses the immediate.</summary>
public interface IFloatUnary
{
    /// <summary>Scalar form.</summary>
    static abstract T Apply<T>(T value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>128-bit packed form.</summary>
    static abstract Vector128<T> Apply<T>(Vector128<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>256-bit packed form.</summary>
    static abstract Vector256<T> Apply<T>(Vector256<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

/// <summary>SQRTxx.</summary>
public readonly struct FloatSquareRoot : IFloatUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ScalarFloat.SquareRoot(value, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.SquareRoot(value, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.SquareRoot(value, ref environment);
}

/// <summary>ROUNDxx.</summary>
public readonly struct FloatRound : IFloatUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ScalarFloat.RoundToIntegral(value, immediate, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.RoundToIntegral(value, immediate, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.RoundToIntegral(value, immediate, ref environment);
}

/// <summary>RCPSS, RCPPS: single precision only; raises nothing.</summary>
public readonly struct FloatReciprocal : IFloatUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Unsafe.BitCast<float, T>(FloatEstimate.Reciprocal(Unsafe.BitCast<T, float>(value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => FloatEstimate.Reciprocal(value.AsSingle()).As<float, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => FloatEstimate.Reciprocal(value.AsSingle()).As<float, T>();
}

/// <summary>RSQRTSS, RSQRTPS: single precision only; raises nothing.</summary>
public readonly struct FloatReciprocalSquareRoot : IFloatUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Unsafe.BitCast<float, T>(FloatEstimate.ReciprocalSquareRoot(Unsafe.BitCast<T, float>(value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => FloatEstimate.ReciprocalSquareRoot(value.AsSingle()).As<float, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> value, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => FloatEstimate.ReciprocalSquareRoot(value.AsSingle()).As<float, T>();
}
