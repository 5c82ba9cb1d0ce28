using Iced.Intel;

namespace Emu.Cpu;

// x87, and the instructions that save and restore extended state.
public sealed unsafe partial class InstructionTable
{
    private static void AddX87(Builder t)
    {
        AddX87Control(t);
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
        // PKRU may change what the TLB holds.
        t.Slow(Mnemonic.Xrstor, &SlowXrstor.Restore, endsBlock: true);
        t.Slow(Mnemonic.Xrstor64, &SlowXrstor.Restore64, endsBlock: true);
        t.Slow(Mnemonic.Xrstors, &SlowXrstor.RestoreSupervisor, endsBlock: true);
        t.Slow(Mnemonic.Xrstors64, &SlowXrstor.RestoreSupervisor64, endsBlock: true);
    }

    private static void AddX87Slow(Builder t, Mnemonic mnemonic, delegate*<Vcpu, Op*, void> function, ExecutionUnit unit = ExecutionUnit.X87) =>
        t.Add(mnemonic, new X87SlowRow(function, unit));
}
