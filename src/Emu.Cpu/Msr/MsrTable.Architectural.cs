namespace Emu.Cpu;

/// <content>SDM Vol. 4 table 2-2.</content>
internal sealed unsafe partial class MsrTable
{
    private void AddArchitectural()
    {
        Computed(0x10, "IA32_TIME_STAMP_COUNTER", c => c.TimeStampCounter, (c, v) => c.SetTimeStampCounter(v));
        Computed(0x1B, "IA32_APIC_BASE", c => c.Apic.BaseAddressMsr, (c, v) => c.TryWriteApicBase(v), exists: m => m.Has("apic"));
        Computed(0x3B, "IA32_TSC_ADJUST", c => c.TscAdjust, (c, v) => c.SetTscAdjust(v), exists: m => m.Has("tsc-adjust"));
        Add(new MsrDefinition(0x48, "IA32_SPEC_CTRL") { Writable = 0x7, Exists = m => m.Has("spec-ctrl") || m.Has("ibrs") || m.Has("stibp") || m.Has("amd-stibp") || m.Has("ssbd") || m.Has("amd-ssbd") });
        Add(new MsrDefinition(0x49, "IA32_PRED_CMD") { Writable = 0, Ignored = 1, WriteOnly = true, Exists = m => m.Has("spec-ctrl") || m.Has("ibpb") });
        Add(new MsrDefinition(0x79, "IA32_BIOS_UPDT_TRIG") { WriteOnly = true });
        Computed(0x9E, "IA32_SMBASE", c => c.Smbase, null);
        Computed(0xE7, "IA32_MPERF", c => c.TimeStampCounter, (_, _) => true);
        Computed(0xE8, "IA32_APERF", c => c.TimeStampCounter, (_, _) => true);
        Add(new MsrDefinition(0x10B, "IA32_FLUSH_CMD") { Writable = 0, Ignored = 1, WriteOnly = true, Exists = m => m.Has("flush-l1d") });
        Computed(0x174, "IA32_SYSENTER_CS", c => c.Msrs.SysenterCs, (c, v) => { c.Msrs.SysenterCs = (uint)v; return true; });
        Computed(0x175, "IA32_SYSENTER_ESP", c => c.Msrs.SysenterEsp, (c, v) => { c.Msrs.SysenterEsp = v; return true; }, canonical: true);
        Computed(0x176, "IA32_SYSENTER_EIP", c => c.Msrs.SysenterEip, (c, v) => { c.Msrs.SysenterEip = v; return true; }, canonical: true);
        Computed(0x1D9, "IA32_DEBUGCTL", c => c.DebugControl, (c, v) => c.TryWriteDebugControl(v));
        ReadOnly(0x1DB, "MSR_LASTBRANCHFROMIP", 0);
        ReadOnly(0x1DC, "MSR_LASTBRANCHTOIP", 0);
        ReadOnly(0x1DD, "MSR_LASTINTFROMIP", 0);
        ReadOnly(0x1DE, "MSR_LASTINTTOIP", 0);
        Computed(0x6E0, "IA32_TSC_DEADLINE", c => c.Apic.TscDeadline, (c, v) => { c.Apic.TscDeadline = v; return true; }, exists: m => m.Has("tsc-deadline"));
        Computed(0x6E1, "IA32_PKRS", c => c.State->Pkrs, (c, v) => c.TryWritePkrs(v), exists: m => m.Has("pks"));
        Computed(0xDA0, "IA32_XSS", c => c.State->Xss, (c, v) => c.TryWriteXss(v), exists: m => m.Has("xsaves"));
        Computed(0xC0000080, "IA32_EFER", c => c.State->Efer, (c, v) => c.TryWriteEfer(v));
        Computed(0xC0000081, "IA32_STAR", c => c.Msrs.Star, (c, v) => { c.Msrs.Star = v; return true; });
        Computed(0xC0000082, "IA32_LSTAR", c => c.Msrs.Lstar, (c, v) => { c.Msrs.Lstar = v; return true; }, canonical: true);
        Computed(0xC0000083, "IA32_CSTAR", c => c.Msrs.Cstar, (c, v) => { c.Msrs.Cstar = v; return true; }, canonical: true);
        Computed(0xC0000084, "IA32_FMASK", c => c.Msrs.Fmask, (c, v) => { c.Msrs.Fmask = (uint)v; return true; });
        Computed(0xC0000100, "IA32_FS_BASE", c => c.State->Segment(SegmentIndex.Fs).Base, (c, v) => { c.SetSegmentBase(SegmentIndex.Fs, v); return true; }, canonical: true);
        Computed(0xC0000101, "IA32_GS_BASE", c => c.State->Segment(SegmentIndex.Gs).Base, (c, v) => { c.SetSegmentBase(SegmentIndex.Gs, v); return true; }, canonical: true);
        Computed(0xC0000102, "IA32_KERNEL_GS_BASE", c => c.Msrs.KernelGsBase, (c, v) => { c.Msrs.KernelGsBase = v; return true; }, canonical: true);
        Computed(0xC0000103, "IA32_TSC_AUX", c => c.Msrs.TscAux, (c, v) => c.TryWriteTscAux(v), exists: m => m.Has("rdtscp") || m.Has("rdpid"));
    }

    private void AddMemoryTypes()
    {
        static bool exists(CpuModel model) => model.Has("mtrr");
        // Eight variable ranges, fixed ranges, write-combining.
        Add(new MsrDefinition(0xFE, "IA32_MTRRCAP") { Reset = 0x508, Writable = 0, Exists = exists });
        for (uint i = 0; i < 8; i++)
        {
            Add(new MsrDefinition(0x200 + (2 * i), $"IA32_MTRR_PHYSBASE{i}") { Writable = 0x000FFFFFFFFFF0FF, MemoryTypeBytes = 1, PhysicalAddress = true, Exists = exists });
            Add(new MsrDefinition(0x201 + (2 * i), $"IA32_MTRR_PHYSMASK{i}") { Writable = 0x000FFFFFFFFFF800, PhysicalAddress = true, Exists = exists });
        }

        (uint, string)[] ranges =
        [
            (0x250, "64K_00000"), (0x258, "16K_80000"), (0x259, "16K_A0000"), (0x268, "4K_C0000"), (0x269, "4K_C8000"), (0x26A, "4K_D0000"),
            (0x26B, "4K_D8000"), (0x26C, "4K_E0000"), (0x26D, "4K_E8000"), (0x26E, "4K_F0000"), (0x26F, "4K_F8000"),
        ];
        foreach ((uint address, string name) in ranges) Add(new MsrDefinition(address, "IA32_MTRR_FIX" + name) { MemoryTypeBytes = 8, Exists = exists });
        Add(new MsrDefinition(0x277, "IA32_PAT") { Reset = 0x0007040600070406, MemoryTypeBytes = 8, AllowsUncachedMinus = true, Exists = m => m.Has("pat") });
        Add(new MsrDefinition(0x2FF, "IA32_MTRR_DEF_TYPE") { Writable = 0xCFF, MemoryTypeBytes = 1, Exists = exists });
    }

    /// <summary>Banks of machine-check registers.</summary>
    private const uint MachineCheckBanks = 10;

    private void AddMachineCheck()
    {
        Stored(0x00, "IA32_P5_MC_ADDR");
        Stored(0x01, "IA32_P5_MC_TYPE");
        static bool exists(CpuModel model) => model.Has("mca");
        // MCG_CTL present, software error recovery.
        Add(new MsrDefinition(0x179, "IA32_MCG_CAP") { Reset = MachineCheckBanks | (1 << 8) | (1 << 24), Writable = 0, Exists = exists });
        Add(new MsrDefinition(0x17A, "IA32_MCG_STATUS") { Writable = 0xF, Exists = exists });
        Add(new MsrDefinition(0x17B, "IA32_MCG_CTL") { Reset = ulong.MaxValue, Exists = exists, Write = (c, v) => c.TryStoreAllOrNone(0x17B, v) });
        for (uint i = 0; i < MachineCheckBanks; i++)
        {
            uint control = 0x400 + (4 * i);
            Add(new MsrDefinition(control, $"IA32_MC{i}_CTL") { Reset = ulong.MaxValue, Exists = exists, Write = (c, v) => c.TryStoreAllOrNone(control, v) });
            // Software may only clear these (SDM Vol. 3B 15.3.2.2), or set them where AMD's HWCR.McStatusWrEn says so.
            Add(new MsrDefinition(control + 1, $"IA32_MC{i}_STATUS") { Exists = exists, Write = (c, v) => c.TryStoreMachineCheck(control + 1, v) });
            Add(new MsrDefinition(control + 2, $"IA32_MC{i}_ADDR") { Exists = exists });
            Add(new MsrDefinition(control + 3, $"IA32_MC{i}_MISC") { Exists = exists });
        }
    }

    private void AddPerformance()
    {
        const ulong Counter48 = (1UL << 48) - 1;
        for (uint i = 0; i < 8; i++)
        {
            Stored(0xC1 + i, $"IA32_PMC{i}");
            Stored(0x186 + i, $"IA32_PERFEVTSEL{i}", writable: 0xFFFFFFFF);
            Stored(0x4C1 + i, $"IA32_A_PMC{i}", writable: Counter48);
        }

        for (uint i = 0; i < 3; i++) Stored(0x309 + i, $"IA32_FIXED_CTR{i}", writable: Counter48);
        Stored(0x345, "IA32_PERF_CAPABILITIES", writable: 0x3FFF);
        Stored(0x38D, "IA32_FIXED_CTR_CTRL", writable: 0xFFF);
        ReadOnly(0x38E, "IA32_PERF_GLOBAL_STATUS", 0);
        Stored(0x38F, "IA32_PERF_GLOBAL_CTRL", writable: 0x7_000000FF);
        Add(new MsrDefinition(0x390, "IA32_PERF_GLOBAL_OVF_CTRL") { Writable = 0, Ignored = ulong.MaxValue });
        Stored(0x3F1, "IA32_PEBS_ENABLE", writable: 0);
        Stored(0x600, "IA32_DS_AREA");
    }
}
