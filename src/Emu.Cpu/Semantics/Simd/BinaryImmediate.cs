using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>PALIGNR: bytes of left:right from the immediate on.</summary>
public readonly struct Palignr : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Packed.AlignRight(left, right, immediate);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right, byte immediate)
        where TSelf : IVectorBinaryImmediate => Packed.AlignRight64(left, right, immediate);
}

/// <summary>SHUFPS: two floats of left, two of right.</summary>
public readonly struct Shufps : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Packed.ShuffleSingles(left.AsUInt32(), right.AsUInt32(), immediate).AsByte();
}

/// <summary>SHUFPD: one double of left, one of right.</summary>
public readonly struct Shufpd : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Vector128.Create(left.AsUInt64().GetElement((immediate >> (high ? 2 : 0)) & 1), right.AsUInt64().GetElement((immediate >> (high ? 3 : 1)) & 1)).AsByte();
}

/// <summary>BLENDPS, VPBLENDD: doublewords of right where the mask bit is set.</summary>
public readonly struct Blendps : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Packed.BlendDwords(left, right, high ? immediate >> 4 : immediate);
}

/// <summary>BLENDPD: quadwords of right where the mask bit is set.</summary>
public readonly struct Blendpd : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Packed.BlendQwords(left, right, high ? immediate >> 2 : immediate);
}

/// <summary>PBLENDW: words of right where the mask bit is set; the same mask in both lanes.</summary>
public readonly struct Pblendw : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Packed.BlendWords(left, right, immediate);
}

/// <summary>MPSADBW: eight sums of absolute differences; the upper lane uses immediate bits 5:3.</summary>
public readonly struct Mpsadbw : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high) => Packed.MultipleSumAbsoluteDifferences(left, right, high ? immediate >> 3 : immediate);
}
