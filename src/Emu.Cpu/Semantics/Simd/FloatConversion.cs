using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>
/// A packed conversion. Source and result are <see cref="Vector256{T}"/>, <see cref="Vector128{T}"/>, or a source of 64 bits as
/// <see cref="ulong"/>; the instruction's form says which.
/// </summary>
public interface IFloatConversion
{
    /// <summary>Converts all elements of the source; what the result has beyond them is zero.</summary>
    static abstract TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged;
}

/// <summary>CVTPS2PD.</summary>
public readonly struct ConvertSingleToDouble : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged => Unsafe.SizeOf<TTo>() == 32
        ? Unsafe.BitCast<Vector256<double>, TTo>(PackedConvert.ToDouble256(Unsafe.BitCast<TFrom, Vector128<float>>(source), ref environment))
        : Unsafe.BitCast<Vector128<double>, TTo>(PackedConvert.ToDouble(Vector128.CreateScalar(Unsafe.BitCast<TFrom, ulong>(source)).AsSingle(), ref environment));
}

/// <summary>CVTPD2PS.</summary>
public readonly struct ConvertDoubleToSingle : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged => Unsafe.BitCast<Vector128<float>, TTo>(Unsafe.SizeOf<TFrom>() == 32
        ? PackedConvert.ToSingle(Unsafe.BitCast<TFrom, Vector256<double>>(source), ref environment)
        : PackedConvert.ToSingle(Unsafe.BitCast<TFrom, Vector128<double>>(source), ref environment));
}

/// <summary>CVTDQ2PD.</summary>
public readonly struct ConvertInt32ToDouble : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged => Unsafe.SizeOf<TTo>() == 32
        ? Unsafe.BitCast<Vector256<double>, TTo>(PackedConvert.ToDouble256(Unsafe.BitCast<TFrom, Vector128<int>>(source)))
        : Unsafe.BitCast<Vector128<double>, TTo>(PackedConvert.ToDouble(Vector128.CreateScalar(Unsafe.BitCast<TFrom, ulong>(source)).AsInt32()));
}

/// <summary>CVTDQ2PS.</summary>
public readonly struct ConvertInt32ToSingle : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged => Unsafe.SizeOf<TTo>() == 32
        ? Unsafe.BitCast<Vector256<float>, TTo>(PackedConvert.ToSingle(Unsafe.BitCast<TFrom, Vector256<int>>(source), ref environment))
        : Unsafe.BitCast<Vector128<float>, TTo>(PackedConvert.ToSingle(Unsafe.BitCast<TFrom, Vector128<int>>(source), ref environment));
}

/// <summary>CVTPS2DQ and CVTTPS2DQ.</summary>
public readonly struct ConvertSingleToInt32<TTruncate> : IFloatConversion
    where TTruncate : ITruncation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged => Unsafe.SizeOf<TTo>() == 32
        ? Unsafe.BitCast<Vector256<int>, TTo>(PackedConvert.ToInt32(Unsafe.BitCast<TFrom, Vector256<float>>(source), TTruncate.Truncates, ref environment))
        : Unsafe.BitCast<Vector128<int>, TTo>(PackedConvert.ToInt32(Unsafe.BitCast<TFrom, Vector128<float>>(source), TTruncate.Truncates, ref environment));
}

/// <summary>CVTPD2DQ and CVTTPD2DQ.</summary>
public readonly struct ConvertDoubleToInt32<TTruncate> : IFloatConversion
    where TTruncate : ITruncation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged => Unsafe.BitCast<Vector128<int>, TTo>(Unsafe.SizeOf<TFrom>() == 32
        ? PackedConvert.ToInt32(Unsafe.BitCast<TFrom, Vector256<double>>(source), TTruncate.Truncates, ref environment)
        : PackedConvert.ToInt32(Unsafe.BitCast<TFrom, Vector128<double>>(source), TTruncate.Truncates, ref environment));
}

/// <summary>VCVTPH2PS.</summary>
public readonly struct ConvertHalfToSingle : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged => Unsafe.SizeOf<TTo>() == 32
        ? Unsafe.BitCast<Vector256<float>, TTo>(PackedConvert.ToSingle256(Unsafe.BitCast<TFrom, Vector128<ushort>>(source), ref environment))
        : Unsafe.BitCast<Vector128<float>, TTo>(PackedConvert.ToSingle(Vector128.CreateScalar(Unsafe.BitCast<TFrom, ulong>(source)).AsUInt16(), ref environment));
}

/// <summary>VCVTPS2PH; the immediate selects the rounding.</summary>
public readonly struct ConvertSingleToHalf : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom source, byte immediate, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        Vector128<ushort> halves = Unsafe.SizeOf<TFrom>() == 32
            ? PackedConvert.ToHalf(Unsafe.BitCast<TFrom, Vector256<float>>(source), immediate, ref environment)
            : PackedConvert.ToHalf(Unsafe.BitCast<TFrom, Vector128<float>>(source), immediate, ref environment);
        return Unsafe.SizeOf<TTo>() == 8
            ? Unsafe.BitCast<ulong, TTo>(halves.AsUInt64().ToScalar())
            : Unsafe.BitCast<Vector128<ushort>, TTo>(halves);
    }
}

/// <summary>How a conversion to integers rounds.</summary>
public interface ITruncation
{
    /// <summary>Toward zero, whatever MXCSR.RC says.</summary>
    static abstract bool Truncates { get; }
}

/// <summary>By MXCSR.RC.</summary>
public readonly struct Rounding : ITruncation
{
    public static bool Truncates => false;
}

/// <summary>Toward zero.</summary>
public readonly struct Truncating : ITruncation
{
    public static bool Truncates => true;
}
