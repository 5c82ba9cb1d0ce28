namespace Emu.Cpu;

/// <content>What firmware and operating systems probe on processors of one vendor (SDM Vol. 4; AMD PPR for family 17h).</content>
internal sealed unsafe partial class MsrTable
{
    private void AddIntel()
    {
        ReadOnly(0x17, "IA32_PLATFORM_ID", 0);
        Stored(0x2A, "MSR_EBL_CR_POWERON");
        ReadOnly(0x34, "MSR_SMI_COUNT", 0);
        Add(new MsrDefinition(0x3A, "IA32_FEATURE_CONTROL") { Writable = 0x17FF07, Write = (c, v) => c.TryStoreUntilLocked(0x3A, v) });
        Add(new MsrDefinition(0x8B, "IA32_BIOS_SIGN_ID") { Reset = 0x01000065, Read = c => c.MicrocodeRevision, Write = (_, _) => true });
        // Ratio of the TSC to the 100-MHz reference clock in bits 15:8.
        Computed(0xCE, "MSR_PLATFORM_INFO", c => (ulong)Math.Min(c.TscFrequency / 100_000_000, 255) << 8, null);
        ReadOnly(0xCD, "MSR_FSB_FREQ", 3);
        Stored(0xE2, "MSR_PKG_CST_CONFIG_CONTROL");
        Stored(0xE4, "MSR_PMG_IO_CAPTURE_BASE");
        Add(new MsrDefinition(0x10A, "IA32_ARCH_CAPABILITIES") { Writable = 0, Read = c => c.Model.ArchCapabilities, Exists = m => m.Has("arch-capabilities") });
        Stored(0x119, "MSR_BBL_CR_CTL");
        Stored(0x11E, "MSR_BBL_CR_CTL3", reset: 0xBE702111);
        Stored(0x140, "MSR_MISC_FEATURES_ENABLES", writable: 0);
        ReadOnly(0x198, "IA32_PERF_STATUS", 0x1000_0000_0000);
        Stored(0x199, "IA32_PERF_CTL");
        Stored(0x19A, "IA32_CLOCK_MODULATION", writable: 0x1F);
        Stored(0x19B, "IA32_THERM_INTERRUPT", writable: 0x1FFFFFF);
        Stored(0x19C, "IA32_THERM_STATUS", reset: 0x88000000);
        // Fast strings on.
        Stored(0x1A0, "IA32_MISC_ENABLE", reset: 1);
        ReadOnly(0x1A2, "MSR_TEMPERATURE_TARGET", 100 << 16);
        ReadOnly(0x1AD, "MSR_TURBO_RATIO_LIMIT", 0);
        Stored(0x1B0, "IA32_ENERGY_PERF_BIAS", reset: 6, writable: 0xF);
        Stored(0x1B1, "IA32_PACKAGE_THERM_STATUS");
        Stored(0x1B2, "IA32_PACKAGE_THERM_INTERRUPT");
        Stored(0x1FC, "MSR_POWER_CTL");
        // No energy is counted.
        ReadOnly(0x606, "MSR_RAPL_POWER_UNIT", 0);
        ReadOnly(0x611, "MSR_PKG_ENERGY_STATUS", 0);
        ReadOnly(0x619, "MSR_DRAM_ENERGY_STATUS", 0);
        ReadOnly(0x639, "MSR_PP0_ENERGY_STATUS", 0);
        ReadOnly(0x641, "MSR_PP1_ENERGY_STATUS", 0);
    }

    private void AddAmd()
    {
        AmdStored(0xC0010010, "SYSCFG", writable: 0x7FFFFF);
        AmdStored(0xC0010015, "HWCR", reset: 1 << 24);
        for (uint i = 0; i < 4; i++) AmdStored(0xC0010016 + i, $"IORR{i}");
        AmdStored(0xC001001A, "TOP_MEM");
        AmdStored(0xC001001D, "TOP_MEM2");
        AmdStored(0xC001001F, "NB_CFG");
        Add(new MsrDefinition(0xC0010020, "PATCH_LOADER") { WriteOnly = true, Exists = m => m.IsAmd });
        AmdStored(0xC0010055, "INT_PENDING_MSG");
        AmdStored(0xC0010058, "MMIO_CFG_BASE");
        AmdStored(0xC0010061, "PSTATE_CUR_LIM", writable: 0);
        AmdStored(0xC0010062, "PSTATE_CTL", writable: 7);
        AmdStored(0xC0010063, "PSTATE_STATUS", writable: 0);
        for (uint i = 0; i < 8; i++)
        {
            // One state: core frequency 25 MHz x 80 / 8 x 8.
            AmdStored(0xC0010064 + i, $"PSTATE_DEF{i}", reset: i == 0 ? 0x8000_0000_0000_0850 : 0);
        }

        Add(new MsrDefinition(0xC0010111, "SMM_BASE") { Writable = 0, Read = c => c.Smbase, Exists = m => m.IsAmd });
        AmdStored(0xC0010112, "SMM_ADDR");
        AmdStored(0xC0010113, "SMM_MASK");
        // SVM disabled and locked.
        AmdStored(0xC0010114, "VM_CR", reset: 0x18, writable: 0);
        AmdStored(0xC0010117, "VM_HSAVE_PA");
        AmdStored(0xC0010140, "OSVW_ID_LENGTH", reset: 5, writable: 0);
        AmdStored(0xC0010141, "OSVW_STATUS", writable: 0);
        for (uint i = 0; i < 4; i++)
        {
            AmdStored(0xC0010000 + i, $"PERF_LEGACY_CTL{i}");
            AmdStored(0xC0010004 + i, $"PERF_LEGACY_CTR{i}");
        }

        for (uint i = 0; i < 6; i++)
        {
            AmdStored(0xC0010200 + (2 * i), $"PERF_CTL{i}");
            AmdStored(0xC0010201 + (2 * i), $"PERF_CTR{i}");
        }

        for (uint i = 0; i < MachineCheckBanks; i++) AmdStored(0xC0010400 + i, $"MCA_CTL_MASK{i}");
        AmdStored(0xC0011004, "CPUID_FEATURES");
        AmdStored(0xC0011005, "CPUID_EXT_FEATURES");
        AmdStored(0xC0011020, "LS_CFG");
        AmdStored(0xC0011021, "IC_CFG");
        AmdStored(0xC0011022, "DC_CFG");
        AmdStored(0xC0011023, "BU_CFG");
        // LFENCE is dispatch-serializing, which Linux asks for at boot.
        AmdStored(0xC0011029, "DE_CFG", reset: 2);
        AmdStored(0xC001102A, "BU_CFG2");
        AmdStored(0xC001102B, "CU_CFG2");
        AmdStored(0xC001102C, "CU_CFG3");
    }

    private void AmdStored(uint address, string name, ulong reset = 0, ulong writable = ulong.MaxValue) =>
        Add(new MsrDefinition(address, name) { Reset = reset, Writable = writable, Exists = m => m.IsAmd });
}
