using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>
/// A two-source packed instruction as a pure function over 128 bits. Nearly all AVX2 instructions do the same in each
/// 128-bit lane, which is the default for 256 bits.
/// </summary>
public interface IVectorBinary
{
    /// <summary>The result of 128-bit operands.</summary>
    static abstract Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right);

    /// <summary>The result of 64-bit MMX operands, held in the low halves; the high halves are zero.</summary>
    static virtual Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => TSelf.Apply(left, right);

    /// <summary>The result of 256-bit operands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary =>
        Vector256.Create(TSelf.Apply(left.GetLower(), right.GetLower()), TSelf.Apply(left.GetUpper(), right.GetUpper()));
}

/// <summary>As <see cref="IVectorBinary"/> with an 8-bit immediate.</summary>
public interface IVectorBinaryImmediate
{
    /// <summary>The result of 128-bit operands. <paramref name="high"/> is set for the upper lane of 256 bits.</summary>
    static abstract Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high);

    /// <summary>The result of 64-bit MMX operands.</summary>
    static virtual Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right, byte immediate)
        where TSelf : IVectorBinaryImmediate => TSelf.Apply(left, right, immediate, high: false);
}

/// <summary>A one-source packed instruction with an optional 8-bit immediate.</summary>
public interface IVectorUnary
{
    /// <summary>The result of a 128-bit operand; <paramref name="high"/> is set for the upper lane of 256 bits.</summary>
    static abstract Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high);

    /// <summary>The result of a 64-bit MMX operand.</summary>
    static virtual Vector128<byte> Apply64<TSelf>(Vector128<byte> source, byte immediate)
        where TSelf : IVectorUnary => TSelf.Apply(source, immediate, high: false);
}

/// <summary>A packed shift by one count for all elements.</summary>
public interface IVectorShift
{
    /// <summary>Shifts; any count is valid.</summary>
    static abstract Vector128<byte> Apply(Vector128<byte> source, ulong count);

    /// <summary>The same of 256 bits.</summary>
    static abstract Vector256<byte> Apply(Vector256<byte> source, ulong count);
}

/// <summary>Three sources: the third selects or accumulates.</summary>
public interface IVectorTernary
{
    /// <summary>The result of 128-bit operands.</summary>
    static abstract Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third);
}

/// <summary>Applies lane-wise operations to vectors of any supported width.</summary>
public static class Lanes
{
    /// <summary>Two-source operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Binary<TOperation, TVector>(TVector left, TVector right)
        where TOperation : IVectorBinary
        where TVector : unmanaged
    {
        if (Unsafe.SizeOf<TVector>() == 16)
        {
            return Unsafe.BitCast<Vector128<byte>, TVector>(
                TOperation.Apply(Unsafe.BitCast<TVector, Vector128<byte>>(left), Unsafe.BitCast<TVector, Vector128<byte>>(right)));
        }

        return Unsafe.BitCast<Vector256<byte>, TVector>(TOperation.Apply256<TOperation>(
            Unsafe.BitCast<TVector, Vector256<byte>>(left), Unsafe.BitCast<TVector, Vector256<byte>>(right)));
    }

    /// <summary>Two-source operation with an immediate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Binary<TOperation, TVector>(TVector left, TVector right, byte immediate)
        where TOperation : IVectorBinaryImmediate
        where TVector : unmanaged
    {
        if (Unsafe.SizeOf<TVector>() == 16)
        {
            return Unsafe.BitCast<Vector128<byte>, TVector>(
                TOperation.Apply(Unsafe.BitCast<TVector, Vector128<byte>>(left), Unsafe.BitCast<TVector, Vector128<byte>>(right), immediate, high: false));
        }

        Vector256<byte> a = Unsafe.BitCast<TVector, Vector256<byte>>(left), b = Unsafe.BitCast<TVector, Vector256<byte>>(right);
        return Unsafe.BitCast<Vector256<byte>, TVector>(Vector256.Create(
            TOperation.Apply(a.GetLower(), b.GetLower(), immediate, high: false), TOperation.Apply(a.GetUpper(), b.GetUpper(), immediate, high: true)));
    }

    /// <summary>One-source operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Unary<TOperation, TVector>(TVector source, byte immediate)
        where TOperation : IVectorUnary
        where TVector : unmanaged
    {
        if (Unsafe.SizeOf<TVector>() == 16)
        {
            return Unsafe.BitCast<Vector128<byte>, TVector>(TOperation.Apply(Unsafe.BitCast<TVector, Vector128<byte>>(source), immediate, high: false));
        }

        Vector256<byte> a = Unsafe.BitCast<TVector, Vector256<byte>>(source);
        return Unsafe.BitCast<Vector256<byte>, TVector>(
            Vector256.Create(TOperation.Apply(a.GetLower(), immediate, high: false), TOperation.Apply(a.GetUpper(), immediate, high: true)));
    }

    /// <summary>Shift of every element by one count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Shift<TOperation, TVector>(TVector source, ulong count)
        where TOperation : IVectorShift
        where TVector : unmanaged
    {
        if (Unsafe.SizeOf<TVector>() == 16)
        {
            return Unsafe.BitCast<Vector128<byte>, TVector>(TOperation.Apply(Unsafe.BitCast<TVector, Vector128<byte>>(source), count));
        }

        return Unsafe.BitCast<Vector256<byte>, TVector>(TOperation.Apply(Unsafe.BitCast<TVector, Vector256<byte>>(source), count));
    }

    /// <summary>Three-source operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Ternary<TOperation, TVector>(TVector first, TVector second, TVector third)
        where TOperation : IVectorTernary
        where TVector : unmanaged
    {
        if (Unsafe.SizeOf<TVector>() == 16)
        {
            return Unsafe.BitCast<Vector128<byte>, TVector>(TOperation.Apply(
                Unsafe.BitCast<TVector, Vector128<byte>>(first), Unsafe.BitCast<TVector, Vector128<byte>>(second), Unsafe.BitCast<TVector, Vector128<byte>>(third)));
        }

        Vector256<byte> a = Unsafe.BitCast<TVector, Vector256<byte>>(first), b = Unsafe.BitCast<TVector, Vector256<byte>>(second), c = Unsafe.BitCast<TVector, Vector256<byte>>(third);
        return Unsafe.BitCast<Vector256<byte>, TVector>(Vector256.Create(
            TOperation.Apply(a.GetLower(), b.GetLower(), c.GetLower()), TOperation.Apply(a.GetUpper(), b.GetUpper(), c.GetUpper())));
    }
}
