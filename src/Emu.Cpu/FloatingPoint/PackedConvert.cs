using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// Packed conversions. A conversion that halves or doubles the element size takes or gives the narrow elements in the lower half of a register of
/// the next smaller width, or for 128 bits in the lower half of a 128-bit register whose upper half is ignored or zeroed.
/// </summary>
public static class PackedConvert
{
    /// <summary>CVTPS2PD: two floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> ToDouble(Vector128<float> a, ref FloatEnvironment environment)
    {
        Vector128<float> low = a & Vector128.Create(ulong.MaxValue, 0).AsSingle();
        return PackedOperations<Lanes128<float>, Vector128<float>, float>.AllComparable(low)
            ? Vector128.WidenLower(a)
            : Convert<Vector128<float>, float, Vector128<double>, double>(a, 2, ref environment);
    }

    /// <summary>CVTPS2PD: four floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> ToDouble256(Vector128<float> a, ref FloatEnvironment environment) =>
        PackedOperations<Lanes128<float>, Vector128<float>, float>.AllComparable(a)
            ? Vector256.Create(Vector128.WidenLower(a), Vector128.WidenUpper(a))
            : Convert<Vector128<float>, float, Vector256<double>, double>(a, 4, ref environment);

    /// <summary>CVTPD2PS: two doubles; the upper half of the result is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector128<double> a, ref FloatEnvironment environment)
    {
        if (environment.HostRounds)
        {
            Vector128<float> narrow = Vector128.Narrow(a, Vector128<double>.Zero);
            Vector128<float> safe = PackedOperations<Lanes128<float>, Vector128<float>, float>.IsSafe(narrow);
            if (safe.AsUInt64().ToScalar() == ulong.MaxValue) return narrow;
        }
        return Convert<Vector128<double>, double, Vector128<float>, float>(a, 2, ref environment);
    }

    /// <summary>CVTPD2PS: four doubles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector256<double> a, ref FloatEnvironment environment)
    {
        if (environment.HostRounds)
        {
            Vector128<float> narrow = Vector128.Narrow(a.GetLower(), a.GetUpper());
            Vector128<float> safe = PackedOperations<Lanes128<float>, Vector128<float>, float>.IsSafe(narrow);
            if (safe.AsUInt64() == Vector128<ulong>.AllBitsSet) return narrow;
        }
        return Convert<Vector256<double>, double, Vector128<float>, float>(a, 4, ref environment);
    }

    /// <summary>CVTDQ2PD: two int32 in the lower half; exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> ToDouble(Vector128<int> a) =>
        Sse2.IsSupported ? Sse2.ConvertToVector128Double(a) : Vector128.ConvertToDouble(Vector128.WidenLower(a));

    /// <summary>CVTDQ2PD: four int32; exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> ToDouble256(Vector128<int> a) => Avx.IsSupported
        ? Avx.ConvertToVector256Double(a)
        : Vector256.ConvertToDouble(Vector256.Create(Vector128.WidenLower(a), Vector128.WidenUpper(a)));

    /// <summary>CVTDQ2PS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector128<int> a, ref FloatEnvironment environment) =>
        environment.HostRounds ? Vector128.ConvertToSingle(a) : FromInteger<Vector128<int>, Vector128<float>>(a, 4, ref environment);

    /// <summary>CVTDQ2PS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector256<int> a, ref FloatEnvironment environment) =>
        environment.HostRounds ? Vector256.ConvertToSingle(a) : FromInteger<Vector256<int>, Vector256<float>>(a, 8, ref environment);

    /// <summary>CVTPS2DQ, CVTTPS2DQ (<paramref name="truncate"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ToInt32(Vector128<float> a, bool truncate, ref FloatEnvironment environment) =>
        environment.HostRounds && Vector128.LessThanOrEqualAll(Vector128.Abs(a), Vector128.Create(1073741824f))
            ? Vector128.ConvertToInt32Native(truncate ? a : Vector128.Round(a, MidpointRounding.ToEven))
            : ToInteger<Vector128<float>, float, Vector128<int>>(a, 4, truncate, ref environment);

    /// <summary>CVTPS2DQ, CVTTPS2DQ (<paramref name="truncate"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ToInt32(Vector256<float> a, bool truncate, ref FloatEnvironment environment) =>
        environment.HostRounds && Vector256.LessThanOrEqualAll(Vector256.Abs(a), Vector256.Create(1073741824f))
            ? Vector256.ConvertToInt32Native(truncate ? a : Vector256.Round(a, MidpointRounding.ToEven))
            : ToInteger<Vector256<float>, float, Vector256<int>>(a, 8, truncate, ref environment);

    /// <summary>CVTPD2DQ, CVTTPD2DQ (<paramref name="truncate"/>): two doubles; the upper half of the result is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ToInt32(Vector128<double> a, bool truncate, ref FloatEnvironment environment)
    {
        if (Sse2.IsSupported && environment.HostRounds && Vector128.LessThanOrEqualAll(Vector128.Abs(a), Vector128.Create(2147483647.0)))
            return truncate ? Sse2.ConvertToVector128Int32WithTruncation(a) : Sse2.ConvertToVector128Int32(a);
        return ToInteger<Vector128<double>, double, Vector128<int>>(a, 2, truncate, ref environment);
    }

    /// <summary>CVTPD2DQ, CVTTPD2DQ (<paramref name="truncate"/>): four doubles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ToInt32(Vector256<double> a, bool truncate, ref FloatEnvironment environment)
    {
        if (Avx.IsSupported && environment.HostRounds && Vector256.LessThanOrEqualAll(Vector256.Abs(a), Vector256.Create(2147483647.0)))
            return truncate ? Avx.ConvertToVector128Int32WithTruncation(a) : Avx.ConvertToVector128Int32(a);
        return ToInteger<Vector256<double>, double, Vector128<int>>(a, 4, truncate, ref environment);
    }

    /// <summary>VCVTPH2PS: four halves in the lower half of the register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector128<ushort> a, ref FloatEnvironment environment)
    {
        Vector128<uint> low = Vector128.WidenLower(a);
        return AllFinite(low) ? FromFiniteHalf(low) : Convert<Vector128<ushort>, Half, Vector128<float>, float>(a, 4, ref environment);
    }

    /// <summary>VCVTPH2PS: eight halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle256(Vector128<ushort> a, ref FloatEnvironment environment)
    {
        Vector128<uint> low = Vector128.WidenLower(a), high = Vector128.WidenUpper(a);
        return AllFinite(low) && AllFinite(high)
            ? Vector256.Create(FromFiniteHalf(low), FromFiniteHalf(high))
            : Convert<Vector128<ushort>, Half, Vector256<float>, float>(a, 8, ref environment);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool AllFinite(Vector128<uint> halves) => Vector128.LessThanAll(halves & Vector128.Create(0x7FFFu), Vector128.Create(0x7C00u));

    // The fields moved to their places in a float, whose exponent is then 2^112 too small: right for denormals, too. Exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FromFiniteHalf(Vector128<uint> halves)
    {
        Vector128<float> magnitude = ((halves & Vector128.Create(0x7FFFu)) << 13).AsSingle() * Vector128.Create(5.192296858534828e33f);
        return magnitude | ((halves & Vector128.Create(0x8000u)) << 16).AsSingle();
    }

    /// <summary>
    /// VCVTPS2PH: four floats; the upper half of the result is zero. Bit 2 of the immediate selects MXCSR.RC, else bits 1:0 are the rounding
    /// mode (SDM Vol. 2C VCVTPS2PH).
    /// </summary>
    public static Vector128<ushort> ToHalf(Vector128<float> a, byte immediate, ref FloatEnvironment environment) =>
        ToHalf<Vector128<float>>(a, 4, immediate, ref environment);

    /// <summary>VCVTPS2PH: eight floats.</summary>
    public static Vector128<ushort> ToHalf(Vector256<float> a, byte immediate, ref FloatEnvironment environment) =>
        ToHalf<Vector256<float>>(a, 8, immediate, ref environment);

    // Out of line, and from value to value: an inlined one would expose locals of its caller.

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TToVector Convert<TFromVector, TFrom, TToVector, TTo>(TFromVector a, int count, ref FloatEnvironment environment)
        where TFromVector : unmanaged
        where TToVector : unmanaged
        where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
        where TTo : unmanaged, IBinaryFloatingPointIeee754<TTo>
    {
        TToVector result = default;
        Convert(ref Unsafe.As<TFromVector, TFrom>(ref a), ref Unsafe.As<TToVector, TTo>(ref result), count, ref environment);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TToVector ToInteger<TFromVector, T, TToVector>(TFromVector a, int count, bool truncate, ref FloatEnvironment environment)
        where TFromVector : unmanaged
        where TToVector : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TToVector result = default;
        ToInteger(ref Unsafe.As<TFromVector, T>(ref a), ref Unsafe.As<TToVector, int>(ref result), count, truncate, ref environment);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TToVector FromInteger<TFromVector, TToVector>(TFromVector a, int count, ref FloatEnvironment environment)
        where TFromVector : unmanaged
        where TToVector : unmanaged
    {
        TToVector result = default;
        FromInteger(ref Unsafe.As<TFromVector, int>(ref a), ref Unsafe.As<TToVector, float>(ref result), count, ref environment);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<ushort> ToHalf<TFromVector>(TFromVector a, int count, byte immediate, ref FloatEnvironment environment)
        where TFromVector : unmanaged
    {
        Vector128<ushort> result = default;
        ref float from = ref Unsafe.As<TFromVector, float>(ref a);
        ref Half to = ref Unsafe.As<Vector128<ushort>, Half>(ref result);
        FloatEnvironment rounded = environment;
        if ((immediate & 4) == 0) rounded.Rounding = (RoundingMode)(immediate & 3);
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = SoftConvert.Convert<float, Half>(Unsafe.Add(ref from, i), rounded, ref raised);
        environment.Raise(raised);
        return result;
    }

    /// <summary>Converts <paramref name="count"/> consecutive elements between formats; exceptions of all are reported together.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Convert<TFrom, TTo>(ref TFrom from, ref TTo to, int count, ref FloatEnvironment environment)
        where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
        where TTo : unmanaged, IBinaryFloatingPointIeee754<TTo>
    {
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = SoftConvert.Convert<TFrom, TTo>(Unsafe.Add(ref from, i), environment, ref raised);
        environment.Raise(raised);
    }

    /// <summary>Converts <paramref name="count"/> consecutive elements to int, long, uint or ulong; exceptions of all are reported together.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ToInteger<T, TInteger>(ref T from, ref TInteger to, int count, bool truncate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger>
    {
        FloatExceptions raised = FloatExceptions.None;
        RoundingMode mode = truncate ? RoundingMode.Zero : environment.Rounding;
        for (int i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = SoftConvert.ToInteger<T, TInteger>(Unsafe.Add(ref from, i), mode, environment, ref raised);
        environment.Raise(raised);
    }

    /// <summary>Converts <paramref name="count"/> consecutive integers; exceptions of all are reported together.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void FromInteger<TInteger, T>(ref TInteger from, ref T to, int count, ref FloatEnvironment environment)
        where TInteger : unmanaged, IBinaryInteger<TInteger>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = SoftConvert.FromInteger<TInteger, T>(Unsafe.Add(ref from, i), environment, ref raised);
        environment.Raise(raised);
    }
}
