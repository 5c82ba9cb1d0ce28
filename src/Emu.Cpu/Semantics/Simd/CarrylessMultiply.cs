using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HostPclmulqdq = System.Runtime.Intrinsics.X86.Pclmulqdq;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>PCLMULQDQ: carry-less product of a quadword of left (immediate bit 0) and one of right (bit 4).</summary>
public readonly struct Pclmulqdq : IVectorBinaryImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate, bool high)
    {
        Vector128<ulong> a = Vector128.CreateScalar(left.AsUInt64().GetElement(immediate & 1));
        Vector128<ulong> b = Vector128.CreateScalar(right.AsUInt64().GetElement((immediate >> 4) & 1));
        return HostPclmulqdq.IsSupported ? HostPclmulqdq.CarrylessMultiply(a, b, 0).AsByte() : Portable(a.ToScalar(), b.ToScalar());
    }

    /// <summary>The 127-bit product without the host's help.</summary>
    public static Vector128<byte> Portable(ulong left, ulong right)
    {
        ulong low = 0, high = 0;
        for (int i = 0; i < 64; i++)
        {
            if (((right >> i) & 1) == 0) continue;
            low ^= left << i;
            if (i != 0) high ^= left >> (64 - i);
        }

        return Vector128.Create(low, high).AsByte();
    }
}
