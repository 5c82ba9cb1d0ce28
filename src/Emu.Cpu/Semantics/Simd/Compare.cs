using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>PMINSB: minimum of packed signed bytes.</summary>
public readonly struct PminsB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Min(left.AsSByte(), right.AsSByte()).AsByte();
}

/// <summary>PMINUB: minimum of packed unsigned bytes.</summary>
public readonly struct PminuB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Min(left.AsByte(), right.AsByte()).AsByte();
}

/// <summary>PMAXSB: maximum of packed signed bytes.</summary>
public readonly struct PmaxsB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Max(left.AsSByte(), right.AsSByte()).AsByte();
}

/// <summary>PMAXUB: maximum of packed unsigned bytes.</summary>
public readonly struct PmaxuB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Max(left.AsByte(), right.AsByte()).AsByte();
}

/// <summary>PMINSW: minimum of packed signed words.</summary>
public readonly struct PminsW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Min(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PMINUW: minimum of packed unsigned words.</summary>
public readonly struct PminuW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Min(left.AsUInt16(), right.AsUInt16()).AsByte();
}

/// <summary>PMAXSW: maximum of packed signed words.</summary>
public readonly struct PmaxsW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Max(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PMAXUW: maximum of packed unsigned words.</summary>
public readonly struct PmaxuW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Max(left.AsUInt16(), right.AsUInt16()).AsByte();
}

/// <summary>PMINSD: minimum of packed signed doublewords.</summary>
public readonly struct PminsD : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Min(left.AsInt32(), right.AsInt32()).AsByte();
}

/// <summary>PMINUD: minimum of packed unsigned doublewords.</summary>
public readonly struct PminuD : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Min(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Min(left.AsUInt32(), right.AsUInt32()).AsByte();
}

/// <summary>PMAXSD: maximum of packed signed doublewords.</summary>
public readonly struct PmaxsD : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Max(left.AsInt32(), right.AsInt32()).AsByte();
}

/// <summary>PMAXUD: maximum of packed unsigned doublewords.</summary>
public readonly struct PmaxuD : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Max(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Max(left.AsUInt32(), right.AsUInt32()).AsByte();
}

/// <summary>PCMPEQB: compares packed bytes for equality.</summary>
public readonly struct PcmpeqB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Equals(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Equals(left.AsSByte(), right.AsSByte()).AsByte();
}

/// <summary>PCMPGTB: compares packed signed bytes for greater.</summary>
public readonly struct PcmpgtB : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.GreaterThan(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.GreaterThan(left.AsSByte(), right.AsSByte()).AsByte();
}

/// <summary>PCMPEQW: compares packed words for equality.</summary>
public readonly struct PcmpeqW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Equals(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Equals(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PCMPGTW: compares packed signed words for greater.</summary>
public readonly struct PcmpgtW : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.GreaterThan(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.GreaterThan(left.AsInt16(), right.AsInt16()).AsByte();
}

/// <summary>PCMPEQD: compares packed doublewords for equality.</summary>
public readonly struct PcmpeqD : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Equals(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Equals(left.AsInt32(), right.AsInt32()).AsByte();
}

/// <summary>PCMPGTD: compares packed signed doublewords for greater.</summary>
public readonly struct PcmpgtD : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.GreaterThan(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.GreaterThan(left.AsInt32(), right.AsInt32()).AsByte();
}

/// <summary>PCMPEQQ: compares packed quadwords for equality.</summary>
public readonly struct PcmpeqQ : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.Equals(left.AsInt64(), right.AsInt64()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.Equals(left.AsInt64(), right.AsInt64()).AsByte();
}

/// <summary>PCMPGTQ: compares packed signed quadwords for greater.</summary>
public readonly struct PcmpgtQ : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Vector128.GreaterThan(left.AsInt64(), right.AsInt64()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => Vector256.GreaterThan(left.AsInt64(), right.AsInt64()).AsByte();
}
