using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Emu.Cpu;
using Emu.Jit.X87;

namespace Emu.Jit.Runtime;

/// <summary>
/// The host's x87 unit, which holds the guest's registers, control and status while translated code performs the guest's instructions on it
/// (<see cref="X87Assembler"/>). No exception is ever unmasked on the host.
/// </summary>
internal static unsafe class HostX87
{
    private const ushort AllMasked = 0x3F;
    private const int ControlOffset = 464, TagOffset = 4, RegisterOffset = 32, HeaderOffset = 512, RegisterSize = 16;
    private const int OsXsave = 1 << 27;
    private const uint CompareFlags = Eflags.Zf | Eflags.Pf | Eflags.Cf;

    private static readonly delegate* unmanaged[SuppressGCTransition]<byte*, void> Load, Save;

    static HostX87()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || (X86Base.CpuId(1, 0).Ecx & OsXsave) == 0) return;
        Load = (delegate* unmanaged[SuppressGCTransition]<byte*, void>)ExecutableMemory.Allocate(X87Assembler.AssembleLoad());
        Save = (delegate* unmanaged[SuppressGCTransition]<byte*, void>)ExecutableMemory.Allocate(X87Assembler.AssembleSave(HostControl, ControlOffset));
    }

    /// <summary>The host has such a unit and lets code for it be made; without, x87 is interpreted.</summary>
    public static bool IsSupported => Load != null && Save != null;

    /// <summary>The control word of host code: exceptions masked, round to nearest; 64 bits of precision, on Windows 53.</summary>
    private static ushort HostControl => (ushort)(OperatingSystem.IsWindows() ? 0x27F : 0x37F);

    /// <summary>Loads the unit with what is the guest's. False, with nothing done, when an exception is unmasked.</summary>
    public static bool TryEnter(CpuState* s)
    {
        if ((s->Fcw & AllMasked) != AllMasked) return false;
        byte* area = s->X87Area;
        ((ushort*)area)[0] = s->Fcw;
        ((ushort*)area)[1] = s->Fsw;
        area[TagOffset] = s->Ftw;
        for (int i = 0, physical = X87Unit.Top(s); i < 8; i++, physical = (physical + 1) & 7)
        {
            ulong* register = (ulong*)(area + RegisterOffset + (i * RegisterSize));
            register[0] = s->Fpr[physical * 2];
            register[1] = s->Fpr[(physical * 2) + 1];
        }

        *(ulong*)(area + HeaderOffset) = 1;
        *(ushort*)(area + ControlOffset) = HostControl;
        Load(area);
        return true;
    }

    /// <summary>Takes everything back into the guest's state, and gives the host its unit.</summary>
    public static void Leave(CpuState* s)
    {
        byte* area = s->X87Area;
        Save(area);
        s->Fcw = ((ushort*)area)[0];
        s->Fsw = ((ushort*)area)[1];
        s->Ftw = area[TagOffset];
        for (int i = 0, physical = X87Unit.Top(s); i < 8; i++, physical = (physical + 1) & 7)
        {
            ulong* register = (ulong*)(area + RegisterOffset + (i * RegisterSize));
            s->Fpr[physical * 2] = register[0];
            s->Fpr[(physical * 2) + 1] = (ushort)register[1];
        }
    }

    /// <summary>Performs a run, whose operands' host addresses are in <see cref="CpuState.Scratch"/>. Returns what is to become AX if it ends with FNSTSW AX.</summary>
    public static uint Run(CpuState* s, nint code) => ((delegate* unmanaged[SuppressGCTransition]<CpuState*, uint>)code)(s);

    /// <summary>As <see cref="Run"/>, for a run that ends with a comparison that sets the status flags.</summary>
    public static void RunWithFlags(CpuState* s, nint code) => s->SetArithmeticFlags(Run(s, code) & CompareFlags);
}
