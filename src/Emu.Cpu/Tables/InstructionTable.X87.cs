using Emu.Cpu.Semantics;
using Iced.Intel;

namespace Emu.Cpu;

// x87, and the instructions that save and restore extended state.
public sealed unsafe partial class InstructionTable
{
    private static void AddX87(Builder t)
    {
        AddX87Control(t);
        AddX87Data(t);
        AddX87Arithmetic(t);
        AddX87Functions(t);
        AddExtendedState(t);
    }

    private static void AddX87Control(Builder t)
    {
        t.Slow(Mnemonic.Wait, &SlowX87Control.Wait);
        AddX87Slow(t, Mnemonic.Fninit, &SlowX87Control.Initialize);
        AddX87Slow(t, Mnemonic.Fnclex, &SlowX87Control.ClearExceptions);
        AddX87Slow(t, Mnemonic.Fldcw, &SlowX87Control.LoadControl);
        AddX87Slow(t, Mnemonic.Fnstcw, &SlowX87Control.StoreControl);
        AddX87Slow(t, Mnemonic.Fnstsw, &SlowX87Control.StoreStatus);
        AddX87Slow(t, Mnemonic.Fnstenv, &SlowX87Control.StoreEnvironment);
        AddX87Slow(t, Mnemonic.Fldenv, &SlowX87Control.LoadEnvironment);
        AddX87Slow(t, Mnemonic.Fnsave, &SlowX87Control.Save);
        AddX87Slow(t, Mnemonic.Frstor, &SlowX87Control.Restore);
        AddX87Slow(t, Mnemonic.Fneni, &SlowX87Control.Obsolete);
        AddX87Slow(t, Mnemonic.Fndisi, &SlowX87Control.Obsolete);
        AddX87Slow(t, Mnemonic.Fnsetpm, &SlowX87Control.Obsolete);
        AddX87Slow(t, Mnemonic.Frstpm, &SlowX87Control.Obsolete);
        AddX87Slow(t, Mnemonic.Emms, &SlowX87Control.EmptyMmx, ExecutionUnit.Mmx);
        AddX87Slow(t, Mnemonic.Femms, &SlowX87Control.EmptyMmx, ExecutionUnit.Mmx);
    }

    private static void AddX87Data(Builder t)
    {
        t.Add(Code.Fld_m80fp, new X87SlowRow(&SlowX87Wide.Load, ExecutionUnit.X87));
        t.Add(Code.Fstp_m80fp, new X87SlowRow(&SlowX87Wide.StorePop, ExecutionUnit.X87));
        AddX87Slow(t, Mnemonic.Fbld, &SlowX87Wide.LoadBcd);
        AddX87Slow(t, Mnemonic.Fbstp, &SlowX87Wide.StoreBcdPop);
        X87LoadRow<X87LoadNumber> load = new();
        AddX87<X87LoadRegister>(t, Code.Fld_sti);
        t.Add(Mnemonic.Fld, load);
        t.Add(Mnemonic.Fild, load);
        AddX87<X87StoreRegister<No>>(t, Code.Fst_sti);
        AddX87<X87StoreRegister<Yes>>(t, Code.Fstp_sti, Code.Fstp_sti_DFD0, Code.Fstp_sti_DFD8);
        AddX87<X87StorePopUnchecked>(t, Code.Fstpnce_sti);
        t.Add(Mnemonic.Fst, new X87StoreRow<X87StoreNumber, No>());
        t.Add(Mnemonic.Fstp, new X87StoreRow<X87StoreNumber, Yes>());
        t.Add(Mnemonic.Fist, new X87StoreRow<X87StoreInteger<No>, No>());
        t.Add(Mnemonic.Fistp, new X87StoreRow<X87StoreInteger<No>, Yes>());
        t.Add(Mnemonic.Fisttp, new X87StoreRow<X87StoreInteger<Yes>, Yes>());
        AddX87<X87Exchange>(t, Mnemonic.Fxch);
        AddX87<X87LoadConstant<X87One>>(t, Mnemonic.Fld1);
        AddX87<X87LoadConstant<X87Zero>>(t, Mnemonic.Fldz);
        AddX87<X87LoadConstant<X87Pi>>(t, Mnemonic.Fldpi);
        AddX87<X87LoadConstant<X87Log2Of10>>(t, Mnemonic.Fldl2t);
        AddX87<X87LoadConstant<X87Log2OfE>>(t, Mnemonic.Fldl2e);
        AddX87<X87LoadConstant<X87Log10Of2>>(t, Mnemonic.Fldlg2);
        AddX87<X87LoadConstant<X87LnOf2>>(t, Mnemonic.Fldln2);
        AddX87<X87MoveIf<ConditionB>>(t, Mnemonic.Fcmovb);
        AddX87<X87MoveIf<ConditionE>>(t, Mnemonic.Fcmove);
        AddX87<X87MoveIf<ConditionBe>>(t, Mnemonic.Fcmovbe);
        AddX87<X87MoveIf<ConditionP>>(t, Mnemonic.Fcmovu);
        AddX87<X87MoveIf<Not<ConditionB>>>(t, Mnemonic.Fcmovnb);
        AddX87<X87MoveIf<Not<ConditionE>>>(t, Mnemonic.Fcmovne);
        AddX87<X87MoveIf<Not<ConditionBe>>>(t, Mnemonic.Fcmovnbe);
        AddX87<X87MoveIf<Not<ConditionP>>>(t, Mnemonic.Fcmovnu);
        AddX87<X87Free<No>>(t, Mnemonic.Ffree);
        AddX87<X87Free<Yes>>(t, Mnemonic.Ffreep);
        AddX87<X87MoveTop<No>>(t, Mnemonic.Fincstp);
        AddX87<X87MoveTop<Yes>>(t, Mnemonic.Fdecstp);
        AddX87<X87Nothing>(t, Mnemonic.Fnop);
    }

    private static void AddX87Arithmetic(Builder t)
    {
        AddX87Binary<X87Add>(t, Mnemonic.Fadd, Mnemonic.Faddp, Mnemonic.Fiadd);
        AddX87Binary<X87Subtract>(t, Mnemonic.Fsub, Mnemonic.Fsubp, Mnemonic.Fisub);
        AddX87Binary<X87SubtractReverse>(t, Mnemonic.Fsubr, Mnemonic.Fsubrp, Mnemonic.Fisubr);
        AddX87Binary<X87Multiply>(t, Mnemonic.Fmul, Mnemonic.Fmulp, Mnemonic.Fimul);
        AddX87Binary<X87Divide>(t, Mnemonic.Fdiv, Mnemonic.Fdivp, Mnemonic.Fidiv);
        AddX87Binary<X87DivideReverse>(t, Mnemonic.Fdivr, Mnemonic.Fdivrp, Mnemonic.Fidivr);
        AddX87Comparison<PopNone>(t, Mnemonic.Fcom, Mnemonic.Ficom);
        AddX87Comparison<PopOne>(t, Mnemonic.Fcomp, Mnemonic.Ficomp);
        AddX87<X87Compare<Yes, PopTwo>>(t, Mnemonic.Fcompp);
        AddX87<X87Compare<No, PopNone>>(t, Mnemonic.Fucom);
        AddX87<X87Compare<No, PopOne>>(t, Mnemonic.Fucomp);
        AddX87<X87Compare<No, PopTwo>>(t, Mnemonic.Fucompp);
        AddX87<X87CompareFlags<Yes, PopNone>>(t, Mnemonic.Fcomi);
        AddX87<X87CompareFlags<Yes, PopOne>>(t, Mnemonic.Fcomip);
        AddX87<X87CompareFlags<No, PopNone>>(t, Mnemonic.Fucomi);
        AddX87<X87CompareFlags<No, PopOne>>(t, Mnemonic.Fucomip);
        AddX87<X87Test>(t, Mnemonic.Ftst);
        AddX87<X87Examine>(t, Mnemonic.Fxam);
    }

    private static void AddX87Functions(Builder t)
    {
        AddX87<X87Unary<X87ChangeSign>>(t, Mnemonic.Fchs);
        AddX87<X87Unary<X87Absolute>>(t, Mnemonic.Fabs);
        AddX87<X87Unary<X87SquareRoot>>(t, Mnemonic.Fsqrt);
        AddX87<X87Unary<X87RoundToIntegral>>(t, Mnemonic.Frndint);
        AddX87<X87Unary<X87TwoToXMinus1>>(t, Mnemonic.F2xm1);
        AddX87<X87Pair<X87Scale, No>>(t, Mnemonic.Fscale);
        AddX87<X87Pair<X87ArcTangent, Yes>>(t, Mnemonic.Fpatan);
        AddX87<X87Pair<X87YLog2X, Yes>>(t, Mnemonic.Fyl2x);
        AddX87<X87Pair<X87YLog2XPlus1, Yes>>(t, Mnemonic.Fyl2xp1);
        AddX87<X87Extract>(t, Mnemonic.Fxtract);
        AddX87<X87Remainder<No>>(t, Mnemonic.Fprem);
        AddX87<X87Remainder<Yes>>(t, Mnemonic.Fprem1);
        AddX87<X87SineOrCosine<No>>(t, Mnemonic.Fsin);
        AddX87<X87SineOrCosine<Yes>>(t, Mnemonic.Fcos);
        AddX87<X87SineCosine>(t, Mnemonic.Fsincos);
        AddX87<X87Tangent>(t, Mnemonic.Fptan);
    }

    private static void AddX87Binary<TOperation>(Builder t, Mnemonic plain, Mnemonic popping, Mnemonic integer)
        where TOperation : IX87Binary
    {
        X87LoadRow<X87ArithmeticMemory<TOperation>> memory = new();
        X87RegisterRow<X87Arithmetic<TOperation, No>> registers = new();
        foreach (Code code in t.CodesOf(plain)) t.Add(code, code.ToOpCode().OpCount == 2 ? registers : memory);
        AddX87<X87Arithmetic<TOperation, Yes>>(t, popping);
        t.Add(integer, memory);
    }

    private static void AddX87Comparison<TPops>(Builder t, Mnemonic plain, Mnemonic integer)
        where TPops : IPopCount
    {
        X87LoadRow<X87CompareMemory<TPops>> memory = new();
        X87RegisterRow<X87Compare<Yes, TPops>> registers = new();
        foreach (Code code in t.CodesOf(plain)) t.Add(code, code.ToOpCode().OpCount == 2 ? registers : memory);
        t.Add(integer, memory);
    }

    private static void AddX87<TOperation>(Builder t, Mnemonic mnemonic)
        where TOperation : IX87Operation => t.Add(mnemonic, new X87RegisterRow<TOperation>());

    private static void AddX87<TOperation>(Builder t, params ReadOnlySpan<Code> codes)
        where TOperation : IX87Operation
    {
        X87RegisterRow<TOperation> row = new();
        foreach (Code code in codes) t.Add(code, row);
    }

    private static void AddExtendedState(Builder t)
    {
        AddX87Slow(t, Mnemonic.Fxsave, &SlowFxSave.Save);
        AddX87Slow(t, Mnemonic.Fxsave64, &SlowFxSave.Save64);
        AddX87Slow(t, Mnemonic.Fxrstor, &SlowFxSave.Restore);
        AddX87Slow(t, Mnemonic.Fxrstor64, &SlowFxSave.Restore64);
        t.Slow(Mnemonic.Xsave, &SlowXsave.Save);
        t.Slow(Mnemonic.Xsave64, &SlowXsave.Save64);
        t.Slow(Mnemonic.Xsaveopt, &SlowXsave.SaveOptimized);
        t.Slow(Mnemonic.Xsaveopt64, &SlowXsave.SaveOptimized64);
        t.Slow(Mnemonic.Xsavec, &SlowXsave.SaveCompacted);
        t.Slow(Mnemonic.Xsavec64, &SlowXsave.SaveCompacted64);
        t.Slow(Mnemonic.Xsaves, &SlowXsave.SaveSupervisor);
        t.Slow(Mnemonic.Xsaves64, &SlowXsave.SaveSupervisor64);
        t.Slow(Mnemonic.Xrstor, &SlowXrstor.Restore);
        t.Slow(Mnemonic.Xrstor64, &SlowXrstor.Restore64);
        t.Slow(Mnemonic.Xrstors, &SlowXrstor.RestoreSupervisor);
        t.Slow(Mnemonic.Xrstors64, &SlowXrstor.RestoreSupervisor64);
    }

    private static void AddX87Slow(Builder t, Mnemonic mnemonic, delegate*<Vcpu, Op*, void> function, ExecutionUnit unit = ExecutionUnit.X87) =>
        t.Add(mnemonic, new X87SlowRow(function, unit));
}
