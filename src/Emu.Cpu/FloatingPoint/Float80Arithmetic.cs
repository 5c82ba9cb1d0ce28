using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// x87 arithmetic in 80 bits (SDM Vol. 1 8.3.5): results are rounded to the precision and in the direction the control word asks for. Operands in
/// memory come as <see cref="float"/> or <see cref="double"/>; integers convert exactly first (<see cref="Float80Convert"/>).
/// </summary>
/// <remarks>
/// When a pre-computation exception (#I, #D, #Z) is unmasked, the returned value is not to be stored. Unmasked #O and #U deliver the result
/// with the exponent wrapped by 24576 (SDM Vol. 1 8.5.4, 8.5.5), which is stored. C1 is <see cref="FloatEnvironment.RoundedUp"/>.
/// </remarks>
public static partial class Float80Arithmetic
{
    private const int Wrap = 24576;

    /// <summary>FADD, FIADD: a + b.</summary>
    public static Float80 Add(Float80 a, Float80 b, ref FloatEnvironment environment) =>
        AreCommon(a, b, environment) && TryAddNormal(a, b, ref environment, out Float80 result) ? result : Sum(Unpacked.From(a), Unpacked.From(b), false, ref environment);

    /// <summary>FADD m32fp, m64fp.</summary>
    public static Float80 Add<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Sum(Unpacked.From(a), Unpacked.From(b, environment), false, ref environment);

    /// <summary>FSUB, FISUB: a - b; FSUBR with operands exchanged.</summary>
    public static Float80 Subtract(Float80 a, Float80 b, ref FloatEnvironment environment) =>
        AreCommon(a, b, environment) && TryAddNormal(a, b.Negate(), ref environment, out Float80 result) ? result : Sum(Unpacked.From(a), Unpacked.From(b), true, ref environment);

    /// <summary>FSUB m32fp, m64fp: a - b.</summary>
    public static Float80 Subtract<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Sum(Unpacked.From(a), Unpacked.From(b, environment), true, ref environment);

    /// <summary>FSUBR m32fp, m64fp: b - a.</summary>
    public static Float80 SubtractReverse<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Sum(Unpacked.From(b, environment), Unpacked.From(a), true, ref environment);

    /// <summary>FMUL, FIMUL.</summary>
    public static Float80 Multiply(Float80 a, Float80 b, ref FloatEnvironment environment) =>
        AreCommon(a, b, environment) && TryMultiplyNormal(a, b, ref environment, out Float80 result) ? result : Product(Unpacked.From(a), Unpacked.From(b), ref environment);

    /// <summary>FMUL m32fp, m64fp.</summary>
    public static Float80 Multiply<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Product(Unpacked.From(a), Unpacked.From(b, environment), ref environment);

    /// <summary>FDIV, FIDIV: a / b; FDIVR with operands exchanged.</summary>
    public static Float80 Divide(Float80 a, Float80 b, ref FloatEnvironment environment) =>
        Quotient(Unpacked.From(a), Unpacked.From(b), ref environment);

    /// <summary>FDIV m32fp, m64fp: a / b.</summary>
    public static Float80 Divide<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Quotient(Unpacked.From(a), Unpacked.From(b, environment), ref environment);

    /// <summary>FDIVR m32fp, m64fp: b / a.</summary>
    public static Float80 DivideReverse<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Quotient(Unpacked.From(b, environment), Unpacked.From(a), ref environment);

    /// <summary>FSQRT.</summary>
    public static Float80 SquareRoot(Float80 a, ref FloatEnvironment environment)
    {
        Unpacked x = Unpacked.From(a);
        FloatExceptions raised = FloatExceptions.None;
        Float80 result;
        if (x.IsNaN) result = PropagateNaN(x, ref raised);
        else if (x.Class == FloatClass.Zero) result = a;
        else if (x.Sign) result = Invalid(ref raised);
        else if (x.Class == FloatClass.Infinity) result = a;
        else
        {
            raised |= x.DenormalOperand;
            result = Round(Wide.SquareRoot(x), environment.Precision, environment, ref raised);
        }
        environment.Raise(raised);
        return result;
    }

    /// <summary>Rounds and packs a non-zero value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Float80 Round(in Wide value, int precision, in FloatEnvironment environment, ref FloatExceptions raised) =>
        precision == 64
            ? Float80.Pack(value.Sign, Rounded.Round(value, 64, Float80.MinExponent, Float80.Bias, Wrap, false, environment, ref raised))
            : RoundNarrow(value, precision, environment, ref raised);

    /// <summary>The masked response to an invalid operation.</summary>
    internal static Float80 Invalid(ref FloatExceptions raised)
    {
        raised |= FloatExceptions.Invalid;
        return Float80.Indefinite;
    }

    /// <summary>The result of a one-operand instruction on a NaN or an unsupported encoding.</summary>
    internal static Float80 PropagateNaN(in Unpacked x, ref FloatExceptions raised)
    {
        raised |= x.SignalingInvalid;
        return x.Class == FloatClass.Unsupported ? Float80.Indefinite : PackNaN(x);
    }

    /// <summary>
    /// The NaN rules of x87 (SDM Vol. 1 table 4-7): an unsupported operand gives the indefinite; a quiet NaN wins over a signaling one; of two
    /// alike the one with the larger significand, then the positive one.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Float80 PropagateNaN(in Unpacked x, in Unpacked y, ref FloatExceptions raised)
    {
        raised |= x.SignalingInvalid | y.SignalingInvalid;
        if (x.Class == FloatClass.Unsupported || y.Class == FloatClass.Unsupported) return Float80.Indefinite;
        if (!y.IsNaN) return PackNaN(x);
        if (!x.IsNaN) return PackNaN(y);
        if (x.Class != y.Class) return PackNaN(x.Class == FloatClass.QuietNaN ? x : y);
        ulong xSignificand = x.Significand | Float80.IntegerBit, ySignificand = y.Significand | Float80.IntegerBit;
        if (xSignificand == ySignificand) return PackNaN(x.Sign ? y : x);
        return PackNaN(xSignificand > ySignificand ? x : y);
    }

    private static Float80 PackNaN(in Unpacked x) =>
        new(x.Significand | Float80.IntegerBit | Float80.QuietBit, (ushort)(Float80.ExponentMask | (x.Sign ? Float80.SignBit : 0)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Float80 RoundNarrow(in Wide value, int precision, in FloatEnvironment environment, ref FloatExceptions raised) =>
        Float80.Pack(value.Sign, Rounded.Round(value, precision, Float80.MinExponent, Float80.Bias, Wrap, false, environment, ref raised));

    private static Float80 Sum(in Unpacked x, Unpacked y, bool subtract, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        Float80 result;
        if (x.IsNaN || y.IsNaN)
        {
            result = PropagateNaN(x, y, ref raised);
            environment.Raise(raised);
            return result;
        }
        y.Sign ^= subtract;
        raised |= x.DenormalOperand | y.DenormalOperand;
        if (x.Class == FloatClass.Infinity || y.Class == FloatClass.Infinity)
        {
            result = x.Class == y.Class && x.Sign != y.Sign
                ? Invalid(ref raised)
                : Float80.Infinity(x.Class == FloatClass.Infinity ? x.Sign : y.Sign);
        }
        else
        {
            // The significand of a zero is zero, so that the sum below recognizes it.
            Wide sum = Wide.Add(Wide.From(x), Wide.From(y), environment.Rounding == RoundingMode.Down);
            result = sum.IsZero ? Float80.Zero(sum.Sign) : Round(sum, environment.Precision, environment, ref raised);
        }
        environment.Raise(raised);
        return result;
    }

    private static Float80 Product(in Unpacked x, in Unpacked y, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        Float80 result;
        bool sign = x.Sign != y.Sign;
        if (x.Class == FloatClass.Finite && y.Class == FloatClass.Finite)
        {
            raised |= x.DenormalOperand | y.DenormalOperand;
            result = Round(Wide.Multiply(x, y), environment.Precision, environment, ref raised);
        }
        else if (x.IsNaN || y.IsNaN)
        {
            result = PropagateNaN(x, y, ref raised);
        }
        else if (x.Class == FloatClass.Infinity || y.Class == FloatClass.Infinity)
        {
            bool invalid = x.Class == FloatClass.Zero || y.Class == FloatClass.Zero;
            raised |= x.DenormalOperand | y.DenormalOperand;
            result = invalid ? Invalid(ref raised) : Float80.Infinity(sign);
        }
        else
        {
            raised |= x.DenormalOperand | y.DenormalOperand;
            result = Float80.Zero(sign);
        }
        environment.Raise(raised);
        return result;
    }

    private static Float80 Quotient(in Unpacked x, in Unpacked y, ref FloatEnvironment environment)
    {
        FloatExceptions raised = FloatExceptions.None;
        Float80 result;
        bool sign = x.Sign != y.Sign;
        if (x.Class == FloatClass.Finite && y.Class == FloatClass.Finite)
        {
            raised |= x.DenormalOperand | y.DenormalOperand;
            result = Round(Wide.Divide(x, y), environment.Precision, environment, ref raised);
        }
        else if (x.IsNaN || y.IsNaN)
        {
            result = PropagateNaN(x, y, ref raised);
        }
        else if (x.Class == y.Class)
        {
            result = Invalid(ref raised);
        }
        else if (y.Class == FloatClass.Zero && x.Class == FloatClass.Finite)
        {
            raised |= FloatExceptions.DivideByZero;
            result = Float80.Infinity(sign);
        }
        else
        {
            raised |= x.DenormalOperand | y.DenormalOperand;
            result = x.Class == FloatClass.Infinity ? Float80.Infinity(sign) : Float80.Zero(sign);
        }
        environment.Raise(raised);
        return result;
    }
}
