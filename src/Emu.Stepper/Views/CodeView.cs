using Emu.Debugging;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;
using Iced.Intel;
using Decoder = Iced.Intel.Decoder;

namespace Emu.Stepper.Views;

/// <summary>A disassembled instruction with its place.</summary>
/// <param name="Linear">Linear address.</param>
/// <param name="Instruction">It.</param>
/// <param name="Bytes">Its bytes.</param>
public readonly record struct CodeRow(ulong Linear, Instruction Instruction, byte[] Bytes);

/// <summary>Disassembly with labels, jump arrows, breakpoints and the current instruction; and the source.</summary>
public static unsafe class CodeView
{
    private const int MostBytes = 15, ShownBytes = 8, CommentColumn = 22;

    /// <summary>Instructions from an address on.</summary>
    public static IReadOnlyList<CodeRow> Rows(StepperSession session, ulong linear, int count)
    {
        List<CodeRow> rows = [];
        int bits = GuestView.CodeBits(session.Cpu);
        ulong shift = bits == 64 ? 0 : session.Cpu.State->Segment(Cpu.SegmentIndex.Cs).Base;
        byte[] buffer = new byte[MostBytes];
        for (int i = 0; i < count; i++)
        {
            int available = GuestView.ReadLinear(session.Cpu, linear, buffer);
            if (available == 0) break;
            Decoder decoder = Decoder.Create(bits, new ByteArrayCodeReader(buffer, 0, available), session.Cpu.Model.DecoderOptions);
            decoder.IP = linear - shift;
            decoder.Decode(out Instruction instruction);
            int length = instruction.IsInvalid ? 1 : instruction.Length;
            rows.Add(new CodeRow(linear, instruction, buffer[..length]));
            linear += (uint)length;
        }

        return rows;
    }

    /// <summary>
    /// Instructions around an address: some that end exactly at it, then it and what follows. Code cannot be decoded backwards, so a start is
    /// looked for from which decoding arrives there.
    /// </summary>
    public static IReadOnlyList<CodeRow> Around(StepperSession session, ulong linear, int before, int count)
    {
        foreach (ulong start in KnownStarts(session, linear, before))
        {
            if (EndingAt(session, start, (int)(linear - start), linear, before, count) is { } known) return known;
        }

        ulong first = session.Program.Symbols.FirstBefore(linear) ?? 0;
        for (int back = Math.Min(before * 4, 120); back > 0 && before > 0; back--)
        {
            if ((ulong)back > linear) continue;
            ulong start = linear - (ulong)back;
            // What lies before the program is no code.
            if (start < first) continue;
            if (EndingAt(session, start, back, linear, before, count) is { } found) return found;
        }

        return Rows(session, linear, count);
    }

    /// <summary>Where an instruction is known to begin, nearest last: lines of the source, and the label above.</summary>
    private static IEnumerable<ulong> KnownStarts(StepperSession session, ulong linear, int before)
    {
        if (before <= 0) yield break;
        ulong[] lines = [.. (session.Program.Source?.Entries ?? []).Select(e => e.Key).Where(a => a < linear).TakeLast(before)];
        foreach (ulong line in lines) yield return line;
        if (session.Program.Symbols.LastBefore(linear) is { } label) yield return label;
    }

    /// <summary>The rows from a start on, if decoding from there arrives at an address; null otherwise.</summary>
    private static IReadOnlyList<CodeRow>? EndingAt(StepperSession session, ulong start, int most, ulong linear, int before, int count)
    {
        List<CodeRow> rows = [.. Rows(session, start, most).TakeWhile(r => r.Linear < linear)];
        if (rows.Count == 0 || rows[^1].Linear + (uint)rows[^1].Bytes.Length != linear || rows.Exists(r => r.Instruction.IsInvalid)) return null;
        int skip = Math.Max(0, rows.Count - before);
        return [.. rows.Skip(skip), .. Rows(session, linear, count - (rows.Count - skip))];
    }

    /// <summary>A listing from an address on.</summary>
    public static IReadOnlyList<StyledText> Listing(StepperSession session, ulong linear, int count) => Lines(session, Rows(session, linear, count), null);

    /// <summary>Rows as text; labels get lines of their own.</summary>
    public static IReadOnlyList<StyledText> Lines(StepperSession session, IReadOnlyList<CodeRow> rows, ulong? cursor, bool showBytes = true)
    {
        string[] arrows = Arrows(rows, session.Cpu);
        List<StyledText> lines = [];
        ulong current = session.Place;
        for (int i = 0; i < rows.Count; i++)
        {
            CodeRow row = rows[i];
            bool isCurrent = row.Linear == current;
            if (session.Program.Symbols.At(row.Linear) is { } label) lines.Add(new StyledText { Target = row.Linear }.Add(label + ":", Tone.Label));
            Tone tone = isCurrent ? Tone.Current : Tone.Code;
            StopPoint? point = session.Points.FirstOrDefault(p => p.Length == 0 && p.Address == row.Linear);
            string bytes = Convert.ToHexStringLower(row.Bytes, 0, Math.Min(ShownBytes, row.Bytes.Length)) + (row.Bytes.Length > ShownBytes ? "+" : "");
            string code = row.Instruction.IsInvalid ? $"db 0x{row.Bytes[0]:x2}" : session.Text.Format(row.Instruction);
            string comment = session.Program.Source?.CommentAt(row.Linear) is { Length: > 0 } said ? $"{new string(' ', Math.Max(1, CommentColumn - code.Length))}; {said}" : "";
            lines.Add(new StyledText { Target = row.Linear }
                .Add(point != null ? "*" : " ", Tone.Bad).Add(isCurrent ? ">" : row.Linear == cursor ? "-" : " ", Tone.Current)
                .Add(Numbers.Full(row.Linear, row.Linear >> 32 != 0 ? 8 : 4), Tone.Address).Add(" ").Add(showBytes ? bytes.PadRight(18) : "", Tone.Dim)
                .Add(arrows[i], Tone.Label).Add(code, tone).Add(comment, Tone.Dim));
        }

        return lines;
    }

    /// <summary>The source around the current line.</summary>
    public static IReadOnlyList<StyledText> Source(StepperSession session, int count)
    {
        if (session.Program.Source is not { } source) return [new StyledText("there is no source for this program", Tone.Dim)];
        int current = source.LineAt(session.Place);
        if (current == 0) return [new StyledText("the next instruction is not from the source", Tone.Dim)];
        List<StyledText> lines = [];
        for (int i = Math.Max(1, current - (count / 2)); i <= source.Lines.Count && lines.Count < count; i++)
        {
            lines.Add(new StyledText().Add(i == current ? "> " : "  ", Tone.Current).Add($"{i,4} ", Tone.Address).Add(source.Lines[i - 1].Replace("\t", "    ", StringComparison.Ordinal), i == current ? Tone.Current : Tone.Code));
        }

        return lines;
    }

    /// <summary>Arrows from branches to targets on the same screen, in a column of three.</summary>
    private static string[] Arrows(IReadOnlyList<CodeRow> rows, Emu.Cpu.Vcpu cpu)
    {
        const int width = 4, lanes = 3;
        char[][] cells = [.. rows.Select(_ => new string(' ', width).ToCharArray())];
        bool wide = GuestView.CodeBits(cpu) == 64;
        ulong shift = wide ? 0 : cpu.State->Segment(Cpu.SegmentIndex.Cs).Base;
        List<(int From, int To)> jumps = [];
        for (int i = 0; i < rows.Count; i++)
        {
            Instruction instruction = rows[i].Instruction;
            if (instruction.FlowControl is not (FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch) || !instruction.IsJmpShortOrNear && !instruction.IsJccShortOrNear && !instruction.IsLoop && !instruction.IsLoopcc && !instruction.IsJcxShort) continue;
            int to = rows.ToList().FindIndex(r => r.Linear == instruction.NearBranchTarget + shift);
            if (to >= 0) jumps.Add((i, to));
        }

        int lane = lanes - 1;
        foreach ((int from, int to) in jumps.OrderBy(j => Math.Abs(j.From - j.To)))
        {
            if (lane < 0) break;
            int low = Math.Min(from, to), high = Math.Max(from, to);
            if (low == high) { cells[low][lane] = 'o'; continue; }
            if (Enumerable.Range(low, high - low + 1).Any(r => cells[r][lane] != ' ')) lane--;
            if (lane < 0) break;
            for (int r = low; r <= high; r++) if (cells[r][lane] == ' ') cells[r][lane] = r == low ? '┌' : r == high ? '└' : '│';
            for (int c = lane + 1; c < width; c++)
            {
                if (cells[from][c] == ' ') cells[from][c] = '─';
                if (cells[to][c] == ' ') cells[to][c] = c == width - 1 ? '▶' : '─';
            }

            if (cells[to][width - 1] == '─') cells[to][width - 1] = '▶';
        }

        return [.. cells.Select(c => new string(c))];
    }
}
