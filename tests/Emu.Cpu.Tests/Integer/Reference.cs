using System.Numerics;

namespace Emu.Cpu.Tests.Integer;

/// <summary>What the manuals say, written over arbitrary integers and single bits rather than machine words.</summary>
internal static class Reference
{
    public const uint Cf = 1, Pf = 4, Af = 16, Zf = 64, Sf = 128, Of = 2048;
    public const uint All = Cf | Pf | Af | Zf | Sf | Of;

    /// <summary>Operands that meet carries, signs and edges of every width.</summary>
    public static readonly ulong[] Values =
    [
        0, 1, 2, 3, 5, 7, 9, 0xF, 0x10, 0x11, 0x55, 0x7E, 0x7F, 0x80, 0x81, 0xA5, 0xFE, 0xFF, 0x100, 0x1234, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x1_0000,
        0x1234_5678, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF, 0x1_0000_0000, 0x1234_5678_9ABC_DEF0, 0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 0xDEAD_BEEF_CAFE_F00D, 0xFFFF_FFFF_FFFF_FFFF,
    ];

    public static BigInteger Modulus(int width) => BigInteger.One << width;

    public static ulong Wrap(BigInteger value, int width) => (ulong)(((value % Modulus(width)) + Modulus(width)) % Modulus(width));

    public static BigInteger Signed(ulong value, int width)
    {
        BigInteger v = Wrap(value, width);
        return v >= Modulus(width - 1) ? v - Modulus(width) : v;
    }

    public static bool Bit(ulong value, int bit) => ((value >> bit) & 1) != 0;

    public static uint Szp(ulong result, int width)
    {
        int ones = 0;
        for (int i = 0; i < 8; i++) ones += Bit(result, i) ? 1 : 0;
        return (Wrap(result, width) == 0 ? Zf : 0) | (Bit(result, width - 1) ? Sf : 0) | (ones % 2 == 0 ? Pf : 0);
    }

    /// <summary>Flags of left + right (+ carry) or left - right (- borrow).</summary>
    public static uint AddFlags(ulong left, ulong right, int width, bool subtract, int carry = 0)
    {
        BigInteger sign = subtract ? -1 : 1;
        BigInteger unsigned = Wrap(left, width) + (sign * (Wrap(right, width) + (BigInteger)carry));
        BigInteger signed = Signed(left, width) + (sign * (Signed(right, width) + carry));
        BigInteger nibble = (left & 15) + (sign * ((right & 15) + (BigInteger)carry));
        ulong result = Wrap(unsigned, width);
        return Szp(result, width)
            | (unsigned < 0 || unsigned >= Modulus(width) ? Cf : 0)
            | (signed < -Modulus(width - 1) || signed >= Modulus(width - 1) ? Of : 0)
            | (nibble < 0 || nibble > 15 ? Af : 0);
    }

    /// <summary>One step of a shift or rotation on (operand, CF).</summary>
    public static (ulong Value, bool Carry) ShiftOnce(string operation, ulong value, bool carry, int width)
    {
        bool top = Bit(value, width - 1), bottom = Bit(value, 0);
        ulong left = Wrap((BigInteger)value * 2, width), right = value >> 1, high = 1ul << (width - 1);
        return operation switch
        {
            "Shl" => (left, top),
            "Shr" => (right, bottom),
            "Sar" => (right | (top ? high : 0), bottom),
            "Rol" => (left | (top ? 1u : 0), top),
            "Ror" => (right | (bottom ? high : 0), bottom),
            "Rcl" => (left | (carry ? 1u : 0), top),
            "Rcr" => (right | (carry ? high : 0), bottom),
            _ => throw new ArgumentException(operation),
        };
    }
}
