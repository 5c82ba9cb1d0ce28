using System.Reflection.Emit;
using Emu.Cpu;
using Emu.Jit.Analysis;
using Emu.Jit.Runtime;
using Iced.Intel;

namespace Emu.Jit.Emit;

// System instructions that are performed by a call without storing the registers.
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>Whether an instruction changes which TLB data accesses go by.</summary>
    internal static bool ChangesTlb(in Instruction instruction) => instruction.Mnemonic is Mnemonic.Clac or Mnemonic.Stac;

    private static bool IsSystem(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Cli or Mnemonic.Sti or Mnemonic.Clac or Mnemonic.Stac or Mnemonic.Swapgs or Mnemonic.Pushfq;

    /// <summary>The shadow of an STI that ends its block reaches into the next.</summary>
    private static bool ReachesIntoNextBlock(RegionInstruction instruction) =>
        instruction.Iced.Mnemonic == Mnemonic.Sti && (instruction.Op.Flags & OpFlags.Last) != 0;

    private static void AddSystem(Dictionary<Mnemonic, Action<RegionEmitter>> table)
    {
        table[Mnemonic.Cli] = static e => e.EmitSystem(nameof(SystemFunctions.TryClearInterrupts));
        table[Mnemonic.Sti] = static e => e.EmitSystem(nameof(SystemFunctions.TrySetInterrupts));
        table[Mnemonic.Clac] = static e => e.EmitSystem(nameof(SystemFunctions.TryClearAccessCheck));
        table[Mnemonic.Stac] = static e => e.EmitSystem(nameof(SystemFunctions.TrySetAccessCheck));
        table[Mnemonic.Swapgs] = static e => e.EmitSystem(nameof(SystemFunctions.TrySwapGs));
        table[Mnemonic.Pushfq] = static e => e.EmitPushFlags();
    }

    private void EmitSystem(string function)
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        Call(typeof(SystemFunctions), function);
        il.Emit(OpCodes.Brfalse, ExitHere());
        if (!ChangesTlb(current.Iced)) return;
        ForgetPages();
        LoadTlb();
    }

    private void EmitPushFlags()
    {
        const int Size = 8;
        LocalBuilder host = TranslateStack(-Size, Size, write: true, ExitHere());
        EmitStoreFlags();
        il.Emit(OpCodes.Ldarg_1);
        Call(typeof(SystemFunctions), nameof(SystemFunctions.FlagsImage));
        StoreMemory(host, PopTemporary(), Size);
        MoveStackPointer(-Size);
    }
}
