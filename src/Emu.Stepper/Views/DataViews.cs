using System.Text;
using Emu.Cpu;
using Emu.Debugging;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;

namespace Emu.Stepper.Views;

/// <summary>Vector registers in lanes.</summary>
public static unsafe class VectorView
{
    private const int XmmSize = 16, YmmSize = 32, SlotSize = 64;

    /// <summary>The registers: those with something in them, or just changed, and the first eight.</summary>
    public static IReadOnlyList<StyledText> Lines(StepperSession session, string lanes)
    {
        CpuState* s = session.Cpu.State;
        CpuState previous = session.Previous;
        List<StyledText> lines = [];
        int count = GuestView.CodeBits(session.Cpu) == 64 ? 16 : 8;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> now = new(s->Vector + (SlotSize * i), YmmSize), old = new(previous.Vector + (SlotSize * i), YmmSize);
            bool wide = now[XmmSize..].IndexOfAnyExcept((byte)0) >= 0;
            if (i >= 8 && now.IndexOfAnyExcept((byte)0) < 0 && old.IndexOfAnyExcept((byte)0) < 0) continue;
            int size = Numbers.LaneSize(lanes);
            StyledText line = new StyledText().Add($"{(wide ? "ymm" : "xmm")}{i,-3}", Tone.Label);
            IReadOnlyList<string> texts = Numbers.Lanes(now[..(wide ? YmmSize : XmmSize)], lanes);
            for (int lane = 0; lane < texts.Count; lane++)
            {
                bool changed = session.HasMoved && !now.Slice(lane * size, size).SequenceEqual(old.Slice(lane * size, size));
                line.Add(" ").Add(texts[lane], changed ? Tone.Changed : Tone.Normal);
            }

            lines.Add(line);
        }

        lines.Add(new StyledText().Add("mxcsr  ", Tone.Label).Add($"{s->Mxcsr:x4}  lane 0 comes first, as {lanes}", Tone.Dim));
        return lines;
    }
}

/// <summary>The x87 register stack.</summary>
public static unsafe class X87View
{
    /// <summary>ST(0) to ST(7), control and status.</summary>
    public static IReadOnlyList<StyledText> Lines(StepperSession session)
    {
        CpuState* s = session.Cpu.State;
        CpuState previous = session.Previous;
        List<StyledText> lines = [];
        int top = (s->Fsw >> 11) & 7;
        for (int i = 0; i < 8; i++)
        {
            int physical = (top + i) & 7;
            bool used = ((s->Ftw >> physical) & 1) != 0;
            bool changed = session.HasMoved && (previous.Fpr[2 * physical] != s->Fpr[2 * physical] || previous.Fpr[(2 * physical) + 1] != s->Fpr[(2 * physical) + 1] || (previous.Ftw >> physical & 1) != (s->Ftw >> physical & 1));
            string value = used ? Numbers.Float80(s->Fpr[2 * physical], (ushort)s->Fpr[(2 * physical) + 1]) : "empty";
            lines.Add(new StyledText().Add($"st{i} ", Tone.Label).Add($"r{physical} ", Tone.Dim).Add(value, changed ? Tone.Changed : used ? Tone.Normal : Tone.Dim));
        }

        lines.Add(new StyledText().Add("status ", Tone.Label).Add($"{s->Fsw:x4} top={top} C3={s->Fsw >> 14 & 1} C2={s->Fsw >> 10 & 1} C1={s->Fsw >> 9 & 1} C0={s->Fsw >> 8 & 1}").Add("  control ", Tone.Label).Add($"{s->Fcw:x4}"));
        return lines;
    }
}

/// <summary>The stack, word by word from the top.</summary>
public static unsafe class StackView
{
    /// <summary>Words from the stack pointer on.</summary>
    public static IReadOnlyList<StyledText> Lines(StepperSession session, int count)
    {
        CpuState* s = session.Cpu.State;
        int size = GuestView.CodeBits(session.Cpu) == 64 ? 8 : (s->Mode & CodeMode.Stack32) != 0 ? 4 : 2;
        ulong pointer = Numbers.Truncate(s->Gpr[4], size), frame = Numbers.Truncate(s->Gpr[5], size);
        ulong segment = size == 8 ? 0 : s->Segment(SegmentIndex.Ss).Base;
        List<StyledText> lines = [];
        byte[] bytes = new byte[size];
        for (int i = 0; i < count; i++)
        {
            ulong offset = Numbers.Truncate(pointer + (ulong)(i * size), size);
            if (GuestView.ReadLinear(session.Cpu, segment + offset, bytes) < size)
            {
                lines.Add(new StyledText($"{Numbers.Full(offset, size)} (no memory)", Tone.Dim));
                break;
            }

            ulong value = Numbers.FromBytes(bytes);
            bool changed = session.WasWritten(segment + offset, size);
            string meaning = session.Program.Symbols.Describe(value) is { } symbol && value > 0xFF ? symbol : session.Program.Source?.LineAt(value) is > 0 and var line ? $"line {line}" : value < 100_000 ? value.ToString(global::System.Globalization.CultureInfo.InvariantCulture) : "";
            string mark = offset == pointer ? "<- top" : offset == frame ? "<- frame" : "";
            lines.Add(new StyledText { Target = segment + offset }.Add(Numbers.Full(offset, size), Tone.Address).Add("  ").Add(Numbers.Full(value, size), changed ? Tone.Changed : Tone.Normal).Add("  " + meaning, Tone.Dim).Add(mark.Length > 0 ? " " + mark : "", Tone.Label));
        }

        return lines;
    }
}

/// <summary>Memory as bytes and characters.</summary>
public static class MemoryView
{
    /// <summary>Lines of 16 bytes.</summary>
    public static IReadOnlyList<StyledText> Lines(StepperSession session, ulong address, int length, int perLine = 16)
    {
        List<StyledText> lines = [];
        byte[] bytes = new byte[perLine];
        for (int done = 0; done < length; done += perLine)
        {
            ulong at = address + (ulong)done;
            int wanted = Math.Min(perLine, length - done);
            int got = GuestView.ReadLinear(session.Cpu, at, bytes.AsSpan(0, wanted));
            StyledText line = new StyledText { Target = at }.Add(Numbers.Full(at, at >> 32 != 0 ? 8 : 4), Tone.Address).Add("  ");
            StringBuilder text = new();
            for (int i = 0; i < perLine; i++)
            {
                if (i == 8) line.Add(" ");
                line.Add(i < got ? $"{bytes[i]:x2} " : i < wanted ? "?? " : "   ", i < got && session.WasWritten(at + (ulong)i, 1) ? Tone.Changed : i < got ? Tone.Normal : Tone.Dim);
                if (i < wanted) text.Append(i >= got ? ' ' : bytes[i] is >= 0x20 and < 0x7F ? (char)bytes[i] : '.');
            }

            lines.Add(line.Add(" ").Add(text.ToString(), Tone.Dim));
        }

        return lines;
    }
}

/// <summary>Looks for bytes in linear memory.</summary>
public static class MemorySearch
{
    private const ulong PageSize = 0x1000, Reach = 64 << 20;

    /// <summary>The first place at or behind an address, within 64 MiB; null if there is none.</summary>
    public static ulong? Find(Vcpu cpu, ulong from, ReadOnlySpan<byte> pattern)
    {
        byte[] window = new byte[(int)PageSize + pattern.Length - 1];
        for (ulong at = from; at - from < Reach;)
        {
            ulong next = (at & ~(PageSize - 1)) + PageSize;
            int wanted = (int)(next - at) + pattern.Length - 1;
            int got = GuestView.ReadLinear(cpu, at, window.AsSpan(0, wanted));
            int index = window.AsSpan(0, got).IndexOf(pattern);
            if (index >= 0) return at + (ulong)index;
            if (next < at) return null;
            at = next;
        }

        return null;
    }
}
