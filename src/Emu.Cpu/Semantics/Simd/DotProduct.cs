using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>Widening multiplications of neighbours, for the AVX-VNNI families.</summary>
internal static class Neighbours
{
    /// <summary>Element <paramref name="index"/> (0..3) of each doubleword, a signed or unsigned byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Byte(Vector128<byte> value, int index, bool signed)
    {
        Vector128<int> top = value.AsInt32() << (24 - (8 * index));
        return signed ? top >> 24 : top >>> 24;
    }

    /// <summary>Element <paramref name="index"/> (0..1) of each doubleword, a signed or unsigned word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Word(Vector128<byte> value, int index, bool signed)
    {
        Vector128<int> top = value.AsInt32() << (16 - (16 * index));
        return signed ? top >> 16 : top >>> 16;
    }

    /// <summary>Sums of the products of four bytes each; no overflow is possible.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Bytes(Vector128<byte> left, Vector128<byte> right, bool leftSigned, bool rightSigned)
    {
        Vector128<int> sum = default;
        for (int i = 0; i < 4; i++) sum += Byte(left, i, leftSigned) * Byte(right, i, rightSigned);
        return sum;
    }

    /// <summary>Adds the products of two words each to the accumulator, without an intermediate overflow, saturating at the end.</summary>
    public static Vector128<byte> WordsSaturated(Vector128<byte> accumulator, Vector128<byte> left, Vector128<byte> right, bool leftSigned, bool rightSigned)
    {
        Vector128<int> low = Word(left, 0, leftSigned) * Word(right, 0, rightSigned), high = Word(left, 1, leftSigned) * Word(right, 1, rightSigned);
        bool unsigned = !leftSigned && !rightSigned;
        Vector128<int> result = default;
        for (int i = 0; i < 4; i++)
        {
            result = result.WithElement(i, unsigned
                ? (int)(uint)Math.Min((ulong)(uint)accumulator.AsInt32().GetElement(i) + (uint)low.GetElement(i) + (uint)high.GetElement(i), uint.MaxValue)
                : (int)Math.Clamp((long)accumulator.AsInt32().GetElement(i) + low.GetElement(i) + high.GetElement(i), int.MinValue, int.MaxValue));
        }

        return result.AsByte();
    }
}

/// <summary>Whether elements are signed.</summary>
public interface ISignedness
{
    /// <summary>Two's complement.</summary>
    static abstract bool IsSigned { get; }
}

/// <summary>Two's complement elements.</summary>
public readonly struct Signed : ISignedness
{
    public static bool IsSigned => true;
}

/// <summary>Unsigned elements.</summary>
public readonly struct Unsigned : ISignedness
{
    public static bool IsSigned => false;
}

/// <summary>VPDPBUSD and its kin: adds sums of four products of bytes to the first operand.</summary>
public readonly struct DotProductBytes<TLeft, TRight> : IVectorTernary
    where TLeft : ISignedness
    where TRight : ISignedness
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third) =>
        (first.AsInt32() + Neighbours.Bytes(second, third, TLeft.IsSigned, TRight.IsSigned)).AsByte();
}

/// <summary>VPDPBUSDS and its kin: the same with saturation, unsigned if both factors are.</summary>
public readonly struct DotProductBytesSaturated<TLeft, TRight> : IVectorTernary
    where TLeft : ISignedness
    where TRight : ISignedness
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third)
    {
        Vector128<int> sum = Neighbours.Bytes(second, third, TLeft.IsSigned, TRight.IsSigned);
        return !TLeft.IsSigned && !TRight.IsSigned
            ? Vector128.AddSaturate(first.AsUInt32(), sum.AsUInt32()).AsByte()
            : Vector128.AddSaturate(first.AsInt32(), sum).AsByte();
    }
}

/// <summary>VPDPWSSD and its kin: adds sums of two products of words to the first operand.</summary>
public readonly struct DotProductWords<TLeft, TRight> : IVectorTernary
    where TLeft : ISignedness
    where TRight : ISignedness
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third) => (first.AsInt32()
        + (Neighbours.Word(second, 0, TLeft.IsSigned) * Neighbours.Word(third, 0, TRight.IsSigned))
        + (Neighbours.Word(second, 1, TLeft.IsSigned) * Neighbours.Word(third, 1, TRight.IsSigned))).AsByte();
}

/// <summary>VPDPWSSDS and its kin: the same with saturation, unsigned if both factors are.</summary>
public readonly struct DotProductWordsSaturated<TLeft, TRight> : IVectorTernary
    where TLeft : ISignedness
    where TRight : ISignedness
{
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third) =>
        Neighbours.WordsSaturated(first, second, third, TLeft.IsSigned, TRight.IsSigned);
}

/// <summary>VPMADD52LUQ: adds the low 52 bits of the products of 52-bit integers to the first operand.</summary>
public readonly struct MultiplyAdd52Low : IVectorTernary
{
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third)
    {
        Vector128<ulong> mask = Vector128.Create((1ul << 52) - 1), a = second.AsUInt64() & mask, b = third.AsUInt64() & mask;
        return (first.AsUInt64() + (Vector128.Create(a.GetElement(0) * b.GetElement(0), a.GetElement(1) * b.GetElement(1)) & mask)).AsByte();
    }
}

/// <summary>VPMADD52HUQ: adds the high 52 bits of the products.</summary>
public readonly struct MultiplyAdd52High : IVectorTernary
{
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third)
    {
        Vector128<ulong> mask = Vector128.Create((1ul << 52) - 1), a = second.AsUInt64() & mask, b = third.AsUInt64() & mask;
        return (first.AsUInt64() + Vector128.Create(High(a.GetElement(0), b.GetElement(0)), High(a.GetElement(1), b.GetElement(1)))).AsByte();
    }

    // Out of line: the low half is returned through an address.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong High(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return (high << 12) | (low >> 52);
    }
}
