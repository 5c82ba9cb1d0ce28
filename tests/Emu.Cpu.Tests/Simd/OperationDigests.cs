using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Emu.Cpu.FloatingPoint;
using Emu.Cpu.Semantics.Simd;

namespace Emu.Cpu.Tests.Simd;

/// <summary>Hashes of what every SIMD operation computes for the same pseudo-random operands.</summary>
internal static class OperationDigests
{
    private const int Cases = 300;

    private static readonly (Type Interface, string Method)[] Kinds =
    [
        (typeof(IVectorBinary), nameof(Binary)), (typeof(IVectorBinaryImmediate), nameof(BinaryImmediate)), (typeof(IVectorUnary), nameof(Unary)),
        (typeof(IVectorShift), nameof(Shift)), (typeof(IVectorTernary), nameof(Ternary)), (typeof(IVectorCrossing), nameof(Crossing)),
        (typeof(IFloatPackedBinary), nameof(FloatBinary)), (typeof(IFloatUnary), nameof(FloatUnary)), (typeof(IFloatConversion), nameof(Conversion)),
        (typeof(IFloatFused), nameof(Fused)),
    ];

    /// <summary>One line for whether the host's instructions are in use, and one for every operation.</summary>
    public static IEnumerable<(string Name, ulong Digest)> All()
    {
        yield return ("accelerated", System.Runtime.Intrinsics.X86.Sse2.IsSupported ? 1u : 0u);
        foreach (Type type in typeof(IVectorBinary).Assembly.GetTypes().Where(t => t.IsValueType).SelectMany(Closed).OrderBy(t => t.ToString(), StringComparer.Ordinal))
        {
            foreach ((Type kind, string method) in Kinds)
            {
                if (!kind.IsAssignableFrom(type)) continue;
                MethodInfo digest = typeof(OperationDigests).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)?.MakeGenericMethod(type)
                    ?? throw new MissingMethodException(method);
                yield return (type.ToString(), (ulong)(digest.Invoke(null, null) ?? 0ul));
            }
        }

        yield return (nameof(Extending), Extend());
        yield return (nameof(TextCompare), Text());
    }

    // Generic operations with every argument that fits.
    private static IEnumerable<Type> Closed(Type type)
    {
        if (!type.IsGenericTypeDefinition) return [type];
        Type[] parameters = type.GetGenericArguments();
        if (parameters.Any(p => p.GetGenericParameterConstraints().Length == 0)) return [];
        IEnumerable<Type[]> choices = [[]];
        foreach (Type parameter in parameters)
        {
            Type constraint = parameter.GetGenericParameterConstraints()[0];
            Type[] fitting = [.. type.Assembly.GetTypes().Where(t => t.IsValueType && !t.IsGenericTypeDefinition && constraint.IsAssignableFrom(t) && t.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public).Length == 0)];
            if (fitting.Length is 0 or > 4) return [];
            choices = [.. choices.SelectMany(_ => fitting, (head, last) => (Type[])[.. head, last])];
        }

        return choices.Select(arguments => type.MakeGenericType(arguments));
    }

    private static ulong Binary<T>()
        where T : IVectorBinary => Digest((a, b, _, _) => Vector256.Create(
            T.Apply(a.GetLower(), b.GetLower()), T.Apply64<T>(Low(a), Low(b)) & Low(Vector256<byte>.AllBitsSet)) ^ T.Apply256<T>(a, b));

    private static ulong BinaryImmediate<T>()
        where T : IVectorBinaryImmediate => Digest((a, b, _, i) => Vector256.Create(
            T.Apply(a.GetLower(), b.GetLower(), i, high: false), T.Apply(a.GetUpper(), b.GetUpper(), i, high: true)));

    private static ulong Unary<T>()
        where T : IVectorUnary => Digest((a, _, _, i) => Vector256.Create(T.Apply(a.GetLower(), i, high: false), T.Apply(a.GetUpper(), i, high: true)));

    private static ulong Shift<T>()
        where T : IVectorShift => Digest((a, _, _, i) => T.Apply(a, i & 0x4Fu) ^ Vector256.Create(T.Apply(a.GetLower(), i & 15u), T.Apply(a.GetUpper(), i)));

    private static ulong Ternary<T>()
        where T : IVectorTernary => Digest((a, b, c, _) => Vector256.Create(
            T.Apply(a.GetLower(), b.GetLower(), c.GetLower()), T.Apply(a.GetUpper(), b.GetUpper(), c.GetUpper())));

    private static ulong Crossing<T>()
        where T : IVectorCrossing => Digest((a, b, _, i) => T.Apply(a, b, i));

    private static ulong FloatBinary<T>()
        where T : IFloatPackedBinary => FloatDigest((Vector256<byte> a, Vector256<byte> b, byte i, ref FloatEnvironment e) =>
            T.Apply(a.AsSingle(), b.AsSingle(), (byte)(i & 31), ref e).AsByte() ^ T.Apply(a.AsDouble(), b.AsDouble(), (byte)(i & 31), ref e).AsByte()
            ^ Vector256.Create(
                T.Apply(a.GetLower().AsSingle(), b.GetUpper().AsSingle(), (byte)(i & 31), ref e).AsByte(),
                T.Apply(a.GetLower().AsDouble(), b.GetUpper().AsDouble(), (byte)(i & 31), ref e).AsByte()));

    private static ulong FloatUnary<T>()
        where T : IFloatUnary => FloatDigest((Vector256<byte> a, Vector256<byte> b, byte i, ref FloatEnvironment e) =>
        {
            Vector256<byte> single = T.Apply(a.AsSingle(), i, ref e).AsByte() ^ Vector256.Create(T.Apply(b.GetLower().AsSingle(), i, ref e).AsByte(), default);
            bool doubles = typeof(T) != typeof(FloatReciprocal) && typeof(T) != typeof(FloatReciprocalSquareRoot);
            return doubles ? single ^ T.Apply(b.AsDouble(), i, ref e).AsByte() : single;
        });

    private static ulong Conversion<T>()
        where T : IFloatConversion
    {
        bool widens = typeof(T) == typeof(ConvertSingleToDouble) || typeof(T) == typeof(ConvertInt32ToDouble) || typeof(T) == typeof(ConvertHalfToSingle);
        bool narrows = typeof(T) == typeof(ConvertDoubleToSingle) || typeof(T).Name.StartsWith("ConvertDouble", StringComparison.Ordinal) || typeof(T) == typeof(ConvertSingleToHalf);
        return FloatDigest((Vector256<byte> a, Vector256<byte> b, byte i, ref FloatEnvironment e) =>
            widens ? T.Apply<Vector128<byte>, Vector256<byte>>(a.GetLower(), i, ref e) ^ Vector256.Create(T.Apply<ulong, Vector128<byte>>(b.AsUInt64().ToScalar(), i, ref e), default)
            : narrows ? Vector256.Create(T.Apply<Vector256<byte>, Vector128<byte>>(a, i, ref e), T.Apply<Vector128<byte>, Vector128<byte>>(b.GetLower(), i, ref e))
            : T.Apply<Vector256<byte>, Vector256<byte>>(a, i, ref e) ^ Vector256.Create(T.Apply<Vector128<byte>, Vector128<byte>>(b.GetLower(), i, ref e), default));
    }

    private static ulong Fused<T>()
        where T : IFloatFused => FloatDigest((Vector256<byte> a, Vector256<byte> b, byte i, ref FloatEnvironment e) =>
            T.Apply(a.AsSingle(), b.AsSingle(), (a ^ b).AsSingle(), ref e).AsByte() ^ T.Apply(b.AsDouble(), a.AsDouble(), b.AsDouble(), ref e).AsByte()
            ^ Vector256.Create(T.Apply(b.GetLower().AsSingle(), a.GetUpper().AsSingle(), a.GetLower().AsSingle(), ref e).AsByte(), default));

    private static ulong Extend() => Digest((a, b, _, _) =>
        Extending.Widen<sbyte, short, Vector128<byte>, Vector256<byte>>(a.GetLower()) ^ Extending.Widen<byte, ulong, uint, Vector256<byte>>(b.AsUInt32().ToScalar())
        ^ Extending.Widen<short, long, ulong, Vector256<byte>>(a.AsUInt64().ToScalar()) ^ Extending.Widen<int, long, Vector128<byte>, Vector256<byte>>(b.GetLower())
        ^ Extending.Widen<ushort, uint, Vector128<byte>, Vector256<byte>>(b.GetUpper()) ^ Extending.Widen<sbyte, int, ulong, Vector256<byte>>(a.AsUInt64().GetElement(2)));

    private static ulong Text() => Digest((a, b, c, i) =>
    {
        // Few different characters, so that there is something to find.
        Vector128<byte> first = a.GetLower() & Vector128.Create((byte)3), second = b.GetLower() & Vector128.Create((byte)3);
        int count = TextCompare.Elements(i);
        uint result = TextCompare.Compare(first, Math.Min(c.GetElement(0) & 31, count), second, Math.Min(c.GetElement(1) & 31, count), i);
        return Vector256.Create(TextCompare.Mask(result, i), Vector128.CreateScalar(result).AsByte());
    });

    private static Vector128<byte> Low(Vector256<byte> value) => Vector128.CreateScalar(value.AsUInt64().ToScalar()).AsByte();

    private static ulong Digest(Func<Vector256<byte>, Vector256<byte>, Vector256<byte>, byte, Vector256<byte>> operation)
    {
        ulong state = 1, hash = 0xCBF2_9CE4_8422_2325;
        for (int i = 0; i < Cases; i++) Add(ref hash, operation(Operand(ref state), Operand(ref state), Operand(ref state), (byte)Next(ref state)));
        return hash;
    }

    private delegate Vector256<byte> FloatOperation(Vector256<byte> a, Vector256<byte> b, byte immediate, ref FloatEnvironment environment);

    private static ulong FloatDigest(FloatOperation operation)
    {
        ulong state = 1, hash = 0xCBF2_9CE4_8422_2325;
        for (int i = 0; i < Cases; i++)
        {
            // With the inexact flag set the host computes, if it can.
            FloatEnvironment environment = FloatEnvironment.FromMxcsr((i & 3) == 0 ? 0x1F80u | (uint)(Next(ref state) & 0xE040) : 0x1FA0u);
            Vector256<byte> a = (i & 1) != 0 ? Ordinary(ref state) : Operand(ref state), b = (i & 1) != 0 ? Ordinary(ref state) : Operand(ref state);
            Add(ref hash, operation(a, b, (byte)Next(ref state), ref environment));
            Add(ref hash, Vector256.Create(environment.Mxcsr).AsByte());
        }

        return hash;
    }

    private static void Add(ref ulong hash, Vector256<byte> value)
    {
        for (int i = 0; i < 4; i++) hash = BitOperations.RotateLeft((hash ^ value.AsUInt64().GetElement(i)) * 0x100_0000_01B3, 29);
    }

    // Random bytes, and now and then extremes.
    private static Vector256<byte> Operand(ref ulong state)
    {
        Span<ulong> words = stackalloc ulong[4];
        foreach (ref ulong word in words)
        {
            word = Next(ref state);
            ulong choice = Next(ref state) & 7;
            if (choice == 0) word = 0x8000_7FFF_FF00_8001;
            else if (choice == 1) word &= 0x0F1F_0F07_0F1F_0F07;
        }

        return Vector256.Create<byte>(MemoryMarshal.AsBytes(words));
    }

    // Normal numbers around one, as float and as double.
    private static Vector256<byte> Ordinary(ref ulong state)
    {
        Span<ulong> words = stackalloc ulong[4];
        foreach (ref ulong word in words) word = (Next(ref state) & 0x800F_FFFF_807F_FFFF) | 0x3FE0_0000_3F00_0000;
        return Vector256.Create<byte>(MemoryMarshal.AsBytes(words));
    }

    private static ulong Next(ref ulong state)
    {
        ulong z = state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
