using Iced.Intel;

namespace Emu.Cpu;

public sealed unsafe partial class InstructionTable
{
    private static void AddSystem(Builder t)
    {
        AddSegments(t);
        AddFarTransfers(t);
        AddDescriptorTables(t);
        AddFlags(t);
        AddControl(t);
        AddPorts(t);
        AddIdentification(t);
    }

    private static void AddSegments(Builder t)
    {
        foreach (Code code in t.CodesOf(Mnemonic.Mov))
        {
            OpCodeInfo info = code.ToOpCode();
            if (info.OpCount != 2) continue;
            if (info.GetOpKind(1) == OpCodeOperandKind.seg_reg) t.Slow(code, &SlowSegments.Store);
            else if (info.GetOpKind(0) == OpCodeOperandKind.seg_reg) t.Slow(code, &SlowSegments.Load, endsBlock: true);
            else if (info.GetOpKind(1) == OpCodeOperandKind.cr_reg) t.Slow(code, &SlowSystem.ReadControl);
            else if (info.GetOpKind(0) == OpCodeOperandKind.cr_reg) t.Slow(code, &SlowSystem.WriteControl, endsBlock: true);
            else if (info.GetOpKind(1) == OpCodeOperandKind.dr_reg) t.Slow(code, &SlowSystem.ReadDebug, endsBlock: true);
            else if (info.GetOpKind(0) == OpCodeOperandKind.dr_reg) t.Slow(code, &SlowSystem.WriteDebug, endsBlock: true);
        }

        ReadOnlySpan<Code> push16 = [Code.Pushw_ES, Code.Pushw_CS, Code.Pushw_SS, Code.Pushw_DS, Code.Pushw_FS, Code.Pushw_GS];
        ReadOnlySpan<Code> push32 = [Code.Pushd_ES, Code.Pushd_CS, Code.Pushd_SS, Code.Pushd_DS, Code.Pushd_FS, Code.Pushd_GS];
        ReadOnlySpan<Code> pop16 = [Code.Popw_ES, Code.Popw_SS, Code.Popw_DS, Code.Popw_FS, Code.Popw_GS];
        ReadOnlySpan<Code> pop32 = [Code.Popd_ES, Code.Popd_SS, Code.Popd_DS, Code.Popd_FS, Code.Popd_GS];
        foreach (Code code in push16) t.Slow(code, &SlowSegments.Push16);
        foreach (Code code in push32) t.Slow(code, &SlowSegments.Push32);
        foreach (Code code in (ReadOnlySpan<Code>)[Code.Pushq_FS, Code.Pushq_GS]) t.Slow(code, &SlowSegments.Push64);
        foreach (Code code in pop16) t.Slow(code, &SlowSegments.Pop16, endsBlock: true);
        foreach (Code code in pop32) t.Slow(code, &SlowSegments.Pop32, endsBlock: true);
        foreach (Code code in (ReadOnlySpan<Code>)[Code.Popq_FS, Code.Popq_GS]) t.Slow(code, &SlowSegments.Pop64, endsBlock: true);
        t.Slow(Mnemonic.Les, &SlowSegments.LoadEs, endsBlock: true);
        t.Slow(Mnemonic.Lss, &SlowSegments.LoadSs, endsBlock: true);
        t.Slow(Mnemonic.Lds, &SlowSegments.LoadDs, endsBlock: true);
        t.Slow(Mnemonic.Lfs, &SlowSegments.LoadFs, endsBlock: true);
        t.Slow(Mnemonic.Lgs, &SlowSegments.LoadGs, endsBlock: true);
        t.Slow(Mnemonic.Swapgs, &SlowSegments.SwapGs);
        t.Slow(Mnemonic.Rdfsbase, &SlowSegments.ReadFsBase);
        t.Slow(Mnemonic.Rdgsbase, &SlowSegments.ReadGsBase);
        t.Slow(Mnemonic.Wrfsbase, &SlowSegments.WriteFsBase);
        t.Slow(Mnemonic.Wrgsbase, &SlowSegments.WriteGsBase);
    }

    private static void AddFarTransfers(Builder t)
    {
        foreach (Code code in t.CodesOf(Mnemonic.Jmp))
        {
            if (code.IsJmpFar()) t.Slow(code, &SlowSegments.Jump, endsBlock: true);
            else if (code.IsJmpFarIndirect()) t.Add(code, new FarPointerRow(&SlowSegments.JumpMemory));
        }

        foreach (Code code in t.CodesOf(Mnemonic.Call))
        {
            if (code.IsCallFar()) t.Slow(code, &SlowSegments.Call, endsBlock: true);
            else if (code.IsCallFarIndirect()) t.Add(code, new FarPointerRow(&SlowSegments.CallMemory));
        }

        foreach (Code code in (ReadOnlySpan<Code>)[Code.Retfw, Code.Retfw_imm16]) t.Slow(code, &SlowSegments.Return16, endsBlock: true);
        foreach (Code code in (ReadOnlySpan<Code>)[Code.Retfd, Code.Retfd_imm16]) t.Slow(code, &SlowSegments.Return32, endsBlock: true);
        foreach (Code code in (ReadOnlySpan<Code>)[Code.Retfq, Code.Retfq_imm16]) t.Slow(code, &SlowSegments.Return64, endsBlock: true);
        t.Slow(Code.Iretw, &SlowSegments.InterruptReturn16, endsBlock: true);
        t.Slow(Code.Iretd, &SlowSegments.InterruptReturn32, endsBlock: true);
        t.Slow(Code.Iretq, &SlowSegments.InterruptReturn64, endsBlock: true);
        t.Slow(Mnemonic.Syscall, &SlowSystem.SystemCall, endsBlock: true);
        t.Slow(Code.Sysretd, &SlowSystem.SystemReturn32, endsBlock: true);
        t.Slow(Code.Sysretq, &SlowSystem.SystemReturn64, endsBlock: true);
        t.Slow(Mnemonic.Sysenter, &SlowSystem.SystemEnter, endsBlock: true);
        t.Slow(Code.Sysexitd, &SlowSystem.SystemExit32, endsBlock: true);
        t.Slow(Code.Sysexitq, &SlowSystem.SystemExit64, endsBlock: true);
        t.Slow(Mnemonic.Rsm, &SlowSystem.ResumeFromManagement, endsBlock: true);
    }

    private static void AddDescriptorTables(Builder t)
    {
        t.Slow(Mnemonic.Lar, &SlowSegments.LoadAccessRights);
        t.Slow(Mnemonic.Lsl, &SlowSegments.LoadLimit);
        t.Slow(Mnemonic.Verr, &SlowSegments.VerifyRead);
        t.Slow(Mnemonic.Verw, &SlowSegments.VerifyWrite);
        t.Slow(Mnemonic.Arpl, &SlowSegments.AdjustRpl);
        t.Slow(Mnemonic.Sldt, &SlowSegments.StoreLdt);
        t.Slow(Mnemonic.Str, &SlowSegments.StoreTask);
        t.Slow(Mnemonic.Smsw, &SlowSegments.StoreMachineStatus);
        t.Slow(Mnemonic.Lmsw, &SlowSegments.LoadMachineStatus, endsBlock: true);
        t.Slow(Mnemonic.Lldt, &SlowSegments.LoadLdt);
        t.Slow(Mnemonic.Ltr, &SlowSegments.LoadTask);
        t.Slow(Mnemonic.Sgdt, &SlowSegments.StoreGdt);
        t.Slow(Mnemonic.Sidt, &SlowSegments.StoreIdt);
        t.Slow(Code.Lgdt_m1632_16, &SlowSegments.LoadGdt16);
        t.Slow(Code.Lgdt_m1632, &SlowSegments.LoadGdt);
        t.Slow(Code.Lgdt_m1664, &SlowSegments.LoadGdt);
        t.Slow(Code.Lidt_m1632_16, &SlowSegments.LoadIdt16);
        t.Slow(Code.Lidt_m1632, &SlowSegments.LoadIdt);
        t.Slow(Code.Lidt_m1664, &SlowSegments.LoadIdt);
    }

    private static void AddFlags(Builder t)
    {
        t.Slow(Mnemonic.Cli, &SlowFlags.ClearInterrupts);
        t.SlowMayLeave(Mnemonic.Sti, &SlowFlags.SetInterrupts);
        t.Slow(Code.Pushfw, &SlowFlags.Push16);
        t.Slow(Code.Pushfd, &SlowFlags.Push32);
        t.Slow(Code.Pushfq, &SlowFlags.Push64);
        t.SlowMayLeave(Code.Popfw, &SlowFlags.Pop16);
        t.SlowMayLeave(Code.Popfd, &SlowFlags.Pop32);
        t.SlowMayLeave(Code.Popfq, &SlowFlags.Pop64);
        t.Slow(Mnemonic.Int, &SlowFlags.Interrupt, endsBlock: true);
        t.Slow(Mnemonic.Int3, &SlowFlags.Breakpoint, endsBlock: true);
        t.Slow(Mnemonic.Int1, &SlowFlags.IceBreakpoint, endsBlock: true);
        t.Slow(Mnemonic.Into, &SlowFlags.Overflow, endsBlock: true);
        t.Slow(Mnemonic.Clac, &SlowFlags.ClearAccessCheck);
        t.Slow(Mnemonic.Stac, &SlowFlags.SetAccessCheck);
        t.Slow(Mnemonic.Ud0, &SlowSystem.Undefined, endsBlock: true);
        t.Slow(Mnemonic.Ud1, &SlowSystem.Undefined, endsBlock: true);
        t.Slow(Mnemonic.Ud2, &SlowSystem.Undefined, endsBlock: true);
    }

    private static void AddControl(Builder t)
    {
        t.Slow(Mnemonic.Clts, &SlowSystem.ClearTaskSwitched, endsBlock: true);
        t.Slow(Mnemonic.Hlt, &SlowSystem.Halt, endsBlock: true);
        t.Slow(Mnemonic.Invd, &SlowSystem.InvalidateCaches);
        t.Slow(Mnemonic.Wbinvd, &SlowSystem.InvalidateCaches);
        t.Slow(Mnemonic.Wbnoinvd, &SlowSystem.InvalidateCaches);
        t.Slow(Mnemonic.Invlpg, &SlowSystem.InvalidatePage, endsBlock: true);
        t.Slow(Mnemonic.Invpcid, &SlowSystem.InvalidatePcid, endsBlock: true);
        t.Slow(Code.Pause, &SlowSystem.Pause, endsBlock: true);
        t.Add(Mnemonic.Monitor, new ImplicitAddressRow(&SlowSystem.Monitor, repeatIsUndefined: false));
        t.Slow(Mnemonic.Mwait, &SlowSystem.Wait, endsBlock: true);
        t.Slow(Mnemonic.Xgetbv, &SlowSystem.GetExtendedControl);
        t.Slow(Mnemonic.Xsetbv, &SlowSystem.SetExtendedControl, endsBlock: true);
        t.Slow(Mnemonic.Clflush, &SlowSystem.FlushLine);
        t.Slow(Mnemonic.Clflushopt, &SlowSystem.FlushLine);
        t.Slow(Mnemonic.Clwb, &SlowSystem.FlushLine);
        t.Add(Mnemonic.Clzero, new ImplicitAddressRow(&SlowSystem.ZeroLine, repeatIsUndefined: true));
        t.Slow(Mnemonic.Rdpkru, &SlowSystem.ReadPkru);
        t.Slow(Mnemonic.Wrpkru, &SlowSystem.WritePkru);
        t.Slow(Mnemonic.Serialize, &SlowSystem.Nothing, endsBlock: true);
        // Instructions complete in order, and the host gives its own memory accesses the guest's ordering.
        SimpleRow fence = new(nameof(Handlers.Nop));
        t.Add(Mnemonic.Lfence, fence);
        t.Add(Mnemonic.Mfence, fence);
        t.Add(Mnemonic.Sfence, fence);
    }

    private static void AddPorts(Builder t)
    {
        t.Slow(Code.In_AL_imm8, &SlowSystem.InImmediate<byte>, endsBlock: true);
        t.Slow(Code.In_AX_imm8, &SlowSystem.InImmediate<ushort>, endsBlock: true);
        t.Slow(Code.In_EAX_imm8, &SlowSystem.InImmediate<uint>, endsBlock: true);
        t.Slow(Code.In_AL_DX, &SlowSystem.InDx<byte>, endsBlock: true);
        t.Slow(Code.In_AX_DX, &SlowSystem.InDx<ushort>, endsBlock: true);
        t.Slow(Code.In_EAX_DX, &SlowSystem.InDx<uint>, endsBlock: true);
        t.Slow(Code.Out_imm8_AL, &SlowSystem.OutImmediate<byte>, endsBlock: true);
        t.Slow(Code.Out_imm8_AX, &SlowSystem.OutImmediate<ushort>, endsBlock: true);
        t.Slow(Code.Out_imm8_EAX, &SlowSystem.OutImmediate<uint>, endsBlock: true);
        t.Slow(Code.Out_DX_AL, &SlowSystem.OutDx<byte>, endsBlock: true);
        t.Slow(Code.Out_DX_AX, &SlowSystem.OutDx<ushort>, endsBlock: true);
        t.Slow(Code.Out_DX_EAX, &SlowSystem.OutDx<uint>, endsBlock: true);
    }

    private static void AddIdentification(Builder t)
    {
        t.Slow(Mnemonic.Cpuid, &SlowSystem.Identify);
        t.Slow(Mnemonic.Rdmsr, &SlowSystem.ReadMsr, endsBlock: true);
        t.Slow(Mnemonic.Wrmsr, &SlowSystem.WriteMsr, endsBlock: true);
        t.Slow(Mnemonic.Rdtsc, &SlowSystem.ReadTimeStamp);
        t.Slow(Mnemonic.Rdtscp, &SlowSystem.ReadTimeStampAndProcessor);
        t.Slow(Mnemonic.Rdpid, &SlowSystem.ReadProcessor);
        t.Slow(Mnemonic.Rdpmc, &SlowSystem.ReadPerformanceCounter, endsBlock: true);
        t.Slow(Mnemonic.Rdrand, &SlowSystem.Random);
        t.Slow(Mnemonic.Rdseed, &SlowSystem.Random);
    }
}
