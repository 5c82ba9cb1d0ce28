using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// Packed SSE/AVX arithmetic on <see cref="float"/> and <see cref="double"/> elements, for 128, 256 and 512 bits. Flags of all elements
/// accumulate in the environment; when one is unmasked the result is not meant to be stored.
/// </summary>
public static partial class PackedFloat
{
    /// <summary>ADDPx: a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Add<T>(Vector128<T> a, Vector128<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.Binary<AddOperation<T>>(a, b, ref environment);

    /// <summary>SUBPx: a - b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Subtract<T>(Vector128<T> a, Vector128<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.Binary<SubtractOperation<T>>(a, b, ref environment);

    /// <summary>MULPx: a * b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Multiply<T>(Vector128<T> a, Vector128<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.Binary<MultiplyOperation<T>>(a, b, ref environment);

    /// <summary>DIVPx: a / b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Divide<T>(Vector128<T> a, Vector128<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.Binary<DivideOperation<T>>(a, b, ref environment);

    /// <summary>SQRTPx.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> SquareRoot<T>(Vector128<T> a, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.SquareRoot(a, ref environment);

    /// <summary>FMA: (+-)a * b (+-) c with one rounding; NaN operands take precedence in the order a, b, c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> FusedMultiplyAdd<T>(Vector128<T> a, Vector128<T> b, Vector128<T> c, bool negateProduct, bool negateAddend, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.FusedMultiplyAdd(a, b, c, negateProduct, negateAddend, ref environment);

    /// <summary>VFMADDSUB (<paramref name="subtractEven"/>: even elements a * b - c, odd ones a * b + c) and VFMSUBADD (the reverse).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> FusedMultiplyAlternate<T>(Vector128<T> a, Vector128<T> b, Vector128<T> c, bool subtractEven, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.FusedMultiplyAlternate(a, b, c, subtractEven, ref environment);

    /// <summary>MINPx: an element of b where either is a NaN (raising #I) or both are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Minimum<T>(Vector128<T> a, Vector128<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.Minimum(a, b, ref environment);

    /// <summary>MAXPx: an element of b where either is a NaN (raising #I) or both are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Maximum<T>(Vector128<T> a, Vector128<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.Maximum(a, b, ref environment);

    /// <summary>CMPPx: all bits of an element are set where the predicate holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Compare<T>(Vector128<T> a, Vector128<T> b, ComparePredicate predicate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.Compare(a, b, predicate, ref environment);

    /// <summary>ROUNDPx: see <see cref="ScalarFloat.RoundToIntegral"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> RoundToIntegral<T>(Vector128<T> a, byte immediate, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.RoundToIntegral(a, immediate, ref environment);

    /// <summary>ADDSUBPx: even elements a - b, odd ones a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> AddSubtract<T>(Vector128<T> a, Vector128<T> b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => PackedOperations<Lanes128<T>, Vector128<T>, T>.AddSubtract(a, b, ref environment);
}
