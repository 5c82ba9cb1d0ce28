using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
        Vector128<float> low = Vector128.Create(a.GetLower(), Vector64<float>.Zero);
        if (PackedOperations<Lanes128<float>, Vector128<float>, float>.AllComparable(low)) return Vector128.WidenLower(a);
        Vector128<double> result = default;
        Convert<float, double>(ref Unsafe.As<Vector128<float>, float>(ref a), ref Unsafe.As<Vector128<double>, double>(ref result), 2, ref environment);
        return result;
    }

    /// <summary>CVTPS2PD: four floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> ToDouble256(Vector128<float> a, ref FloatEnvironment environment)
    {
        if (PackedOperations<Lanes128<float>, Vector128<float>, float>.AllComparable(a))
            return Vector256.Create(Vector128.WidenLower(a), Vector128.WidenUpper(a));
        Vector256<double> result = default;
        Convert<float, double>(ref Unsafe.As<Vector128<float>, float>(ref a), ref Unsafe.As<Vector256<double>, double>(ref result), 4, ref environment);
        return result;
    }

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
        Vector128<float> result = default;
        Convert<double, float>(ref Unsafe.As<Vector128<double>, double>(ref a), ref Unsafe.As<Vector128<float>, float>(ref result), 2, ref environment);
        return result;
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
        Vector128<float> result = default;
        Convert<double, float>(ref Unsafe.As<Vector256<double>, double>(ref a), ref Unsafe.As<Vector128<float>, float>(ref result), 4, ref environment);
        return result;
    }

    /// <summary>CVTDQ2PD: two int32 in the lower half; exact.</summary>
    public static Vector128<double> ToDouble(Vector128<int> a) => Vector128.ConvertToDouble(Vector128.WidenLower(a));

    /// <summary>CVTDQ2PD: four int32; exact.</summary>
    public static Vector256<double> ToDouble256(Vector128<int> a) =>
        Vector256.ConvertToDouble(Vector256.Create(Vector128.WidenLower(a), Vector128.WidenUpper(a)));

    /// <summary>CVTDQ2PS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector128<int> a, ref FloatEnvironment environment)
    {
        if (environment.HostRounds) return Vector128.ConvertToSingle(a);
        Vector128<float> result = default;
        FromInteger<int, float>(ref Unsafe.As<Vector128<int>, int>(ref a), ref Unsafe.As<Vector128<float>, float>(ref result), 4, ref environment);
        return result;
    }

    /// <summary>CVTDQ2PS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector256<int> a, ref FloatEnvironment environment)
    {
        if (environment.HostRounds) return Vector256.ConvertToSingle(a);
        Vector256<float> result = default;
        FromInteger<int, float>(ref Unsafe.As<Vector256<int>, int>(ref a), ref Unsafe.As<Vector256<float>, float>(ref result), 8, ref environment);
        return result;
    }

    /// <summary>CVTPS2DQ, CVTTPS2DQ (<paramref name="truncate"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ToInt32(Vector128<float> a, bool truncate, ref FloatEnvironment environment)
    {
        if (environment.HostRounds && Vector128.LessThanOrEqualAll(Vector128.Abs(a), Vector128.Create(1073741824f)))
            return Vector128.ConvertToInt32Native(truncate ? a : Vector128.Round(a, MidpointRounding.ToEven));
        Vector128<int> result = default;
        ToInteger<float, int>(
            ref Unsafe.As<Vector128<float>, float>(ref a), ref Unsafe.As<Vector128<int>, int>(ref result), 4, truncate, ref environment);
        return result;
    }

    /// <summary>CVTPS2DQ, CVTTPS2DQ (<paramref name="truncate"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ToInt32(Vector256<float> a, bool truncate, ref FloatEnvironment environment)
    {
        if (environment.HostRounds && Vector256.LessThanOrEqualAll(Vector256.Abs(a), Vector256.Create(1073741824f)))
            return Vector256.ConvertToInt32Native(truncate ? a : Vector256.Round(a, MidpointRounding.ToEven));
        Vector256<int> result = default;
        ToInteger<float, int>(
            ref Unsafe.As<Vector256<float>, float>(ref a), ref Unsafe.As<Vector256<int>, int>(ref result), 8, truncate, ref environment);
        return result;
    }

    /// <summary>CVTPD2DQ, CVTTPD2DQ (<paramref name="truncate"/>): two doubles; the upper half of the result is zero.</summary>
    public static Vector128<int> ToInt32(Vector128<double> a, bool truncate, ref FloatEnvironment environment)
    {
        Vector128<int> result = default;
        ToInteger<double, int>(
            ref Unsafe.As<Vector128<double>, double>(ref a), ref Unsafe.As<Vector128<int>, int>(ref result), 2, truncate, ref environment);
        return result;
    }

    /// <summary>CVTPD2DQ, CVTTPD2DQ (<paramref name="truncate"/>): four doubles.</summary>
    public static Vector128<int> ToInt32(Vector256<double> a, bool truncate, ref FloatEnvironment environment)
    {
        Vector128<int> result = default;
        ToInteger<double, int>(
            ref Unsafe.As<Vector256<double>, double>(ref a), ref Unsafe.As<Vector128<int>, int>(ref result), 4, truncate, ref environment);
        return result;
    }

    /// <summary>VCVTPH2PS: four halves in the lower half of the register.</summary>
    public static Vector128<float> ToSingle(Vector128<ushort> a, ref FloatEnvironment environment)
    {
        Vector128<float> result = default;
        Convert<Half, float>(ref Unsafe.As<Vector128<ushort>, Half>(ref a), ref Unsafe.As<Vector128<float>, float>(ref result), 4, ref environment);
        return result;
    }

    /// <summary>VCVTPH2PS: eight halves.</summary>
    public static Vector256<float> ToSingle256(Vector128<ushort> a, ref FloatEnvironment environment)
    {
        Vector256<float> result = default;
        Convert<Half, float>(ref Unsafe.As<Vector128<ushort>, Half>(ref a), ref Unsafe.As<Vector256<float>, float>(ref result), 8, ref environment);
        return result;
    }

    /// <summary>
    /// VCVTPS2PH: four floats; the upper half of the result is zero. Bit 2 of the immediate selects MXCSR.RC, else bits 1:0 are the rounding
    /// mode (SDM Vol. 2C VCVTPS2PH).
    /// </summary>
    public static Vector128<ushort> ToHalf(Vector128<float> a, byte immediate, ref FloatEnvironment environment)
    {
        Vector128<ushort> result = default;
        ToHalf(ref Unsafe.As<Vector128<float>, float>(ref a), ref Unsafe.As<Vector128<ushort>, Half>(ref result), 4, immediate, ref environment);
        return result;
    }

    /// <summary>VCVTPS2PH: eight floats.</summary>
    public static Vector128<ushort> ToHalf(Vector256<float> a, byte immediate, ref FloatEnvironment environment)
    {
        Vector128<ushort> result = default;
        ToHalf(ref Unsafe.As<Vector256<float>, float>(ref a), ref Unsafe.As<Vector128<ushort>, Half>(ref result), 8, immediate, ref environment);
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

    private static void ToHalf(ref float from, ref Half to, int count, byte immediate, ref FloatEnvironment environment)
    {
        FloatEnvironment rounded = environment;
        if ((immediate & 4) == 0) rounded.Rounding = (RoundingMode)(immediate & 3);
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = SoftConvert.Convert<float, Half>(Unsafe.Add(ref from, i), rounded, ref raised);
        environment.Raise(raised);
    }
}
