using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Jit.Emit;

/// <summary>Byte offsets that generated code uses.</summary>
internal static unsafe class StateLayout
{
    private static readonly CpuState* State = (CpuState*)0x10000;
    private static readonly TlbEntry* Entry = (TlbEntry*)0x10000;
    private static readonly Op* Operation = (Op*)0x10000;

    public static readonly int Rip = Distance(&State->Rip);
    public static readonly int FlagsResult = Distance(&State->FlagsResult);
    public static readonly int FlagsAux = Distance(&State->FlagsAux);
    public static readonly int Tlb = Distance(&State->Tlb);
    public static readonly int Remaining = Distance(&State->Remaining);
    public static readonly int ExitRequest = Distance(&State->ExitRequest);
    public static readonly int Completed = Distance(&State->Completed);
    public static readonly int Mxcsr = Distance(&State->SseEnvironment);
    public static readonly int Vector = Distance(State->Vector);
    public static readonly int ReadTag = (int)((byte*)&Entry->ReadTag - (byte*)Entry);
    public static readonly int WriteTag = (int)((byte*)&Entry->WriteTag - (byte*)Entry);
    public static readonly int ExecuteTag = (int)((byte*)&Entry->ExecuteTag - (byte*)Entry);
    public static readonly int Addend = (int)((byte*)&Entry->Addend - (byte*)Entry);
    public static readonly int Handler = (int)((byte*)&Operation->Handler - (byte*)Operation);

    /// <summary>Offset of a general register.</summary>
    public static int Gpr(int number) => number * 8;

    /// <summary>Offset of a segment's base.</summary>
    public static int SegmentBase(SegmentIndex segment)
    {
        CpuState state = default;
        return (int)((byte*)&((SegmentRegister*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref state.Segment(segment)))->Base - (byte*)&state);
    }

    private static int Distance(void* field) => (int)((byte*)field - (byte*)State);
}
