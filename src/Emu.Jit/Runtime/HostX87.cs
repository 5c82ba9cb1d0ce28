using System.Runtime.InteropServices;
using Emu.Cpu;
using Emu.Jit.X87;

namespace Emu.Jit.Runtime;

/// <summary>The host's x87 unit, which performs the guest's instructions in host code made for them (<see cref="X87Assembler"/>).</summary>
internal static unsafe class HostX87
{
    /// <summary>The host has such a unit and lets code for it be made; without, x87 is interpreted.</summary>
    public static bool IsSupported { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 && ExecutableMemory.IsSupported;

    /// <summary>
    /// Performs a run, whose operands' host addresses are in <see cref="CpuState.Scratch"/>. False, with nothing done, when it is not for the host: an empty
    /// register, an unmasked exception.
    /// </summary>
    public static bool TryRun(CpuState* s, nint code) => ((delegate* unmanaged[SuppressGCTransition]<CpuState*, int>)code)(s) >= 0;

    /// <summary>As <see cref="TryRun"/>, for a run that ends with a comparison that sets the status flags.</summary>
    public static bool TryRunWithFlags(CpuState* s, nint code)
    {
        int flags = ((delegate* unmanaged[SuppressGCTransition]<CpuState*, int>)code)(s);
        if (flags < 0) return false;
        s->SetArithmeticFlags((uint)flags);
        return true;
    }
}
