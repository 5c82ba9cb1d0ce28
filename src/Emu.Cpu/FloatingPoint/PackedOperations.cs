using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// The packed operations over any register width: one test of all lanes decides for the host's unit, else each lane is computed in
/// software and the exceptions of all are reported together (SDM Vol. 1 11.5.2.1).
/// </summary>
internal static class PackedOperations<TLanes, TVector, T>
    where TLanes : ILanes<TVector, T>
    where TVector : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static TVector MinNormal
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TLanes.Broadcast(FloatFormat<T>.MinNormal);
    }

    private static TVector MaxFinite
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TLanes.Broadcast(FloatFormat<T>.MaxFinite);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Binary<TOperation>(TVector a, TVector b, ref FloatEnvironment environment)
        where TOperation : IBinaryOperation<T>
    {
        if (environment.HostRounds)
        {
            TVector result = TOperation.Host<TLanes, TVector>(a, b);
            if (TLanes.AllSet(TLanes.And(TLanes.And(IsNormal(a), IsNormal(b)), IsSafe(result)))) return result;
        }
        return SlowBinary<TOperation>(a, b, ref environment);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector SquareRoot(TVector a, ref FloatEnvironment environment)
    {
        if (environment.HostRounds)
        {
            TVector safe = TLanes.Or(
                TLanes.And(TLanes.LessOrEqual(MinNormal, a), TLanes.LessOrEqual(a, MaxFinite)), TLanes.Equal(a, TLanes.Broadcast(T.Zero)));
            if (TLanes.AllSet(safe)) return TLanes.SquareRoot(a);
        }
        return SlowSquareRoot(a, ref environment);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector FusedMultiplyAdd(
        TVector a, TVector b, TVector c, bool negateProduct, bool negateAddend, ref FloatEnvironment environment)
    {
        if (environment.HostRounds)
        {
            TVector result = TLanes.FusedMultiplyAdd(negateProduct ? TLanes.Negate(a) : a, b, negateAddend ? TLanes.Negate(c) : c);
            if (TLanes.AllSet(TLanes.And(TLanes.And(TLanes.And(IsNormal(a), IsNormal(b)), IsComparable(c)), IsSafe(result)))) return result;
        }
        return SlowFusedMultiplyAdd(a, b, c, negateProduct, negateAddend, negateProduct, negateAddend, ref environment);
    }

    /// <summary>VFMADDSUB (<paramref name="subtractEven"/>) and VFMSUBADD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector FusedMultiplyAlternate(TVector a, TVector b, TVector c, bool subtractEven, ref FloatEnvironment environment)
    {
        if (environment.HostRounds)
        {
            TVector addend = TLanes.Select(TLanes.EvenMask, subtractEven ? TLanes.Negate(c) : c, subtractEven ? c : TLanes.Negate(c));
            TVector result = TLanes.FusedMultiplyAdd(a, b, addend);
            if (TLanes.AllSet(TLanes.And(TLanes.And(TLanes.And(IsNormal(a), IsNormal(b)), IsComparable(c)), IsSafe(result)))) return result;
        }
        return SlowFusedMultiplyAdd(a, b, c, false, subtractEven, false, !subtractEven, ref environment);
    }

    /// <summary>ADDSUBPx. A NaN in b must not have its sign flipped, hence no addition of a negated operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector AddSubtract(TVector a, TVector b, ref FloatEnvironment environment)
    {
        if (environment.HostRounds)
        {
            TVector result = TLanes.Select(TLanes.EvenMask, TLanes.Subtract(a, b), TLanes.Add(a, b));
            if (TLanes.AllSet(TLanes.And(TLanes.And(IsNormal(a), IsNormal(b)), IsSafe(result)))) return result;
        }
        return SlowAddSubtract(a, b, ref environment);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Minimum(TVector a, TVector b, ref FloatEnvironment environment) =>
        TLanes.AllSet(TLanes.And(IsComparable(a), IsComparable(b)))
            ? TLanes.Select(TLanes.LessThan(a, b), a, b)
            : SlowMinimum(a, b, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Maximum(TVector a, TVector b, ref FloatEnvironment environment) =>
        TLanes.AllSet(TLanes.And(IsComparable(a), IsComparable(b)))
            ? TLanes.Select(TLanes.LessThan(b, a), a, b)
            : SlowMaximum(a, b, ref environment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Compare(TVector a, TVector b, ComparePredicate predicate, ref FloatEnvironment environment)
    {
        if (!TLanes.AllSet(TLanes.And(IsComparable(a), IsComparable(b)))) return SlowCompare(a, b, predicate, ref environment);
        TVector result = default;
        if (predicate.Holds(FloatOrdering.Less)) result = TLanes.Or(result, TLanes.LessThan(a, b));
        if (predicate.Holds(FloatOrdering.Equal)) result = TLanes.Or(result, TLanes.Equal(a, b));
        if (predicate.Holds(FloatOrdering.Greater)) result = TLanes.Or(result, TLanes.LessThan(b, a));
        return result;
    }

    /// <summary>ROUNDPx: see <see cref="ScalarFloat.RoundToIntegral"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector RoundToIntegral(TVector a, byte immediate, ref FloatEnvironment environment)
    {
        RoundingMode mode = (immediate & 4) != 0 ? environment.Rounding : (RoundingMode)(immediate & 3);
        if (((immediate & 8) != 0 || environment.InexactIsSilent) && TLanes.AllSet(IsComparable(a))) return TLanes.Round(a, mode);
        return SlowRoundToIntegral(a, mode, (immediate & 8) != 0, ref environment);
    }

    /// <summary>Whether every lane may be converted or compared without a report: neither NaN nor denormal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllComparable(TVector a) => TLanes.AllSet(IsComparable(a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector IsSafe(TVector result)
    {
        TVector magnitude = TLanes.Abs(result);
        return TLanes.And(TLanes.LessThan(MinNormal, magnitude), TLanes.LessOrEqual(magnitude, MaxFinite));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector IsNormal(TVector a) => TLanes.LessOrEqual(MinNormal, TLanes.Abs(a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector IsComparable(TVector a) => TLanes.Or(IsNormal(a), TLanes.Equal(a, TLanes.Broadcast(T.Zero)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref T Lane(ref TVector vector, int index) => ref Unsafe.Add(ref Unsafe.As<TVector, T>(ref vector), index);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector SlowBinary<TOperation>(TVector a, TVector b, ref FloatEnvironment environment)
        where TOperation : IBinaryOperation<T>
    {
        if (environment.HostRounds)
        {
            // Zeros, which the inlined test leaves out.
            TVector host = TOperation.Host<TLanes, TVector>(a, b);
            TVector zero = TLanes.Broadcast(T.Zero);
            TVector exact = TLanes.Equal(host, zero);
            if (!TOperation.ZeroIsExact) exact = TLanes.And(exact, TLanes.Or(TLanes.Equal(a, zero), TLanes.Equal(b, zero)));
            TVector fine = TLanes.And(TLanes.And(IsComparable(a), IsComparable(b)), TLanes.Or(exact, IsSafe(host)));
            if (TLanes.AllSet(fine)) return host;
        }
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < TLanes.Count; i++) Lane(ref a, i) = TOperation.Soft(Lane(ref a, i), Lane(ref b, i), environment, ref raised);
        environment.Raise(raised);
        return a;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector SlowAddSubtract(TVector a, TVector b, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < TLanes.Count; i++)
        {
            T x = Lane(ref a, i), y = Lane(ref b, i);
            T host = (i & 1) == 0 ? x - y : x + y;
            bool safe = environment.HostRounds && ScalarFloat.IsQuietlyComparable(x) && ScalarFloat.IsQuietlyComparable(y)
                && T.Abs(host) > FloatFormat<T>.MinNormal && T.Abs(host) <= FloatFormat<T>.MaxFinite;
            Lane(ref a, i) = safe ? host
                : (i & 1) == 0 ? SoftFloat.Subtract(x, y, environment, ref raised) : SoftFloat.Add(x, y, environment, ref raised);
        }
        environment.Raise(raised);
        return a;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector SlowRoundToIntegral(TVector a, RoundingMode mode, bool suppressInexact, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < TLanes.Count; i++)
            Lane(ref a, i) = SoftConvert.RoundToIntegral(Lane(ref a, i), mode, suppressInexact, environment, ref raised);
        environment.Raise(raised);
        return a;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector SlowSquareRoot(TVector a, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < TLanes.Count; i++) Lane(ref a, i) = SoftFloat.SquareRoot(Lane(ref a, i), environment, ref raised);
        environment.Raise(raised);
        return a;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector SlowFusedMultiplyAdd(
        TVector a, TVector b, TVector c, bool negateEvenProduct, bool negateEvenAddend, bool negateOddProduct, bool negateOddAddend,
        ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < TLanes.Count; i++)
        {
            bool odd = (i & 1) != 0;
            Lane(ref a, i) = Element(
                Lane(ref a, i), Lane(ref b, i), Lane(ref c, i), odd ? negateOddProduct : negateEvenProduct, odd ? negateOddAddend : negateEvenAddend,
                environment, ref raised);
        }
        environment.Raise(raised);
        return a;
    }

    private static T Element(
        T a, T b, T c, bool negateProduct, bool negateAddend, in FloatEnvironment environment, ref FloatExceptions raised)
    {
        if (environment.HostRounds
            && ScalarFloat.IsQuietlyComparable(a) && ScalarFloat.IsQuietlyComparable(b) && ScalarFloat.IsQuietlyComparable(c))
        {
            T host = T.FusedMultiplyAdd(negateProduct ? -a : a, b, negateAddend ? -c : c);
            if (T.Abs(host) > FloatFormat<T>.MinNormal && T.Abs(host) <= FloatFormat<T>.MaxFinite) return host;
        }
        return SoftFloat.FusedMultiplyAdd(a, b, c, negateProduct, negateAddend, environment, ref raised);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector SlowMinimum(TVector a, TVector b, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < TLanes.Count; i++) Lane(ref a, i) = SoftCompare.Minimum(Lane(ref a, i), Lane(ref b, i), environment, ref raised);
        environment.Raise(raised);
        return a;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector SlowMaximum(TVector a, TVector b, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        for (int i = 0; i < TLanes.Count; i++) Lane(ref a, i) = SoftCompare.Maximum(Lane(ref a, i), Lane(ref b, i), environment, ref raised);
        environment.Raise(raised);
        return a;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector SlowCompare(TVector a, TVector b, ComparePredicate predicate, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        ulong ones = ulong.MaxValue >> (64 - FloatFormat<T>.Width);
        for (int i = 0; i < TLanes.Count; i++)
        {
            FloatOrdering ordering = SoftCompare.Compare(Lane(ref a, i), Lane(ref b, i), predicate.SignalsQuietNaN(), environment, ref raised);
            Lane(ref a, i) = FloatFormat<T>.FromBits(predicate.Holds(ordering) ? ones : 0);
        }
        environment.Raise(raised);
        return a;
    }
}
