namespace Emu.Cpu.Semantics;

/// <summary>
/// Decimal adjustment (SDM Vol. 2A). Arithmetic flags go in and come out as an EFLAGS image; undefined flags are those
/// of the result, OF cleared.
/// </summary>
public static class DecimalAdjust
{
    /// <summary>DAA: AL after an addition of packed decimals.</summary>
    public static byte Daa(byte al, uint flags, out uint newFlags)
    {
        bool low = (al & 15) > 9 || (flags & Eflags.Af) != 0;
        bool high = al > 0x99 || (flags & Eflags.Cf) != 0;
        byte result = (byte)(al + (low ? 6 : 0) + (high ? 0x60 : 0));
        newFlags = Szp(result) | (low ? Eflags.Af : 0) | (high ? Eflags.Cf : 0);
        return result;
    }

    /// <summary>DAS: AL after a subtraction of packed decimals.</summary>
    public static byte Das(byte al, uint flags, out uint newFlags)
    {
        bool low = (al & 15) > 9 || (flags & Eflags.Af) != 0;
        bool high = al > 0x99 || (flags & Eflags.Cf) != 0;
        // Correcting the low digit may borrow from the high one, which sets CF by itself.
        bool borrow = low && al < 6;
        byte result = (byte)(al - (low ? 6 : 0) - (high ? 0x60 : 0));
        newFlags = Szp(result) | (low ? Eflags.Af : 0) | (high || borrow ? Eflags.Cf : 0);
        return result;
    }

    /// <summary>AAA: AX after an addition of unpacked decimals.</summary>
    public static ushort Aaa(ushort ax, uint flags, out uint newFlags)
    {
        bool adjust = (ax & 15) > 9 || (flags & Eflags.Af) != 0;
        ushort result = (ushort)((adjust ? ax + 0x106 : ax) & 0xFF0F);
        newFlags = Szp((byte)result) | (adjust ? Eflags.Af | Eflags.Cf : 0);
        return result;
    }

    /// <summary>AAS: AX after a subtraction of unpacked decimals.</summary>
    public static ushort Aas(ushort ax, uint flags, out uint newFlags)
    {
        bool adjust = (ax & 15) > 9 || (flags & Eflags.Af) != 0;
        ushort result = (ushort)((adjust ? ax - 0x106 : ax) & 0xFF0F);
        newFlags = Szp((byte)result) | (adjust ? Eflags.Af | Eflags.Cf : 0);
        return result;
    }

    /// <summary>AAM with a base other than zero: AH = AL / base, AL = AL mod base.</summary>
    public static ushort Aam(byte al, byte numberBase, out uint newFlags)
    {
        byte low = (byte)(al % numberBase);
        newFlags = Szp(low);
        return (ushort)(low | ((al / numberBase) << 8));
    }

    /// <summary>AAD: AL = AH * base + AL, AH = 0.</summary>
    public static ushort Aad(ushort ax, byte numberBase, out uint newFlags)
    {
        byte low = (byte)((ax >> 8) * numberBase + ax);
        newFlags = Szp(low);
        return low;
    }

    private static uint Szp(byte value) =>
        (value == 0 ? Eflags.Zf : 0) | (value & Eflags.Sf)
        | ((System.Numerics.BitOperations.PopCount(value) & 1) == 0 ? Eflags.Pf : 0);
}
