using System.Text;
using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Debugging.Monitor;

/// <summary><c>info registers</c> and the <c>cpu</c> log: the layout is QEMU's, which scripts read.</summary>
public static unsafe class RegisterReport
{
    private static readonly string[] Names = ["AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI"];
    private static readonly int[] Order = [0, 3, 1, 2, 6, 7, 5, 4];

    /// <summary>All registers of a processor.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="vectors">Also x87 and SSE.</param>
    public static string Describe(Vcpu cpu, bool vectors = true)
    {
        StringBuilder text = new();
        CpuState* s = cpu.State;
        bool wide = s->IsLongMode;
        AppendGeneral(text, cpu, wide);
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            string name = i == SegmentIndex.Ldtr ? "LDT" : i.ToString().ToUpperInvariant();
            text.AppendLine($"{name,-3}={segment.Selector:x4} {Hex(segment.Base, wide)} {segment.Limit:x8} {(uint)segment.Attributes << 8:x8} {DescribeSegment(segment, i, s)}".TrimEnd());
        }

        text.AppendLine($"GDT=     {Hex(s->GdtBase, wide)} {s->GdtLimit:x8}");
        text.AppendLine($"IDT=     {Hex(s->IdtBase, wide)} {s->IdtLimit:x8}");
        text.AppendLine($"CR0={s->Cr0:x8} CR2={Hex(s->Cr2, wide)} CR3={Hex(s->Cr3, wide)} CR4={s->Cr4:x8}");
        text.AppendLine($"DR0={Hex(s->Dr[0], wide)} DR1={Hex(s->Dr[1], wide)} DR2={Hex(s->Dr[2], wide)} DR3={Hex(s->Dr[3], wide)}");
        text.AppendLine($"DR6={Hex(s->Dr6, wide)} DR7={Hex(s->Dr7, wide)}");
        text.AppendLine($"EFER={s->Efer:x16}");
        if (vectors) AppendVectors(text, s, wide);
        return text.ToString();
    }

    private static string Hex(ulong value, bool wide) => wide ? value.ToString("x16") : ((uint)value).ToString("x8");

    private static void AppendGeneral(StringBuilder text, Vcpu cpu, bool wide)
    {
        CpuState* s = cpu.State;
        string prefix = wide ? "R" : "E";
        for (int i = 0; i < 8; i++)
        {
            text.Append($"{prefix}{Names[Order[i]]}={Hex(s->Gpr[Order[i]], wide)}{((i & 3) == 3 ? '\n' : ' ')}");
        }

        for (int i = 8; wide && i < 16; i++) text.Append($"{"R" + i,-3}={s->Gpr[i]:x16}{((i & 3) == 3 ? '\n' : ' ')}");
        uint flags = s->Eflags;
        string letters = string.Concat("DOSZAPC".Select((letter, i) => (flags & (uint)(i switch { 0 => 0x400, 1 => 0x800, 2 => 0x80, 3 => 0x40, 4 => 0x10, 5 => 4, _ => 1 })) != 0 ? letter : '-'));
        bool a20 = cpu.Mmu.Probe(1 << 20, AccessKind.Read, AccessClass.Supervisor, out Translation t) && (s->Cr0 & Cr0.Pg) == 0 ? t.Physical != 0 : true;
        text.AppendLine($"{prefix}IP={Hex(s->Rip, wide)} {(wide ? "RFL" : "EFL")}={flags:x8} [{letters}] CPL={s->Cpl} II={(s->Shadow != InterruptShadow.None ? 1 : 0)} " +
            $"A20={(a20 ? 1 : 0)} SMM={(s->Smm ? 1 : 0)} HLT={(s->Activity != ActivityState.Active ? 1 : 0)}{(s->Activity is not (ActivityState.Active or ActivityState.Halted) ? $" ({s->Activity})" : "")}");
    }

    private static string DescribeSegment(in SegmentRegister segment, SegmentIndex index, CpuState* s)
    {
        if ((s->Cr0 & Cr0.Pe) == 0 || !segment.Present) return "";
        string dpl = $"DPL={segment.Dpl} ";
        if (!segment.IsCodeOrData) return $"{dpl}{(index == SegmentIndex.Ldtr ? "LDT" : (segment.Type & 8) != 0 ? $"TSS{(s->IsLongMode ? 64 : 32)}-{((segment.Type & 2) != 0 ? "busy" : "avl")}" : "TSS16")}";
        string accessed = (segment.Attributes & SegmentAttributes.Accessed) != 0 ? "A" : "-";
        bool second = (segment.Attributes & 2) != 0, third = (segment.Attributes & 4) != 0;
        return segment.IsCode
            ? $"{dpl}{(segment.Long ? "CS64" : segment.DefaultBig ? "CS32" : "CS16")} [{(third ? "C" : "-")}{(second ? "R" : "-")}{accessed}]"
            : $"{dpl}{(segment.DefaultBig ? "DS  " : "DS16")} [{(third ? "E" : "-")}{(second ? "W" : "-")}{accessed}]";
    }

    private static void AppendVectors(StringBuilder text, CpuState* s, bool wide)
    {
        int top = (s->Fsw >> 11) & 7;
        text.AppendLine($"FCW={s->Fcw:x4} FSW={s->Fsw:x4} [ST={top}] FTW={s->Ftw:x2} MXCSR={s->Mxcsr:x8}");
        for (int i = 0; i < 8; i++) text.Append($"FPR{i}={s->Fpr[2 * i]:x16} {(ushort)s->Fpr[(2 * i) + 1]:x4}{((i & 1) == 1 ? '\n' : ' ')}");
        bool avx = (s->Xcr0 & Xcr0.Avx) != 0;
        for (int i = 0; i < (wide ? 16 : 8); i++)
        {
            ulong* lanes = (ulong*)(s->Vector + (64 * i));
            if (avx) text.AppendLine($"YMM{i:d2}={lanes[3]:x16} {lanes[2]:x16} {lanes[1]:x16} {lanes[0]:x16}");
            else text.Append($"XMM{i:d2}={lanes[1]:x16}{lanes[0]:x16}{((i & 1) == 1 ? '\n' : ' ')}");
        }
    }
}
