using System.Buffers.Binary;
using System.Numerics;

namespace Emu.Cpu.FloatingPoint;

/// <summary>x87 loads, stores and constants: everything that enters or leaves a register (SDM Vol. 1 8.3.3, 8.3.4).</summary>
public static class Float80Convert
{
    /// <summary>Length of a packed BCD operand in bytes.</summary>
    public const int PackedBcdLength = 10;

    private const ulong LargestPackedBcd = 999_999_999_999_999_999;

    /// <summary>
    /// FLD m32fp, m64fp: exact; a signaling NaN raises #I and becomes quiet, a denormal raises #D. Unmasked #I keeps the value from being
    /// pushed; with unmasked #D it is pushed all the same.
    /// </summary>
    public static Float80 Load<T>(T value, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        Unpacked x = Unpacked.From(value, environment);
        Float80 result;
        if (x.IsNaN) result = Float80Arithmetic.PropagateNaN(x, ref raised);
        else if (x.Class == FloatClass.Infinity) result = Float80.Infinity(x.Sign);
        else
        {
            raised |= x.DenormalOperand;
            result = Float80.PackExact(x);
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>FILD: exact. Takes short, int or long.</summary>
    public static Float80 LoadInteger(long value)
    {
        if (value == 0) return Float80.PositiveZero;
        bool sign = value < 0;
        ulong magnitude = sign ? 0 - (ulong)value : (ulong)value;
        int shift = BitOperations.LeadingZeroCount(magnitude);
        return new Float80(magnitude << shift, (ushort)(Float80.Bias + 63 - shift | (sign ? Float80.SignBit : 0)));
    }

    /// <summary>
    /// FST(P) m32fp, m64fp. Denormal operands are not reported (SDM Vol. 2A FST). With #O or #U unmasked (and raised) or #I unmasked nothing is to be
    /// stored.
    /// </summary>
    public static T Store<T>(Float80 value, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatExceptions raised = FloatExceptions.None;
        Unpacked x = Unpacked.From(value);
        T result;
        switch (x.Class)
        {
            case FloatClass.Zero:
                result = FloatFormat<T>.Zero(x.Sign);
                break;
            case FloatClass.Finite:
                result = Rounded.Round<T>(Wide.From(x), environment, ref raised);
                // Nothing is stored then, hence nothing is inexact.
                if ((raised & ~environment.Masks & (FloatExceptions.Overflow | FloatExceptions.Underflow)) != 0)
                    raised &= ~(FloatExceptions.Inexact | FloatExceptions.RoundedUp);
                break;
            case FloatClass.Infinity:
                result = FloatFormat<T>.Infinity(x.Sign);
                break;
            case FloatClass.Unsupported:
                result = NaN.Invalid<T>(ref raised);
                break;
            default:
                raised |= x.SignalingInvalid;
                result = SoftConvert.PackNaN<T>(x);
                break;
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>
    /// FIST(P), FISTTP (<paramref name="truncate"/>) to short, int or long. NaN and values out of range raise #I and give the integer indefinite.
    /// </summary>
    public static TInteger StoreInteger<TInteger>(Float80 value, bool truncate, ref FloatEnvironment environment)
        where TInteger : unmanaged, IBinaryInteger<TInteger>, IMinMaxValue<TInteger>
    {
        FloatExceptions raised = FloatExceptions.None;
        RoundingMode mode = truncate ? RoundingMode.Zero : environment.Rounding;
        TInteger result = SoftConvert.ToInteger<TInteger>(Unpacked.From(value), mode, ref raised);
        environment.Raise(raised);
        return result;
    }

    /// <summary>FBLD: 18 BCD digits, low digits first, and a sign in the last byte (SDM Vol. 1 4.7). Invalid digits count as their binary value.</summary>
    public static Float80 LoadPackedBcd(ReadOnlySpan<byte> source)
    {
        ulong magnitude = 0;
        for (int i = PackedBcdLength - 2; i >= 0; i--)
            magnitude = magnitude * 100 + (ulong)((source[i] >> 4) * 10 + (source[i] & 15));
        bool sign = (source[PackedBcdLength - 1] & 0x80) != 0;
        Float80 result = LoadInteger((long)magnitude);
        return sign ? result.Negate() : result;
    }

    /// <summary>FBSTP: rounds by RC; NaN and magnitudes of 19 digits raise #I and give the packed BCD indefinite (SDM Vol. 1 4.8.3.7).</summary>
    public static void StorePackedBcd(Float80 value, Span<byte> destination, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        Unpacked x = Unpacked.From(value);
        bool fits = x.Class == FloatClass.Zero;
        ulong magnitude = 0;
        if (x.Class == FloatClass.Finite && x.Exponent < 60)
        {
            magnitude = SoftConvert.IntegralMagnitude(x, environment.Rounding, out bool inexact, out bool up);
            fits = magnitude <= LargestPackedBcd;
            if (fits && inexact) raised |= FloatExceptions.Inexact | (up ? FloatExceptions.RoundedUp : 0);
        }
        if (fits)
        {
            for (int i = 0; i < PackedBcdLength - 1; i++)
            {
                (magnitude, ulong pair) = Math.DivRem(magnitude, 100);
                destination[i] = (byte)(pair / 10 << 4 | pair % 10);
            }
            destination[PackedBcdLength - 1] = x.Sign ? (byte)0x80 : (byte)0;
        }
        else
        {
            raised |= FloatExceptions.Invalid;
            BinaryPrimitives.WriteUInt64LittleEndian(destination, 0xC000_0000_0000_0000);
            BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], 0xFFFF);
        }
        environment.Raise(raised);
    }

    /// <summary>FLDL2T: log2(10), rounded by RC as all these constants are (SDM Vol. 1 8.3.8); never inexact.</summary>
    public static Float80 Log2Of10(RoundingMode mode) => Constant(0xD49A_784B_CD1B_8AFE, 1, false, mode);

    /// <summary>FLDL2E: log2(e).</summary>
    public static Float80 Log2OfE(RoundingMode mode) => Constant(0xB8AA_3B29_5C17_F0BB, 0, true, mode);

    /// <summary>FLDPI: pi.</summary>
    public static Float80 Pi(RoundingMode mode) => Constant(0xC90F_DAA2_2168_C234, 1, true, mode);

    /// <summary>FLDLG2: log10(2).</summary>
    public static Float80 Log10Of2(RoundingMode mode) => Constant(0x9A20_9A84_FBCF_F798, -2, true, mode);

    /// <summary>FLDLN2: ln(2).</summary>
    public static Float80 LnOf2(RoundingMode mode) => Constant(0xB172_17F7_D1CF_79AB, -1, true, mode);

    private static Float80 Constant(ulong truncated, int exponent, bool nearestIsUp, RoundingMode mode)
    {
        bool up = mode == RoundingMode.Up || mode == RoundingMode.Nearest && nearestIsUp;
        return new Float80(up ? truncated + 1 : truncated, (ushort)(exponent + Float80.Bias));
    }
}
