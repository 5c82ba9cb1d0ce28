using System.Reflection;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Emu.Cpu.Semantics.Simd;

namespace Emu.Jit.Emit;

/// <summary>The host instruction for each floating-point operation of the semantics, where the host has one.</summary>
internal static class FloatIntrinsics
{
    private static readonly Dictionary<Type, string> Binary = new()
    {
        [typeof(FloatAdd)] = "Add",
        [typeof(FloatSubtract)] = "Subtract",
        [typeof(FloatMultiply)] = "Multiply",
        [typeof(FloatDivide)] = "Divide",
        [typeof(FloatMinimum)] = "Min",
        [typeof(FloatMaximum)] = "Max",
        [typeof(FloatAddSubtract)] = "AddSubtract",
        [typeof(FloatHorizontalAdd)] = "HorizontalAdd",
        [typeof(FloatHorizontalSubtract)] = "HorizontalSubtract",
    };

    /// <summary>ADDxx and the like over vectors, packed or with the upper elements of the first operand kept; null if there is none.</summary>
    public static MethodInfo? ForBinary(Type operation, Type element, int size, bool scalar)
    {
        if (operation == typeof(FloatCompareMask)) return Find(scalar ? "CompareScalar" : "Compare", element, size, [typeof(FloatComparisonMode)], typeof(Avx));
        if (!Binary.TryGetValue(operation, out string? name)) return null;
        return Find(scalar ? name + "Scalar" : name, element, size, [], ClassesFor(element));
    }

    /// <summary>MOVMSKPx.</summary>
    public static MethodInfo MoveMask(Type element, int size)
    {
        Type owner = size == 32 ? typeof(Avx) : element == typeof(float) ? typeof(Sse) : typeof(Sse2);
        return owner.GetMethod(nameof(Avx.MoveMask), [VectorOf(element, size)])!;
    }

    /// <summary>SQRTxx.</summary>
    public static MethodInfo? ForSquareRoot(Type element, int size, bool scalar) => scalar
        ? Find("SqrtScalar", element, size, [], ClassesFor(element))
        : FindUnary("Sqrt", element, size);

    /// <summary>
    /// ROUNDxx: any immediate where the host has VRNDSCALExx, whose function takes the immediate; else 0 to 4, which report inexact results. RyuJIT
    /// emits those for the functions that are said not to report them, too.
    /// </summary>
    public static MethodInfo? ForRound(Type element, int size, bool scalar, byte immediate)
    {
        Type vector = VectorOf(element, size);
        if (Avx512F.VL.IsSupported)
        {
            return scalar
                ? typeof(Avx512F).GetMethod(nameof(Avx512F.RoundScaleScalar), [vector, vector, typeof(byte)])
                : typeof(Avx512F.VL).GetMethod(nameof(Avx512F.VL.RoundScale), [vector, typeof(byte)]);
        }

        string? name = (immediate & 15) switch
        {
            0 => "RoundToNearestInteger",
            1 => "RoundToNegativeInfinity",
            2 => "RoundToPositiveInfinity",
            3 => "RoundToZero",
            4 => "RoundCurrentDirection",
            _ => null,
        };
        if (name == null) return null;
        return scalar ? Find(name + "Scalar", element, size, [], typeof(Sse41)) : FindUnary(name, element, size);
    }

    /// <summary>The last parameter is an immediate.</summary>
    public static bool TakesImmediate(MethodInfo function) => function.GetParameters()[^1].ParameterType == typeof(byte);

    /// <summary>VFMADD and the like.</summary>
    public static MethodInfo? ForFused(string name, Type element, int size, bool scalar)
    {
        Type vector = VectorOf(element, size);
        return Fma.IsSupported ? typeof(Fma).GetMethod(scalar ? name + "Scalar" : name, [vector, vector, vector]) : null;
    }

    /// <summary>Comparison of the low elements as COMISx (<paramref name="signals"/>) and UCOMISx do it.</summary>
    public static MethodInfo ForFlags(Type element, bool signals, string relation)
    {
        Type vector = VectorOf(element, 16);
        Type owner = element == typeof(float) ? typeof(Sse) : typeof(Sse2);
        return owner.GetMethod((signals ? "CompareScalarOrdered" : "CompareScalarUnordered") + relation, [vector, vector])!;
    }

    /// <summary>The vector type of an element and a size in bytes.</summary>
    public static Type VectorOf(Type element, int size) => (size == 32 ? typeof(Vector256<>) : typeof(Vector128<>)).MakeGenericType(element);

    private static Type[] ClassesFor(Type element) => element == typeof(float) ? [typeof(Sse), typeof(Sse3), typeof(Avx)] : [typeof(Sse2), typeof(Sse3), typeof(Avx)];

    private static MethodInfo? Find(string name, Type element, int size, Type[] more, params Type[] owners)
    {
        Type vector = VectorOf(element, size);
        foreach (Type owner in owners)
        {
            if (owner.GetMethod(name, [vector, vector, .. more]) is { } method && IsSupported(owner)) return method;
        }

        return null;
    }

    private static MethodInfo? FindUnary(string name, Type element, int size)
    {
        Type vector = VectorOf(element, size);
        foreach (Type owner in (ReadOnlySpan<Type>)[typeof(Sse), typeof(Sse2), typeof(Sse41), typeof(Avx)])
        {
            if (owner.GetMethod(name, [vector]) is { } method && IsSupported(owner)) return method;
        }

        return null;
    }

    private static bool IsSupported(Type owner) => (bool)owner.GetProperty("IsSupported")!.GetValue(null)!;
}
