using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>A two-operand packed floating-point instruction.</summary>
public interface IFloatPackedBinary
{
    /// <summary>128-bit form.</summary>
    static abstract Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>256-bit form.</summary>
    static abstract Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

/// <summary>A two-operand floating-point instruction, scalar and packed; CMPxx uses the immediate.</summary>
public interface IFloatBinary : IFloatPackedBinary
{
    /// <summary>Scalar form.</summary>
    static abstract T Apply<T>(T left, T right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

/// <summary>ADDxx.</summary>
public readonly struct FloatAdd : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ScalarFloat.Add(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Add(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Add(left, right, ref environment);
}

/// <summary>SUBxx.</summary>
public readonly struct FloatSubtract : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ScalarFloat.Subtract(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Subtract(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Subtract(left, right, ref environment);
}

/// <summary>MULxx.</summary>
public readonly struct FloatMultiply : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ScalarFloat.Multiply(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Multiply(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Multiply(left, right, ref environment);
}

/// <summary>DIVxx.</summary>
public readonly struct FloatDivide : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ScalarFloat.Divide(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Divide(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Divide(left, right, ref environment);
}

/// <summary>MINxx.</summary>
public readonly struct FloatMinimum : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ScalarFloat.Minimum(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Minimum(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Minimum(left, right, ref environment);
}

/// <summary>MAXxx.</summary>
public readonly struct FloatMaximum : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T left, T right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ScalarFloat.Maximum(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> left, Vector128<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Maximum(left, right, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Apply<T>(Vector256<T> left, Vector256<T> right, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedFloat.Maximum(left, right, ref environment);
}
