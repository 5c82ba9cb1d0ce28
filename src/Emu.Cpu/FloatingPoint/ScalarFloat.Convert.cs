using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

public static partial class ScalarFloat
{
    /// <summary>CVTSS2SD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double ToDouble(float a, ref FloatEnvironment environment) =>
        IsQuietlyComparable(a) ? a : SlowConvert<float, double>(a, ref environment);

    /// <summary>CVTSD2SS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(double a, ref FloatEnvironment environment)
    {
        if (environment.HostRounds || a == 0)
        {
            float result = (float)a;
            if (MathF.Abs(result) > FloatFormat<float>.MinNormal && MathF.Abs(result) <= float.MaxValue || a == 0) return result;
        }
        return SlowConvert<double, float>(a, ref environment);
    }

    /// <summary>VCVTPH2PS, one element: exact; a denormal half is neither reported nor taken as zero (SDM Vol. 1 14.4.1).</summary>
    public static float ToSingle(Half a, ref FloatEnvironment environment) => SlowConvert<Half, float>(a, ref environment);

    /// <summary>VCVTPS2PH, one element, with the given rounding; FTZ is ignored (SDM Vol. 1 14.4.1).</summary>
    public static Half ToHalf(float a, RoundingMode rounding, ref FloatEnvironment environment)
    {
        FloatEnvironment rounded = environment;
        rounded.Rounding = rounding;
        FloatExceptions raised = FloatExceptions.None;
        Half result = SoftConvert.Convert<float, Half>(a, rounded, ref raised);
        environment.Raise(raised);
        return result;
    }

    /// <summary>
    /// CVTxx2SI: <typeparamref name="TInteger"/> is int, long, uint or ulong. NaN and values out of range raise #I and give the integer
    /// indefinite (SDM Vol. 1 4.8.3.7; unsigned: all ones, 15.6).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInteger ToInteger<T, TInteger>(T a, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger> =>
        environment.HostRounds && IsInRange<T, TInteger>(a)
            ? T.ConvertToIntegerNative<TInteger>(T.Round(a, MidpointRounding.ToEven))
            : SlowToInteger<T, TInteger>(a, environment.Rounding, ref environment);

    /// <summary>CVTTxx2SI: the same, rounding toward zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInteger TruncateToInteger<T, TInteger>(T a, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger> =>
        environment.HostRounds && IsInRange<T, TInteger>(a)
            ? T.ConvertToIntegerNative<TInteger>(a)
            : SlowToInteger<T, TInteger>(a, RoundingMode.Zero, ref environment);

    /// <summary>CVTSI2xx: from int, long, uint or ulong.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T FromInteger<TInteger, T>(TInteger value, ref FloatEnvironment environment)
        where TInteger : unmanaged, IBinaryInteger<TInteger>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        environment.HostRounds || Unsafe.SizeOf<TInteger>() * 8 < FloatFormat<T>.Precision
            ? T.CreateTruncating(value)
            : SlowFromInteger<TInteger, T>(value, ref environment);

    /// <summary>
    /// ROUNDSS, ROUNDSD, VRNDSCALE without a scale: bits 1:0 of the immediate are the rounding mode unless bit 2 asks for MXCSR.RC; bit 3
    /// suppresses #P (SDM Vol. 2B, ROUNDPD, table 4-18).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T RoundToIntegral<T>(T a, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RoundingMode mode = (immediate & 4) != 0 ? environment.Rounding : (RoundingMode)(immediate & 3);
        bool silent = (immediate & 8) != 0 || environment.InexactIsSilent;
        if (silent && IsQuietlyComparable(a))
        {
            return mode switch
            {
                RoundingMode.Nearest => T.Round(a, MidpointRounding.ToEven),
                RoundingMode.Down => T.Floor(a),
                RoundingMode.Up => T.Ceiling(a),
                _ => T.Truncate(a),
            };
        }
        return SlowRoundToIntegral(a, mode, (immediate & 8) != 0, ref environment);
    }

    /// <summary>
    /// Whether the host converts the value as the guest does: strictly inside the integer's range. Unsigned types leave out negative numbers;
    /// NaN fails.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsInRange<T, TInteger>(T a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger>
    {
        // 2^30, 2^31, 2^62, 2^63: no rounding can carry out of range from below them.
        int bits = Unsafe.SizeOf<TInteger>() * 8;
        T limit = FloatFormat<T>.FromBits((ulong)(FloatFormat<T>.Bias + bits - 2) << FloatFormat<T>.FractionBits);
        return TInteger.IsNegative(TInteger.MinValue) ? T.Abs(a) <= limit : a >= T.Zero && a <= limit;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TTo SlowConvert<TFrom, TTo>(TFrom a, ref FloatEnvironment environment)
        where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
        where TTo : unmanaged, IBinaryFloatingPointIeee754<TTo>
    {
        FloatExceptions raised = FloatExceptions.None;
        TTo result = SoftConvert.Convert<TFrom, TTo>(a, environment, ref raised);
        environment.Raise(raised);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TInteger SlowToInteger<T, TInteger>(T a, RoundingMode mode, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger>
    {
        FloatExceptions raised = FloatExceptions.None;
        TInteger result = SoftConvert.ToInteger<T, TInteger>(a, mode, environment, ref raised);
        environment.Raise(raised);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T SlowFromInteger<TInteger, T>(TInteger value, ref FloatEnvironment environment)
        where TInteger : unmanaged, IBinaryInteger<TInteger>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        T result = SoftConvert.FromInteger<TInteger, T>(value, environment, ref raised);
        environment.Raise(raised);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T SlowRoundToIntegral<T>(T a, RoundingMode mode, bool suppressInexact, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        T result = SoftConvert.RoundToIntegral(a, mode, suppressInexact, environment, ref raised);
        environment.Raise(raised);
        return result;
    }
}
