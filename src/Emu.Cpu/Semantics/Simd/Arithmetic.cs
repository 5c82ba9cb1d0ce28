using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>PADDB: adds packed bytes.</summary>
public readonly struct PaddB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsByte() + right.AsByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsByte() + right.AsByte()).AsByte();
}

/// <summary>PSUBB: subtracts packed bytes.</summary>
public readonly struct PsubB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsByte() - right.AsByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsByte() - right.AsByte()).AsByte();
}

/// <summary>PADDW: adds packed words.</summary>
public readonly struct PaddW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsUInt16() + right.AsUInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsUInt16() + right.AsUInt16()).AsByte();
}

/// <summary>PSUBW: subtracts packed words.</summary>
public readonly struct PsubW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsUInt16() - right.AsUInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsUInt16() - right.AsUInt16()).AsByte();
}

/// <summary>PADDD: adds packed doublewords.</summary>
public readonly struct PaddD : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsUInt32() + right.AsUInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsUInt32() + right.AsUInt32()).AsByte();
}

/// <summary>PSUBD: subtracts packed doublewords.</summary>
public readonly struct PsubD : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsUInt32() - right.AsUInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsUInt32() - right.AsUInt32()).AsByte();
}

/// <summary>PADDQ: adds packed quadwords.</summary>
public readonly struct PaddQ : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsUInt64() + right.AsUInt64()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsUInt64() + right.AsUInt64()).AsByte();
}

/// <summary>PSUBQ: subtracts packed quadwords.</summary>
public readonly struct PsubQ : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsUInt64() - right.AsUInt64()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsUInt64() - right.AsUInt64()).AsByte();
}

/// <summary>PADDSB: adds packed signed bytes with saturation.</summary>
public readonly struct PaddsB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.AddSaturate(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.AddSaturate(left.AsSByte(), right.AsSByte()).AsByte();
}

/// <summary>PADDUSB: adds packed unsigned bytes with saturation.</summary>
public readonly struct PaddusB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.AddSaturate(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.AddSaturate(left.AsByte(), right.AsByte()).AsByte();
}

/// <summary>PSUBSB: subtracts packed signed bytes with saturation.</summary>
public readonly struct PsubsB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.SubtractSaturate(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.SubtractSaturate(left.AsSByte(), right.AsSByte()).AsByte();
}

/// <summary>PSUBUSB: subtracts packed unsigned bytes with saturation.</summary>
public readonly struct PsubusB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.SubtractSaturate(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.SubtractSaturate(left.AsByte(), right.AsByte()).AsByte();
}

/// <summary>PADDSW: adds packed signed words with saturation.</summary>
public readonly struct PaddsW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.AddSaturate(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.AddSaturate(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PADDUSW: adds packed unsigned words with saturation.</summary>
public readonly struct PaddusW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.AddSaturate(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.AddSaturate(left.AsUInt16(), right.AsUInt16()).AsByte();
}

/// <summary>PSUBSW: subtracts packed signed words with saturation.</summary>
public readonly struct PsubsW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.SubtractSaturate(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.SubtractSaturate(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PSUBUSW: subtracts packed unsigned words with saturation.</summary>
public readonly struct PsubusW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.SubtractSaturate(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.SubtractSaturate(left.AsUInt16(), right.AsUInt16()).AsByte();
}

/// <summary>PAVGB: rounded average of packed unsigned bytes.</summary>
public readonly struct Pavgb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.Average(left, right);
}

/// <summary>PAVGW: rounded average of packed unsigned words.</summary>
public readonly struct Pavgw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.Average(left.AsUInt16(), right.AsUInt16()).AsByte();
}

/// <summary>PMULLW: low half of the products of packed words.</summary>
public readonly struct Pmullw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsUInt16() * right.AsUInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsUInt16() * right.AsUInt16()).AsByte();
}

/// <summary>PMULLD: low half of the products of packed doublewords.</summary>
public readonly struct Pmulld : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.AsUInt32() * right.AsUInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => (left.AsUInt32() * right.AsUInt32()).AsByte();
}

/// <summary>PMULHW: high half of the products of packed signed words.</summary>
public readonly struct Pmulhw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.MultiplyHigh(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PMULHUW: high half of the products of packed unsigned words.</summary>
public readonly struct Pmulhuw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.MultiplyHigh(left.AsUInt16(), right.AsUInt16()).AsByte();
}

/// <summary>PMULHRSW: rounded and scaled products of packed signed words.</summary>
public readonly struct Pmulhrsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.MultiplyHighRound(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PMULUDQ: products of the even unsigned doublewords.</summary>
public readonly struct Pmuludq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.MultiplyEven(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Packed.MultiplyEven(left.AsUInt32(), right.AsUInt32()).AsByte();
}

/// <summary>PMULDQ: products of the even signed doublewords.</summary>
public readonly struct Pmuldq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.MultiplyEven(left.AsInt32(), right.AsInt32()).AsByte();
}

/// <summary>PMADDWD: sums of adjacent products of signed words.</summary>
public readonly struct Pmaddwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.MultiplyAddWords(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PMADDUBSW: saturated sums of adjacent products of unsigned (left) and signed (right) bytes.</summary>
public readonly struct Pmaddubsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.MultiplyAddBytes(left, right.AsSByte()).AsByte();
}

/// <summary>PSADBW: sum of absolute differences of each eight unsigned bytes.</summary>
public readonly struct Psadbw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.SumAbsoluteDifferences(left, right);
}

/// <summary>PSIGNB: left, zeroed or negated by the sign of right.</summary>
public readonly struct Psignb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.Sign(left.AsSByte(), right.AsSByte()).AsByte();
}

/// <summary>PSIGNW: left, zeroed or negated by the sign of right.</summary>
public readonly struct Psignw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.Sign(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PSIGND: left, zeroed or negated by the sign of right.</summary>
public readonly struct Psignd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.Sign(left.AsInt32(), right.AsInt32()).AsByte();
}

/// <summary>PHADDW: horizontal sums of adjacent elements.</summary>
public readonly struct Phaddw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (Packed.Even(left.AsInt16(), right.AsInt16()) + Packed.Odd(left.AsInt16(), right.AsInt16())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PHADDD: horizontal sums of adjacent elements.</summary>
public readonly struct Phaddd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (Packed.Even(left.AsInt32(), right.AsInt32()) + Packed.Odd(left.AsInt32(), right.AsInt32())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PHADDSW: horizontal sums of adjacent elements with saturation.</summary>
public readonly struct Phaddsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.AddSaturate(Packed.Even(left.AsInt16(), right.AsInt16()), Packed.Odd(left.AsInt16(), right.AsInt16())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PHSUBW: horizontal differences of adjacent elements.</summary>
public readonly struct Phsubw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (Packed.Even(left.AsInt16(), right.AsInt16()) - Packed.Odd(left.AsInt16(), right.AsInt16())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PHSUBD: horizontal differences of adjacent elements.</summary>
public readonly struct Phsubd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (Packed.Even(left.AsInt32(), right.AsInt32()) - Packed.Odd(left.AsInt32(), right.AsInt32())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PHSUBSW: horizontal differences of adjacent elements with saturation.</summary>
public readonly struct Phsubsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.SubtractSaturate(Packed.Even(left.AsInt16(), right.AsInt16()), Packed.Odd(left.AsInt16(), right.AsInt16())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}
