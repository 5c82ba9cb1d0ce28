using System.Runtime.CompilerServices;
using Emu.Mmu;

namespace Emu.Cpu;

// Where interpreted and translated code meet.
internal static unsafe partial class Handlers
{
    /// <summary>Pseudo-operation at the head of a block: counts executions (down, in <see cref="Op.Immediate"/>) until the translator is told.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Profile(Vcpu cpu, CpuState* s, Op* op)
    {
        if (--op->Immediate == 0)
        {
            ProfileHot(cpu, s, op);
            return;
        }

        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    /// <summary>Pseudo-operation at the head of a block that is neither counted nor translated.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Enter(Vcpu cpu, CpuState* s, Op* op)
    {
        Op* next = op + 1;
        next->Handler(cpu, s, next);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ProfileHot(Vcpu cpu, CpuState* s, Op* op)
    {
        cpu.ReportHot(op);
        // The translation may be here by now.
        if ((nint)op->Handler == (nint)(delegate*<Vcpu, CpuState*, Op*, void>)&Profile) op++;
        op->Handler(cpu, s, op);
    }

    /// <summary>
    /// Pseudo-operation behind a copy of a single one: tells translated code, which called that, that nothing was in the way. Returns
    /// to it, unless an event came up that is to be looked at when the block ends; then the interpreter performs the rest of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Completed(Vcpu cpu, CpuState* s, Op* op)
    {
        if (s->ExitRequest == 0)
        {
            s->Completed = 1;
            return;
        }

        Op* next = (Op*)op->Aux;
        next->Handler(cpu, s, next);
    }
}
