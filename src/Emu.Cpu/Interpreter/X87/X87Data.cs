using System.Runtime.CompilerServices;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu;

/// <summary>A constant FLD1, FLDPI, ... pushes.</summary>
internal interface IX87Constant
{
    /// <summary>The constant, rounded by RC.</summary>
    static abstract Float80 Value(RoundingMode rounding);
}

/// <summary>FLD m32fp, m64fp and FILD: pushes.</summary>
internal readonly unsafe struct X87LoadNumber : IX87Load
{
    public static void Execute<T>(CpuState* s, T value)
        where T : unmanaged
    {
        if (!X87Unit.IsEmpty(s, 7))
        {
            if (X87Unit.Overflow(s)) X87Unit.Push(s, Float80.Indefinite);
            return;
        }

        Float80 result;
        if (typeof(T) == typeof(float) || typeof(T) == typeof(double))
        {
            ref FloatEnvironment environment = ref X87Unit.Begin(s);
            result = typeof(T) == typeof(float)
                ? Float80Convert.Load(Unsafe.BitCast<T, float>(value), ref environment)
                : Float80Convert.Load(Unsafe.BitCast<T, double>(value), ref environment);
            // With only #D unmasked the number is pushed all the same.
            if (!X87Unit.Commit(s) && (environment.Unmasked & FloatExceptions.Invalid) != 0) return;
        }
        else
        {
            X87Unit.ClearC1(s);
            result = X87Integer.Load(value);
        }

        X87Unit.Push(s, result);
    }
}

/// <summary>FST m32fp, m64fp.</summary>
internal readonly struct X87StoreNumber : IX87Store
{
    public static T Convert<T>(Float80 value, ref FloatEnvironment environment)
        where T : unmanaged =>
        typeof(T) == typeof(float)
            ? Unsafe.BitCast<float, T>(Float80Convert.Store<float>(value, ref environment))
            : Unsafe.BitCast<double, T>(Float80Convert.Store<double>(value, ref environment));

    public static T Indefinite<T>()
        where T : unmanaged =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<uint, T>(0xFFC0_0000) : Unsafe.BitCast<ulong, T>(0xFFF8_0000_0000_0000);
}

/// <summary>FIST, FISTTP.</summary>
internal readonly struct X87StoreInteger<TTruncate> : IX87Store
    where TTruncate : IFlag
{
    public static T Convert<T>(Float80 value, ref FloatEnvironment environment)
        where T : unmanaged =>
        typeof(T) == typeof(short) ? Unsafe.BitCast<short, T>(Float80Convert.StoreInteger<short>(value, TTruncate.Value, ref environment))
        : typeof(T) == typeof(int) ? Unsafe.BitCast<int, T>(Float80Convert.StoreInteger<int>(value, TTruncate.Value, ref environment))
        : Unsafe.BitCast<long, T>(Float80Convert.StoreInteger<long>(value, TTruncate.Value, ref environment));

    public static T Indefinite<T>()
        where T : unmanaged =>
        typeof(T) == typeof(short) ? Unsafe.BitCast<short, T>(short.MinValue)
        : typeof(T) == typeof(int) ? Unsafe.BitCast<int, T>(int.MinValue)
        : Unsafe.BitCast<long, T>(long.MinValue);
}

/// <summary>FLD ST(i).</summary>
internal readonly unsafe struct X87LoadRegister : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
        bool empty = X87Unit.IsEmpty(s, op->Source);
        Float80 value = empty ? Float80.Indefinite : X87Unit.Read(s, op->Source);
        if (empty)
        {
            if (!X87Unit.Underflow(s)) return;
        }
        else if (!X87Unit.IsEmpty(s, 7))
        {
            if (!X87Unit.Overflow(s)) return;
            value = Float80.Indefinite;
        }
        else
        {
            X87Unit.ClearC1(s);
        }

        X87Unit.Push(s, value);
    }
}

/// <summary>FST ST(i), FSTP ST(i).</summary>
internal readonly unsafe struct X87StoreRegister<TPop> : IX87Operation
    where TPop : IFlag
{
    public static void Execute(CpuState* s, Op* op)
    {
        Float80 value;
        if (X87Unit.IsEmpty(s, 0))
        {
            if (!X87Unit.Underflow(s)) return;
            value = Float80.Indefinite;
        }
        else
        {
            X87Unit.ClearC1(s);
            value = X87Unit.Read(s, 0);
        }

        X87Unit.Write(s, op->Destination, value);
        if (TPop.Value) X87Unit.Pop(s);
    }
}

/// <summary>FSTPNCE, FSTP ST(i) without a look at the tag of ST(0): if that is empty, it is popped and nothing else happens.</summary>
internal readonly unsafe struct X87StorePopUnchecked : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
        X87Unit.ClearC1(s);
        if (!X87Unit.IsEmpty(s, 0)) X87Unit.Write(s, op->Destination, X87Unit.Read(s, 0));
        X87Unit.Pop(s);
    }
}

/// <summary>FXCH.</summary>
internal readonly unsafe struct X87Exchange : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
        int other = op->Source;
        bool topEmpty = X87Unit.IsEmpty(s, 0), otherEmpty = X87Unit.IsEmpty(s, other);
        if (topEmpty || otherEmpty)
        {
            if (!X87Unit.Underflow(s)) return;
        }
        else
        {
            X87Unit.ClearC1(s);
        }

        Float80 top = topEmpty ? Float80.Indefinite : X87Unit.Read(s, 0);
        X87Unit.Write(s, 0, otherEmpty ? Float80.Indefinite : X87Unit.Read(s, other));
        X87Unit.Write(s, other, top);
    }
}

/// <summary>FLD1 and the other constants.</summary>
internal readonly unsafe struct X87LoadConstant<TConstant> : IX87Operation
    where TConstant : IX87Constant
{
    public static void Execute(CpuState* s, Op* op)
    {
        if (!X87Unit.IsEmpty(s, 7))
        {
            if (X87Unit.Overflow(s)) X87Unit.Push(s, Float80.Indefinite);
            return;
        }

        X87Unit.ClearC1(s);
        X87Unit.Push(s, TConstant.Value((RoundingMode)((s->Fcw >> 10) & 3)));
    }
}

/// <summary>FCMOVcc.</summary>
internal readonly unsafe struct X87MoveIf<TCondition> : IX87Operation
    where TCondition : Semantics.ICondition
{
    public static void Execute(CpuState* s, Op* op)
    {
        if (X87Unit.IsEmpty(s, 0) || X87Unit.IsEmpty(s, op->Source))
        {
            if (X87Unit.Underflow(s)) X87Unit.Write(s, 0, Float80.Indefinite);
            return;
        }

        if (TCondition.Test(s->FlagsResult, s->FlagsAux)) X87Unit.Write(s, 0, X87Unit.Read(s, op->Source));
    }
}

/// <summary>FFREE, FFREEP.</summary>
internal readonly unsafe struct X87Free<TPop> : IX87Operation
    where TPop : IFlag
{
    public static void Execute(CpuState* s, Op* op)
    {
        X87Unit.ClearC1(s);
        s->Ftw &= (byte)~(1 << X87Unit.Physical(s, op->Destination));
        if (TPop.Value) X87Unit.Pop(s);
    }
}

/// <summary>FINCSTP and FDECSTP (<typeparamref name="TDown"/>): TOP moves, the tags stay.</summary>
internal readonly unsafe struct X87MoveTop<TDown> : IX87Operation
    where TDown : IFlag
{
    public static void Execute(CpuState* s, Op* op)
    {
        X87Unit.ClearC1(s);
        X87Unit.MoveTop(s, TDown.Value ? -1 : 1);
    }
}

/// <summary>FNOP.</summary>
internal readonly unsafe struct X87Nothing : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
    }
}

/// <summary>FLD1.</summary>
internal readonly struct X87One : IX87Constant
{
    public static Float80 Value(RoundingMode rounding) => Float80.One;
}

/// <summary>FLDZ.</summary>
internal readonly struct X87Zero : IX87Constant
{
    public static Float80 Value(RoundingMode rounding) => Float80.PositiveZero;
}

/// <summary>FLDPI.</summary>
internal readonly struct X87Pi : IX87Constant
{
    public static Float80 Value(RoundingMode rounding) => Float80Convert.Pi(rounding);
}

/// <summary>FLDL2T.</summary>
internal readonly struct X87Log2Of10 : IX87Constant
{
    public static Float80 Value(RoundingMode rounding) => Float80Convert.Log2Of10(rounding);
}

/// <summary>FLDL2E.</summary>
internal readonly struct X87Log2OfE : IX87Constant
{
    public static Float80 Value(RoundingMode rounding) => Float80Convert.Log2OfE(rounding);
}

/// <summary>FLDLG2.</summary>
internal readonly struct X87Log10Of2 : IX87Constant
{
    public static Float80 Value(RoundingMode rounding) => Float80Convert.Log10Of2(rounding);
}

/// <summary>FLDLN2.</summary>
internal readonly struct X87LnOf2 : IX87Constant
{
    public static Float80 Value(RoundingMode rounding) => Float80Convert.LnOf2(rounding);
}
