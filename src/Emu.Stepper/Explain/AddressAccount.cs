using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Stepper.Explain;

/// <summary>The way from an offset to physical memory in words: segment check, page walk.</summary>
public static unsafe class AddressAccount
{
    private const ulong Present = 1, Writable = 2, User = 4, Accessed = 32, Dirty = 64, Large = 128, Global = 256, NoExecute = 1ul << 63;

    /// <summary>On whose behalf an instruction of a state accesses memory.</summary>
    public static AccessClass ClassOf(in CpuState state) =>
        state.Cpl == 3 ? AccessClass.User : (state.SystemFlags & Eflags.Ac) != 0 ? AccessClass.SupervisorAllowUser : AccessClass.Supervisor;

    /// <summary>The segment check of an access.</summary>
    public static string Segment(CpuState* s, SegmentIndex index, ulong offset, int size, bool write)
    {
        ref SegmentRegister segment = ref s->Segment(index);
        string name = index.ToString().ToLowerInvariant();
        ulong linear = (uint)(segment.Base + offset);
        size = Math.Max(size, 1);
        if ((s->Mode & CodeMode.Code64) != 0)
        {
            int width = (s->Cr4 & Cr4.La57) != 0 ? 57 : 48;
            ulong address = (index >= SegmentIndex.Fs ? segment.Base : 0) + offset;
            bool canonical = (ulong)((long)(address << (64 - width)) >> (64 - width)) == address;
            string canon = canonical ? "" : $" - not canonical: bits 63 to {width - 1} are not all alike";
            return index >= SegmentIndex.Fs
                ? $"{name} base {Numbers.Hex(segment.Base)} + offset {Numbers.Hex(offset)} = linear {Numbers.Hex(address)}{canon}"
                : $"64-bit mode: segment bases are 0, linear = {Numbers.Hex(address)}{canon}";
        }

        ulong last = offset + (uint)size - 1;
        if ((s->Mode & CodeMode.RealOrVirtual) != 0)
        {
            string limit = last > segment.Limit ? $", beyond the limit {Numbers.Hex(segment.Limit)}" : "";
            return segment.Base == (ulong)segment.Selector << 4
                ? $"{name} = 0x{segment.Selector:x4}: {name}*16 + offset = 0x{segment.Base:x5} + 0x{offset:x4} = linear 0x{linear:x5}{limit}"
                : $"{name} base {Numbers.Hex(segment.Base)} (left from before) + offset {Numbers.Hex(offset)} = linear {Numbers.Hex(linear)}{limit}";
        }

        string range = offset >= segment.Low && last <= segment.High ? $"within the limit {Numbers.Hex(segment.Limit)}" : $"outside the limit {Numbers.Hex(segment.Limit)}";
        string rights = write ? segment.Writable ? "writable" : "not writable" : segment.Readable ? "readable" : "not readable";
        return $"{name} (selector 0x{segment.Selector:x4}): offset {Numbers.Hex(offset)}{(size > 1 ? $" to {Numbers.Hex(last)}" : "")} is {range}, {rights}; base {Numbers.Hex(segment.Base)} + offset = linear {Numbers.Hex(linear)}";
    }

    /// <summary>The page walk for a linear address, one line an entry, and what it leads to.</summary>
    public static IReadOnlyList<string> PageWalk(Vcpu cpu, ulong linear, AccessKind kind, AccessClass accessClass)
    {
        List<string> lines = [];
        if (cpu.Mmu.Mode == PagingMode.None) return [$"paging is off: physical = linear = {Numbers.Hex(linear)}"];
        List<WalkStep> steps = [];
        bool mapped = cpu.Mmu.Probe(linear, kind, accessClass, out Translation t, steps);
        if (t.Fault == TranslationFault.NonCanonical) return [$"{Numbers.Hex(linear)} is not canonical: there is no page walk"];
        foreach (WalkStep step in steps) lines.Add(Entry(cpu.Mmu.Mode, step, linear));
        if (mapped) lines.Add($"physical {Numbers.Hex(t.Physical)}: frame {Numbers.Hex(t.Physical & ~((1ul << t.PageShift) - 1))} + offset {Numbers.Hex(linear & ((1ul << t.PageShift) - 1))} in a page of {Size(t.PageShift)}");
        else lines.Add($"{Verb(kind)} is not possible: {Why(steps, t, kind, accessClass)}");
        return lines;
    }

    /// <summary>What an entry says.</summary>
    public static string Rights(ulong entry, bool leaf)
    {
        if ((entry & Present) == 0) return "not present";
        List<string> words = ["present", (entry & Writable) != 0 ? "writable" : "read-only", (entry & User) != 0 ? "user" : "supervisor"];
        if ((entry & NoExecute) != 0) words.Add("no-execute");
        if ((entry & Accessed) != 0) words.Add("accessed");
        if (leaf && (entry & Dirty) != 0) words.Add("dirty");
        if (leaf && (entry & Global) != 0) words.Add("global");
        return string.Join(", ", words);
    }

    /// <summary>Name of a table by its level.</summary>
    public static string TableName(PagingMode mode, int level) => level switch
    {
        5 => "PML5",
        4 => "PML4",
        3 or 0 => "PDPT",
        2 => "PD",
        _ => "PT",
    };

    private static string Entry(PagingMode mode, in WalkStep step, ulong linear)
    {
        int bits = mode == PagingMode.Bits32 ? 10 : 9;
        int level = step.Level == 0 ? 3 : step.Level;
        int shift = 12 + ((level - 1) * bits);
        int high = step.Level == 0 ? 31 : shift + bits - 1;
        ulong index = (linear >> shift) & ((1ul << (high - shift + 1)) - 1);
        string where = step.Level == 0 ? "" : $" at {Numbers.Hex(step.EntryAddress)}";
        string large = step.Leaf && step.Level > 1 ? $", maps a page of {Size(shift)}" : "";
        return $"{(step.Nested ? "nested " : "")}{TableName(mode, step.Level)}[{index}] (bits {high}:{shift}){where} = {Numbers.Hex(step.Value)}: {Rights(step.Value, step.Leaf)}{large}";
    }

    private static string Why(List<WalkStep> steps, in Translation t, AccessKind kind, AccessClass accessClass)
    {
        if (steps.Count == 0) return "there is no entry";
        WalkStep last = steps[^1];
        if ((last.Value & Present) == 0) return $"the entry's present bit is 0";
        if ((t.Error & PageFaultError.ReservedBit) != 0) return "a reserved bit is set in the entry";
        bool user = accessClass == AccessClass.User;
        if (user && steps.Any(s => !s.Nested && s.Level > 0 && (s.Value & User) == 0)) return "the page belongs to the supervisor and the access is from user mode";
        if (kind == AccessKind.Write && steps.Any(s => !s.Nested && s.Level > 0 && (s.Value & Writable) == 0)) return "the page is read-only";
        if (kind == AccessKind.Execute && steps.Any(s => (s.Value & NoExecute) != 0)) return "the page is marked no-execute";
        if (!user && steps.All(s => s.Level == 0 || (s.Value & User) != 0)) return kind == AccessKind.Execute ? "SMEP: the supervisor must not execute user pages" : "SMAP: the supervisor must not touch user pages";
        return "the rights of the page do not allow it";
    }

    private static string Verb(AccessKind kind) => kind switch { AccessKind.Write => "writing", AccessKind.Execute => "executing", _ => "reading" };

    private static string Size(int shift) => shift switch { 12 => "4 KiB", 21 => "2 MiB", 22 => "4 MiB", _ => "1 GiB" };
}
