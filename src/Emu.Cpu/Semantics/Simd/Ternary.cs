using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>PBLENDVB: bytes of second where the top bit of the mask byte is set.</summary>
public readonly struct Pblendvb : IVectorTernary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third) => Vector128.ConditionalSelect((third.AsSByte() >> 7).AsByte(), second, first);
}

/// <summary>BLENDVPS: floats of second where the sign of the mask is set.</summary>
public readonly struct Blendvps : IVectorTernary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third) => Vector128.ConditionalSelect((third.AsInt32() >> 31).AsByte(), second, first);
}

/// <summary>BLENDVPD: doubles of second where the sign of the mask is set.</summary>
public readonly struct Blendvpd : IVectorTernary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third) => Vector128.ConditionalSelect((third.AsInt64() >> 63).AsByte(), second, first);
}
