using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>
/// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM Vol. 2B 4.1): sets of elements are bit masks, element 0 in bit 0.
/// </summary>
public static class TextCompare
{
    private const int Words = 1, SignedElements = 2, IndexOfLast = 0x40, WholeElements = 0x40;

    /// <summary>Elements an operand has: 16 bytes or 8 words.</summary>
    public static int Elements(byte control) => (control & Words) != 0 ? 8 : 16;

    /// <summary>Elements before the first zero.</summary>
    public static int ImplicitLength(Vector128<byte> text, byte control) =>
        BitOperations.TrailingZeroCount(EqualMask(text, default, control) | (1u << Elements(control)));

    /// <summary>The length a register holds: its magnitude, at most all elements.</summary>
    public static int ExplicitLength(long register, byte control)
    {
        ulong magnitude = register < 0 ? 0 - (ulong)register : (ulong)register;
        return (int)Math.Min(magnitude, (ulong)Elements(control));
    }

    /// <summary>The intermediate result 2: aggregated and with the polarity applied, of <paramref name="first"/> against <paramref name="second"/>.</summary>
    public static uint Compare(Vector128<byte> first, int firstLength, Vector128<byte> second, int secondLength, byte control)
    {
        int count = Elements(control);
        uint all = (1u << count) - 1, secondValid = (1u << secondLength) - 1;
        uint result = ((control >> 2) & 3) switch
        {
            0 => EqualAny(first, firstLength, second, control) & secondValid,
            1 => Ranges(first, firstLength, second, control) & secondValid,
            2 => EqualEach(first, firstLength, second, secondLength, control),
            _ => EqualOrdered(first, firstLength, second, secondValid, all, control),
        };
        return ((control >> 4) & 3) switch
        {
            1 => ~result & all,
            3 => result ^ secondValid,
            _ => result,
        };
    }

    /// <summary>The result of the ...I forms: index of the first or last element set, or the number of elements if there is none.</summary>
    public static int Index(uint result, byte control)
    {
        if (result == 0) return Elements(control);
        return (control & IndexOfLast) != 0 ? BitOperations.Log2(result) : BitOperations.TrailingZeroCount(result);
    }

    /// <summary>The result of the ...M forms: a bit mask, or a mask of whole elements.</summary>
    public static Vector128<byte> Mask(uint result, byte control)
    {
        if ((control & WholeElements) == 0) return Vector128.CreateScalar(result).AsByte();
        if ((control & Words) != 0)
        {
            Vector128<ushort> bit = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);
            return Vector128.Equals(Vector128.Create((ushort)result) & bit, bit).AsByte();
        }

        Vector128<byte> bits = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        Vector128<byte> spread = Vector128.Create(Vector64.Create((byte)result), Vector64.Create((byte)(result >> 8)));
        return Vector128.Equals(spread & bits, bits);
    }

    /// <summary>CF, ZF, SF, OF in their EFLAGS positions; AF and PF are clear.</summary>
    public static uint Flags(uint result, int firstLength, int secondLength, byte control)
    {
        int count = Elements(control);
        return (result != 0 ? Eflags.Cf : 0) | (secondLength < count ? Eflags.Zf : 0) | (firstLength < count ? Eflags.Sf : 0)
            | ((result & 1) != 0 ? Eflags.Of : 0);
    }

    private static uint EqualAny(Vector128<byte> first, int firstLength, Vector128<byte> second, byte control)
    {
        uint result = 0;
        for (int i = 0; i < firstLength; i++) result |= EqualMask(second, Spread(first, i, control), control);
        return result;
    }

    private static uint Ranges(Vector128<byte> first, int firstLength, Vector128<byte> second, byte control)
    {
        uint result = 0;
        for (int i = 0; i + 1 < firstLength; i += 2)
        {
            result |= ~LessMask(second, Spread(first, i, control), control) & ~LessMask(Spread(first, i + 1, control), second, control);
        }

        return result;
    }

    // Where both texts have ended they agree, where only one has they do not.
    private static uint EqualEach(Vector128<byte> first, int firstLength, Vector128<byte> second, int secondLength, byte control)
    {
        uint both = (1u << Math.Min(firstLength, secondLength)) - 1, either = (1u << Math.Max(firstLength, secondLength)) - 1;
        return (EqualMask(first, second, control) & both) | (~either & ((1u << Elements(control)) - 1));
    }

    // Every element of the first text must be found at its distance; beyond the register anything may follow.
    private static uint EqualOrdered(Vector128<byte> first, int firstLength, Vector128<byte> second, uint secondValid, uint all, byte control)
    {
        uint result = all;
        for (int i = 0; i < firstLength; i++)
        {
            uint found = EqualMask(second, Spread(first, i, control), control) & secondValid;
            result &= (found | ~all) >> i | ~(all >> i);
        }

        return result & all;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint EqualMask(Vector128<byte> left, Vector128<byte> right, byte control) => (control & Words) != 0
        ? Vector128.Equals(left.AsUInt16(), right.AsUInt16()).ExtractMostSignificantBits()
        : Vector128.Equals(left, right).ExtractMostSignificantBits();

    private static uint LessMask(Vector128<byte> left, Vector128<byte> right, byte control) => (control & (Words | SignedElements)) switch
    {
        0 => Vector128.LessThan(left, right).ExtractMostSignificantBits(),
        Words => Vector128.LessThan(left.AsUInt16(), right.AsUInt16()).ExtractMostSignificantBits(),
        SignedElements => Vector128.LessThan(left.AsSByte(), right.AsSByte()).ExtractMostSignificantBits(),
        _ => Vector128.LessThan(left.AsInt16(), right.AsInt16()).ExtractMostSignificantBits(),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Spread(Vector128<byte> value, int index, byte control) => (control & Words) != 0
        ? Vector128.Create(value.AsUInt16().GetElement(index)).AsByte()
        : Vector128.Create(value.GetElement(index));
}
