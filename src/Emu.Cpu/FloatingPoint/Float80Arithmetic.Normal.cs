using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

// The common case: normal operands and a normal result, rounded to nearest at 64 bits. Only #P can come up in it. Everything else is left
// to the general code, before anything has changed.
public static partial class Float80Arithmetic
{
    private const uint NormalExponents = Float80.ExponentMask - 1;

    /// <summary>Whether both are normal numbers and the environment rounds as the functions below do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool AreCommon(Float80 a, Float80 b, in FloatEnvironment environment) =>
        (long)(a.Significand & b.Significand) < 0
        && (uint)(a.BiasedExponent - 1) < NormalExponents && (uint)(b.BiasedExponent - 1) < NormalExponents
        && environment.RoundsNearestExtended;

    private static bool TryMultiplyNormal(Float80 a, Float80 b, ref FloatEnvironment environment, out Float80 result)
    {
        ulong high = Math.BigMul(a.Significand, b.Significand, out ulong low);
        // The product of two significands in [1, 2) is below 4.
        int normal = (int)(high >> 63);
        int left = 1 - normal;
        high = (high << left) | ((low >> 63) & (ulong)left);
        low <<= left;
        int exponent = a.BiasedExponent + b.BiasedExponent - Float80.Bias + normal;
        return TryRoundNormal((a.SignExponent ^ b.SignExponent) & Float80.SignBit, exponent, high, low, ref environment, out result);
    }

    private static bool TryAddNormal(Float80 a, Float80 b, ref FloatEnvironment environment, out Float80 result)
    {
        int distance = a.BiasedExponent - b.BiasedExponent;
        if (distance < 0 || (distance == 0 && a.Significand < b.Significand))
        {
            (a, b) = (b, a);
            distance = -distance;
        }

        result = default;
        // Further apart, the smaller one does not fit into the 128 bits below.
        if (distance >= 64) return false;
        ulong smallHigh = b.Significand >> distance;
        ulong smallLow = distance == 0 ? 0 : b.Significand << (64 - distance);
        int exponent = a.BiasedExponent;
        ulong high, low;
        if (((a.SignExponent ^ b.SignExponent) & Float80.SignBit) == 0)
        {
            high = a.Significand + smallHigh;
            low = smallLow;
            if (high < smallHigh)
            {
                low = (high << 63) | (low >> 1) | (low & 1);
                high = (high >> 1) | Float80.IntegerBit;
                exponent++;
            }
        }
        else
        {
            low = 0UL - smallLow;
            high = a.Significand - smallHigh - (smallLow != 0 ? 1UL : 0);
            if (high == 0) return false;
            int shift = BitOperations.LeadingZeroCount(high);
            // In two steps, because a shift by 64 would be one by 0.
            high = (high << shift) | (low >> 1 >> (63 - shift));
            low <<= shift;
            exponent -= shift;
        }

        return TryRoundNormal(a.SignExponent & Float80.SignBit, exponent, high, low, ref environment, out result);
    }

    /// <summary>Rounds a normalized 128-bit significand to nearest, ties to even. False when the result is not a normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryRoundNormal(int sign, int exponent, ulong high, ulong low, ref FloatEnvironment environment, out Float80 result)
    {
        bool up = low > Float80.IntegerBit - (high & 1);
        ulong rounded = high + (up ? 1UL : 0);
        if (rounded < high)
        {
            rounded = Float80.IntegerBit;
            exponent++;
        }

        result = new Float80(rounded, (ushort)(exponent | sign));
        if ((uint)(exponent - 1) >= NormalExponents) return false;
        environment.Raise(low == 0 ? FloatExceptions.None : FloatExceptions.Inexact | (up ? FloatExceptions.RoundedUp : 0));
        return true;
    }
}
