using System.Numerics;
using System.Runtime.CompilerServices;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu;

/// <summary>FADD, FADDP, FSUB, ...: a register with a register.</summary>
internal readonly unsafe struct X87Arithmetic<TOperation, TPop> : IX87Operation
    where TOperation : IX87Binary
    where TPop : IFlag
{
    public static void Execute(CpuState* s, Op* op)
    {
        int destination = op->Destination, source = op->Source;
        if (X87Unit.IsEmpty(s, destination) || X87Unit.IsEmpty(s, source))
        {
            if (!X87Unit.Underflow(s)) return;
            X87Unit.Write(s, destination, Float80.Indefinite);
        }
        else
        {
            Float80 result = TOperation.Apply(X87Unit.Read(s, destination), X87Unit.Read(s, source), ref X87Unit.Begin(s));
            if (!X87Unit.Commit(s)) return;
            X87Unit.Write(s, destination, result);
        }

        if (TPop.Value) X87Unit.Pop(s);
    }
}

/// <summary>FADD m32fp, FIADD m16int, ...: ST(0) with a number in memory. Integers convert exactly.</summary>
internal readonly unsafe struct X87ArithmeticMemory<TOperation> : IX87Load
    where TOperation : IX87Binary
{
    public static void Execute<T>(CpuState* s, T value)
        where T : unmanaged
    {
        if (X87Unit.IsEmpty(s, 0))
        {
            if (X87Unit.Underflow(s)) X87Unit.Write(s, 0, Float80.Indefinite);
            return;
        }

        Float80 left = X87Unit.Read(s, 0);
        ref FloatEnvironment environment = ref X87Unit.Begin(s);
        Float80 result = typeof(T) == typeof(float) ? TOperation.Apply(left, Unsafe.BitCast<T, float>(value), ref environment)
            : typeof(T) == typeof(double) ? TOperation.Apply(left, Unsafe.BitCast<T, double>(value), ref environment)
            : TOperation.Apply(left, X87Integer.Load(value), ref environment);
        if (X87Unit.Commit(s)) X87Unit.Write(s, 0, result);
    }
}

/// <summary>Integers in memory.</summary>
internal static class X87Integer
{
    /// <summary>Converts a <see cref="short"/>, <see cref="int"/> or <see cref="long"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Load<T>(T value)
        where T : unmanaged =>
        Float80Convert.LoadInteger(
            typeof(T) == typeof(short) ? Unsafe.BitCast<T, short>(value)
            : typeof(T) == typeof(int) ? Unsafe.BitCast<T, int>(value)
            : Unsafe.BitCast<T, long>(value));
}

/// <summary>Addition.</summary>
internal readonly struct X87Add : IX87Binary
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment environment) => Float80Arithmetic.Add(a, b, ref environment);

    public static Float80 Apply<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Float80Arithmetic.Add(a, b, ref environment);
}

/// <summary>Destination minus source.</summary>
internal readonly struct X87Subtract : IX87Binary
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment environment) => Float80Arithmetic.Subtract(a, b, ref environment);

    public static Float80 Apply<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Float80Arithmetic.Subtract(a, b, ref environment);
}

/// <summary>Source minus destination.</summary>
internal readonly struct X87SubtractReverse : IX87Binary
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment environment) => Float80Arithmetic.Subtract(b, a, ref environment);

    public static Float80 Apply<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Float80Arithmetic.SubtractReverse(a, b, ref environment);
}

/// <summary>Multiplication.</summary>
internal readonly struct X87Multiply : IX87Binary
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment environment) => Float80Arithmetic.Multiply(a, b, ref environment);

    public static Float80 Apply<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Float80Arithmetic.Multiply(a, b, ref environment);
}

/// <summary>Destination divided by source.</summary>
internal readonly struct X87Divide : IX87Binary
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment environment) => Float80Arithmetic.Divide(a, b, ref environment);

    public static Float80 Apply<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Float80Arithmetic.Divide(a, b, ref environment);
}

/// <summary>Source divided by destination.</summary>
internal readonly struct X87DivideReverse : IX87Binary
{
    public static Float80 Apply(Float80 a, Float80 b, ref FloatEnvironment environment) => Float80Arithmetic.Divide(b, a, ref environment);

    public static Float80 Apply<T>(Float80 a, T b, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Float80Arithmetic.DivideReverse(a, b, ref environment);
}
