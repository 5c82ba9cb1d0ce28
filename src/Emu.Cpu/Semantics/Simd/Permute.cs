using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>An instruction that exists for 256 bits only and crosses 128-bit lanes.</summary>
public interface IVectorCrossing
{
    /// <summary>The result; one-source instructions ignore <paramref name="left"/>.</summary>
    static abstract Vector256<byte> Apply(Vector256<byte> left, Vector256<byte> right, byte immediate);
}

/// <summary>VPERMILPS: doublewords of left, chosen in their lane by the low two bits of those of right.</summary>
public readonly struct Vpermilps : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        Vector128.Shuffle(left.AsUInt32(), right.AsUInt32() & Vector128.Create(3u)).AsByte();
}

/// <summary>VPERMILPD: quadwords of left, chosen in their lane by bit 1 of those of right.</summary>
public readonly struct VpermilpdVariable : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        Vector128.Shuffle(left.AsUInt64(), (right.AsUInt64() >>> 1) & Vector128<ulong>.One).AsByte();
}

/// <summary>VPERMD, VPERMPS: doublewords of right, chosen by the low three bits of those of left.</summary>
public readonly struct Vpermd : IVectorCrossing
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> left, Vector256<byte> right, byte immediate) => Avx2.IsSupported
        ? Avx2.PermuteVar8x32(right.AsInt32(), left.AsInt32()).AsByte()
        : Vector256.Shuffle(right.AsUInt32(), left.AsUInt32() & Vector256.Create(7u)).AsByte();
}

/// <summary>VPERMQ, VPERMPD: quadwords of right, chosen by two bits of the immediate each.</summary>
public readonly struct Vpermq : IVectorCrossing
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> left, Vector256<byte> right, byte immediate) => Vector256.Shuffle(
        right.AsUInt64(), Vector256.Create((ulong)immediate & 3, ((uint)immediate >> 2) & 3, ((uint)immediate >> 4) & 3, (uint)immediate >> 6)).AsByte();
}

/// <summary>VPERM2F128, VPERM2I128: each lane one of the four of left and right, or zero.</summary>
public readonly struct Vperm2i128 : IVectorCrossing
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> left, Vector256<byte> right, byte immediate) =>
        Vector256.Create(Lane(left, right, immediate), Lane(left, right, immediate >> 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Lane(Vector256<byte> left, Vector256<byte> right, int control)
    {
        if ((control & 8) != 0) return default;
        return (control & 3) switch { 0 => left.GetLower(), 1 => left.GetUpper(), 2 => right.GetLower(), _ => right.GetUpper() };
    }
}

/// <summary>PTEST and friends: ZF when nothing is common, CF when right has nothing that left has not (SDM Vol. 2B PTEST).</summary>
public interface IVectorTest
{
    /// <summary>The bits that count.</summary>
    static abstract Vector128<byte> Mask { get; }
}

/// <summary>PTEST: all bits.</summary>
public readonly struct TestBits : IVectorTest
{
    public static Vector128<byte> Mask => Vector128<byte>.AllBitsSet;
}

/// <summary>VTESTPS: the signs of floats.</summary>
public readonly struct TestSingles : IVectorTest
{
    public static Vector128<byte> Mask => Vector128.Create(0x8000_0000u).AsByte();
}

/// <summary>VTESTPD: the signs of doubles.</summary>
public readonly struct TestDoubles : IVectorTest
{
    public static Vector128<byte> Mask => Vector128.Create(1ul << 63).AsByte();
}
