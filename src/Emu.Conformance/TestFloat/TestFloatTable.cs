using System.Numerics;
using System.Runtime.CompilerServices;
using Emu.Cpu.FloatingPoint;

namespace Emu.Conformance.TestFloat;

/// <summary>
/// The functions TestFloat and the processor share. The processor has nothing for f128, for the arithmetic of f16, and for unsigned integers in
/// extF80.
/// </summary>
internal static class TestFloatTable
{
    public static IEnumerable<TestFloatFunction> Build() =>
    [
        .. Format<float>("f32"), .. Format<double>("f64"), .. Extended(),
        Sse("f32_to_f64", 1, 64, (o, ref e) => Bits(ScalarFloat.ToDouble(Value<float>(o[0]), ref e))),
        Sse("f64_to_f32", 1, 32, (o, ref e) => Bits(ScalarFloat.ToSingle(Value<double>(o[0]), ref e))),
        Sse("f16_to_f32", 1, 32, (o, ref e) => Bits(ScalarFloat.ToSingle(Value<Half>(o[0]), ref e))),
        Sse("f32_to_f16", 1, 16, (o, ref e) => Bits(ScalarFloat.ToHalf(Value<float>(o[0]), e.Rounding, ref e))),
    ];

    private static IEnumerable<TestFloatFunction> Format<T>(string t)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int bits = Unsafe.SizeOf<T>() * 8;
        yield return Sse($"{t}_add", 2, bits, (o, ref e) => Bits(ScalarFloat.Add(Value<T>(o[0]), Value<T>(o[1]), ref e)));
        yield return Sse($"{t}_sub", 2, bits, (o, ref e) => Bits(ScalarFloat.Subtract(Value<T>(o[0]), Value<T>(o[1]), ref e)));
        yield return Sse($"{t}_mul", 2, bits, (o, ref e) => Bits(ScalarFloat.Multiply(Value<T>(o[0]), Value<T>(o[1]), ref e)));
        yield return Sse($"{t}_div", 2, bits, (o, ref e) => Bits(ScalarFloat.Divide(Value<T>(o[0]), Value<T>(o[1]), ref e)));
        yield return Sse($"{t}_sqrt", 1, bits, (o, ref e) => Bits(ScalarFloat.SquareRoot(Value<T>(o[0]), ref e)));
        yield return Sse($"{t}_mulAdd", 3, bits,
            (o, ref e) => Bits(ScalarFloat.FusedMultiplyAdd(Value<T>(o[0]), Value<T>(o[1]), Value<T>(o[2]), false, false, ref e)));
        foreach ((string name, ComparePredicate predicate) in Predicates)
            yield return Sse($"{t}_{name}", 2, 0, (o, ref e) => ScalarFloat.Compare(Value<T>(o[0]), Value<T>(o[1]), predicate, ref e) ? 1u : 0);
        yield return ToInteger($"{t}_roundToInt", bits, false, (o, ref e) => Bits(ScalarFloat.RoundToIntegral(Value<T>(o[0]), 4, ref e)));
        yield return ToInteger($"{t}_to_i32", 0, false, (o, ref e) => (uint)ScalarFloat.ToInteger<T, int>(Value<T>(o[0]), ref e));
        yield return ToInteger($"{t}_to_i64", 0, false, (o, ref e) => (ulong)ScalarFloat.ToInteger<T, long>(Value<T>(o[0]), ref e));
        yield return ToInteger($"{t}_to_ui32", 0, false, (o, ref e) => ScalarFloat.ToInteger<T, uint>(Value<T>(o[0]), ref e));
        yield return ToInteger($"{t}_to_ui64", 0, false, (o, ref e) => ScalarFloat.ToInteger<T, ulong>(Value<T>(o[0]), ref e));
        yield return Sse($"i32_to_{t}", 1, bits, (o, ref e) => Bits(ScalarFloat.FromInteger<int, T>((int)o[0], ref e)));
        yield return Sse($"i64_to_{t}", 1, bits, (o, ref e) => Bits(ScalarFloat.FromInteger<long, T>((long)o[0], ref e)));
        yield return Sse($"ui32_to_{t}", 1, bits, (o, ref e) => Bits(ScalarFloat.FromInteger<uint, T>((uint)o[0], ref e)));
        yield return Sse($"ui64_to_{t}", 1, bits, (o, ref e) => Bits(ScalarFloat.FromInteger<ulong, T>((ulong)o[0], ref e)));
        yield return X87($"{t}_to_extF80", 1, 80, (o, ref e) => Bits(Float80Convert.Load(Value<T>(o[0]), ref e)));
        yield return X87($"extF80_to_{t}", 1, bits, (o, ref e) => Bits(Float80Convert.Store<T>(Extended(o[0]), ref e)));
    }

    private static IEnumerable<TestFloatFunction> Extended()
    {
        yield return X87("extF80_add", 2, 80, (o, ref e) => Bits(Float80Arithmetic.Add(Extended(o[0]), Extended(o[1]), ref e)));
        yield return X87("extF80_sub", 2, 80, (o, ref e) => Bits(Float80Arithmetic.Subtract(Extended(o[0]), Extended(o[1]), ref e)));
        yield return X87("extF80_mul", 2, 80, (o, ref e) => Bits(Float80Arithmetic.Multiply(Extended(o[0]), Extended(o[1]), ref e)));
        yield return X87("extF80_div", 2, 80, (o, ref e) => Bits(Float80Arithmetic.Divide(Extended(o[0]), Extended(o[1]), ref e)));
        yield return X87("extF80_sqrt", 1, 80, (o, ref e) => Bits(Float80Arithmetic.SquareRoot(Extended(o[0]), ref e)));
        yield return X87("extF80_rem", 2, 80, Remainder);
        yield return X87("extF80_eq", 2, 0, (o, ref e) => Holds(o, false, FloatOrdering.Equal, FloatOrdering.Equal, ref e));
        yield return X87("extF80_eq_signaling", 2, 0, (o, ref e) => Holds(o, true, FloatOrdering.Equal, FloatOrdering.Equal, ref e));
        yield return X87("extF80_le", 2, 0, (o, ref e) => Holds(o, true, FloatOrdering.Less, FloatOrdering.Equal, ref e));
        yield return X87("extF80_le_quiet", 2, 0, (o, ref e) => Holds(o, false, FloatOrdering.Less, FloatOrdering.Equal, ref e));
        yield return X87("extF80_lt", 2, 0, (o, ref e) => Holds(o, true, FloatOrdering.Less, FloatOrdering.Less, ref e));
        yield return X87("extF80_lt_quiet", 2, 0, (o, ref e) => Holds(o, false, FloatOrdering.Less, FloatOrdering.Less, ref e));
        yield return ToInteger("extF80_roundToInt", 80, true, (o, ref e) => Bits(Float80Remainder.RoundToIntegral(Extended(o[0]), ref e)));
        yield return ToInteger("extF80_to_i32", 0, true, (o, ref e) => (uint)Float80Convert.StoreInteger<int>(Extended(o[0]), false, ref e));
        yield return ToInteger("extF80_to_i64", 0, true, (o, ref e) => (ulong)Float80Convert.StoreInteger<long>(Extended(o[0]), false, ref e));
        yield return X87("i32_to_extF80", 1, 80, (o, ref _) => Bits(Float80Convert.LoadInteger((int)o[0])));
        yield return X87("i64_to_extF80", 1, 80, (o, ref _) => Bits(Float80Convert.LoadInteger((long)o[0])));
    }

    private static IEnumerable<(string Name, ComparePredicate Predicate)> Predicates =>
    [
        ("eq", ComparePredicate.EqualOQ), ("eq_signaling", ComparePredicate.EqualOS), ("le", ComparePredicate.LessEqualOS),
        ("le_quiet", ComparePredicate.LessEqualOQ), ("lt", ComparePredicate.LessOS), ("lt_quiet", ComparePredicate.LessOQ),
    ];

    private static TestFloatFunction Sse(string name, int operands, int floatBits, TestFloatFunction.Evaluation evaluate) =>
        new(name, operands, floatBits, false, false, evaluate);

    private static TestFloatFunction X87(string name, int operands, int floatBits, TestFloatFunction.Evaluation evaluate) =>
        new(name, operands, floatBits, true, false, evaluate);

    private static TestFloatFunction ToInteger(string name, int floatBits, bool x87, TestFloatFunction.Evaluation evaluate) =>
        new(name, 1, floatBits, x87, true, evaluate);

    /// <summary>FPREM1 as programs use it: until C2 is clear.</summary>
    private static UInt128 Remainder(ReadOnlySpan<UInt128> operands, ref FloatEnvironment environment)
    {
        PartialRemainder step = new(Extended(operands[0]), true, 0);
        while (step.Incomplete) step = Float80Remainder.Nearest(step.Value, Extended(operands[1]), ref environment);
        return Bits(step.Value);
    }

    private static UInt128 Holds(
        ReadOnlySpan<UInt128> operands, bool signalQuiet, FloatOrdering first, FloatOrdering second, ref FloatEnvironment environment)
    {
        FloatOrdering ordering = Float80Compare.Compare(Extended(operands[0]), Extended(operands[1]), signalQuiet, ref environment);
        return ordering == first || ordering == second ? 1u : 0;
    }

    private static T Value<T>(UInt128 bits)
        where T : unmanaged => Unsafe.As<UInt128, T>(ref bits);

    private static Float80 Extended(UInt128 bits) => new((ulong)bits, (ushort)(bits >> 64));

    private static UInt128 Bits<T>(T value)
        where T : unmanaged
    {
        UInt128 bits = 0;
        Unsafe.As<UInt128, T>(ref bits) = value;
        return bits;
    }

    private static UInt128 Bits(Float80 value) => new(value.SignExponent, value.Significand);
}
