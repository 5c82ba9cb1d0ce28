using Emu.Cpu;

namespace Emu.Machine;

/// <summary>Names the parts of a processor's state in which two processors differ.</summary>
internal static unsafe class ProcessorComparison
{
    private static readonly string[] GeneralNames =
        ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];

    /// <summary>The state as <see cref="Vcpu.SaveState"/> writes it.</summary>
    public static byte[] Image(Vcpu cpu)
    {
        using MemoryStream stream = new();
        using (BinaryWriter writer = new(stream, System.Text.Encoding.UTF8, leaveOpen: true)) cpu.SaveState(writer);
        return stream.ToArray();
    }

    /// <summary>All registers by name, values in hexadecimal.</summary>
    public static List<(string Name, string Value)> Registers(Vcpu cpu)
    {
        CpuState* s = cpu.State;
        List<(string, string)> list = [];
        for (int i = 0; i < 16; i++) list.Add((GeneralNames[i], $"{s->Gpr[i]:x16}"));
        list.Add(("RIP", $"{s->Rip:x16}"));
        list.Add(("RFLAGS", $"{s->Eflags:x8}"));
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            list.Add(($"{i}".ToUpperInvariant(), $"{segment.Selector:x4} base {segment.Base:x} limit {segment.Limit:x} rights {segment.Attributes:x4}"));
        }

        foreach ((string name, ulong value) in ((string, ulong)[])[("CR0", s->Cr0), ("CR2", s->Cr2), ("CR3", s->Cr3), ("CR4", s->Cr4), ("EFER", s->Efer), ("DR6", s->Dr6), ("DR7", s->Dr7)])
        {
            list.Add((name, $"{value:x}"));
        }

        list.Add(("CPL", $"{s->Cpl}"));
        list.Add(("activity", $"{s->Activity}"));
        list.Add(("MXCSR", $"{s->Mxcsr:x4}"));
        list.Add(("FCW", $"{s->Fcw:x4}"));
        list.Add(("FSW", $"{s->Fsw:x4}"));
        list.Add(("FTW", $"{s->Ftw:x2}"));
        for (int i = 0; i < 8; i++) list.Add(($"FPR{i}", $"{s->Fpr[(i * 2) + 1]:x4}_{s->Fpr[i * 2]:x16}"));
        for (int i = 0; i < 16; i++)
        {
            ulong* vector = (ulong*)(s->Vector + (i * 64));
            list.Add(($"YMM{i}", $"{vector[3]:x16}_{vector[2]:x16}_{vector[1]:x16}_{vector[0]:x16}"));
        }

        return list;
    }

    /// <summary>The registers that differ, each with both values; one entry without values if the difference has no name here.</summary>
    public static List<(string Name, string Left, string Right)> Differences(Vcpu left, Vcpu right)
    {
        List<(string, string, string)> list = [];
        foreach (((string name, string value), (_, string other)) in Registers(left).Zip(Registers(right)))
        {
            if (value != other) list.Add((name, value, other));
        }

        if (list.Count == 0 && !Image(left).AsSpan().SequenceEqual(Image(right))) list.Add(("other registers", "", ""));
        return list;
    }
}
