using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Flags;
using Iced.Intel;

namespace Emu.Jit.Emit;

// SETcc, CMOVcc, the stack, exchanges, and what has no operands.
internal sealed unsafe partial class RegionEmitter
{
    private static void AddConditionals(Dictionary<Mnemonic, Action<RegionEmitter>> table)
    {
        for (Mnemonic m = Mnemonic.INVALID; m <= Enum.GetValues<Mnemonic>().Max(); m++)
        {
            string name = m.ToString();
            if (name.StartsWith("Cmov", StringComparison.Ordinal)) table[m] = static e => e.EmitMoveIf();
        }

        ReadOnlySpan<Mnemonic> sets =
        [
            Mnemonic.Seto, Mnemonic.Setno, Mnemonic.Setb, Mnemonic.Setae, Mnemonic.Sete, Mnemonic.Setne, Mnemonic.Setbe, Mnemonic.Seta,
            Mnemonic.Sets, Mnemonic.Setns, Mnemonic.Setp, Mnemonic.Setnp, Mnemonic.Setl, Mnemonic.Setge, Mnemonic.Setle, Mnemonic.Setg,
        ];
        foreach (Mnemonic m in sets) table[m] = static e => e.EmitSetIf();
    }

    private static void AddStack(Dictionary<Mnemonic, Action<RegionEmitter>> table)
    {
        table[Mnemonic.Push] = static e => e.EmitPushOperand();
        table[Mnemonic.Pop] = static e => e.EmitPop();
        table[Mnemonic.Leave] = static e => e.EmitLeaveFrame();
    }

    private static void AddSimple(Dictionary<Mnemonic, Action<RegionEmitter>> table)
    {
        ReadOnlySpan<Mnemonic> nothing =
        [
            Mnemonic.Nop, Mnemonic.Endbr32, Mnemonic.Endbr64, Mnemonic.Lfence, Mnemonic.Sfence, Mnemonic.Mfence, Mnemonic.Prefetchw,
            Mnemonic.Prefetchnta, Mnemonic.Prefetcht0, Mnemonic.Prefetcht1, Mnemonic.Prefetcht2,
        ];
        foreach (Mnemonic m in nothing) table[m] = static e => { };
        table[Mnemonic.Cbw] = static e => e.EmitExtendAccumulator(Register.AL, Register.AX);
        table[Mnemonic.Cwde] = static e => e.EmitExtendAccumulator(Register.AX, Register.EAX);
        table[Mnemonic.Cdqe] = static e => e.EmitExtendAccumulator(Register.EAX, Register.RAX);
        table[Mnemonic.Cwd] = static e => e.EmitSpreadSign(Register.AX, Register.DX);
        table[Mnemonic.Cdq] = static e => e.EmitSpreadSign(Register.EAX, Register.EDX);
        table[Mnemonic.Cqo] = static e => e.EmitSpreadSign(Register.RAX, Register.RDX);
        table[Mnemonic.Xchg] = static e => e.EmitExchange();
        table[Mnemonic.Xadd] = static e => e.EmitExchangeAdd();
        table[Mnemonic.Cmpxchg] = static e => e.EmitCompareExchange();
        table[Mnemonic.Clc] = static e => e.EmitSetCarry(0);
        table[Mnemonic.Stc] = static e => e.EmitSetCarry(1);
    }

    private void EmitSetIf()
    {
        LocalBuilder? host = current.Iced.Op0Kind == OpKind.Memory ? TranslateOperand(1, write: true) : null;
        PushCondition(current.Iced.ConditionCode);
        il.Emit(OpCodes.Conv_U8);
        FinishDestination(PopTemporary(), host, 1, fits: true);
    }

    /// <summary>
    /// The source is read, and a 32-bit destination zero-extended, even when the condition is false. Without a branch, because programs use
    /// CMOV where a branch would be hard to predict.
    /// </summary>
    private void EmitMoveIf()
    {
        int size = OperandSize;
        LocalBuilder source = ReadOperand(1, size);
        LocalBuilder old = ReadOperand(0, size);
        il.Emit(OpCodes.Ldloc, old);
        il.Emit(OpCodes.Ldloc, source);
        il.Emit(OpCodes.Xor);
        PushConditionMask(current.Iced.ConditionCode);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Ldloc, old);
        il.Emit(OpCodes.Xor);
        FinishDestination(PopTemporary(), null, size, fits: true);
    }

    private int StackOperandSize => Math.Abs(current.Iced.StackPointerIncrement);

    private void EmitPushOperand()
    {
        int size = StackOperandSize;
        LocalBuilder value = ReadOperand(0, size);
        LocalBuilder host = TranslateStack(-size, size, write: true, ExitHere());
        StoreMemory(host, value, size);
        MoveStackPointer(-size);
    }

    /// <summary>POP RSP keeps what was popped.</summary>
    private void EmitPop()
    {
        int size = StackOperandSize;
        PushMemory(TranslateStack(0, size, write: false, ExitHere()), size);
        LocalBuilder value = PopTemporary();
        MoveStackPointer(size);
        FinishDestination(value, null, size, fits: true);
    }

    private void EmitLeaveFrame()
    {
        int size = StackOperandSizeOfLeave();
        LocalBuilder frame = gpr[5]!;
        void PushFrame()
        {
            il.Emit(OpCodes.Ldloc, frame);
            Truncate(graph.StackSize);
            if (IsSegmented) PushInSegment(SegmentIndex.Ss, size, write: false, ExitHere());
        }

        LocalBuilder host;
        if (current.Group is { } group)
        {
            host = TranslateInGroup(group, PushFrame, ExitHere(), AtFrame);
        }
        else
        {
            PushFrame();
            host = Translate(PopTemporary(), size, write: false, ExitHere(), AtFrame);
        }

        PushMemory(host, size);
        LocalBuilder value = PopTemporary();
        il.Emit(OpCodes.Ldloc, frame);
        Constant(size);
        il.Emit(OpCodes.Add);
        PopRegister(StackPointer);
        il.Emit(OpCodes.Ldloc, value);
        PopRegister(size switch { 2 => Register.BP, 4 => Register.EBP, _ => Register.RBP });
    }

    private int StackOperandSizeOfLeave() => current.Iced.Code switch { Code.Leavew => 2, Code.Leaved => 4, _ => 8 };

    private void EmitExtendAccumulator(Register from, Register to)
    {
        PushRegister(from);
        SignExtend(from.GetSize());
        PopRegister(to);
    }

    private void EmitSpreadSign(Register from, Register to)
    {
        PushRegister(from);
        SignExtend(from.GetSize());
        il.Emit(OpCodes.Ldc_I4, 63);
        il.Emit(OpCodes.Shr);
        PopRegister(to);
    }

    // LOCK needs nothing more: the processors of a machine take turns on one thread.
    private void EmitExchange()
    {
        int size = OperandSize;
        LocalBuilder old = BeginDestination(size, out LocalBuilder? host);
        LocalBuilder value = ReadOperand(1, size);
        FinishDestination(value, host, size);
        il.Emit(OpCodes.Ldloc, old);
        PopRegister(current.Iced.Op1Register);
    }

    /// <summary>With the same register twice the sum wins.</summary>
    private void EmitExchangeAdd()
    {
        int size = OperandSize;
        LocalBuilder old = BeginDestination(size, out LocalBuilder? host);
        LocalBuilder value = ReadOperand(1, size);
        il.Emit(OpCodes.Ldloc, old);
        PopRegister(current.Iced.Op1Register);
        il.Emit(OpCodes.Ldloc, old);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Add);
        FinishDestination(PopTemporary(), host, size);
        SetFlags(FlagKind.Add, size, old, value);
    }

    /// <summary>
    /// On a mismatch a 32-bit destination register keeps its upper half, on a match the accumulator does; as <see cref="Handlers.CompareExchange"/>.
    /// </summary>
    private void EmitCompareExchange()
    {
        int size = OperandSize;
        Register accumulator = size switch { 1 => Register.AL, 2 => Register.AX, 4 => Register.EAX, _ => Register.RAX };
        LocalBuilder old = BeginDestination(size, out LocalBuilder? host);
        LocalBuilder value = ReadOperand(1, size);
        PushRegister(accumulator);
        LocalBuilder expected = PopTemporary();
        Label differs = il.DefineLabel(), done = il.DefineLabel();
        il.Emit(OpCodes.Ldloc, expected);
        il.Emit(OpCodes.Ldloc, old);
        il.Emit(OpCodes.Bne_Un, differs);
        FinishDestination(value, host, size);
        il.Emit(OpCodes.Br, done);
        il.MarkLabel(differs);
        il.Emit(OpCodes.Ldloc, old);
        PopRegister(accumulator);
        il.MarkLabel(done);
        SetFlags(FlagKind.Sub, size, expected, old);
    }

    private void EmitSetCarry(long value)
    {
        if (current.FlagsDead) return;
        MakeCanonical();
        il.Emit(OpCodes.Ldloc, flagsY);
        Constant(~1L);
        il.Emit(OpCodes.And);
        Constant(value);
        il.Emit(OpCodes.Or);
        il.Emit(OpCodes.Stloc, flagsY);
        SetKind(FlagKind.Canonical, 8);
    }
}
