namespace Emu.Cpu;

// RDMSR and WRMSR.
public sealed unsafe partial class Vcpu
{
    private readonly MsrFile msrs = new();

    internal MsrFile Msrs => msrs;

    /// <summary>
    /// The guest accessed an MSR that does not exist (number, value written or null for a read); #GP(0) follows.
    /// </summary>
    public event Action<Vcpu, uint, ulong?>? UnknownMsr;

    /// <summary>SMBASE.</summary>
    internal uint Smbase => msrs.Smbase;

    /// <summary>IA32_TSC_ADJUST.</summary>
    internal ulong TscAdjust => tscAdjust;

    /// <summary>IA32_BIOS_SIGN_ID / PATCH_LEVEL: Intel keeps the revision in the upper half.</summary>
    internal ulong MicrocodeRevision => IsAmd ? 0x01000065UL : 0x1UL << 32;

    /// <summary>Reads an MSR without privilege check; false if it does not exist or cannot be read.</summary>
    public bool TryReadMsr(uint address, out ulong value)
    {
        if (address is >= 0x800 and <= 0x8FF && Model.Has("x2apic")) return Apic.TryReadMsr(address, out value);
        MsrDefinition? definition = MsrTable.Instance.Find(address);
        if (definition == null || definition.WriteOnly || definition.Exists?.Invoke(Model) == false)
        {
            value = 0;
            return false;
        }

        value = definition.Read != null ? definition.Read(this) : msrs.Values[definition.Index];
        return true;
    }

    /// <summary>Writes an MSR without privilege check; false if it does not exist or refuses the value.</summary>
    public bool TryWriteMsr(uint address, ulong value)
    {
        if (address is >= 0x800 and <= 0x8FF && Model.Has("x2apic")) return Apic.TryWriteMsr(address, value);
        MsrDefinition? definition = MsrTable.Instance.Find(address);
        if (definition == null || definition.Exists?.Invoke(Model) == false || !definition.Accepts(this, value)) return false;
        if (definition.Write != null) return definition.Write(this, value);
        msrs.Values[definition.Index] = value & definition.Writable;
        return true;
    }

    /// <summary>RDMSR. Raises #GP(0).</summary>
    internal ulong ReadMsr(uint address)
    {
        if (TryReadMsr(address, out ulong value)) return value;
        UnknownMsr?.Invoke(this, address, null);
        RaiseGeneralProtection();
        return 0;
    }

    /// <summary>WRMSR. Raises #GP(0).</summary>
    internal void WriteMsr(uint address, ulong value)
    {
        if (TryWriteMsr(address, value)) return;
        UnknownMsr?.Invoke(this, address, value);
        RaiseGeneralProtection();
    }

    internal bool SetTimeStampCounter(ulong value)
    {
        WriteTimeStampCounter(value);
        return true;
    }

    internal bool SetTscAdjust(ulong value)
    {
        WriteTscAdjust(value);
        return true;
    }

    internal bool TryWriteApicBase(ulong value) => Apic.TryWriteBase(value, PhysicalMask, Model.Has("x2apic"));

    internal bool TryWriteTscAux(ulong value)
    {
        if (value >> 32 != 0) return false;
        msrs.TscAux = (uint)value;
        return true;
    }

    internal bool TryWriteXss(ulong value)
    {
        if ((value & ~Model.XssMask) != 0) return false;
        State->Xss = value;
        return true;
    }

    internal bool TryWritePkrs(ulong value)
    {
        if (value >> 32 != 0) return false;
        State->Pkrs = (uint)value;
        UpdatePaging();
        return true;
    }

    /// <summary>IA32_DEBUGCTL: bit 0 LBR (no branch is recorded), bit 1 BTF.</summary>
    internal ulong DebugControl { get; private set; }

    internal bool TryWriteDebugControl(ulong value)
    {
        if ((value & ~3UL) != 0) return false;
        DebugControl = value;
        return true;
    }

    /// <summary>
    /// A register that takes all zeros or all ones; bits 0 and 10 may be clear, where operating systems work around an erratum.
    /// </summary>
    internal bool TryStoreAllOrNone(uint address, ulong value)
    {
        if (value != 0 && (value | (1 << 10) | 1) != ulong.MaxValue) return false;
        return Store(address, value);
    }

    /// <summary>Machine-check status: clearing only, unless AMD's HWCR.McStatusWrEn (bit 18) is set.</summary>
    internal bool TryStoreMachineCheck(uint address, ulong value)
    {
        bool writable = value == 0 || (IsAmd && MsrTable.Instance.Find(0xC0010015) is { } hwcr && (msrs.Values[hwcr.Index] & (1 << 18)) != 0);
        return writable && Store(address, value);
    }

    /// <summary>IA32_FEATURE_CONTROL: bit 0 locks it until reset.</summary>
    internal bool TryStoreUntilLocked(uint address, ulong value) =>
        MsrTable.Instance.Find(address) is { } definition && (msrs.Values[definition.Index] & 1) == 0 && Store(address, value);

    /// <summary>IA32_MISC_ENABLE bits that hide what CPUID reports (SDM Vol. 4 table 2-2): MONITOR on, the highest leaf limited to 2, execute-disable off.</summary>
    private const ulong EnableMonitor = 1UL << 18, LimitCpuid = 1UL << 22, DisableExecuteDisable = 1UL << 34;

    private bool HasMiscEnable(ulong bit) => !IsAmd && (msrs.MiscEnable & bit) != 0;

    /// <summary>MONITOR and MWAIT are switched on.</summary>
    internal bool IsMonitorEnabled => IsAmd || HasMiscEnable(EnableMonitor);

    /// <summary>IA32_MISC_ENABLE hides execute-disable: EFER.NXE cannot be set.</summary>
    private bool IsExecuteDisableHidden => HasMiscEnable(DisableExecuteDisable);

    private void ResetMiscEnable()
    {
        if (Model.Has("monitor")) msrs.MiscEnable |= EnableMonitor;
    }

    private bool Store(uint address, ulong value)
    {
        if (MsrTable.Instance.Find(address) is not { } definition) return false;
        msrs.Values[definition.Index] = value;
        return true;
    }

    /// <summary>Base of FS or GS, by MSR, WRFSBASE or SWAPGS.</summary>
    internal void SetSegmentBase(SegmentIndex index, ulong value) => State->Segment(index).Base = value;
}
