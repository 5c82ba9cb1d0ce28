using System.Reflection;
using System.Reflection.Emit;
using Emu.Cpu.Semantics;
using Emu.Jit.Analysis;
using Emu.Jit.Flags;
using Iced.Intel;

namespace Emu.Jit.Emit;

// The status flags: what the last flag-setting instruction was, known while emitting wherever it can be, and its operands in two locals.
internal sealed unsafe partial class RegionEmitter
{
    private static readonly Type[] Conditions =
    [
        typeof(ConditionO), typeof(Not<ConditionO>), typeof(ConditionB), typeof(Not<ConditionB>),
        typeof(ConditionE), typeof(Not<ConditionE>), typeof(ConditionBe), typeof(Not<ConditionBe>),
        typeof(ConditionS), typeof(Not<ConditionS>), typeof(ConditionP), typeof(Not<ConditionP>),
        typeof(ConditionL), typeof(Not<ConditionL>), typeof(ConditionLe), typeof(Not<ConditionLe>),
    ];

    private readonly LocalBuilder flagsX;
    private readonly LocalBuilder flagsY;
    private readonly LocalBuilder flagsKind;
    private readonly Dictionary<RegionBlock, FlagState> flagsAtEnd = [];
    private FlagState flags;

    /// <summary>What is known of the flags at a point of the emission.</summary>
    /// <param name="Known">The kind is the same on every way here.</param>
    /// <param name="Kind">The kind.</param>
    /// <param name="Size">Operand size in bytes.</param>
    /// <param name="NoAux">Canonical with Y zero: a logical operation.</param>
    private readonly record struct FlagState(bool Known, FlagKind Kind, int Size, bool NoAux)
    {
        public static FlagState Unknown => default;

        public static FlagState Canonical => new(true, FlagKind.Canonical, 8, false);
    }

    private void BeginFlags(RegionBlock b)
    {
        if (b.NeedsCanonicalFlags) flags = FlagState.Canonical;
        else if (FlagLiveness.InheritsFlags(b) && flagsAtEnd.TryGetValue(b.OnlyPredecessor!, out FlagState inherited)) flags = inherited;
        else flags = FlagState.Unknown;
    }

    /// <summary>Makes the flags what a block wants as it begins.</summary>
    private void PrepareFlagsFor(RegionBlock target)
    {
        if (target.NeedsCanonicalFlags) MakeCanonical();
    }

    private bool NeedsPreparation(RegionBlock target) => target.NeedsCanonicalFlags && !(flags.Known && flags.Kind == FlagKind.Canonical);

    /// <summary>The current instruction's flags are those of <paramref name="kind"/> over two locals.</summary>
    private void SetFlags(FlagKind kind, int size, LocalBuilder x, LocalBuilder? y)
    {
        if (current.FlagsDead) return;
        il.Emit(OpCodes.Ldloc, x);
        il.Emit(OpCodes.Stloc, flagsX);
        if (y != null) il.Emit(OpCodes.Ldloc, y);
        else Constant(0);
        il.Emit(OpCodes.Stloc, flagsY);
        SetKind(kind, size, noAux: kind == FlagKind.Canonical && y == null);
    }

    /// <summary>The current instruction is a logical one with a result of a size, zero-extended in a local.</summary>
    private void SetLogicFlags(int size, LocalBuilder result)
    {
        if (current.FlagsDead) return;
        il.Emit(OpCodes.Ldloc, result);
        SignExtend(size);
        il.Emit(OpCodes.Stloc, flagsX);
        Constant(0);
        il.Emit(OpCodes.Stloc, flagsY);
        SetKind(FlagKind.Canonical, size, noAux: true);
    }

    private void SetKind(FlagKind kind, int size, bool noAux = false)
    {
        il.Emit(OpCodes.Ldc_I4, LazyFlags.Encode(kind, Log2(size)));
        il.Emit(OpCodes.Stloc, flagsKind);
        flags = new FlagState(true, kind, size, noAux);
    }

    /// <summary>The flags have just been loaded from the state.</summary>
    private void SetCanonical() => flags = FlagState.Canonical;

    /// <summary>Turns the flags into canonical form.</summary>
    private void MakeCanonical()
    {
        if (!flags.Known)
        {
            // Different ways here left different kinds: the run-time number of the kind decides.
            PushFlagArguments();
            il.Emit(OpCodes.Call, StoreFlagsMethod);
            LoadFlags();
            flags = FlagState.Canonical;
            return;
        }

        if (flags.Kind == FlagKind.Canonical) return;
        PushFlagsResult();
        PushFlagsAux();
        il.Emit(OpCodes.Conv_U8);
        il.Emit(OpCodes.Stloc, flagsY);
        il.Emit(OpCodes.Stloc, flagsX);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, flagsKind);
        flags = FlagState.Canonical;
    }

    /// <summary>Pushes the canonical flag result as 64 bits.</summary>
    private void PushFlagsResult()
    {
        RequireFlags();
        PushLazy(nameof(ILazyFlags.Result), flagsX);
    }

    private void RequireFlags()
    {
        if (!flags.Known) MakeCanonical();
    }

    /// <summary>Pushes the canonical auxiliary flags as 32 bits.</summary>
    private void PushFlagsAux()
    {
        RequireFlags();
        if (flags.Kind == FlagKind.Canonical)
        {
            il.Emit(OpCodes.Ldloc, flagsY);
            il.Emit(OpCodes.Conv_U4);
        }
        else
        {
            PushLazy(nameof(ILazyFlags.Aux), flagsY);
        }
    }

    private void PushLazy(string function, LocalBuilder canonical)
    {
        if (LazyFlags.Functions(flags.Kind) is not { } type)
        {
            il.Emit(OpCodes.Ldloc, canonical);
            return;
        }

        il.Emit(OpCodes.Ldloc, flagsX);
        il.Emit(OpCodes.Ldloc, flagsY);
        Call(type, function, IntegerType(flags.Size));
    }

    /// <summary>Pushes CF as a 64-bit 0 or 1.</summary>
    private void PushCarry()
    {
        RequireFlags();
        switch (flags.Kind)
        {
            case FlagKind.Canonical when flags.NoAux:
                Constant(0);
                return;
            case FlagKind.Canonical:
                il.Emit(OpCodes.Ldloc, flagsY);
                Constant(1);
                il.Emit(OpCodes.And);
                return;
            case FlagKind.Inc or FlagKind.Dec:
                il.Emit(OpCodes.Ldloc, flagsY);
                return;
            case FlagKind.Sub:
                il.Emit(OpCodes.Ldloc, flagsX);
                il.Emit(OpCodes.Ldloc, flagsY);
                il.Emit(OpCodes.Clt_Un);
                il.Emit(OpCodes.Conv_U8);
                return;
            case FlagKind.Add:
                il.Emit(OpCodes.Ldloc, flagsX);
                il.Emit(OpCodes.Ldloc, flagsY);
                il.Emit(OpCodes.Add);
                Truncate(flags.Size);
                il.Emit(OpCodes.Ldloc, flagsX);
                il.Emit(OpCodes.Clt_Un);
                il.Emit(OpCodes.Conv_U8);
                return;
            default:
                PushFlagsAux();
                il.Emit(OpCodes.Ldc_I4_1);
                il.Emit(OpCodes.And);
                il.Emit(OpCodes.Conv_U8);
                return;
        }
    }

    /// <summary>Branches to a label if a condition holds.</summary>
    private void BranchIf(ConditionCode condition, Label target)
    {
        RequireFlags();
        if (TryBranchOnOperands(condition, target) || TryBranchOnResult(condition, target)) return;
        PushCondition(condition);
        il.Emit(OpCodes.Brtrue, target);
    }

    /// <summary>Pushes a condition as a 32-bit 0 or 1.</summary>
    private void PushCondition(ConditionCode condition)
    {
        RequireFlags();
        if (flags.Kind == FlagKind.Sub && Comparison(condition) is { } comparison)
        {
            PushOperands(comparison.Signed);
            il.Emit(comparison.Set);
            if (comparison.Inverted) Invert();
            return;
        }

        if (condition is ConditionCode.b or ConditionCode.ae)
        {
            PushCarry();
            il.Emit(OpCodes.Conv_I4);
            if (condition == ConditionCode.ae) Invert();
            return;
        }

        PushFlagsResult();
        PushFlagsAux();
        Call(Conditions[(int)condition - 1], nameof(ICondition.Test));
    }

    /// <summary>Pushes 64 ones if a condition holds, else 64 zeros.</summary>
    private void PushConditionMask(ConditionCode condition)
    {
        RequireFlags();
        if (condition is not (ConditionCode.e or ConditionCode.ne) || flags.Kind != FlagKind.Canonical)
        {
            PushCondition(condition);
            il.Emit(OpCodes.Neg);
            il.Emit(OpCodes.Conv_I8);
            return;
        }

        // The sign of x | -x says whether x is zero, in fewer steps than a comparison.
        il.Emit(OpCodes.Ldloc, flagsX);
        il.Emit(OpCodes.Ldloc, flagsX);
        il.Emit(OpCodes.Neg);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Ldc_I4, 63);
        il.Emit(OpCodes.Shr);
        if (condition == ConditionCode.e) il.Emit(OpCodes.Not);
    }

    private void Invert()
    {
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Ceq);
    }

    private readonly record struct OperandComparison(OpCode Branch, OpCode Set, bool Inverted, bool Signed);

    /// <summary>How a condition compares the operands of a subtraction; null for those that look at single flags.</summary>
    private static OperandComparison? Comparison(ConditionCode condition) => condition switch
    {
        ConditionCode.e => new(OpCodes.Beq, OpCodes.Ceq, false, false),
        ConditionCode.ne => new(OpCodes.Bne_Un, OpCodes.Ceq, true, false),
        ConditionCode.b => new(OpCodes.Blt_Un, OpCodes.Clt_Un, false, false),
        ConditionCode.ae => new(OpCodes.Bge_Un, OpCodes.Clt_Un, true, false),
        ConditionCode.be => new(OpCodes.Ble_Un, OpCodes.Cgt_Un, true, false),
        ConditionCode.a => new(OpCodes.Bgt_Un, OpCodes.Cgt_Un, false, false),
        ConditionCode.l => new(OpCodes.Blt, OpCodes.Clt, false, true),
        ConditionCode.ge => new(OpCodes.Bge, OpCodes.Clt, true, true),
        ConditionCode.le => new(OpCodes.Ble, OpCodes.Cgt, true, true),
        ConditionCode.g => new(OpCodes.Bgt, OpCodes.Cgt, false, true),
        _ => null,
    };

    private bool TryBranchOnOperands(ConditionCode condition, Label target)
    {
        if (flags.Kind != FlagKind.Sub || Comparison(condition) is not { } comparison) return false;
        PushOperands(comparison.Signed);
        il.Emit(comparison.Branch, target);
        return true;
    }

    private void PushOperands(bool signed)
    {
        PushOperand(flagsX, signed);
        PushOperand(flagsY, signed);
    }

    private void PushOperand(LocalBuilder operand, bool signed)
    {
        il.Emit(OpCodes.Ldloc, operand);
        switch (flags.Size)
        {
            case 1 when signed: il.Emit(OpCodes.Conv_I1); break;
            case 2 when signed: il.Emit(OpCodes.Conv_I2); break;
            case 8: break;
            default: il.Emit(OpCodes.Conv_I4); break;
        }
    }

    /// <summary>Conditions that a result alone decides.</summary>
    private bool TryBranchOnResult(ConditionCode condition, Label target)
    {
        bool canonical = flags.Kind == FlagKind.Canonical;
        if (condition is not (ConditionCode.e or ConditionCode.ne)
            && !(condition is ConditionCode.s or ConditionCode.ns && (!canonical || flags.NoAux))
            && !(flags.NoAux && condition is ConditionCode.l or ConditionCode.ge or ConditionCode.le or ConditionCode.g))
        {
            return false;
        }

        PushFlagsResult();
        Constant(0);
        il.Emit(
            condition switch
            {
                ConditionCode.e => OpCodes.Beq,
                ConditionCode.ne => OpCodes.Bne_Un,
                ConditionCode.s or ConditionCode.l => OpCodes.Blt,
                ConditionCode.ns or ConditionCode.ge => OpCodes.Bge,
                ConditionCode.le => OpCodes.Ble,
                _ => OpCodes.Bgt,
            },
            target);
        return true;
    }

    private static int Log2(int size) => System.Numerics.BitOperations.Log2((uint)size);

    private static Type IntegerType(int size) => Emu.Cpu.HandlerSet.Integer(Log2(size));

    /// <summary>Calls a static function by name, with type arguments if it is generic; the compiler inlines the small ones.</summary>
    private void Call(Type type, string name, params Type[] typeArguments)
    {
        MethodInfo function = type.GetMethod(name, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            ?? throw new MissingMethodException(type.Name, name);
        if (typeArguments.Length != 0) function = function.MakeGenericMethod(typeArguments);
        callees.Add(function);
        il.Emit(OpCodes.Call, function);
    }
}
