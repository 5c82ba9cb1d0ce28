using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Iced.Intel;

namespace Emu.Jit.Emit;

// How blocks end: branches within the region, and the ways out.
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>Most addresses that the target of an indirect branch is compared with one after the other.</summary>
    private const int MaxComparisons = 3;

    private void EmitEnd()
    {
        if (block.End == BlockEnd.Interpreted)
        {
            il.Emit(OpCodes.Br, ExitHere());
            CountCalled();
            return;
        }

        if (block.End == BlockEnd.FallThrough)
        {
            // The pseudo-operation behind the last instruction takes over when the budget is used up.
            EmitBudget(block.LastOperation);
            EmitGoto(block.Next);
            return;
        }

        NativeInstructions++;
        EmitBudget((nint)current.Address);
        switch (block.End)
        {
            case BlockEnd.Conditional:
                EmitConditional();
                break;
            case BlockEnd.Jump:
                CheckLimit(block.Target);
                EmitGoto(block.Target);
                break;
            case BlockEnd.Call:
                CheckLimit(block.Target);
                EmitPush(ReturnAddress());
                EmitGoto(block.Target);
                break;
            case BlockEnd.IndirectJump:
                PushIndirectTarget();
                EmitGotoSeen(PopTemporary(), SeenBlocks());
                break;
            case BlockEnd.IndirectCall:
                EmitIndirectCall();
                break;
            case BlockEnd.Return:
                EmitReturn();
                break;
        }
    }

    /// <summary>
    /// Accounts for the block's instructions; when the budget is used up, the interpreter performs the end of the block and leaves for the
    /// dispatcher. Requests for attention wait until then: a budget is some microseconds, and what the region itself has done to call for
    /// attention was done by the interpreter, which looks.
    /// </summary>
    private void EmitBudget(nint end)
    {
        Label exit = ExitAt(end, addBack: true);
        il.Emit(OpCodes.Ldloc, remaining);
        Constant(block.Instructions.Count);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Stloc, remaining);
        il.Emit(OpCodes.Ldloc, remaining);
        Constant(0);
        il.Emit(OpCodes.Blt, exit);
    }

    private void EmitConditional()
    {
        // Whether it is taken or not; the interpreter looks.
        CheckLimit(block.Target);
        RegionBlock? taken = graph.At(block.Target);
        if (taken != null && !NeedsPreparation(taken))
        {
            EmitBranch(blockLabels[taken.Index]);
        }
        else
        {
            Label elsewhere = il.DefineLabel();
            EmitBranch(elsewhere);
            RegionBlock owner = block;
            FlagState state = flags;
            Later(() =>
            {
                block = owner;
                flags = state;
                il.MarkLabel(elsewhere);
                EmitGoto(owner.Target);
            });
        }

        FlagState after = flags;
        flagsAtEnd[block] = after;
        EmitGoto(block.Next);
        flagsAtEnd[block] = after;
    }

    /// <summary>The current Jcc, LOOP or JCXZ, to a label.</summary>
    private void EmitBranch(Label taken)
    {
        Register counter = current.Iced.Code switch
        {
            Code.Loop_rel8_16_CX or Code.Loop_rel8_32_CX or Code.Jcxz_rel8_16 or Code.Jcxz_rel8_32 => Register.CX,
            Code.Loop_rel8_16_ECX or Code.Loop_rel8_32_ECX or Code.Loop_rel8_64_ECX or Code.Jecxz_rel8_16 or Code.Jecxz_rel8_32 or Code.Jecxz_rel8_64 => Register.ECX,
            Code.Loop_rel8_16_RCX or Code.Loop_rel8_64_RCX or Code.Jrcxz_rel8_16 or Code.Jrcxz_rel8_64 => Register.RCX,
            _ => Register.None,
        };
        if (counter == Register.None)
        {
            BranchIf(current.Iced.ConditionCode, taken);
            return;
        }

        bool decrements = current.Iced.Mnemonic == Mnemonic.Loop;
        if (decrements)
        {
            PushRegister(counter);
            Constant(-1);
            il.Emit(OpCodes.Add);
            PopRegister(counter);
        }

        PushRegister(counter);
        il.Emit(decrements ? OpCodes.Brtrue : OpCodes.Brfalse, taken);
    }

    /// <summary>Goes on at a distance from the region's entry, inside or outside.</summary>
    private void EmitGoto(long target)
    {
        flagsAtEnd[block] = flags;
        if (graph.At(target) is { } next)
        {
            FlagState before = flags;
            PrepareFlagsFor(next);
            flagsAtEnd[block] = before;
            // The block emitted next needs no jump, which RyuJIT finds out by itself.
            il.Emit(OpCodes.Br, blockLabels[next.Index]);
            return;
        }

        PushTarget(target, target == block.Next ? graph.Plan.RipSize : block.Last.Op.Size);
        il.Emit(OpCodes.Stloc, exitRip);
        EmitStoreFlags();
        if (graph.Plan.IsLinkable(target))
        {
            Constant((nint)memory.MakeExit(Is64));
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Stloc, exitOp);
            il.Emit(OpCodes.Br, follow);
            follows = true;
        }
        else
        {
            il.Emit(OpCodes.Br, dispatch);
            dispatches = true;
        }
    }

    /// <summary>Goes on at the linear address in a local: in the region if it is one of the blocks expected, else wherever the jump cache says.</summary>
    private void EmitGotoSeen(LocalBuilder target, IReadOnlyList<RegionBlock> expected)
    {
        FlagState before = flags;
        Label other = il.DefineLabel();
        if (expected.Count > MaxComparisons && TargetHash.Find([.. expected.Select(b => b.Start)]) is { } hash)
        {
            Label[] table = [.. hash.Table.Select(i => i < 0 ? other : il.DefineLabel())];
            il.Emit(OpCodes.Ldloc, target);
            il.Emit(OpCodes.Ldloc, rip);
            il.Emit(OpCodes.Sub);
            il.Emit(OpCodes.Conv_U4);
            il.Emit(OpCodes.Ldc_I4, (int)hash.Multiplier);
            il.Emit(OpCodes.Mul);
            il.Emit(OpCodes.Ldc_I4, hash.Shift);
            il.Emit(OpCodes.Shr_Un);
            il.Emit(OpCodes.Switch, table);
            il.Emit(OpCodes.Br, other);
            for (int slot = 0; slot < table.Length; slot++)
            {
                if (hash.Table[slot] < 0) continue;
                il.MarkLabel(table[slot]);
                EmitGotoIf(target, expected[hash.Table[slot]], other);
                flags = before;
            }
        }
        else
        {
            foreach (RegionBlock block in expected.Take(MaxComparisons))
            {
                Label next = il.DefineLabel();
                EmitGotoIf(target, block, next);
                flags = before;
                il.MarkLabel(next);
            }
        }

        il.MarkLabel(other);
        il.Emit(OpCodes.Ldloc, target);
        il.Emit(OpCodes.Stloc, exitRip);
        EmitStoreFlags();
        il.Emit(OpCodes.Br, dispatch);
        dispatches = true;
        flags = before;
    }

    /// <summary>Goes on at a block if a target is where it begins; else to a label.</summary>
    private void EmitGotoIf(LocalBuilder target, RegionBlock to, Label other)
    {
        il.Emit(OpCodes.Ldloc, target);
        PushRip(to.Start);
        il.Emit(OpCodes.Bne_Un, other);
        EmitGoto(to.Start);
    }

    private List<RegionBlock> SeenBlocks()
    {
        List<RegionBlock> blocks = [];
        foreach (long start in block.SeenTargets)
        {
            if (graph.At(start) is { } known) blocks.Add(known);
        }

        return blocks;
    }

    private LocalBuilder ReturnAddress()
    {
        PushRip(block.Next);
        return PopTemporary();
    }

    /// <summary>Pushes a return address on the guest's stack.</summary>
    private void EmitPush(LocalBuilder value)
    {
        int size = current.Op.Size;
        LocalBuilder host = TranslateStack(-size, size, write: true, ExitAtEnd());
        StoreMemory(host, value, size);
        MoveStackPointer(-size);
    }

    private void MoveStackPointer(long distance)
    {
        il.Emit(OpCodes.Ldloc, gpr[Rsp]!);
        Constant(distance);
        il.Emit(OpCodes.Add);
        PopRegister(StackPointer);
    }

    private Register StackPointer => graph.StackSize switch { 2 => Register.SP, 4 => Register.ESP, _ => Register.RSP };

    /// <summary>Pushes the target of JMP or CALL r/m, which is valid.</summary>
    private void PushIndirectTarget()
    {
        int size = current.Op.Size;
        if (current.Iced.Op0Kind == OpKind.Register) PushRegister(current.Iced.Op0Register);
        else if (IsNativeAddress(current)) PushMemory(TranslateOperand(size, write: false, ExitAtEnd()), size);
        else throw new InvalidOperationException("The graph lets no such branch through.");
        LocalBuilder target = PopTemporary();
        CheckTarget(target);
        il.Emit(OpCodes.Ldloc, target);
    }

    /// <summary>Targets that need a closer look are the interpreter's.</summary>
    private void CheckTarget(LocalBuilder target)
    {
        if (IsSegmented)
        {
            il.Emit(OpCodes.Ldloc, target);
            il.Emit(OpCodes.Ldloc, codeLimit!);
            il.Emit(OpCodes.Bgt, ExitAtEnd());
            return;
        }

        if (!Is64) return;
        il.Emit(OpCodes.Ldloc, target);
        il.Emit(OpCodes.Ldc_I4, 16);
        il.Emit(OpCodes.Shl);
        il.Emit(OpCodes.Ldc_I4, 16);
        il.Emit(OpCodes.Shr);
        il.Emit(OpCodes.Ldloc, target);
        il.Emit(OpCodes.Bne_Un, ExitAtEnd());
    }

    private void EmitIndirectCall()
    {
        PushIndirectTarget();
        LocalBuilder target = PopTemporary();
        EmitPush(ReturnAddress());
        EmitGotoSeen(target, SeenBlocks());
    }

    private void EmitReturn()
    {
        int size = current.Op.Size;
        PushMemory(TranslateStack(0, size, write: false, ExitAtEnd()), size);
        LocalBuilder target = PopTemporary();
        CheckTarget(target);
        MoveStackPointer(size + (current.Iced.OpCount == 0 ? 0 : current.Iced.Immediate16));
        EmitGotoSeen(target, graph.ReturnSites);
    }
}
