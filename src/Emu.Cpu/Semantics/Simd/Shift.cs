using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>PSLLW: logical shift of packed elements; counts of 16 and more clear.</summary>
public readonly struct Psllw : IVectorShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, ulong count) => count >= 16 ? Vector128<byte>.Zero : (source.AsUInt16() << (int)count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> source, ulong count) => count >= 16 ? Vector256<byte>.Zero : (source.AsUInt16() << (int)count).AsByte();
}

/// <summary>PSLLD: logical shift of packed elements; counts of 32 and more clear.</summary>
public readonly struct Pslld : IVectorShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, ulong count) => count >= 32 ? Vector128<byte>.Zero : (source.AsUInt32() << (int)count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> source, ulong count) => count >= 32 ? Vector256<byte>.Zero : (source.AsUInt32() << (int)count).AsByte();
}

/// <summary>PSLLQ: logical shift of packed elements; counts of 64 and more clear.</summary>
public readonly struct Psllq : IVectorShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, ulong count) => count >= 64 ? Vector128<byte>.Zero : (source.AsUInt64() << (int)count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> source, ulong count) => count >= 64 ? Vector256<byte>.Zero : (source.AsUInt64() << (int)count).AsByte();
}

/// <summary>PSRLW: logical shift of packed elements; counts of 16 and more clear.</summary>
public readonly struct Psrlw : IVectorShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, ulong count) => count >= 16 ? Vector128<byte>.Zero : (source.AsUInt16() >>> (int)count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> source, ulong count) => count >= 16 ? Vector256<byte>.Zero : (source.AsUInt16() >>> (int)count).AsByte();
}

/// <summary>PSRLD: logical shift of packed elements; counts of 32 and more clear.</summary>
public readonly struct Psrld : IVectorShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, ulong count) => count >= 32 ? Vector128<byte>.Zero : (source.AsUInt32() >>> (int)count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> source, ulong count) => count >= 32 ? Vector256<byte>.Zero : (source.AsUInt32() >>> (int)count).AsByte();
}

/// <summary>PSRLQ: logical shift of packed elements; counts of 64 and more clear.</summary>
public readonly struct Psrlq : IVectorShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, ulong count) => count >= 64 ? Vector128<byte>.Zero : (source.AsUInt64() >>> (int)count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> source, ulong count) => count >= 64 ? Vector256<byte>.Zero : (source.AsUInt64() >>> (int)count).AsByte();
}

/// <summary>PSRAW: arithmetic right shift of packed elements; large counts fill with the sign.</summary>
public readonly struct Psraw : IVectorShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, ulong count) => (source.AsInt16() >> (int)Math.Min(count, 15u)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> source, ulong count) => (source.AsInt16() >> (int)Math.Min(count, 15u)).AsByte();
}

/// <summary>PSRAD: arithmetic right shift of packed elements; large counts fill with the sign.</summary>
public readonly struct Psrad : IVectorShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> source, ulong count) => (source.AsInt32() >> (int)Math.Min(count, 31u)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Apply(Vector256<byte> source, ulong count) => (source.AsInt32() >> (int)Math.Min(count, 31u)).AsByte();
}
