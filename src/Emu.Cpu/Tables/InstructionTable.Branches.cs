using Emu.Cpu.Semantics;
using Iced.Intel;

namespace Emu.Cpu;

public sealed unsafe partial class InstructionTable
{
    private static void AddBranches(Builder t)
    {
        AddCondition<ConditionO>(t, Mnemonic.Jo, Mnemonic.Jno);
        AddCondition<ConditionB>(t, Mnemonic.Jb, Mnemonic.Jae);
        AddCondition<ConditionE>(t, Mnemonic.Je, Mnemonic.Jne);
        AddCondition<ConditionBe>(t, Mnemonic.Jbe, Mnemonic.Ja);
        AddCondition<ConditionS>(t, Mnemonic.Js, Mnemonic.Jns);
        AddCondition<ConditionP>(t, Mnemonic.Jp, Mnemonic.Jnp);
        AddCondition<ConditionL>(t, Mnemonic.Jl, Mnemonic.Jge);
        AddCondition<ConditionLe>(t, Mnemonic.Jle, Mnemonic.Jg);

        BranchRow jump = new(nameof(Handlers.Jump), BranchShape.Relative);
        BranchRow jumpIndirect = new(nameof(Handlers.JumpIndirect), BranchShape.Indirect);
        BranchRow call = new(nameof(Handlers.Call), BranchShape.RelativeCall);
        BranchRow callIndirect = new(nameof(Handlers.CallIndirect), BranchShape.IndirectCall);
        foreach (Code code in t.CodesOf(Mnemonic.Jmp))
        {
            if (code.IsJmpShortOrNear()) t.Add(code, jump);
            else if (code.IsJmpNearIndirect()) t.Add(code, jumpIndirect);
        }

        foreach (Code code in t.CodesOf(Mnemonic.Call))
        {
            if (code.IsCallNear()) t.Add(code, call);
            else if (code.IsCallNearIndirect()) t.Add(code, callIndirect);
        }

        t.Add(Mnemonic.Ret, new BranchRow(nameof(Handlers.Return), BranchShape.Return));
    }

    private static void AddCondition<TCondition>(Builder t, Mnemonic when, Mnemonic unless)
        where TCondition : ICondition
    {
        t.Add(when, new ConditionalBranchRow<TCondition>());
        t.Add(unless, new ConditionalBranchRow<Not<TCondition>>());
    }
}
