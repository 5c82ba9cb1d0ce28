namespace Emu.Cpu.Semantics.Simd;

/// <summary>EXTRQ and INSERTQ of SSE4A (APM Vol. 4): bit fields of a quadword, with lengths and positions modulo 64; length 0 is 64.</summary>
public static class BitField
{
    /// <summary>EXTRQ: the field at the bottom, zero above.</summary>
    public static ulong Extract(ulong value, int length, int position)
    {
        length &= 63;
        position &= 63;
        return (value >> position) & Mask(length);
    }

    /// <summary>INSERTQ: the low bits of <paramref name="field"/> put into <paramref name="value"/>.</summary>
    public static ulong Insert(ulong value, ulong field, int length, int position)
    {
        length &= 63;
        position &= 63;
        ulong mask = Mask(length) << position;
        return (value & ~mask) | ((field << position) & mask);
    }

    private static ulong Mask(int length) => length == 0 ? ulong.MaxValue : (1ul << length) - 1;
}
