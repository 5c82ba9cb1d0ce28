namespace Emu.Cpu.Semantics;

/// <summary>
/// Decimal adjustment (SDM Vol. 2A). Arithmetic flags go in and come out as an EFLAGS image. Where the manuals leave flags
/// undefined, they are those of the addition or subtraction that adjusts, as on AMD's Zen cores.
/// </summary>
public static class DecimalAdjust
{
    /// <summary>DAA: AL after an addition of packed decimals.</summary>
    public static byte Daa(byte al, uint flags, out uint newFlags)
    {
        bool low = (al & 15) > 9 || (flags & Eflags.Af) != 0;
        bool high = al > 0x99 || (flags & Eflags.Cf) != 0;
        ulong adjustment = (low ? 6u : 0) + (high ? 0x60u : 0);
        ulong result = Add.Result<byte>(al, adjustment, 0);
        uint overflow = Add.Flags<byte>(al, adjustment, result) & Eflags.Of;
        newFlags = Szp<byte>(result) | overflow | (low ? Eflags.Af : 0) | (high ? Eflags.Cf : 0);
        return (byte)result;
    }

    /// <summary>DAS: AL after a subtraction of packed decimals.</summary>
    public static byte Das(byte al, uint flags, out uint newFlags)
    {
        bool low = (al & 15) > 9 || (flags & Eflags.Af) != 0;
        bool high = al > 0x99 || (flags & Eflags.Cf) != 0;
        // Correcting the low digit may borrow from the high one, which sets CF by itself.
        bool borrow = low && al < 6;
        ulong adjustment = (low ? 6u : 0) + (high ? 0x60u : 0);
        ulong result = Sub.Result<byte>(al, adjustment, 0);
        uint overflow = Sub.Flags<byte>(al, adjustment, result) & Eflags.Of;
        newFlags = Szp<byte>(result) | overflow | (low ? Eflags.Af : 0) | (high || borrow ? Eflags.Cf : 0);
        return (byte)result;
    }

    /// <summary>AAA: AX after an addition of unpacked decimals.</summary>
    public static ushort Aaa(ushort ax, uint flags, out uint newFlags)
    {
        bool adjust = (ax & 15) > 9 || (flags & Eflags.Af) != 0;
        ulong adjustment = adjust ? 0x106u : 0;
        ulong result = Add.Result<ushort>(ax, adjustment, 0);
        newFlags = Szp<ushort>(result) | (Add.Flags<ushort>(ax, adjustment, result) & Eflags.Of) | (adjust ? Eflags.Af | Eflags.Cf : 0);
        return (ushort)(result & 0xFF0F);
    }

    /// <summary>AAS: AX after a subtraction of unpacked decimals.</summary>
    public static ushort Aas(ushort ax, uint flags, out uint newFlags)
    {
        bool adjust = (ax & 15) > 9 || (flags & Eflags.Af) != 0;
        ulong adjustment = adjust ? 0x106u : 0;
        ulong result = Sub.Result<ushort>(ax, adjustment, 0);
        newFlags = Szp<ushort>(result) | (Sub.Flags<ushort>(ax, adjustment, result) & Eflags.Of) | (adjust ? Eflags.Af | Eflags.Cf : 0);
        return (ushort)(result & 0xFF0F);
    }

    /// <summary>AAM with a base other than zero: AH = AL / base, AL = AL mod base.</summary>
    public static ushort Aam(byte al, byte numberBase, out uint newFlags)
    {
        byte low = (byte)(al % numberBase);
        newFlags = Szp<byte>(low);
        return (ushort)(low | ((al / numberBase) << 8));
    }

    /// <summary>AAD: AL = AH * base + AL, AH = 0.</summary>
    public static ushort Aad(ushort ax, byte numberBase, out uint newFlags)
    {
        ulong left = (byte)ax, right = (byte)((ax >> 8) * numberBase);
        ulong result = Add.Result<byte>(left, right, 0);
        newFlags = Szp<byte>(result) | Add.Flags<byte>(left, right, result);
        return (byte)result;
    }

    private static uint Szp<T>(ulong value)
        where T : unmanaged =>
        (Bits.Zero(Bits.Truncate<T>(value)) == 0 ? Eflags.Zf : 0) | (Bits.Top<T>(value) << 7)
        | ((System.Numerics.BitOperations.PopCount((byte)value) & 1) == 0 ? Eflags.Pf : 0);
}
