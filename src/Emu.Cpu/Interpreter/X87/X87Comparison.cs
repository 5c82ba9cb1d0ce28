using System.Runtime.CompilerServices;
using Emu.Cpu.FloatingPoint;

namespace Emu.Cpu;

/// <summary>How many registers a comparison pops.</summary>
internal interface IPopCount
{
    /// <summary>0, 1 or 2.</summary>
    static abstract int Count { get; }
}

/// <summary>None.</summary>
internal readonly struct PopNone : IPopCount
{
    public static int Count => 0;
}

/// <summary>One.</summary>
internal readonly struct PopOne : IPopCount
{
    public static int Count => 1;
}

/// <summary>Two.</summary>
internal readonly struct PopTwo : IPopCount
{
    public static int Count => 2;
}

/// <summary>FCOM, FCOMP, FCOMPP and, if not <typeparamref name="TSignals"/>, FUCOM, FUCOMP, FUCOMPP: C3, C2, C0.</summary>
internal readonly unsafe struct X87Compare<TSignals, TPops> : IX87Operation
    where TSignals : IFlag
    where TPops : IPopCount
{
    public static void Execute(CpuState* s, Op* op)
    {
        bool deliver;
        FloatOrdering ordering = FloatOrdering.Unordered;
        if (X87Unit.IsEmpty(s, 0) || X87Unit.IsEmpty(s, op->Source))
        {
            deliver = X87Unit.Underflow(s);
        }
        else
        {
            ordering = Float80Compare.Compare(X87Unit.Read(s, 0), X87Unit.Read(s, op->Source), TSignals.Value, ref X87Unit.Begin(s));
            deliver = X87Unit.Commit(s);
        }

        X87Ordering.SetConditionCodes(s, ordering);
        if (!deliver) return;
        for (int i = 0; i < TPops.Count; i++) X87Unit.Pop(s);
    }
}

/// <summary>FCOM m32fp, m64fp, FICOM and the forms that pop.</summary>
internal readonly unsafe struct X87CompareMemory<TPops> : IX87Load
    where TPops : IPopCount
{
    public static void Execute<T>(CpuState* s, T value)
        where T : unmanaged
    {
        bool deliver;
        FloatOrdering ordering = FloatOrdering.Unordered;
        if (X87Unit.IsEmpty(s, 0))
        {
            deliver = X87Unit.Underflow(s);
        }
        else
        {
            Float80 left = X87Unit.Read(s, 0);
            ref FloatEnvironment environment = ref X87Unit.Begin(s);
            ordering = typeof(T) == typeof(float) ? Float80Compare.Compare(left, Unsafe.BitCast<T, float>(value), true, ref environment)
                : typeof(T) == typeof(double) ? Float80Compare.Compare(left, Unsafe.BitCast<T, double>(value), true, ref environment)
                : Float80Compare.Compare(left, X87Integer.Load(value), true, ref environment);
            deliver = X87Unit.Commit(s);
        }

        X87Ordering.SetConditionCodes(s, ordering);
        if (deliver && TPops.Count != 0) X87Unit.Pop(s);
    }
}

/// <summary>FCOMI, FCOMIP and, if not <typeparamref name="TSignals"/>, FUCOMI, FUCOMIP: ZF, PF, CF; OF, SF and AF become 0.</summary>
internal readonly unsafe struct X87CompareFlags<TSignals, TPops> : IX87Operation
    where TSignals : IFlag
    where TPops : IPopCount
{
    public static void Execute(CpuState* s, Op* op)
    {
        bool deliver;
        FloatOrdering ordering = FloatOrdering.Unordered;
        if (X87Unit.IsEmpty(s, 0) || X87Unit.IsEmpty(s, op->Source))
        {
            deliver = X87Unit.Underflow(s);
        }
        else
        {
            // C1 stays as it is.
            int c1 = s->Fsw & X87Status.C1;
            ordering = Float80Compare.Compare(X87Unit.Read(s, 0), X87Unit.Read(s, op->Source), TSignals.Value, ref X87Unit.Begin(s));
            deliver = X87Unit.Commit(s);
            s->Fsw = (ushort)(s->Fsw | c1);
        }

        s->SetArithmeticFlags(ordering switch
        {
            FloatOrdering.Greater => 0,
            FloatOrdering.Less => Eflags.Cf,
            FloatOrdering.Equal => Eflags.Zf,
            _ => Eflags.Zf | Eflags.Pf | Eflags.Cf,
        });
        if (deliver && TPops.Count != 0) X87Unit.Pop(s);
    }
}

/// <summary>FTST: ST(0) with +0.0.</summary>
internal readonly unsafe struct X87Test : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
        FloatOrdering ordering = FloatOrdering.Unordered;
        if (X87Unit.IsEmpty(s, 0))
        {
            X87Unit.Underflow(s);
        }
        else
        {
            ordering = Float80Compare.Compare(X87Unit.Read(s, 0), Float80.PositiveZero, true, ref X87Unit.Begin(s));
            X87Unit.Commit(s);
        }

        X87Ordering.SetConditionCodes(s, ordering);
    }
}

/// <summary>FXAM: the class of ST(0) in C3, C2, C0, its sign in C1; of an empty register too.</summary>
internal readonly unsafe struct X87Examine : IX87Operation
{
    public static void Execute(CpuState* s, Op* op)
    {
        Float80 value = X87Unit.Read(s, 0);
        int kind = (int)(X87Unit.IsEmpty(s, 0) ? Float80Class.Empty : Float80Compare.Classify(value));
        X87Unit.SetConditionCodes(
            s,
            ((kind & 4) != 0 ? X87Status.C3 : 0) | ((kind & 2) != 0 ? X87Status.C2 : 0) | ((kind & 1) != 0 ? X87Status.C0 : 0) | (value.Sign ? X87Status.C1 : 0));
    }
}

/// <summary>Orderings as condition codes (SDM Vol. 1 table 8-6).</summary>
internal static unsafe class X87Ordering
{
    /// <summary>Sets C3, C2, C0 and leaves C1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetConditionCodes(CpuState* s, FloatOrdering ordering)
    {
        int codes = ordering switch
        {
            FloatOrdering.Greater => 0,
            FloatOrdering.Less => X87Status.C0,
            FloatOrdering.Equal => X87Status.C3,
            _ => X87Status.C3 | X87Status.C2 | X87Status.C0,
        };
        X87Unit.SetConditionCodes(s, codes | (s->Fsw & X87Status.C1));
    }
}
