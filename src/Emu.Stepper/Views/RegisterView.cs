using Emu.Cpu;
using Emu.Debugging;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;

namespace Emu.Stepper.Views;

/// <summary>General registers in every width, flags by name, system registers.</summary>
public static unsafe class RegisterView
{
    private static readonly string[] Wide = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    private static readonly string[] Narrow = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];

    /// <summary>The order students know: A, B, C, D, then pointers.</summary>
    private static readonly int[] Order = [0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];

    private static readonly (string Name, uint Bit)[] FlagNames =
        [("CF", Eflags.Cf), ("PF", Eflags.Pf), ("AF", Eflags.Af), ("ZF", Eflags.Zf), ("SF", Eflags.Sf), ("TF", Eflags.Tf), ("IF", Eflags.If), ("DF", Eflags.Df), ("OF", Eflags.Of)];

    /// <summary>General registers and the instruction pointer, one a line, with the parts that have names and the decimal value.</summary>
    public static IReadOnlyList<StyledText> General(StepperSession session)
    {
        CpuState* s = session.Cpu.State;
        CpuState previous = session.Previous;
        bool marks = session.Last != null || session.HasMoved;
        int bits = GuestView.CodeBits(session.Cpu);
        List<StyledText> lines = [];
        int count = bits == 64 ? 16 : 8;
        for (int k = 0; k < count; k++)
        {
            int i = Order[k];
            ulong value = s->Gpr[i];
            bool changed = marks && previous.Gpr[i] != value;
            Tone tone = changed ? Tone.Changed : Tone.Normal;
            StyledText line = new StyledText().Add((bits == 64 ? Wide[i] : Narrow[i]).PadRight(4), Tone.Label);
            line.Add(bits == 64 ? $"{value >> 32:x8}" : "", changed && previous.Gpr[i] >> 32 != value >> 32 ? Tone.Changed : Tone.Dim).Add(bits == 64 ? "_" : "", Tone.Dim);
            line.Add($"{(uint)value >> 16:x4}", Part(changed, (uint)previous.Gpr[i] >> 16, (uint)value >> 16)).Add("_", Tone.Dim);
            line.Add($"{(byte)(value >> 8):x2}", Part(changed, (byte)(previous.Gpr[i] >> 8), (byte)(value >> 8))).Add("_", Tone.Dim).Add($"{(byte)value:x2}", Part(changed, (byte)previous.Gpr[i], (byte)value));
            line.Add("  ").Add(Meaning(session, value, bits / 8), tone);
            lines.Add(line);
        }

        lines.Add(new StyledText().Add((bits == 64 ? "rip" : bits == 32 ? "eip" : "ip").PadRight(4), Tone.Label).Add(Numbers.Full(s->Rip, bits / 8)).Add($"  {SystemChanges.ModeName(*s)}, CPL {s->Cpl}", Tone.Dim));
        return lines;
    }

    /// <summary>The same in few lines, for small screens: four registers a line.</summary>
    public static IReadOnlyList<StyledText> Compact(StepperSession session)
    {
        CpuState* s = session.Cpu.State;
        CpuState previous = session.Previous;
        int bits = GuestView.CodeBits(session.Cpu), count = bits == 64 ? 16 : 8, perLine = 4;
        List<StyledText> lines = [];
        for (int k = 0; k < count; k += perLine)
        {
            StyledText line = new();
            for (int i = k; i < k + perLine; i++)
            {
                int register = Order[i];
                ulong value = Numbers.Truncate(s->Gpr[register], bits == 64 ? 8 : 4);
                line.Add((bits == 64 ? Wide[register] : Narrow[register]).PadRight(3), Tone.Label).Add($"{value:x}".PadLeft(16), session.HasMoved && previous.Gpr[register] != s->Gpr[register] ? Tone.Changed : Tone.Normal).Add(" ");
            }

            lines.Add(line);
        }

        return lines;
    }

    /// <summary>The flags on one line.</summary>
    public static StyledText Flags(StepperSession session)
    {
        CpuState* s = session.Cpu.State;
        CpuState previous = session.Previous;
        bool marks = session.Last != null || session.HasMoved;
        StyledText line = new();
        uint flags = s->Eflags;
        foreach ((string name, uint bit) in FlagNames)
        {
            bool set = (flags & bit) != 0, changed = marks && ((flags ^ previous.Eflags) & bit) != 0;
            line.Add(name + "=").Add(set ? "1" : "0", changed ? Tone.Changed : set ? Tone.Good : Tone.Dim).Add(" ");
        }

        return line.Add($"IOPL={s->Iopl}", Tone.Dim);
    }

    /// <summary>Segments, control registers, descriptor tables.</summary>
    public static IReadOnlyList<StyledText> System(StepperSession session)
    {
        CpuState* s = session.Cpu.State;
        CpuState previous = session.Previous;
        bool marks = session.Last != null || session.HasMoved;
        List<StyledText> lines = [];
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            bool changed = marks && (previous.Segment(i).Selector != s->Segment(i).Selector || previous.Segment(i).Base != s->Segment(i).Base);
            lines.Add(new StyledText().Add($"{i.ToString().ToLowerInvariant(),-5}", Tone.Label).Add($"{s->Segment(i).Selector:x4}", changed ? Tone.Changed : Tone.Normal).Add("  " + SystemChanges.SegmentText(s, i), Tone.Dim));
        }

        Control("cr0", s->Cr0, previous.Cr0, SystemChanges.BitNames("CR0", s->Cr0));
        Control("cr2", s->Cr2, previous.Cr2, "");
        Control("cr3", s->Cr3, previous.Cr3, "");
        Control("cr4", s->Cr4, previous.Cr4, SystemChanges.BitNames("CR4", s->Cr4));
        Control("efer", s->Efer, previous.Efer, SystemChanges.BitNames("EFER", s->Efer));
        lines.Add(new StyledText().Add("gdtr ", Tone.Label).Add($"{Numbers.Hex(s->GdtBase)}, limit {Numbers.Hex(s->GdtLimit)}"));
        lines.Add(new StyledText().Add("idtr ", Tone.Label).Add($"{Numbers.Hex(s->IdtBase)}, limit {Numbers.Hex(s->IdtLimit)}"));
        return lines;

        void Control(string name, ulong value, ulong old, string bits) =>
            lines.Add(new StyledText().Add($"{name,-5}", Tone.Label).Add(Numbers.Hex(value), marks && value != old ? Tone.Changed : Tone.Normal).Add("  " + bits, Tone.Dim));
    }

    private static Tone Part(bool changed, uint old, uint now) => changed && old != now ? Tone.Changed : Tone.Normal;

    /// <summary>A value in decimal, as a label, or as a character.</summary>
    private static string Meaning(StepperSession session, ulong value, int size)
    {
        value = Numbers.Truncate(value, size);
        if (value > 0xFF && session.Program.Symbols.Describe(value) is { } symbol) return symbol;
        long signed = Numbers.Signed(value, size);
        if (size == 8 && (uint)value == value && (int)value < 0) return $"{value} (eax-size: {(int)value})".Replace("eax-size", "32 bits", StringComparison.Ordinal);
        return signed < 0 && signed > -1_000_000_000 ? $"{signed}" : value < 1_000_000_000_000 ? $"{value}" : "";
    }
}
