using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>PAND, ANDPS, ANDPD.</summary>
public readonly struct Pand : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => left & right;
}

/// <summary>PANDN, ANDNPS, ANDNPD: right and not left.</summary>
public readonly struct Pandn : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => ~left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => ~left & right;
}

/// <summary>POR, ORPS, ORPD.</summary>
public readonly struct Por : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => left | right;
}

/// <summary>PXOR, XORPS, XORPD.</summary>
public readonly struct Pxor : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => left ^ right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply256<TSelf>(Vector256<byte> left, Vector256<byte> right)
        where TSelf : IVectorBinary => left ^ right;
}

/// <summary>PUNPCKLBW: interleaves the low halves.</summary>
public readonly struct Punpcklbw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.InterleaveLow(left.AsByte(), right.AsByte()).AsByte();
}

/// <summary>PUNPCKHBW: interleaves the high halves.</summary>
public readonly struct Punpckhbw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.InterleaveHigh(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Vector128.CreateScalar(Punpcklbw.Apply(left, right).AsUInt64().GetElement(1)).AsByte();
}

/// <summary>PUNPCKLWD: interleaves the low halves.</summary>
public readonly struct Punpcklwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.InterleaveLow(left.AsUInt16(), right.AsUInt16()).AsByte();
}

/// <summary>PUNPCKHWD: interleaves the high halves.</summary>
public readonly struct Punpckhwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.InterleaveHigh(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Vector128.CreateScalar(Punpcklwd.Apply(left, right).AsUInt64().GetElement(1)).AsByte();
}

/// <summary>PUNPCKLDQ: interleaves the low halves.</summary>
public readonly struct Punpckldq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.InterleaveLow(left.AsUInt32(), right.AsUInt32()).AsByte();
}

/// <summary>PUNPCKHDQ: interleaves the high halves.</summary>
public readonly struct Punpckhdq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.InterleaveHigh(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Vector128.CreateScalar(Punpckldq.Apply(left, right).AsUInt64().GetElement(1)).AsByte();
}

/// <summary>PUNPCKLQDQ: interleaves the low halves.</summary>
public readonly struct Punpcklqdq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.InterleaveLow(left.AsUInt64(), right.AsUInt64()).AsByte();
}

/// <summary>PUNPCKHQDQ: interleaves the high halves.</summary>
public readonly struct Punpckhqdq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.InterleaveHigh(left.AsUInt64(), right.AsUInt64()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Vector128.CreateScalar(Punpcklqdq.Apply(left, right).AsUInt64().GetElement(1)).AsByte();
}

/// <summary>PACKSSWB: narrows signed elements with saturation.</summary>
public readonly struct Packsswb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.NarrowToSByte(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PACKUSWB: narrows signed elements with saturation.</summary>
public readonly struct Packuswb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.NarrowToByte(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PACKSSDW: narrows signed elements with saturation.</summary>
public readonly struct Packssdw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.NarrowToInt16(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PACKUSDW: narrows signed elements with saturation.</summary>
public readonly struct Packusdw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.NarrowToUInt16(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.Horizontal64<TSelf>(left, right);
}

/// <summary>PSHUFB: selects bytes of left by right; bit 7 clears.</summary>
public readonly struct Pshufb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.ShuffleBytes(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply64<TSelf>(Vector128<byte> left, Vector128<byte> right)
        where TSelf : IVectorBinary => Packed.ShuffleBytes(left, right & Vector128.Create((byte)0x87)) & Vector128.Create(ulong.MaxValue, 0).AsByte();
}

/// <summary>VPSLLVD: shifts each element by its own count.</summary>
public readonly struct Vpsllvd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.ShiftLeftEach(left.AsUInt32(), right.AsUInt32()).AsByte();
}

/// <summary>VPSLLVQ: shifts each element by its own count.</summary>
public readonly struct Vpsllvq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.ShiftLeftEach(left.AsUInt64(), right.AsUInt64()).AsByte();
}

/// <summary>VPSRLVD: shifts each element by its own count.</summary>
public readonly struct Vpsrlvd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.ShiftRightEach(left.AsUInt32(), right.AsUInt32()).AsByte();
}

/// <summary>VPSRLVQ: shifts each element by its own count.</summary>
public readonly struct Vpsrlvq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.ShiftRightEach(left.AsUInt64(), right.AsUInt64()).AsByte();
}

/// <summary>VPSRAVD: arithmetic right shift of each element by its own count.</summary>
public readonly struct Vpsravd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Packed.ShiftRightArithmeticEach(left.AsInt32(), right.AsUInt32()).AsByte();
}
