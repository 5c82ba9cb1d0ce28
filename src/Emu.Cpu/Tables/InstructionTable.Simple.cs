using Emu.Cpu.Semantics;
using Iced.Intel;

namespace Emu.Cpu;

public sealed unsafe partial class InstructionTable
{
    private static void AddStack(Builder t)
    {
        StackRow push = new(push: true);
        StackRow pop = new(push: false);
        foreach (Code code in t.CodesOf(Mnemonic.Push))
        {
            if (!UsesSegmentRegister(code)) t.Add(code, push);
        }

        foreach (Code code in t.CodesOf(Mnemonic.Pop))
        {
            if (!UsesSegmentRegister(code)) t.Add(code, pop);
        }

        t.Slow(Code.Pushaw, &SlowInteger.PushAll<ushort>);
        t.Slow(Code.Pushad, &SlowInteger.PushAll<uint>);
        t.Slow(Code.Popaw, &SlowInteger.PopAll<ushort>);
        t.Slow(Code.Popad, &SlowInteger.PopAll<uint>);
        t.Slow(Code.Enterw_imm16_imm8, &SlowInteger.Enter<ushort>);
        t.Slow(Code.Enterd_imm16_imm8, &SlowInteger.Enter<uint>);
        t.Slow(Code.Enterq_imm16_imm8, &SlowInteger.Enter<ulong>);
        t.Add(Mnemonic.Leave, new LeaveRow());
        t.Slow(Mnemonic.Bound, &SlowInteger.Bound);
        t.Slow(Mnemonic.Xlatb, &SlowInteger.Xlat);
    }

    private static bool UsesSegmentRegister(Code code) =>
        code.ToOpCode().Op0Kind is OpCodeOperandKind.es or OpCodeOperandKind.cs or OpCodeOperandKind.ss or OpCodeOperandKind.ds
            or OpCodeOperandKind.fs or OpCodeOperandKind.gs;

    private static void AddSimple(Builder t)
    {
        SimpleRow nop = new(nameof(Handlers.Nop));
        // RDSSP and ENDBR are NOPs without control-flow enforcement, the others are hints.
        ReadOnlySpan<Mnemonic> hints =
        [
            Mnemonic.Nop, Mnemonic.Lfence, Mnemonic.Mfence, Mnemonic.Sfence, Mnemonic.Reservednop, Mnemonic.Pause, Mnemonic.Endbr32, Mnemonic.Endbr64, Mnemonic.Rdsspd, Mnemonic.Rdsspq,
            Mnemonic.Prefetch, Mnemonic.Prefetchw, Mnemonic.Prefetchwt1, Mnemonic.Prefetchnta, Mnemonic.Prefetcht0, Mnemonic.Prefetcht1,
            Mnemonic.Prefetcht2, Mnemonic.Prefetchit0, Mnemonic.Prefetchit1, Mnemonic.Cldemote,
        ];
        foreach (Mnemonic mnemonic in hints) t.Add(mnemonic, nop);
        t.Add(Mnemonic.Cbw, new SimpleRow(nameof(Handlers.ExtendAccumulator), typeof(ushort), typeof(byte)));
        t.Add(Mnemonic.Cwde, new SimpleRow(nameof(Handlers.ExtendAccumulator), typeof(uint), typeof(ushort)));
        t.Add(Mnemonic.Cdqe, new SimpleRow(nameof(Handlers.ExtendAccumulator), typeof(ulong), typeof(uint)));
        t.Add(Mnemonic.Cwd, new SimpleRow(nameof(Handlers.SpreadSign), typeof(ushort)));
        t.Add(Mnemonic.Cdq, new SimpleRow(nameof(Handlers.SpreadSign), typeof(uint)));
        t.Add(Mnemonic.Cqo, new SimpleRow(nameof(Handlers.SpreadSign), typeof(ulong)));
        t.Add(Mnemonic.Clc, new SimpleRow(nameof(Handlers.SetCarry), typeof(No)));
        t.Add(Mnemonic.Stc, new SimpleRow(nameof(Handlers.SetCarry), typeof(Yes)));
        t.Add(Mnemonic.Cmc, new SimpleRow(nameof(Handlers.ComplementCarry)));
        t.Add(Mnemonic.Cld, new SimpleRow(nameof(Handlers.SetDirection), typeof(No)));
        t.Add(Mnemonic.Std, new SimpleRow(nameof(Handlers.SetDirection), typeof(Yes)));
        t.Add(Mnemonic.Lahf, new SimpleRow(nameof(Handlers.LoadFlags)));
        t.Add(Mnemonic.Sahf, new SimpleRow(nameof(Handlers.StoreFlags)));
        t.Add(Mnemonic.Salc, new SimpleRow(nameof(Handlers.SetAccumulatorOnCarry)));
        t.Add(Mnemonic.Loop, new LoopRow<LoopAlways>());
        t.Add(Mnemonic.Loope, new LoopRow<LoopWhileEqual>());
        t.Add(Mnemonic.Loopne, new LoopRow<LoopWhileNotEqual>());
        t.Add(Mnemonic.Jcxz, new LoopRow<JumpIfCounterZero>());
        t.Add(Mnemonic.Jecxz, new LoopRow<JumpIfCounterZero>());
        t.Add(Mnemonic.Jrcxz, new LoopRow<JumpIfCounterZero>());
        AddConditionals<ConditionO>(t, Mnemonic.Seto, Mnemonic.Setno, Mnemonic.Cmovo, Mnemonic.Cmovno);
        AddConditionals<ConditionB>(t, Mnemonic.Setb, Mnemonic.Setae, Mnemonic.Cmovb, Mnemonic.Cmovae);
        AddConditionals<ConditionE>(t, Mnemonic.Sete, Mnemonic.Setne, Mnemonic.Cmove, Mnemonic.Cmovne);
        AddConditionals<ConditionBe>(t, Mnemonic.Setbe, Mnemonic.Seta, Mnemonic.Cmovbe, Mnemonic.Cmova);
        AddConditionals<ConditionS>(t, Mnemonic.Sets, Mnemonic.Setns, Mnemonic.Cmovs, Mnemonic.Cmovns);
        AddConditionals<ConditionP>(t, Mnemonic.Setp, Mnemonic.Setnp, Mnemonic.Cmovp, Mnemonic.Cmovnp);
        AddConditionals<ConditionL>(t, Mnemonic.Setl, Mnemonic.Setge, Mnemonic.Cmovl, Mnemonic.Cmovge);
        AddConditionals<ConditionLe>(t, Mnemonic.Setle, Mnemonic.Setg, Mnemonic.Cmovle, Mnemonic.Cmovg);
    }

    private static void AddConditionals<TCondition>(Builder t, Mnemonic set, Mnemonic setNot, Mnemonic move, Mnemonic moveNot)
        where TCondition : ICondition
    {
        t.Add(set, SetRow<TCondition>());
        t.Add(setNot, SetRow<Not<TCondition>>());
        t.Add(move, MoveIfRow<TCondition>());
        t.Add(moveNot, MoveIfRow<Not<TCondition>>());
    }

    private static OperandRow SetRow<TCondition>()
        where TCondition : ICondition =>
        new(nameof(Handlers.SetIf), static key => [typeof(TCondition), TwoOperands.Destination(key)], single: true);

    private static OperandRow MoveIfRow<TCondition>()
        where TCondition : ICondition =>
        new(nameof(Handlers.MoveIf), static key => [typeof(TCondition), TwoOperands.Size(key), TwoOperands.Source(key)]);
}

/// <summary>IMUL with an immediate: the r/m operand is the first factor.</summary>
internal sealed unsafe class ImulImmediateRow : InstructionRow
{
    private readonly HandlerSet handlers = new(typeof(Handlers), nameof(Handlers.MultiplyLow));

    public override void Bind(ref Binder binder)
    {
        int key = TwoOperands.Bind(ref binder);
        binder.Op->Immediate = binder.ImmediateOf(2);
        binder.CannotLeave = TwoOperands.RegistersOnly(key);
        binder.SetHandler(handlers.Get(key, key, static key => [TwoOperands.Size(key), TwoOperands.Source(key), typeof(ImmediateOperand)]));
    }
}
