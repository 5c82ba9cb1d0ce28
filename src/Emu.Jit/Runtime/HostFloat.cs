using System.Runtime.InteropServices;
using Emu.Cpu;

namespace Emu.Jit.Runtime;

/// <summary>
/// The host's MXCSR, which holds the guest's while translated code with floating point runs: rounding, flush-to-zero and the sticky flags
/// are then the host's work. No exception is ever unmasked on the host.
/// </summary>
internal static unsafe class HostFloat
{
    private const uint AllMasked = 0x1F80;
    private const uint Sticky = 0x3F;

    private static readonly delegate* unmanaged[SuppressGCTransition]<uint, uint> Exchange = MakeExchange();

    /// <summary>The host lets its MXCSR be exchanged; without, floating point is interpreted.</summary>
    public static bool IsSupported => Exchange != null;

    /// <summary>Takes over the guest's MXCSR. False, with nothing done, when an exception is unmasked.</summary>
    public static bool TryEnter(CpuState* s)
    {
        uint guest = s->Mxcsr;
        if ((guest & AllMasked) != AllMasked) return false;
        Exchange(guest);
        return true;
    }

    /// <summary>Gives the host its own environment back; the sticky flags that were raised are the guest's.</summary>
    public static void Leave(CpuState* s) => s->Mxcsr |= Exchange(AllMasked) & Sticky;

    /// <summary>A function that loads MXCSR and returns what it held.</summary>
    private static delegate* unmanaged[SuppressGCTransition]<uint, uint> MakeExchange()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return null;
        byte[] code = OperatingSystem.IsWindows()
            // stmxcsr [rsp+8]; mov eax, [rsp+8]; mov [rsp+8], ecx; ldmxcsr [rsp+8]; ret
            ? [0x0F, 0xAE, 0x5C, 0x24, 0x08, 0x8B, 0x44, 0x24, 0x08, 0x89, 0x4C, 0x24, 0x08, 0x0F, 0xAE, 0x54, 0x24, 0x08, 0xC3]
            // stmxcsr [rsp-8]; mov eax, [rsp-8]; mov [rsp-8], edi; ldmxcsr [rsp-8]; ret
            : [0x0F, 0xAE, 0x5C, 0x24, 0xF8, 0x8B, 0x44, 0x24, 0xF8, 0x89, 0x7C, 0x24, 0xF8, 0x0F, 0xAE, 0x54, 0x24, 0xF8, 0xC3];
        return (delegate* unmanaged[SuppressGCTransition]<uint, uint>)ExecutableMemory.Allocate(code);
    }
}
