using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// Scalar SSE/AVX arithmetic on <see cref="float"/> and <see cref="double"/>. Exceptions go to the environment; when one is unmasked the
/// result is not meant to be stored.
/// </summary>
/// <remarks>
/// The common case is left to the host: where the guest rounds to nearest and has the inexact flag set already, an operation on
/// operands that are not denormal and whose result is normal (and not the smallest normal number, which may have been tiny before
/// rounding) raises nothing new and has the same result in both worlds. Everything else is computed in software.
/// </remarks>
public static partial class ScalarFloat
{
    /// <summary>ADDSS, ADDSD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Add<T>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Binary<T, AddOperation<T>>(a, b, ref environment);

    /// <summary>SUBSS, SUBSD: a - b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Subtract<T>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Binary<T, SubtractOperation<T>>(a, b, ref environment);

    /// <summary>MULSS, MULSD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Multiply<T>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Binary<T, MultiplyOperation<T>>(a, b, ref environment);

    /// <summary>DIVSS, DIVSD: a / b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Divide<T>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Binary<T, DivideOperation<T>>(a, b, ref environment);

    /// <summary>SQRTSS, SQRTSD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SquareRoot<T>(T a, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        environment.HostRounds && a >= FloatFormat<T>.MinNormal && a <= FloatFormat<T>.MaxFinite ? T.Sqrt(a) : SlowSquareRoot(a, ref environment);

    /// <summary>
    /// FMA: (+-)a * b (+-) c with one rounding; VFMADD negates nothing, VFMSUB the addend, VFNMADD the product, VFNMSUB both.
    /// NaN operands take precedence in the order a, b, c.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T FusedMultiplyAdd<T>(T a, T b, T c, bool negateProduct, bool negateAddend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (environment.HostRounds)
        {
            T result = T.FusedMultiplyAdd(negateProduct ? -a : a, b, negateAddend ? -c : c);
            if (T.Abs(a) >= FloatFormat<T>.MinNormal && T.Abs(b) >= FloatFormat<T>.MinNormal && T.Abs(c) >= FloatFormat<T>.MinNormal
                && T.Abs(result) > FloatFormat<T>.MinNormal && T.Abs(result) <= FloatFormat<T>.MaxFinite)
            {
                return result;
            }
        }
        return SlowFusedMultiplyAdd(a, b, c, negateProduct, negateAddend, ref environment);
    }

    /// <summary>MINSS, MINSD: b if either is a NaN (raising #I) or both are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Minimum<T>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        IsQuietlyComparable(a) && IsQuietlyComparable(b) ? a < b ? a : b : SlowMinimum(a, b, ref environment);

    /// <summary>MAXSS, MAXSD: b if either is a NaN (raising #I) or both are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Maximum<T>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        IsQuietlyComparable(a) && IsQuietlyComparable(b) ? a > b ? a : b : SlowMaximum(a, b, ref environment);

    /// <summary>UCOMISx (<paramref name="signalQuiet"/> false) and COMISx (true).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatOrdering Compare<T>(T a, T b, bool signalQuiet, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        IsQuietlyComparable(a) && IsQuietlyComparable(b)
            ? a < b ? FloatOrdering.Less : a > b ? FloatOrdering.Greater : FloatOrdering.Equal
            : SlowCompare(a, b, signalQuiet, ref environment);

    /// <summary>CMPSS, CMPSD and their VEX forms.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compare<T>(T a, T b, ComparePredicate predicate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        predicate.Holds(Compare(a, b, predicate.SignalsQuietNaN(), ref environment));

    /// <summary>Neither NaN nor denormal: comparing it raises nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsQuietlyComparable<T>(T a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.Abs(a) >= FloatFormat<T>.MinNormal || a == T.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Binary<T, TOperation>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOperation : IBinaryOperation<T>
    {
        if (environment.HostRounds)
        {
            T result = TOperation.Host(a, b);
            if (T.Abs(a) >= FloatFormat<T>.MinNormal && T.Abs(b) >= FloatFormat<T>.MinNormal
                && T.Abs(result) > FloatFormat<T>.MinNormal && T.Abs(result) <= FloatFormat<T>.MaxFinite)
            {
                return result;
            }
        }
        return SlowBinary<T, TOperation>(a, b, ref environment);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T SlowBinary<T, TOperation>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOperation : IBinaryOperation<T>
    {
        if (environment.HostRounds && IsQuietlyComparable(a) && IsQuietlyComparable(b))
        {
            // Zeros, which the inlined test leaves out.
            T host = TOperation.Host(a, b);
            bool zero = host == T.Zero && (TOperation.ZeroIsExact || a == T.Zero || b == T.Zero);
            if (zero || T.Abs(host) > FloatFormat<T>.MinNormal && T.Abs(host) <= FloatFormat<T>.MaxFinite) return host;
        }
        FloatExceptions raised = FloatExceptions.None;
        T result = TOperation.Soft(a, b, environment, ref raised);
        environment.Raise(raised);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T SlowSquareRoot<T>(T a, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        T result = SoftFloat.SquareRoot(a, environment, ref raised);
        environment.Raise(raised);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T SlowFusedMultiplyAdd<T>(T a, T b, T c, bool negateProduct, bool negateAddend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (environment.HostRounds && IsQuietlyComparable(a) && IsQuietlyComparable(b) && IsQuietlyComparable(c))
        {
            T host = T.FusedMultiplyAdd(negateProduct ? -a : a, b, negateAddend ? -c : c);
            if (T.Abs(host) > FloatFormat<T>.MinNormal && T.Abs(host) <= FloatFormat<T>.MaxFinite) return host;
        }
        FloatExceptions raised = FloatExceptions.None;
        T result = SoftFloat.FusedMultiplyAdd(a, b, c, negateProduct, negateAddend, environment, ref raised);
        environment.Raise(raised);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T SlowMinimum<T>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        T result = SoftCompare.Minimum(a, b, environment, ref raised);
        environment.Raise(raised);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T SlowMaximum<T>(T a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        T result = SoftCompare.Maximum(a, b, environment, ref raised);
        environment.Raise(raised);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static FloatOrdering SlowCompare<T>(T a, T b, bool signalQuiet, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        FloatOrdering result = SoftCompare.Compare(a, b, signalQuiet, environment, ref raised);
        environment.Raise(raised);
        return result;
    }
}
