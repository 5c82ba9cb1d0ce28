using Emu.Cpu;
using Emu.Mmu;
using Emu.Stepper.Explain;
using Emu.Stepper.Session;

namespace Emu.Stepper.Views;

/// <summary>A row of the page-table browser: an entry, or a run of equal ones.</summary>
/// <param name="Level">Table level; 1 is the page table.</param>
/// <param name="Index">Index of the entry in its table.</param>
/// <param name="Address">Physical address of the entry.</param>
/// <param name="Entry">Its value.</param>
/// <param name="Linear">First linear address it maps.</param>
/// <param name="Leaf">It maps a page.</param>
public readonly record struct TableRow(int Level, int Index, ulong Address, ulong Entry, ulong Linear, bool Leaf);

/// <summary>Page tables: all mappings in runs, and one table at a time.</summary>
public static unsafe class PagingView
{
    private const ulong Present = 1, LargePage = 128;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000, Rights = 0x8000_0000_0000_0006;
    private const int MostRuns = 500;

    /// <summary>The top level of the tables in use: 4 or 5 in long mode, 3 for PAE, 2 for 32-bit paging, 0 without paging.</summary>
    public static int TopLevel(Vcpu cpu) => cpu.Mmu.Mode switch
    {
        PagingMode.None => 0,
        PagingMode.Bits32 => 2,
        PagingMode.Pae => 3,
        _ => (cpu.State->Cr4 & Cr4.La57) != 0 ? 5 : 4,
    };

    /// <summary>The present entries of a table.</summary>
    public static IReadOnlyList<TableRow> Table(Vcpu cpu, ulong table, int level, ulong linear)
    {
        bool narrow = cpu.Mmu.Mode == PagingMode.Bits32;
        int size = narrow ? 4 : 8, bits = narrow ? 10 : level == 3 && cpu.Mmu.Mode == PagingMode.Pae ? 2 : 9;
        int shift = 12 + ((level - 1) * (narrow ? 10 : 9));
        byte[] bytes = new byte[size << bits];
        List<TableRow> rows = [];
        if (!cpu.Memory.TryPeek(table, bytes)) return rows;
        for (int i = 0; i < 1 << bits; i++)
        {
            ulong entry = Numbers.FromBytes(bytes.AsSpan(i * size, size));
            if ((entry & Present) == 0) continue;
            ulong at = linear | ((ulong)i << shift);
            if (level >= 4 && (at >> (shift + bits - 1) & 1) != 0 && level == TopLevel(cpu)) at |= ulong.MaxValue << (shift + bits);
            bool leaf = level == 1 || ((entry & LargePage) != 0 && (level == 2 || (level == 3 && cpu.State->IsLongMode)));
            rows.Add(new TableRow(level, i, table + (ulong)(i * size), entry, at, leaf));
        }

        return rows;
    }

    /// <summary>Physical address of the table an entry leads to.</summary>
    public static ulong NextTable(Vcpu cpu, ulong entry) => cpu.Mmu.Mode == PagingMode.Bits32 ? entry & 0xFFFF_F000 : entry & AddressMask;

    /// <summary>Physical address of the top table.</summary>
    public static ulong Root(Vcpu cpu) => cpu.Mmu.Mode switch { PagingMode.Bits32 => cpu.State->Cr3 & 0xFFFF_F000, PagingMode.Pae => cpu.State->Cr3 & 0xFFFF_FFE0, _ => cpu.State->Cr3 & AddressMask };

    /// <summary>Every mapping, neighbouring pages put together.</summary>
    public static IReadOnlyList<StyledText> Mappings(StepperSession session)
    {
        Vcpu cpu = session.Cpu;
        int top = TopLevel(cpu);
        if (top == 0) return [new StyledText("paging is off: linear addresses are physical addresses")];
        List<(ulong Linear, ulong Physical, ulong Size, ulong Rights)> runs = [];
        Collect(cpu, Root(cpu), top, 0, Rights & ~(1ul << 63), runs);
        List<StyledText> lines = [new StyledText($"{(top == 2 ? "2" : top == 3 ? "3" : $"{top}")}-level paging from CR3 = {Numbers.Hex(cpu.State->Cr3)}", Tone.Heading)];
        foreach ((ulong linear, ulong physical, ulong size, ulong rights) in runs)
        {
            lines.Add(new StyledText { Target = linear }.Add($"{linear:x16}-{linear + size - 1:x16}", Tone.Address).Add($" -> {Numbers.Hex(physical),-12} ").Add($"{Amount(size),9}  ", Tone.Dim)
                .Add($"{((rights & 4) != 0 ? "user" : "supervisor")}, {((rights & 2) != 0 ? "writable" : "read-only")}{((rights >> 63) != 0 ? ", no-execute" : "")}"));
        }

        if (runs.Count >= MostRuns) lines.Add(new StyledText("and more", Tone.Dim));
        return lines;
    }

    private static void Collect(Vcpu cpu, ulong table, int level, ulong linear, ulong rights, List<(ulong Linear, ulong Physical, ulong Size, ulong Rights)> runs)
    {
        int shift = 12 + ((level - 1) * (cpu.Mmu.Mode == PagingMode.Bits32 ? 10 : 9));
        foreach (TableRow row in Table(cpu, table, level, linear))
        {
            if (runs.Count >= MostRuns) return;
            // PDPTEs of PAE paging carry no rights.
            ulong own = level == 3 && cpu.Mmu.Mode == PagingMode.Pae ? Rights & ~(1ul << 63) : row.Entry;
            ulong combined = (rights & own & 6) | ((rights | own) & (1ul << 63));
            if (!row.Leaf)
            {
                Collect(cpu, NextTable(cpu, row.Entry), level - 1, row.Linear, combined, runs);
                continue;
            }

            ulong size = 1ul << shift, physical = NextTable(cpu, row.Entry) & ~(size - 1);
            if (runs.Count > 0 && runs[^1] is var last && last.Linear + last.Size == row.Linear && last.Physical + last.Size == physical && last.Rights == combined) runs[^1] = last with { Size = last.Size + size };
            else runs.Add((row.Linear, physical, size, combined));
        }
    }

    private static string Amount(ulong bytes) => bytes >= 1ul << 30 && bytes % (1ul << 30) == 0 ? $"{bytes >> 30} GiB" : bytes >= 1 << 20 && bytes % (1 << 20) == 0 ? $"{bytes >> 20} MiB" : $"{bytes >> 10} KiB";
}
