using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.FloatingPoint;

public static partial class PackedFloat
{
    /// <summary>ADDPx: a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Add<T>(Vector256<T> a, Vector256<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.Binary<AddOperation<T>>(a, b, ref environment);

    /// <summary>SUBPx: a - b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Subtract<T>(Vector256<T> a, Vector256<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.Binary<SubtractOperation<T>>(a, b, ref environment);

    /// <summary>MULPx: a * b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Multiply<T>(Vector256<T> a, Vector256<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.Binary<MultiplyOperation<T>>(a, b, ref environment);

    /// <summary>DIVPx: a / b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Divide<T>(Vector256<T> a, Vector256<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.Binary<DivideOperation<T>>(a, b, ref environment);

    /// <summary>SQRTPx.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> SquareRoot<T>(Vector256<T> a, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.SquareRoot(a, ref environment);

    /// <summary>FMA: (+-)a * b (+-) c with one rounding; NaN operands take precedence in the order a, b, c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> FusedMultiplyAdd<T>(Vector256<T> a, Vector256<T> b, Vector256<T> c, bool negateProduct, bool negateAddend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.FusedMultiplyAdd(a, b, c, negateProduct, negateAddend, ref environment);

    /// <summary>VFMADDSUB (<paramref name="subtractEven"/>: even elements a * b - c, odd ones a * b + c) and VFMSUBADD (the reverse).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> FusedMultiplyAlternate<T>(Vector256<T> a, Vector256<T> b, Vector256<T> c, bool subtractEven, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.FusedMultiplyAlternate(a, b, c, subtractEven, ref environment);

    /// <summary>MINPx: an element of b where either is a NaN (raising #I) or both are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Minimum<T>(Vector256<T> a, Vector256<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.Minimum(a, b, ref environment);

    /// <summary>MAXPx: an element of b where either is a NaN (raising #I) or both are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Maximum<T>(Vector256<T> a, Vector256<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.Maximum(a, b, ref environment);

    /// <summary>CMPPx: all bits of an element are set where the predicate holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Compare<T>(Vector256<T> a, Vector256<T> b, ComparePredicate predicate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.Compare(a, b, predicate, ref environment);

    /// <summary>ROUNDPx: see <see cref="ScalarFloat.RoundToIntegral"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> RoundToIntegral<T>(Vector256<T> a, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.RoundToIntegral(a, immediate, ref environment);

    /// <summary>ADDSUBPx: even elements a - b, odd ones a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> AddSubtract<T>(Vector256<T> a, Vector256<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes256<T>, Vector256<T>, T>.AddSubtract(a, b, ref environment);
}
