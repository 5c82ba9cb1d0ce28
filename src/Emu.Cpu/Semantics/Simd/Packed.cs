using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Emu.Cpu.Semantics.Simd;

/// <summary>
/// Building blocks of packed instructions: the host's instruction where it has one, portable code elsewhere.
/// </summary>
public static class Packed
{
    /// <summary>Products of the even elements, twice as wide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> MultiplyEven(Vector128<uint> left, Vector128<uint> right)
    {
        if (Sse2.IsSupported) return Sse2.Multiply(left, right);
        return (left.AsUInt64() & Vector128.Create((ulong)uint.MaxValue)) * (right.AsUInt64() & Vector128.Create((ulong)uint.MaxValue));
    }

    /// <inheritdoc cref="MultiplyEven(Vector128{uint}, Vector128{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> MultiplyEven(Vector256<uint> left, Vector256<uint> right)
    {
        if (Avx2.IsSupported) return Avx2.Multiply(left, right);
        return (left.AsUInt64() & Vector256.Create((ulong)uint.MaxValue)) * (right.AsUInt64() & Vector256.Create((ulong)uint.MaxValue));
    }

    /// <inheritdoc cref="MultiplyEven(Vector128{uint}, Vector128{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<long> MultiplyEven(Vector128<int> left, Vector128<int> right)
    {
        if (Sse41.IsSupported) return Sse41.Multiply(left, right);
        return SignExtendLow(left.AsByte()) * SignExtendLow(right.AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Average(Vector128<byte> left, Vector128<byte> right)
    {
        if (Sse2.IsSupported) return Sse2.Average(left, right);
        return (left | right) - ((left ^ right) >>> 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> Average(Vector128<ushort> left, Vector128<ushort> right)
    {
        if (Sse2.IsSupported) return Sse2.Average(left, right);
        return (left | right) - ((left ^ right) >>> 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyHigh(Vector128<short> left, Vector128<short> right)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyHigh(left, right);
        Vector128<int> low = (Vector128.WidenLower(left) * Vector128.WidenLower(right)) >> 16;
        Vector128<int> high = (Vector128.WidenUpper(left) * Vector128.WidenUpper(right)) >> 16;
        return Vector128.Narrow(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> MultiplyHigh(Vector128<ushort> left, Vector128<ushort> right)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyHigh(left, right);
        Vector128<uint> low = (Vector128.WidenLower(left) * Vector128.WidenLower(right)) >> 16;
        Vector128<uint> high = (Vector128.WidenUpper(left) * Vector128.WidenUpper(right)) >> 16;
        return Vector128.Narrow(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyHighRound(Vector128<short> left, Vector128<short> right)
    {
        if (Ssse3.IsSupported) return Ssse3.MultiplyHighRoundScale(left, right);
        Vector128<int> low = (((Vector128.WidenLower(left) * Vector128.WidenLower(right)) >> 14) + Vector128<int>.One) >> 1;
        Vector128<int> high = (((Vector128.WidenUpper(left) * Vector128.WidenUpper(right)) >> 14) + Vector128<int>.One) >> 1;
        return Vector128.Narrow(low, high);
    }

    /// <summary>The even doublewords sign-extended to quadwords.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<long> SignExtendLow(Vector128<byte> value) => (value.AsInt64() << 32) >> 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyAddWords(Vector128<short> left, Vector128<short> right)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyAddAdjacent(left, right);
        Vector128<int> even = ((left.AsInt32() << 16) >> 16) * ((right.AsInt32() << 16) >> 16);
        Vector128<int> odd = (left.AsInt32() >> 16) * (right.AsInt32() >> 16);
        return even + odd;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyAddBytes(Vector128<byte> left, Vector128<sbyte> right)
    {
        if (Ssse3.IsSupported) return Ssse3.MultiplyAddAdjacent(left, right);
        Vector128<short> even = (left.AsUInt16() & Vector128.Create((ushort)0xFF)).AsInt16() * ((right.AsInt16() << 8) >> 8);
        Vector128<short> odd = (left.AsUInt16() >>> 8).AsInt16() * (right.AsInt16() >> 8);
        return Vector128.AddSaturate(even, odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> SumAbsoluteDifferences(Vector128<byte> left, Vector128<byte> right)
    {
        if (Sse2.IsSupported) return Sse2.SumAbsoluteDifferences(left, right).AsByte();
        Vector128<byte> difference = Vector128.Max(left, right) - Vector128.Min(left, right);
        ulong low = 0, high = 0;
        for (int i = 0; i < 8; i++)
        {
            low += difference.GetElement(i);
            high += difference.GetElement(i + 8);
        }

        return Vector128.Create(low, high).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Sign<T>(Vector128<T> value, Vector128<T> sign)
        where T : unmanaged, INumber<T>
    {
        Vector128<T> negative = Vector128.LessThan(sign, Vector128<T>.Zero);
        Vector128<T> kept = Vector128.ConditionalSelect(negative, -value, value);
        return Vector128.AndNot(kept, Vector128.Equals(sign, Vector128<T>.Zero));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Absolute<T>(Vector128<T> value)
        where T : unmanaged, INumber<T> =>
        Vector128.ConditionalSelect(Vector128.LessThan(value, Vector128<T>.Zero), -value, value);

    /// <summary>Even elements of left, then of right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Even(Vector128<short> left, Vector128<short> right) =>
        Vector128.Narrow((left.AsInt32() << 16) >> 16, (right.AsInt32() << 16) >> 16);

    /// <summary>Odd elements of left, then of right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Odd(Vector128<short> left, Vector128<short> right) =>
        Vector128.Narrow(left.AsInt32() >> 16, right.AsInt32() >> 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Even(Vector128<int> left, Vector128<int> right) => Vector128.Narrow(left.AsInt64(), right.AsInt64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Odd(Vector128<int> left, Vector128<int> right) => Vector128.Narrow(left.AsInt64() >> 32, right.AsInt64() >> 32);

    /// <summary>
    /// An operation whose 128-bit form puts the result of left in the low half and that of right in the high half, applied
    /// to MMX operands: both sources are put side by side and the low half of the result is the MMX result.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Horizontal64<TOperation>(Vector128<byte> left, Vector128<byte> right)
        where TOperation : IVectorBinary
    {
        Vector128<byte> both = Vector128.Create(left.AsUInt64().ToScalar(), right.AsUInt64().ToScalar()).AsByte();
        return Vector128.CreateScalar(TOperation.Apply(both, both).AsUInt64().ToScalar()).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveLow(Vector128<byte> left, Vector128<byte> right) =>
        Sse2.IsSupported ? Sse2.UnpackLow(left, right) : Interleave(left, right, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveHigh(Vector128<byte> left, Vector128<byte> right) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : Interleave(left, right, 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> InterleaveLow(Vector128<ushort> left, Vector128<ushort> right) =>
        Sse2.IsSupported ? Sse2.UnpackLow(left, right) : Interleave(left, right, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> InterleaveHigh(Vector128<ushort> left, Vector128<ushort> right) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : Interleave(left, right, 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> InterleaveLow(Vector128<uint> left, Vector128<uint> right) =>
        Sse2.IsSupported ? Sse2.UnpackLow(left, right) : Interleave(left, right, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> InterleaveHigh(Vector128<uint> left, Vector128<uint> right) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : Interleave(left, right, 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> InterleaveLow(Vector128<ulong> left, Vector128<ulong> right) =>
        Sse2.IsSupported ? Sse2.UnpackLow(left, right) : Vector128.Create(left.ToScalar(), right.ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> InterleaveHigh(Vector128<ulong> left, Vector128<ulong> right) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : Vector128.Create(left.GetElement(1), right.GetElement(1));

    private static Vector128<T> Interleave<T>(Vector128<T> left, Vector128<T> right, int from)
        where T : unmanaged
    {
        Vector128<T> result = default;
        for (int i = 0; i < Vector128<T>.Count / 2; i++)
        {
            result = result.WithElement(2 * i, left.GetElement(from + i)).WithElement((2 * i) + 1, right.GetElement(from + i));
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> NarrowToSByte(Vector128<short> left, Vector128<short> right) =>
        Sse2.IsSupported ? Sse2.PackSignedSaturate(left, right) : Vector128.NarrowWithSaturation(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> NarrowToByte(Vector128<short> left, Vector128<short> right)
    {
        if (Sse2.IsSupported) return Sse2.PackUnsignedSaturate(left, right);
        Vector128<short> zero = Vector128<short>.Zero;
        return Vector128.NarrowWithSaturation(Vector128.Max(left, zero).AsUInt16(), Vector128.Max(right, zero).AsUInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> NarrowToInt16(Vector128<int> left, Vector128<int> right) =>
        Sse2.IsSupported ? Sse2.PackSignedSaturate(left, right) : Vector128.NarrowWithSaturation(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> NarrowToUInt16(Vector128<int> left, Vector128<int> right)
    {
        if (Sse41.IsSupported) return Sse41.PackUnsignedSaturate(left, right);
        Vector128<int> zero = Vector128<int>.Zero;
        return Vector128.NarrowWithSaturation(Vector128.Max(left, zero).AsUInt32(), Vector128.Max(right, zero).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ShuffleBytes(Vector128<byte> value, Vector128<byte> indices)
    {
        if (Ssse3.IsSupported) return Ssse3.Shuffle(value, indices);
        Vector128<byte> low = indices & Vector128.Create((byte)0x0F);
        return Vector128.AndNot(Vector128.Shuffle(value, low), (indices.AsSByte() >> 7).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> ShiftLeftEach<T>(Vector128<T> value, Vector128<T> counts)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector128<T> result = default;
        for (int i = 0; i < Vector128<T>.Count; i++)
        {
            ulong count = ulong.CreateTruncating(counts.GetElement(i));
            if (count < (ulong)Bits.Width<T>()) result = result.WithElement(i, value.GetElement(i) << (int)count);
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> ShiftRightEach<T>(Vector128<T> value, Vector128<T> counts)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector128<T> result = default;
        for (int i = 0; i < Vector128<T>.Count; i++)
        {
            ulong count = ulong.CreateTruncating(counts.GetElement(i));
            if (count < (ulong)Bits.Width<T>()) result = result.WithElement(i, value.GetElement(i) >>> (int)count);
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ShiftRightArithmeticEach(Vector128<int> value, Vector128<uint> counts)
    {
        Vector128<int> result = default;
        for (int i = 0; i < 4; i++) result = result.WithElement(i, value.GetElement(i) >> (int)Math.Min(counts.GetElement(i), 31u));
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> PermuteDwords(Vector128<uint> value, byte control) => Vector128.Shuffle(
        value, Vector128.Create((uint)control & 3, ((uint)control >> 2) & 3, ((uint)control >> 4) & 3, (uint)control >> 6));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> PermuteWords(Vector128<ushort> value, byte control, int start)
    {
        ulong words = value.AsUInt64().GetElement(start >> 2);
        ulong result = (ushort)(words >> ((control & 3) * 16))
            | ((ulong)(ushort)(words >> (((control >> 2) & 3) * 16)) << 16)
            | ((ulong)(ushort)(words >> (((control >> 4) & 3) * 16)) << 32)
            | (words >> ((control >> 6) * 16)) << 48;
        return value.AsUInt64().WithElement(start >> 2, result).AsUInt16();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> ShuffleSingles(Vector128<uint> left, Vector128<uint> right, byte control) => InterleaveLow(
        PermuteDwords(left, control).AsUInt64(), PermuteDwords(right, (byte)(control >> 4)).AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> BlendDwords(Vector128<byte> left, Vector128<byte> right, int mask)
    {
        Vector128<int> bits = Vector128.Create(1, 2, 4, 8);
        return Vector128.ConditionalSelect(Vector128.Equals(Vector128.Create(mask) & bits, bits).AsByte(), right, left);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> BlendQwords(Vector128<byte> left, Vector128<byte> right, int mask)
    {
        Vector128<long> bits = Vector128.Create(1L, 2);
        return Vector128.ConditionalSelect(Vector128.Equals(Vector128.Create((long)mask) & bits, bits).AsByte(), right, left);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> BlendWords(Vector128<byte> left, Vector128<byte> right, int mask)
    {
        Vector128<short> bits = Vector128.Create(1, 2, 4, 8, 16, 32, 64, 128);
        return Vector128.ConditionalSelect(Vector128.Equals(Vector128.Create((short)mask) & bits, bits).AsByte(), right, left);
    }

    /// <summary>0, 1, 2, ... 15.</summary>
    private static Vector128<byte> Positions => Vector128.Create((byte)0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ShiftLeftBytes(Vector128<byte> value, int count)
    {
        // Negative indices, which clear, below the shifted bytes.
        Vector128<byte> indices = Positions - Vector128.Create((byte)Math.Min(count, 16));
        return Ssse3.IsSupported ? Ssse3.Shuffle(value, indices) : Vector128.Shuffle(value, indices);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ShiftRightBytes(Vector128<byte> value, int count)
    {
        Vector128<byte> indices = Positions + Vector128.Create((byte)Math.Min(count, 16));
        // From 16 on bit 7 must be set for PSHUFB to clear.
        return Ssse3.IsSupported ? Ssse3.Shuffle(value, indices + Vector128.Create((byte)0x70)) : Vector128.Shuffle(value, indices);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> AlignRight(Vector128<byte> high, Vector128<byte> low, int count) =>
        count >= 16 ? ShiftRightBytes(high, count - 16) : ShiftRightBytes(low, count) | ShiftLeftBytes(high, 16 - count);

    public static Vector128<byte> AlignRight64(Vector128<byte> high, Vector128<byte> low, int count)
    {
        UInt128 both = new(high.AsUInt64().ToScalar(), low.AsUInt64().ToScalar());
        return Vector128.CreateScalar(count >= 16 ? 0 : (ulong)(both >> (count * 8))).AsByte();
    }

    /// <summary>INSERTPS: <paramref name="element"/> to position imm[5:4], then zeroes by imm[3:0].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> InsertSingle(Vector128<uint> value, uint element, byte immediate) => BlendDwords(
        BlendDwords(value.AsByte(), Vector128.Create(element).AsByte(), 1 << ((immediate >> 4) & 3)), default, immediate).AsUInt32();

    public static Vector128<ushort> MinimumPosition(Vector128<ushort> value)
    {
        int position = 0;
        for (int i = 1; i < 8; i++)
        {
            if (value.GetElement(i) < value.GetElement(position)) position = i;
        }

        return Vector128<ushort>.Zero.WithElement(0, value.GetElement(position)).WithElement(1, (ushort)position);
    }

    /// <summary>MPSADBW of one lane: control bit 2 selects the start in left, bits 1:0 the block of right.</summary>
    public static Vector128<byte> MultipleSumAbsoluteDifferences(Vector128<byte> left, Vector128<byte> right, int control)
    {
        int start = ((control >> 2) & 1) * 4, block = (control & 3) * 4;
        if (Sse41.IsSupported) return Sse41.MultipleSumAbsoluteDifferences(ShiftRightBytes(left, start), ShiftRightBytes(right, block), 0).AsByte();
        Vector128<ushort> result = default;
        for (int i = 0; i < 8; i++)
        {
            int sum = 0;
            for (int j = 0; j < 4; j++) sum += Math.Abs(left.GetElement(start + i + j) - right.GetElement(block + j));
            result = result.WithElement(i, (ushort)sum);
        }

        return result.AsByte();
    }
}
