using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Iced.Intel;

namespace Emu.Jit.Emit;

// How blocks end: branches within the region, and the ways out.
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>Most return addresses a RET is compared with.</summary>
    private const int MaxReturnSites = 8;

    private void EmitEnd()
    {
        if (block.End == BlockEnd.Interpreted)
        {
            il.Emit(OpCodes.Br, ExitHere());
            CalledInstructions++;
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
                EmitGoto(block.Target);
                break;
            case BlockEnd.Call:
                EmitPush(ReturnAddress());
                EmitGoto(block.Target);
                break;
            case BlockEnd.IndirectJump:
                PushIndirectTarget();
                EmitDispatch();
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
    /// Accounts for the block's instructions; when the budget is used up or, in a loop, somebody wants attention, the interpreter performs the
    /// end of the block and leaves for the dispatcher.
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
        if (!block.MayLoop) return;
        LoadStateAddress(StateLayout.ExitRequest);
        il.Emit(OpCodes.Volatile);
        il.Emit(OpCodes.Ldind_I4);
        il.Emit(OpCodes.Brtrue, exit);
    }

    private void EmitConditional()
    {
        ConditionCode condition = current.Iced.ConditionCode;
        RegionBlock? taken = graph.At(block.Target);
        if (taken != null && !NeedsPreparation(taken))
        {
            BranchIf(condition, blockLabels[taken.Index]);
        }
        else
        {
            Label elsewhere = il.DefineLabel();
            BranchIf(condition, elsewhere);
            RegionBlock owner = block;
            FlagState state = flags;
            stubs.Enqueue(() =>
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

        PushLinear(target);
        il.Emit(OpCodes.Stloc, exitRip);
        LeaveWith(memory.MakeExit(Is64, graph.Plan.IsLinkable(target)));
    }

    /// <summary>Leaves for the address on the stack, found through the jump cache.</summary>
    private void EmitDispatch()
    {
        il.Emit(OpCodes.Stloc, exitRip);
        LeaveWith(memory.MakeExit(Is64, linkable: false));
    }

    private void LeaveWith(Op* op)
    {
        Constant((nint)op);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Stloc, exitOp);
        il.Emit(OpCodes.Br, leave);
    }

    private LocalBuilder ReturnAddress()
    {
        PushLinear(block.Next);
        return PopTemporary();
    }

    /// <summary>Pushes a return address on the guest's stack.</summary>
    private void EmitPush(LocalBuilder value)
    {
        int size = Is64 ? 8 : 4;
        LocalBuilder host = TranslateStack(-size, size, write: true, ExitAtEnd());
        StoreMemory(host, value, size);
        MoveStackPointer(-size);
    }

    private void MoveStackPointer(long distance)
    {
        il.Emit(OpCodes.Ldloc, gpr[Rsp]!);
        Constant(distance);
        il.Emit(OpCodes.Add);
        if (!Is64) Truncate(4);
        il.Emit(OpCodes.Stloc, gpr[Rsp]!);
    }

    /// <summary>Pushes the target of JMP or CALL r/m, which is canonical.</summary>
    private void PushIndirectTarget()
    {
        int size = Is64 ? 8 : 4;
        if (current.Iced.Op0Kind == OpKind.Register) PushRegister(current.Iced.Op0Register);
        else if (IsNativeAddress(current)) PushMemory(TranslateOperand(size, write: false, ExitAtEnd()), size);
        else throw new InvalidOperationException("The graph lets no such branch through.");
        LocalBuilder target = PopTemporary();
        CheckCanonical(target);
        il.Emit(OpCodes.Ldloc, target);
    }

    /// <summary>Targets that need a closer look are the interpreter's.</summary>
    private void CheckCanonical(LocalBuilder target)
    {
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
        il.Emit(OpCodes.Ldloc, target);
        EmitDispatch();
    }

    private void EmitReturn()
    {
        int size = Is64 ? 8 : 4;
        PushMemory(TranslateStack(0, size, write: false, ExitAtEnd()), size);
        LocalBuilder target = PopTemporary();
        CheckCanonical(target);
        MoveStackPointer(size + (current.Iced.OpCount == 0 ? 0 : current.Iced.Immediate16));
        foreach (RegionBlock site in graph.ReturnSites.Take(MaxReturnSites)) EmitReturnTo(site, target);
        il.Emit(OpCodes.Ldloc, target);
        EmitDispatch();
    }

    private void EmitReturnTo(RegionBlock site, LocalBuilder target)
    {
        il.Emit(OpCodes.Ldloc, target);
        PushLinear(site.Start);
        if (!NeedsPreparation(site))
        {
            il.Emit(OpCodes.Beq, blockLabels[site.Index]);
            return;
        }

        Label other = il.DefineLabel();
        il.Emit(OpCodes.Bne_Un, other);
        FlagState before = flags;
        EmitGoto(site.Start);
        flags = before;
        il.MarkLabel(other);
    }
}
