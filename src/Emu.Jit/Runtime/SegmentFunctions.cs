using Emu.Cpu;

namespace Emu.Jit.Runtime;

/// <summary>What translated code may access through a segment without asking the interpreter (SDM Vol. 3A 5.3).</summary>
internal static unsafe class SegmentFunctions
{
    /// <summary>Highest offset that may be read; -1 if none, or the segment does not begin at offset 0 (expand-down).</summary>
    public static long ReadLimit(CpuState* s, int segment)
    {
        ref SegmentRegister register = ref s->Segment((SegmentIndex)segment);
        return IsPermitted(s, register.Readable) && register.Low == 0 ? register.High : -1;
    }

    /// <summary>Highest offset that may be written, and read as well; -1 as <see cref="ReadLimit"/>.</summary>
    public static long WriteLimit(CpuState* s, int segment)
    {
        ref SegmentRegister register = ref s->Segment((SegmentIndex)segment);
        return IsPermitted(s, register.Writable) && register.Low == 0 ? register.High : -1;
    }

    /// <summary>In real-address and virtual-8086 mode only the limit counts (SDM Vol. 3A 20.1.2).</summary>
    private static bool IsPermitted(CpuState* s, bool permitted) => permitted || (s->Mode & CodeMode.RealOrVirtual) != 0;
}
