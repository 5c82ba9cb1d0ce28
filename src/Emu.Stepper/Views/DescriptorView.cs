using Emu.Cpu;
using Emu.Debugging;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;

namespace Emu.Stepper.Views;

/// <summary>Descriptor tables entry by entry (SDM Vol. 3A 3.4.5, 5.8, 6.11).</summary>
public static unsafe class DescriptorView
{
    private const int MostEntries = 512;
    private static readonly string[] SystemTypes = ["reserved", "16-bit TSS (available)", "LDT", "16-bit TSS (busy)", "16-bit call gate", "task gate", "16-bit interrupt gate", "16-bit trap gate", "reserved", "TSS (available)", "reserved", "TSS (busy)", "call gate", "reserved", "interrupt gate", "trap gate"];

    /// <summary>The global descriptor table.</summary>
    public static IReadOnlyList<StyledText> Gdt(StepperSession session)
    {
        CpuState* s = session.Cpu.State;
        List<StyledText> lines = [new StyledText($"GDT at {Numbers.Hex(s->GdtBase)}, limit {Numbers.Hex(s->GdtLimit)}", Tone.Heading)];
        byte[] bytes = new byte[8];
        int count = Math.Min(MostEntries, (s->GdtLimit + 1) / 8);
        for (int i = 0; i < count; i++)
        {
            if (GuestView.ReadLinear(session.Cpu, s->GdtBase + (ulong)(8 * i), bytes) < 8) break;
            ulong raw = Numbers.FromBytes(bytes);
            if (raw == 0 && i > 0) continue;
            string users = string.Join(" ", Enumerable.Range(0, 8).Select(k => (SegmentIndex)k).Where(k => i > 0 && s->Segment(k).Selector >> 3 == i && (s->Segment(k).Selector & 4) == 0));
            bool wide = s->IsLongMode && (raw >> 44 & 1) == 0 && raw != 0;
            ulong upper = 0;
            if (wide && GuestView.ReadLinear(session.Cpu, s->GdtBase + (ulong)(8 * (i + 1)), bytes) == 8) upper = Numbers.FromBytes(bytes);
            lines.Add(new StyledText().Add($"{8 * i:x4} ", Tone.Label).Add($"{raw:x16} ", Tone.Dim).Add(raw == 0 ? "null" : Segment(raw, upper)).Add(users.Length > 0 ? "  <- " + users.ToLowerInvariant() : "", Tone.Current));
            if (wide) i++;
        }

        return lines;
    }

    /// <summary>The interrupt table: gates, or the real-mode vectors.</summary>
    public static IReadOnlyList<StyledText> Idt(StepperSession session)
    {
        CpuState* s = session.Cpu.State;
        bool real = (s->Cr0 & Cr0.Pe) == 0;
        int size = real ? 4 : s->IsLongMode ? 16 : 8;
        List<StyledText> lines = [new StyledText($"{(real ? "interrupt vector table" : "IDT")} at {Numbers.Hex(s->IdtBase)}, limit {Numbers.Hex(s->IdtLimit)}", Tone.Heading)];
        byte[] bytes = new byte[size];
        int count = Math.Min(256, (s->IdtLimit + 1) / size);
        for (int i = 0; i < count; i++)
        {
            if (GuestView.ReadLinear(session.Cpu, s->IdtBase + (ulong)(size * i), bytes) < size) break;
            if (bytes.AsSpan().IndexOfAnyExcept((byte)0) < 0) continue;
            string name = i < 32 && ExceptionAccount.Name((byte)i) is var known && known != "interrupt" ? known.Split(',')[0] : "";
            lines.Add(new StyledText().Add($"{i:x2} ", Tone.Label).Add($"{name,-4} ").Add(real ? $"{Numbers.FromBytes(bytes.AsSpan(2)):x4}:{Numbers.FromBytes(bytes.AsSpan(0, 2)):x4}" : Gate(session, bytes)));
        }

        if (lines.Count == 1) lines.Add(new StyledText("no entries", Tone.Dim));
        return lines;
    }

    /// <summary>The task state segment.</summary>
    public static IReadOnlyList<StyledText> Tss(StepperSession session)
    {
        CpuState* s = session.Cpu.State;
        ref SegmentRegister tr = ref s->Segment(SegmentIndex.Tr);
        if ((tr.Selector & ~3) == 0) return [new StyledText("no task state segment is loaded (TR is null)", Tone.Dim)];
        List<StyledText> lines = [new StyledText($"TSS, selector 0x{tr.Selector:x4}, at {Numbers.Hex(tr.Base)}, limit {Numbers.Hex(tr.Limit)}", Tone.Heading)];
        bool wide = s->IsLongMode;
        byte[] word = new byte[wide ? 8 : 4];
        ReadOnlySpan<(string Name, uint Offset)> fields = wide
            ? [("RSP0", 4), ("RSP1", 12), ("RSP2", 20), ("IST1", 36), ("IST2", 44), ("IST3", 52), ("IST4", 60), ("IST5", 68), ("IST6", 76), ("IST7", 84)]
            : [("link", 0), ("ESP0", 4), ("SS0", 8), ("ESP1", 12), ("SS1", 16), ("ESP2", 20), ("SS2", 24), ("CR3", 28), ("EIP", 32), ("EFLAGS", 36), ("EAX", 40), ("ECX", 44), ("EDX", 48), ("EBX", 52), ("ESP", 56), ("EBP", 60), ("ESI", 64), ("EDI", 68)];
        foreach ((string name, uint offset) in fields)
        {
            if (offset + (uint)word.Length - 1 > tr.Limit || GuestView.ReadLinear(session.Cpu, tr.Base + offset, word) < word.Length) break;
            lines.Add(new StyledText().Add($"{name,-7}", Tone.Label).Add(Numbers.Full(Numbers.FromBytes(word), word.Length)));
        }

        return lines;
    }

    private static string Segment(ulong raw, ulong upper)
    {
        ulong segmentBase = ((raw >> 16) & 0xFF_FFFF) | ((raw >> 32) & 0xFF00_0000) | (upper << 32);
        ulong limit = (raw & 0xFFFF) | ((raw >> 32) & 0xF_0000);
        if ((raw >> 55 & 1) != 0) limit = (limit << 12) | 0xFFF;
        int type = (int)(raw >> 40) & 15, dpl = (int)(raw >> 45) & 3;
        bool segment = (raw >> 44 & 1) != 0;
        string kind = !segment ? SystemTypes[type]
            : (type & 8) != 0 ? $"{((raw >> 53 & 1) != 0 ? "64-bit" : (raw >> 54 & 1) != 0 ? "32-bit" : "16-bit")} code, {((type & 2) != 0 ? "readable" : "execute-only")}{((type & 4) != 0 ? ", conforming" : "")}"
            : $"data, {((type & 2) != 0 ? "writable" : "read-only")}{((type & 4) != 0 ? ", expand-down" : "")}";
        string tail = (raw >> 47 & 1) == 0 ? ", not present" : "";
        return $"{kind}, base {Numbers.Hex(segmentBase)}, limit {Numbers.Hex(limit)}, DPL {dpl}{tail}";
    }

    private static string Gate(StepperSession session, ReadOnlySpan<byte> bytes)
    {
        ulong raw = Numbers.FromBytes(bytes);
        int type = (int)(raw >> 40) & 15, dpl = (int)(raw >> 45) & 3, stack = (int)(raw >> 32) & 7;
        ulong offset = (raw & 0xFFFF) | ((type & 8) != 0 ? (raw >> 32) & 0xFFFF_0000 : 0) | (bytes.Length == 16 ? Numbers.FromBytes(bytes[8..12]) << 32 : 0);
        string symbol = session.Program.Symbols.Describe(offset) is { } name ? $" ({name})" : "";
        return $"{(ushort)(raw >> 16):x4}:{Numbers.Hex(offset)}{symbol}, {SystemTypes[type]}, DPL {dpl}{(bytes.Length == 16 && stack != 0 ? $", IST{stack}" : "")}{((raw >> 47 & 1) == 0 ? ", not present" : "")}";
    }
}
