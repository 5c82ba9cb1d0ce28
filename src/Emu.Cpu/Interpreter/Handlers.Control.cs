using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// Pseudo-operations: no instructions of the guest.
internal static unsafe partial class Handlers
{
    /// <summary>Every operation of an overwritten block: leave, to decode the new bytes.</summary>
    public static void Stale(Vcpu cpu, CpuState* s, Op* op) => cpu.LeaveAt(op);

    /// <summary>
    /// First operation of a block whose instruction crosses pages: the second page must still be mapped to the memory it
    /// was decoded from (its host address is the immediate).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CheckSecondPage(Vcpu cpu, CpuState* s, Op* op)
    {
        if (!cpu.IsMappedTo(op)) return;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>In front of an instruction whose page offset is that of a debugger's breakpoint: leaves if the breakpoint is really here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CheckBreakpoint(Vcpu cpu, CpuState* s, Op* op)
    {
        if (cpu.StopsAtBreakpoint()) return;
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }
}
