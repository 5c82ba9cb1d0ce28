namespace Emu.Cpu;

/// <summary>Storage behind the model-specific registers: the ones instructions use by name, and a value for each table entry.</summary>
internal sealed class MsrFile
{
    /// <summary>IA32_STAR.</summary>
    public ulong Star;

    /// <summary>IA32_LSTAR.</summary>
    public ulong Lstar;

    /// <summary>IA32_CSTAR.</summary>
    public ulong Cstar;

    /// <summary>IA32_FMASK.</summary>
    public ulong Fmask;

    /// <summary>IA32_KERNEL_GS_BASE.</summary>
    public ulong KernelGsBase;

    /// <summary>IA32_SYSENTER_CS.</summary>
    public ulong SysenterCs;

    /// <summary>IA32_SYSENTER_ESP.</summary>
    public ulong SysenterEsp;

    /// <summary>IA32_SYSENTER_EIP.</summary>
    public ulong SysenterEip;

    /// <summary>IA32_TSC_AUX.</summary>
    public uint TscAux;

    /// <summary>SMBASE: physical address of the SMM state.</summary>
    public uint Smbase = DefaultSmbase;

    /// <summary>Values of table entries that are plain storage, by <see cref="MsrDefinition.Index"/>.</summary>
    public ulong[] Values = new ulong[MsrTable.Instance.Count];

    private static readonly int MiscEnableIndex = MsrTable.Instance.Find(0x1A0)?.Index ?? throw new InvalidOperationException("IA32_MISC_ENABLE is not in the table");

    /// <summary>IA32_MISC_ENABLE, which Intel's processors have.</summary>
    public ulong MiscEnable
    {
        get => Values[MiscEnableIndex];
        set => Values[MiscEnableIndex] = value;
    }

    /// <summary>SMBASE after reset.</summary>
    public const uint DefaultSmbase = 0x30000;

    /// <summary>State after RESET; INIT keeps MSRs (SDM Vol. 3A table 9-1).</summary>
    public void Reset()
    {
        Star = Lstar = Cstar = Fmask = KernelGsBase = SysenterCs = SysenterEsp = SysenterEip = 0;
        TscAux = 0;
        Smbase = DefaultSmbase;
        MsrTable.Instance.CopyResetValues(Values);
    }

    public void SaveState(BinaryWriter writer)
    {
        foreach (ulong value in (ulong[])[Star, Lstar, Cstar, Fmask, KernelGsBase, SysenterCs, SysenterEsp, SysenterEip]) writer.Write(value);
        writer.Write(TscAux);
        writer.Write(Smbase);
        // By address, so that a snapshot survives additions to the table.
        writer.Write(Values.Length);
        foreach (MsrDefinition definition in MsrTable.Instance.All)
        {
            writer.Write(definition.Address);
            writer.Write(Values[definition.Index]);
        }
    }

    public void LoadState(BinaryReader reader)
    {
        Star = reader.ReadUInt64();
        Lstar = reader.ReadUInt64();
        Cstar = reader.ReadUInt64();
        Fmask = reader.ReadUInt64();
        KernelGsBase = reader.ReadUInt64();
        SysenterCs = reader.ReadUInt64();
        SysenterEsp = reader.ReadUInt64();
        SysenterEip = reader.ReadUInt64();
        TscAux = reader.ReadUInt32();
        Smbase = reader.ReadUInt32();
        MsrTable.Instance.CopyResetValues(Values);
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            uint address = reader.ReadUInt32();
            ulong value = reader.ReadUInt64();
            if (MsrTable.Instance.Find(address) is { } definition) Values[definition.Index] = value;
        }
    }
}
