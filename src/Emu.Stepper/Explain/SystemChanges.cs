using Emu.Cpu;

namespace Emu.Stepper.Explain;

/// <summary>What changed in the system's registers, in words.</summary>
internal static unsafe class SystemChanges
{
    private static readonly (string Name, ulong Bit, string Meaning)[] Cr0Bits =
    [
        ("PE", Cr0.Pe, "protected mode"), ("MP", Cr0.Mp, "WAIT heeds TS"), ("EM", Cr0.Em, "no x87"), ("TS", Cr0.Ts, "task switched"), ("NE", Cr0.Ne, "native x87 errors"),
        ("WP", Cr0.Wp, "the supervisor heeds read-only pages"), ("AM", Cr0.Am, "alignment checks allowed"), ("NW", Cr0.Nw, "not write-through"), ("CD", Cr0.Cd, "cache off"), ("PG", Cr0.Pg, "paging"),
    ];

    private static readonly (string Name, ulong Bit, string Meaning)[] Cr4Bits =
    [
        ("VME", Cr4.Vme, "virtual-8086 extensions"), ("TSD", Cr4.Tsd, "RDTSC for the supervisor only"), ("DE", Cr4.De, "I/O breakpoints"), ("PSE", Cr4.Pse, "4 MiB pages"), ("PAE", Cr4.Pae, "64-bit paging entries"),
        ("PGE", Cr4.Pge, "global pages"), ("OSFXSR", Cr4.Osfxsr, "SSE"), ("OSXMMEXCPT", Cr4.Osxmmexcpt, "#XM"), ("UMIP", Cr4.Umip, "no SGDT in user mode"), ("LA57", Cr4.La57, "5-level paging"),
        ("FSGSBASE", Cr4.Fsgsbase, "RDFSBASE and friends"), ("PCIDE", Cr4.Pcide, "process-context identifiers"), ("OSXSAVE", Cr4.Osxsave, "XSAVE and AVX"), ("SMEP", Cr4.Smep, "no execution of user pages"), ("SMAP", Cr4.Smap, "no access to user pages"),
    ];

    private static readonly (string Name, ulong Bit, string Meaning)[] EferBits =
        [("SCE", Efer.Sce, "SYSCALL"), ("LME", Efer.Lme, "long mode enabled"), ("LMA", Efer.Lma, "long mode active"), ("NXE", Efer.Nxe, "no-execute pages"), ("SVME", Efer.Svme, "AMD virtualization")];

    private static readonly (string Name, uint Bit, string Meaning)[] SystemFlagBits =
        [("TF", Eflags.Tf, "single step"), ("IF", Eflags.If, "interrupts enabled"), ("DF", Eflags.Df, "string instructions go downwards"), ("NT", Eflags.Nt, "nested task"), ("AC", Eflags.Ac, "alignment check, or SMAP override"), ("VM", Eflags.Vm, "virtual-8086 mode"), ("ID", Eflags.Id, "CPUID")];

    /// <summary>Name of the mode a processor is in.</summary>
    public static string ModeName(in CpuState state)
    {
        if ((state.Cr0 & Cr0.Pe) == 0) return "real mode";
        if (state.IsVirtual8086) return "virtual-8086 mode";
        if ((state.Mode & CodeMode.Code64) != 0) return "64-bit mode";
        string code = (state.Mode & CodeMode.Code32) != 0 ? "32-bit" : "16-bit";
        return state.IsLongMode ? $"compatibility mode ({code} code)" : $"protected mode ({code} code)";
    }

    /// <summary>Every difference.</summary>
    public static IEnumerable<string> Between(CpuState before, CpuState after)
    {
        List<string> lines = [];
        CpuState* a = &before, b = &after;
        Register("CR0", a->Cr0, b->Cr0, Cr0Bits, lines);
        if (a->Cr2 != b->Cr2) lines.Add($"CR2 = {Numbers.Hex(b->Cr2)}: the address of the page fault");
        if (a->Cr3 != b->Cr3) lines.Add($"CR3: {Numbers.Hex(a->Cr3)} becomes {Numbers.Hex(b->Cr3)}: the page tables begin there");
        Register("CR4", a->Cr4, b->Cr4, Cr4Bits, lines);
        Register("EFER", a->Efer, b->Efer, EferBits, lines);
        if (a->Xcr0 != b->Xcr0) lines.Add($"XCR0: {Numbers.Hex(a->Xcr0)} becomes {Numbers.Hex(b->Xcr0)}");
        if (a->GdtBase != b->GdtBase || a->GdtLimit != b->GdtLimit) lines.Add($"GDTR: base {Numbers.Hex(b->GdtBase)}, limit {Numbers.Hex(b->GdtLimit)}: room for {(b->GdtLimit + 1) / 8} descriptors");
        if (a->IdtBase != b->IdtBase || a->IdtLimit != b->IdtLimit) lines.Add($"IDTR: base {Numbers.Hex(b->IdtBase)}, limit {Numbers.Hex(b->IdtLimit)}");
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            ref SegmentRegister old = ref a->Segment(i);
            ref SegmentRegister now = ref b->Segment(i);
            if (old.Selector == now.Selector && old.Base == now.Base && old.Limit == now.Limit && old.Attributes == now.Attributes) continue;
            string name = i.ToString().ToLowerInvariant();
            lines.Add($"{name}: 0x{old.Selector:x4} becomes 0x{now.Selector:x4}: {SegmentText(b, i)}");
        }

        foreach ((string name, uint bit, string meaning) in SystemFlagBits)
        {
            if (((a->SystemFlags ^ b->SystemFlags) & bit) != 0) lines.Add($"{name} is {((b->SystemFlags & bit) != 0 ? "set" : "cleared")}: {((b->SystemFlags & bit) != 0 ? "" : "no ")}{meaning}");
        }

        if (a->Iopl != b->Iopl) lines.Add($"IOPL becomes {b->Iopl}");
        if (a->Cpl != b->Cpl) lines.Add($"privilege level {a->Cpl} becomes {b->Cpl}");
        string mode = ModeName(*b);
        if (mode != ModeName(*a)) lines.Add($"the processor is now in {mode}");
        if (b->Activity != a->Activity && b->Activity != ActivityState.Active) lines.Add(b->Activity == ActivityState.Shutdown ? "the processor has shut down" : "the processor waits for an interrupt");
        return lines;
    }

    /// <summary>A segment register's contents in words.</summary>
    public static string SegmentText(CpuState* s, SegmentIndex index)
    {
        ref SegmentRegister segment = ref s->Segment(index);
        if ((s->Cr0 & Cr0.Pe) == 0) return $"base {Numbers.Hex(segment.Base)}, limit {Numbers.Hex(segment.Limit)}";
        if ((segment.Selector & ~3) == 0 && (segment.Attributes == 0 || index is SegmentIndex.Ldtr or SegmentIndex.Tr)) return "null";
        string kind = !segment.IsCodeOrData ? "system segment" : (segment.Type & 8) != 0 ? (segment.Attributes & SegmentAttributes.L) != 0 ? "64-bit code" : (segment.Attributes & SegmentAttributes.Db) != 0 ? "32-bit code" : "16-bit code" : (segment.Type & 2) != 0 ? "writable data" : "read-only data";
        string table = (segment.Selector & 4) != 0 ? "LDT" : "GDT";
        return $"{table} entry {segment.Selector >> 3}, {kind}, base {Numbers.Hex(segment.Base)}, limit {Numbers.Hex(segment.Limit)}, DPL {segment.Dpl}";
    }

    /// <summary>The bits of a control register that are set, by name.</summary>
    public static string BitNames(string register, ulong value) =>
        string.Join(" ", (register switch { "CR0" => Cr0Bits, "CR4" => Cr4Bits, _ => EferBits }).Where(b => (value & b.Bit) != 0).Select(b => b.Name));

    private static void Register(string name, ulong before, ulong after, (string Name, ulong Bit, string Meaning)[] bits, List<string> lines)
    {
        if (before == after) return;
        List<string> changes = [];
        foreach ((string bit, ulong mask, string meaning) in bits)
        {
            if (((before ^ after) & mask) != 0) changes.Add($"{bit} {((after & mask) != 0 ? "set" : "cleared")} ({meaning})");
        }

        lines.Add($"{name}: {Numbers.Hex(before)} becomes {Numbers.Hex(after)}{(changes.Count > 0 ? ": " + string.Join(", ", changes) : "")}");
    }
}
