using Emu.Cpu;

namespace Emu.Machine.Loaders;

/// <summary>Register states in which boot protocols hand over.</summary>
public static unsafe class BootState
{
    /// <summary>
    /// 32-bit protected mode, paging off, flat segments: CS <paramref name="code"/>, the others <paramref name="data"/>;
    /// interrupts off.
    /// </summary>
    public static void EnterFlat32(Vcpu cpu, uint entry, ushort code = 0x10, ushort data = 0x18)
    {
        CpuState* s = cpu.State;
        s->Cr0 = (s->Cr0 & ~Cr0.Pg) | Cr0.Pe | Cr0.Et;
        s->Cr4 = 0;
        s->Efer = 0;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            segment = new SegmentRegister
            {
                Selector = i == SegmentIndex.Cs ? code : data,
                Limit = uint.MaxValue,
                Attributes = (ushort)((i == SegmentIndex.Cs ? 0x9B : 0x93) | SegmentAttributes.Db | SegmentAttributes.G),
            };
            segment.UpdateDerived();
        }

        s->Cpl = 0;
        s->Eflags = Eflags.Reserved1;
        s->Rip = entry;
        cpu.UpdatePaging();
        cpu.UpdateMode();
    }

    /// <summary>Real mode at <paramref name="segment"/>:<paramref name="offset"/>, all data segments alike.</summary>
    public static void EnterReal(Vcpu cpu, ushort segment, ushort offset, ushort data, ushort stack)
    {
        CpuState* s = cpu.State;
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Gs; i++)
        {
            ushort selector = i == SegmentIndex.Cs ? segment : data;
            ref SegmentRegister register = ref s->Segment(i);
            register = new SegmentRegister { Selector = selector, Base = (uint)selector << 4, Limit = 0xFFFF, Attributes = (ushort)(i == SegmentIndex.Cs ? 0x9B : 0x93) };
            register.UpdateDerived();
        }

        s->Gpr[4] = stack;
        s->Eflags = Eflags.Reserved1;
        s->Rip = offset;
        cpu.UpdateMode();
    }
}
