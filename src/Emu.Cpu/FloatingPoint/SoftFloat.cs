using System.Numerics;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// SSE and AVX arithmetic on one element in software: every rounding mode, DAZ, FTZ, all exceptions. Exceptions of an element are
/// gathered in <c>raised</c>, because those of a packed instruction are judged together.
/// </summary>
internal static class SoftFloat
{
    /// <summary>ADDxx.</summary>
    public static T Add<T>(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Sum(a, b, false, environment, ref raised);

    /// <summary>SUBxx.</summary>
    public static T Subtract<T>(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Sum(a, b, true, environment, ref raised);

    /// <summary>MULxx.</summary>
    public static T Multiply<T>(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Unpacked x = Unpacked.From(a, environment), y = Unpacked.From(b, environment);
        if (x.IsNaN || y.IsNaN) return NaN.Propagate(a, x, b, y, ref raised);
        bool sign = x.Sign != y.Sign;
        if (x.Class == FloatClass.Infinity || y.Class == FloatClass.Infinity)
        {
            if (x.Class == FloatClass.Zero || y.Class == FloatClass.Zero) return NaN.Invalid<T>(ref raised);
            raised |= x.DenormalOperand | y.DenormalOperand;
            return FloatFormat<T>.Infinity(sign);
        }
        raised |= x.DenormalOperand | y.DenormalOperand;
        if (x.Class == FloatClass.Zero || y.Class == FloatClass.Zero) return FloatFormat<T>.Zero(sign);
        return Rounded.Round<T>(Wide.Multiply(x, y), environment, ref raised);
    }

    /// <summary>DIVxx.</summary>
    public static T Divide<T>(T a, T b, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Unpacked x = Unpacked.From(a, environment), y = Unpacked.From(b, environment);
        if (x.IsNaN || y.IsNaN) return NaN.Propagate(a, x, b, y, ref raised);
        bool sign = x.Sign != y.Sign;
        if (x.Class == FloatClass.Infinity)
        {
            if (y.Class == FloatClass.Infinity) return NaN.Invalid<T>(ref raised);
            raised |= y.DenormalOperand;
            return FloatFormat<T>.Infinity(sign);
        }
        if (y.Class == FloatClass.Zero)
        {
            if (x.Class == FloatClass.Zero) return NaN.Invalid<T>(ref raised);
            raised |= FloatExceptions.DivideByZero;
            return FloatFormat<T>.Infinity(sign);
        }
        raised |= x.DenormalOperand | y.DenormalOperand;
        if (x.Class == FloatClass.Zero || y.Class == FloatClass.Infinity) return FloatFormat<T>.Zero(sign);
        return Rounded.Round<T>(Wide.Divide(x, y), environment, ref raised);
    }

    /// <summary>SQRTxx.</summary>
    public static T SquareRoot<T>(T a, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Unpacked x = Unpacked.From(a, environment);
        if (x.IsNaN)
        {
            raised |= x.SignalingInvalid;
            return FloatFormat<T>.Quiet(a);
        }
        if (x.Class == FloatClass.Zero) return FloatFormat<T>.Zero(x.Sign);
        if (x.Sign) return NaN.Invalid<T>(ref raised);
        if (x.Class == FloatClass.Infinity) return a;
        raised |= x.DenormalOperand;
        return Rounded.Round<T>(Wide.SquareRoot(x), environment, ref raised);
    }

    /// <summary>
    /// (+-)a * b (+-) c with one rounding. The signs apply to the product and the addend, not to a NaN that is passed on
    /// (SDM Vol. 1 14.5.2).
    /// </summary>
    public static T FusedMultiplyAdd<T>(
        T a, T b, T c, bool negateProduct, bool negateAddend, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Unpacked x = Unpacked.From(a, environment), y = Unpacked.From(b, environment), z = Unpacked.From(c, environment);
        if (x.IsNaN || y.IsNaN || z.IsNaN)
        {
            raised |= x.SignalingInvalid | y.SignalingInvalid | z.SignalingInvalid;
            return FloatFormat<T>.Quiet(x.IsNaN ? a : y.IsNaN ? b : c);
        }
        bool infinite = x.Class == FloatClass.Infinity || y.Class == FloatClass.Infinity;
        bool zero = x.Class == FloatClass.Zero || y.Class == FloatClass.Zero;
        if (infinite && zero) return NaN.Invalid<T>(ref raised);
        bool productSign = x.Sign != y.Sign != negateProduct;
        z.Sign ^= negateAddend;
        if (z.Class == FloatClass.Infinity && infinite && productSign != z.Sign) return NaN.Invalid<T>(ref raised);
        raised |= x.DenormalOperand | y.DenormalOperand | z.DenormalOperand;
        if (infinite) return FloatFormat<T>.Infinity(productSign);
        if (z.Class == FloatClass.Infinity) return FloatFormat<T>.Infinity(z.Sign);
        Wide product = zero ? default : Wide.Multiply(x, y);
        product.Sign = productSign;
        Wide sum = Wide.Add(product, Wide.From(z), environment.Rounding == RoundingMode.Down);
        return Rounded.RoundOrZero<T>(sum, environment, ref raised);
    }

    private static T Sum<T>(T a, T b, bool subtract, in FloatEnvironment environment, ref FloatExceptions raised)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Unpacked x = Unpacked.From(a, environment), y = Unpacked.From(b, environment);
        if (x.IsNaN || y.IsNaN) return NaN.Propagate(a, x, b, y, ref raised);
        y.Sign ^= subtract;
        if (x.Class == FloatClass.Infinity || y.Class == FloatClass.Infinity)
        {
            if (x.Class == y.Class && x.Sign != y.Sign) return NaN.Invalid<T>(ref raised);
            raised |= x.DenormalOperand | y.DenormalOperand;
            return FloatFormat<T>.Infinity(x.Class == FloatClass.Infinity ? x.Sign : y.Sign);
        }
        raised |= x.DenormalOperand | y.DenormalOperand;
        Wide sum = Wide.Add(Wide.From(x), Wide.From(y), environment.Rounding == RoundingMode.Down);
        return Rounded.RoundOrZero<T>(sum, environment, ref raised);
    }
}
