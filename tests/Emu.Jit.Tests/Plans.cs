using Emu.Cpu;
using Emu.Cpu.Tests;
using Emu.Jit.Regions;
using Emu.Mmu;

namespace Emu.Jit.Tests;

/// <summary>Plans of regions for code that has run.</summary>
internal static unsafe class Plans
{
    /// <summary>Runs the guest's code, interpreted, and plans a region for where it begins.</summary>
    public static RegionPlan Make(LongMachine guest, TranslatorOptions options, Func<Block, int> copies)
    {
        Vcpu cpu = guest.Machine.Cpu;
        guest.Machine.Run(10_000);
        cpu.State->Rip = LongMachine.Code;
        return new RegionPlanner(cpu.Code, options, copies).Plan(cpu, BlockAt(guest, LongMachine.Code));
    }

    /// <summary>The interpreter's block at a linear address.</summary>
    public static Block BlockAt(LongMachine guest, ulong linear)
    {
        CpuState* s = guest.Machine.Cpu.State;
        TlbEntry* tlb = s->CodeEntry(linear);
        return guest.Machine.Cpu.Code.Find((nint)(linear + (ulong)tlb->Addend), s->Mode)!;
    }
}
