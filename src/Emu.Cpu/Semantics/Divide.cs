using System.Runtime.CompilerServices;

namespace Emu.Cpu.Semantics;

/// <summary>
/// DIV and IDIV (SDM Vol. 2A). A zero divisor or a quotient that does not fit is #DE: the functions return false. The
/// flags are undefined; here, as on AMD's Zen cores, AF is set and the others are cleared.
/// </summary>
public static class Divide
{
    /// <summary>EFLAGS status flags after a division.</summary>
    public const uint Flags = Eflags.Af;

    /// <summary>DIV: high:low / divisor, all zero-extended operands of width <typeparamref name="T"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryUnsigned<T>(ulong low, ulong high, ulong divisor, out ulong quotient, out ulong remainder)
        where T : unmanaged
    {
        // The quotient fits exactly when the high half is below the divisor; that also excludes a divisor of zero.
        if (high >= divisor)
        {
            quotient = remainder = 0;
            return false;
        }

        if (Bits.Width<T>() == 64 && high != 0)
        {
            quotient = Wide(high, low, divisor, out remainder);
            return true;
        }

        ulong dividend = Bits.Width<T>() == 64 ? low : (high << Bits.Width<T>()) | low;
        if (Bits.Width<T>() <= 16 || (dividend | divisor) <= uint.MaxValue)
        {
            uint narrow = (uint)dividend / (uint)divisor;
            quotient = narrow;
            remainder = (uint)dividend - (narrow * (uint)divisor);
            return true;
        }

        quotient = dividend / divisor;
        remainder = dividend - (quotient * divisor);
        return true;
    }

    /// <summary>IDIV: operands zero-extended; results are sign-extended, only their low bits count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TrySigned<T>(ulong low, ulong high, ulong divisor, out ulong quotient, out ulong remainder)
        where T : unmanaged
    {
        if (Bits.Width<T>() == 64) return TrySigned64(low, high, divisor, out quotient, out remainder);
        long right = (long)Bits.Sign(Bits.Truncate<T>(divisor));
        ulong joined = (high << Bits.Width<T>()) | low;
        long left = Bits.Width<T>() switch { 8 => (short)joined, 16 => (int)joined, _ => (long)joined };
        // The one quotient the host cannot form, -2^63 / -1, is an overflow here as well.
        if (right == 0 || (right == -1 && left == long.MinValue))
        {
            quotient = remainder = 0;
            return false;
        }

        long result = left / right;
        quotient = (ulong)result;
        remainder = (ulong)(left - (result * right));
        return (long)Bits.Sign(Bits.Truncate<T>(quotient)) == result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TrySigned64(ulong low, ulong high, ulong divisor, out ulong quotient, out ulong remainder)
    {
        bool negativeDividend = (long)high < 0;
        bool negativeQuotient = negativeDividend != ((long)divisor < 0);
        ulong absoluteDivisor = (long)divisor < 0 ? 0 - divisor : divisor;
        if (negativeDividend)
        {
            high = ~high + (low == 0 ? 1u : 0u);
            low = 0 - low;
        }

        if (!TryUnsigned<ulong>(low, high, absoluteDivisor, out quotient, out remainder)) return false;
        if (quotient > (negativeQuotient ? 1ul << 63 : long.MaxValue)) return false;
        if (negativeQuotient) quotient = 0 - quotient;
        if (negativeDividend) remainder = 0 - remainder;
        return true;
    }

    /// <summary>128 by 64 bits with a quotient known to fit: Knuth's algorithm D with two 32-bit digits (TAOCP Vol. 2, 4.3.1).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Wide(ulong high, ulong low, ulong divisor, out ulong remainder)
    {
        int shift = System.Numerics.BitOperations.LeadingZeroCount(divisor);
        divisor <<= shift;
        if (shift != 0)
        {
            high = (high << shift) | (low >> (64 - shift));
            low <<= shift;
        }

        ulong upper = Digit(high, low >> 32, divisor, out ulong rest);
        ulong lower = Digit(rest, low & uint.MaxValue, divisor, out rest);
        remainder = rest >> shift;
        return (upper << 32) | lower;
    }

    private static ulong Digit(ulong high, ulong next, ulong divisor, out ulong remainder)
    {
        ulong divisorHigh = divisor >> 32, divisorLow = (uint)divisor;
        ulong digit = high / divisorHigh;
        ulong rest = high - (digit * divisorHigh);
        while (digit > uint.MaxValue || digit * divisorLow > ((rest << 32) | next))
        {
            digit--;
            rest += divisorHigh;
            if (rest > uint.MaxValue) break;
        }

        remainder = ((high << 32) | next) - (digit * divisor);
        return digit;
    }
}
