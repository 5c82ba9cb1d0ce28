using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu;

/// <summary>A function of ST(0) that replaces it.</summary>
internal interface IX87Unary
{
    /// <summary>The function.</summary>
    static abstract Float80 Apply(Float80 value, ref FloatEnvironment environment);
}

/// <summary>A function of ST(0) and ST(1).</summary>
internal interface IX87Pair
{
    /// <summary>The function.</summary>
    static abstract Float80 Apply(Float80 top, Float80 next, ref FloatEnvironment environment);
}

/// <summary>FSQRT, FRNDINT, F2XM1, FCHS, FABS.</summary>
internal readonly unsafe struct X87Unary<TFunction> : IX87Operation
    where TFunction : IX87Unary
{
    public static void Execute(CpuState* s, Op* op)
    {
        if (X87Unit.IsEmpty(s, 0))
        {
            if (X87Unit.Underflow(s)) X87Unit.Write(s, 0, Float80.Indefinite);
            return;
        }

        Float80 result = TFunction.Apply(X87Unit.Read(s, 0), ref X87Unit.Begin(s));
        if (X87Unit.Commit(s)) X87Unit.Write(s, 0, result);
    }
}

/// <summary>FPATAN, FYL2X, FYL2XP1 (<typeparamref name="TPop"/>: the result replaces ST(1), then ST(0) is popped) and FSCALE.</summary>
internal readonly unsafe struct X87Pair<TFunction, TPop> : IX87Operation
    where TFunction : IX87Pair
    where TPop : IFlag
{
    public static void Execute(CpuState* s, Op* op)
    {
        int destination = TPop.Value ? 1 : 0;
        if (X87Unit.IsEmpty(s, 0) || X87Unit.IsEmpty(s, 1))
        {
            if (!X87Unit.Underflow(s)) return;
            X87Unit.Write(s, destination, Float80.Indefinite);
        }
        else
        {
            Float80 result = TFunction.Apply(X87Unit.Read(s, 0), X87Unit.Read(s, 1), ref X87Unit.Begin(s));
            if (!X87Unit.Commit(s)) return;
            X87Unit.Write(s, destination, result);
        }

        if (TPop.Value) X87Unit.Pop(s);
    }
}

/// <summary>FPREM and FPREM1 (<typeparamref name="TNearest"/>): C2 when the reduction is partial, else the quotient's low bits in C0, C3, C1. Without a remainder C0 and C3 stay.</summary>
internal readonly unsafe struct X87Remainder<TNearest> : IX87Operation
    where TNearest : IFlag
{
    public static void Execute(CpuState* s, Op* op)
    {
        if (X87Unit.IsEmpty(s, 0) || X87Unit.IsEmpty(s, 1))
        {
            if (X87Unit.Underflow(s)) X87Unit.Write(s, 0, Float80.Indefinite);
            s->Fsw = (ushort)(s->Fsw & ~X87Status.C2);
            return;
        }

        Float80 a = X87Unit.Read(s, 0), b = X87Unit.Read(s, 1);
        PartialRemainder result = TNearest.Value
            ? Float80Remainder.Nearest(a, b, ref X87Unit.Begin(s))
            : Float80Remainder.Truncating(a, b, ref X87Unit.Begin(s));
        bool deliver = X87Unit.Commit(s);
        if (!deliver || Float80Compare.Classify(result.Value) == Float80Class.NaN)
        {
            s->Fsw = (ushort)(s->Fsw & ~X87Status.C2);
            if (deliver) X87Unit.Write(s, 0, result.Value);
            return;
        }

        X87Unit.SetConditionCodes(
            s,
            (result.Incomplete ? X87Status.C2 : 0)
            | ((result.Quotient & 4) != 0 ? X87Status.C0 : 0)
            | ((result.Quotient & 2) != 0 ? X87Status.C3 : 0)
            | ((result.Quotient & 1) != 0 ? X87Status.C1 : 0));
        X87Unit.Write(s, 0, result.Value);
    }
}

/// <summary>FXTRACT: the exponent replaces ST(0), the significand is pushed.</summary>
internal readonly unsafe struct X87Extract : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
        if (!X87Growth.TryBegin(s)) return;
        (Float80 significand, Float80 exponent) = Float80Remainder.Extract(X87Unit.Read(s, 0), ref X87Unit.Begin(s));
        if (X87Unit.Commit(s)) X87Growth.Deliver(s, exponent, significand);
    }
}

/// <summary>FSIN and FCOS (<typeparamref name="TCosine"/>). C2 when the operand is out of range.</summary>
internal readonly unsafe struct X87SineOrCosine<TCosine> : IX87Operation
    where TCosine : IFlag
{
    public static void Execute(CpuState* s, Op* op)
    {
        s->Fsw = (ushort)(s->Fsw & ~X87Status.C2);
        if (X87Unit.IsEmpty(s, 0))
        {
            if (X87Unit.Underflow(s)) X87Unit.Write(s, 0, Float80.Indefinite);
            return;
        }

        Float80 value = X87Unit.Read(s, 0), result;
        bool inRange = TCosine.Value
            ? Float80Transcendental.TryCosine(value, ref X87Unit.Begin(s), out result)
            : Float80Transcendental.TrySine(value, ref X87Unit.Begin(s), out result);
        bool deliver = X87Unit.Commit(s);
        if (!inRange) s->Fsw |= X87Status.C2;
        else if (deliver) X87Unit.Write(s, 0, result);
    }
}

/// <summary>FSINCOS: the sine replaces ST(0), the cosine is pushed.</summary>
internal readonly unsafe struct X87SineCosine : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
        s->Fsw = (ushort)(s->Fsw & ~X87Status.C2);
        if (!X87Growth.TryBegin(s)) return;
        bool inRange = Float80Transcendental.TrySineCosine(X87Unit.Read(s, 0), ref X87Unit.Begin(s), out Float80 sine, out Float80 cosine);
        bool deliver = X87Unit.Commit(s);
        if (!inRange) s->Fsw |= X87Status.C2;
        else if (deliver) X87Growth.Deliver(s, sine, cosine);
    }
}

/// <summary>FPTAN: the tangent replaces ST(0), then 1.0 is pushed.</summary>
internal readonly unsafe struct X87Tangent : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
        s->Fsw = (ushort)(s->Fsw & ~X87Status.C2);
        if (!X87Growth.TryBegin(s)) return;
        Float80 value = X87Unit.Read(s, 0);
        bool inRange = Float80Transcendental.TryTangent(value, ref X87Unit.Begin(s), out Float80 tangent);
        bool deliver = X87Unit.Commit(s);
        if (!inRange)
        {
            s->Fsw |= X87Status.C2;
        }
        else if (deliver)
        {
            // A NaN goes to both places.
            bool isNumber = Float80Compare.Classify(tangent) != Float80Class.NaN;
            X87Growth.Deliver(s, tangent, isNumber ? Float80.One : tangent);
        }
    }
}

/// <summary>What FXTRACT, FPTAN and FSINCOS share: two results for one operand.</summary>
internal static unsafe class X87Growth
{
    /// <summary>Checks for stack overflow and underflow; the masked response to either is the indefinite in both places.</summary>
    public static bool TryBegin(CpuState* s)
    {
        bool empty = X87Unit.IsEmpty(s, 0);
        if (!empty && X87Unit.IsEmpty(s, 7)) return true;
        if (empty ? X87Unit.Underflow(s) : X87Unit.Overflow(s)) Deliver(s, Float80.Indefinite, Float80.Indefinite);
        return false;
    }

    /// <summary>Replaces ST(0) and pushes.</summary>
    public static void Deliver(CpuState* s, Float80 replaced, Float80 pushed)
    {
        X87Unit.Write(s, 0, replaced);
        X87Unit.Push(s, pushed);
    }
}

/// <summary>FSQRT.</summary>
internal readonly struct X87SquareRoot : IX87Unary
{
    public static Float80 Apply(Float80 value, ref FloatEnvironment environment) => Float80Arithmetic.SquareRoot(value, ref environment);
}

/// <summary>FRNDINT.</summary>
internal readonly struct X87RoundToIntegral : IX87Unary
{
    public static Float80 Apply(Float80 value, ref FloatEnvironment environment) => Float80Remainder.RoundToIntegral(value, ref environment);
}

/// <summary>F2XM1.</summary>
internal readonly struct X87TwoToXMinus1 : IX87Unary
{
    public static Float80 Apply(Float80 value, ref FloatEnvironment environment) => Float80Transcendental.TwoToXMinus1(value, ref environment);
}

/// <summary>FCHS.</summary>
internal readonly struct X87ChangeSign : IX87Unary
{
    public static Float80 Apply(Float80 value, ref FloatEnvironment environment) => value.Negate();
}

/// <summary>FABS.</summary>
internal readonly struct X87Absolute : IX87Unary
{
    public static Float80 Apply(Float80 value, ref FloatEnvironment environment) => value.Abs();
}

/// <summary>FSCALE.</summary>
internal readonly struct X87Scale : IX87Pair
{
    public static Float80 Apply(Float80 top, Float80 next, ref FloatEnvironment environment) => Float80Remainder.Scale(top, next, ref environment);
}

/// <summary>FPATAN.</summary>
internal readonly struct X87ArcTangent : IX87Pair
{
    public static Float80 Apply(Float80 top, Float80 next, ref FloatEnvironment environment) =>
        Float80Transcendental.ArcTangentOf(next, top, ref environment);
}

/// <summary>FYL2X.</summary>
internal readonly struct X87YLog2X : IX87Pair
{
    public static Float80 Apply(Float80 top, Float80 next, ref FloatEnvironment environment) => Float80Transcendental.YLog2X(top, next, ref environment);
}

/// <summary>FYL2XP1.</summary>
internal readonly struct X87YLog2XPlus1 : IX87Pair
{
    public static Float80 Apply(Float80 top, Float80 next, ref FloatEnvironment environment) =>
        Float80Transcendental.YLog2XPlus1(top, next, ref environment);
}
