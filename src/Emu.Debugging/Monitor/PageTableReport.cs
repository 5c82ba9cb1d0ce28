using System.Buffers.Binary;
using Emu.Cpu;

namespace Emu.Debugging.Monitor;

/// <summary>Walks the guest's page tables for <c>info mem</c> and <c>info tlb</c> (SDM Vol. 3A chapter 4). Reads RAM only.</summary>
public sealed unsafe class PageTableReport
{
    private const ulong Present = 1, Writable = 2, User = 4, WriteThrough = 8, CacheDisable = 16, Accessed = 32, Dirty = 64, PageSize = 128, Global = 256, NoExecute = 1ul << 63;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    private readonly Vcpu cpu;
    private readonly List<Page> pages = [];

    private PageTableReport(Vcpu cpu) => this.cpu = cpu;

    private readonly record struct Page(ulong Linear, ulong Physical, ulong Size, ulong Flags);

    /// <summary>Ranges of linear addresses with the access they permit.</summary>
    public static void Ranges(Vcpu cpu, TextWriter output) => new PageTableReport(cpu).Collect(output)?.WriteRanges(output);

    /// <summary>Every mapping, one a line.</summary>
    public static void Mappings(Vcpu cpu, TextWriter output) => new PageTableReport(cpu).Collect(output)?.WriteMappings(output);

    private PageTableReport? Collect(TextWriter output)
    {
        CpuState* s = cpu.State;
        if ((s->Cr0 & Cr0.Pg) == 0)
        {
            output.WriteLine("PG disabled");
            return null;
        }

        const ulong all = Writable | User;
        if ((s->Cr4 & Cr4.Pae) == 0)
        {
            Walk(s->Cr3 & 0xFFFF_F000, level: 2, entrySize: 4, linear: 0, all);
        }
        else if (!s->IsLongMode)
        {
            for (uint i = 0; i < 4; i++)
            {
                if (Read((s->Cr3 & 0xFFFF_FFE0) + (8 * i), 8) is { } entry && (entry & Present) != 0) Walk(entry & AddressMask, 2, 8, (ulong)i << 30, all);
            }
        }
        else
        {
            Walk(s->Cr3 & AddressMask, (s->Cr4 & Cr4.La57) != 0 ? 5 : 4, 8, 0, all);
        }

        return this;
    }

    private ulong? Read(ulong physical, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        return cpu.Memory.TryPeek(physical, bytes[..size]) ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : null;
    }

    private void Walk(ulong table, int level, int entrySize, ulong linear, ulong rights)
    {
        int bits = entrySize == 4 ? 10 : 9;
        int shift = 12 + ((level - 1) * bits);
        int top = (cpu.State->Cr4 & Cr4.La57) != 0 ? 57 : 48;
        for (ulong i = 0; i < 1ul << bits; i++)
        {
            if (Read(table + (i * (uint)entrySize), entrySize) is not { } entry || (entry & Present) == 0) continue;
            ulong at = linear | (i << shift);
            if (cpu.State->IsLongMode) at = (ulong)((long)(at << (64 - top)) >> (64 - top));
            // User and write access need the permission of every level; NX of any level takes execution away.
            ulong combined = (rights & (entry | ~(Writable | User))) | ((rights | entry) & NoExecute);
            bool large = level is 2 or 3 && (entry & PageSize) != 0 && (entrySize == 8 || (cpu.State->Cr4 & Cr4.Pse) != 0);
            if (level == 1 || large)
            {
                ulong size = 1ul << shift;
                ulong frame = entry & AddressMask & ~(size - 1);
                if (entrySize == 4) frame = large ? (entry & 0xFFC0_0000) | ((entry & 0x1F_E000) << 19) : entry & 0xFFFF_F000;
                pages.Add(new Page(at, frame, size, combined | (entry & ~(Writable | User | NoExecute))));
            }
            else
            {
                Walk(entrySize == 4 ? entry & 0xFFFF_F000 : entry & AddressMask, level - 1, entrySize, at, combined);
            }
        }
    }

    private void WriteRanges(TextWriter output)
    {
        const ulong shown = Writable | User | NoExecute;
        for (int i = 0; i < pages.Count;)
        {
            Page first = pages[i];
            ulong end = first.Linear + first.Size;
            for (i++; i < pages.Count && pages[i].Linear == end && ((pages[i].Flags ^ first.Flags) & shown) == 0; i++) end += pages[i].Size;
            output.WriteLine($"{first.Linear:x16}-{end:x16} {end - first.Linear:x16} {((first.Flags & User) != 0 ? 'u' : '-')}r{((first.Flags & Writable) != 0 ? 'w' : '-')}{((first.Flags & NoExecute) != 0 ? '-' : 'x')}");
        }
    }

    private void WriteMappings(TextWriter output)
    {
        foreach (Page page in pages)
        {
            char Letter(ulong bit, char letter) => (page.Flags & bit) != 0 ? letter : '-';
            output.WriteLine($"{page.Linear:x16}: {page.Physical:x16} {Letter(NoExecute, 'X')}{Letter(Global, 'G')}{(page.Size > 4096 ? 'P' : '-')}{Letter(Dirty, 'D')}{Letter(Accessed, 'A')}{Letter(CacheDisable, 'C')}{Letter(WriteThrough, 'T')}{Letter(User, 'U')}{Letter(Writable, 'W')}");
        }
    }
}
