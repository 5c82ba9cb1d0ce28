using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>PABSB: absolute values (the most negative stays).</summary>
public readonly struct Pabsb : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.Absolute(source.AsSByte()).AsByte();
}

/// <summary>PABSW: absolute values (the most negative stays).</summary>
public readonly struct Pabsw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.Absolute(source.AsInt16()).AsByte();
}

/// <summary>PABSD: absolute values (the most negative stays).</summary>
public readonly struct Pabsd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.Absolute(source.AsInt32()).AsByte();
}

/// <summary>PSHUFD: permutes doublewords by the immediate.</summary>
public readonly struct Pshufd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.PermuteDwords(source.AsUInt32(), immediate).AsByte();
}

/// <summary>PSHUFLW: permutes the low four words.</summary>
public readonly struct Pshuflw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.PermuteWords(source.AsUInt16(), immediate, 0).AsByte();
}

/// <summary>PSHUFHW: permutes the high four words.</summary>
public readonly struct Pshufhw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.PermuteWords(source.AsUInt16(), immediate, 4).AsByte();
}

/// <summary>PSHUFW: permutes the four words of an MMX register.</summary>
public readonly struct Pshufw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.PermuteWords(source.AsUInt16(), immediate, 0).AsByte();
}

/// <summary>MOVDDUP: duplicates the low quadword.</summary>
public readonly struct Movddup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Vector128.Create(source.AsUInt64().ToScalar()).AsByte();
}

/// <summary>MOVSLDUP: duplicates the even doublewords.</summary>
public readonly struct Movsldup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.PermuteDwords(source.AsUInt32(), 0xA0).AsByte();
}

/// <summary>MOVSHDUP: duplicates the odd doublewords.</summary>
public readonly struct Movshdup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.PermuteDwords(source.AsUInt32(), 0xF5).AsByte();
}

/// <summary>VPERMILPD imm8: selects within each lane.</summary>
public readonly struct Vpermilpd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Vector128.Create(source.AsUInt64().GetElement((immediate >> (high ? 2 : 0)) & 1), source.AsUInt64().GetElement((immediate >> (high ? 3 : 1)) & 1)).AsByte();
}

/// <summary>PHMINPOSUW: the least unsigned word and its index.</summary>
public readonly struct Phminposuw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.MinimumPosition(source.AsUInt16()).AsByte();
}

/// <summary>PSLLDQ: shifts the lane left by bytes.</summary>
public readonly struct Pslldq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.ShiftLeftBytes(source, immediate);
}

/// <summary>PSRLDQ: shifts the lane right by bytes.</summary>
public readonly struct Psrldq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, byte immediate, bool high) => Packed.ShiftRightBytes(source, immediate);
}
